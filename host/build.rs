//! Builds the default guest for `sandbox` and the adapters for `compose`, which embed them; and lists the
//! sources of the SDK for `project`, which embeds those.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

/// What the SDK is made of, below the repository's folder.
const SDK: [&str; 5] =
    ["guest/Cargo.toml", "guest/sdk/Cargo.toml", "guest/sdk/src", "guest/src", "wit"];

fn main() {
    let component = guest_build::component_with_small_stack(
        "default-guest",
        &["guest/default", "guest/sdk", "guest/src", "guest/Cargo.toml", "wit"],
    );
    println!("cargo::rustc-env=WASMHTTPD_GUEST={}", component.display());
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
    if let Err(error) = list_sdk() {
        println!("cargo::error=cannot list the sources of the SDK: {error}");
    }
}

/// Writes the paths that the SDK's files have in a project, and their contents, as an array.
fn list_sdk() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("..").canonicalize()?;
    let mut files = Vec::new();
    for path in SDK {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
        find(&root, path, &mut files)?;
    }
    files.sort();
    let mut list = String::from("&[\n");
    for path in files {
        let source = root.join(&path);
        writeln!(list, "({:?}, include_str!({source:?})),", format!("vendor/{path}"))
            .map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&variable("OUT_DIR")?).join("sdk.rs"), list)
}

/// Adds a file, or the files below a folder.
fn find(root: &Path, path: &str, files: &mut Vec<String>) -> io::Result<()> {
    if root.join(path).is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(root.join(path))? {
        let name = entry?.file_name();
        find(root, &format!("{path}/{}", name.to_string_lossy()), files)?;
    }
    Ok(())
}
