//! Builds the default guest for `sandbox` and the adapters for `compose`, which embed them.

fn main() {
    let guest =
        guest_build::component("wasmhttpd-guest", &["guest/src", "guest/Cargo.toml", "wit"]);
    println!("cargo::rustc-env=WASMHTTPD_GUEST={}", guest.display());
    for (package, variable) in
        [("wasi-http", "WASMHTTPD_WASI_HTTP"), ("wasi-cli", "WASMHTTPD_WASI_CLI")]
    {
        let source = format!("guest/adapters/{package}");
        let sources = [
            &source,
            "guest/adapters/shared",
            "guest/src/error.html",
            "host/src/http/status.rs",
            "wit",
        ];
        let adapter = guest_build::component(&format!("{package}-adapter"), &sources);
        println!("cargo::rustc-env={variable}={}", adapter.display());
    }
}
