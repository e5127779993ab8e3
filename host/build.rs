//! Builds the default guest and hands its path to `sandbox`, which embeds it.

fn main() {
    let component = guest_build::component(
        "default-guest",
        &["guest/default", "guest/sdk", "guest/src", "guest/Cargo.toml", "wit"],
    );
    println!("cargo::rustc-env=WASMHTTPD_GUEST={}", component.display());
}
