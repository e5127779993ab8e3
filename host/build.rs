//! Builds the default guest for `sandbox`, which embeds it; embeds its compiled code, too, where
//! `.ci/release` has put that into `prebuilt/`; and lists the sources of the SDK for `project`,
//! which embeds those.
//!
//! Nothing here compiles WebAssembly: a compiler for the build script would have to be built beside
//! the server's, and takes a third of a first build's time. A server without embedded code compiles
//! the guest when it first starts.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What the SDK is made of, below the repository's folder.
const SDK: [&str; 5] =
    ["guest/Cargo.toml", "guest/sdk/Cargo.toml", "guest/sdk/src", "guest/src", "wit"];

/// Where `wasmhttpd prebuild` writes, below this package's folder.
const PREBUILT: &str = "prebuilt";

fn main() {
    let component = guest_build::component_with_small_stack(
        "default-guest",
        &["guest/default", "guest/sdk", "guest/src", "guest/Cargo.toml", "wit"],
    );
    println!("cargo::rustc-env=WASMHTTPD_GUEST={}", component.display());
    match code(&component) {
        Ok(code) => println!("cargo::rustc-env=WASMHTTPD_GUEST_CODE={}", code.display()),
        Err(error) => println!("cargo::error=cannot embed the default guest's code: {error}"),
    }
    match variable("TARGET") {
        Ok(target) => println!("cargo::rustc-env=WASMHTTPD_TARGET={target}"),
        Err(error) => println!("cargo::error={error}"),
    }
    if let Err(error) = list_sdk() {
        println!("cargo::error=cannot list the sources of the SDK: {error}");
    }
}

/// The file of the compiled code: empty, unless there is code of this very component.
fn code(component: &Path) -> io::Result<PathBuf> {
    println!("cargo::rerun-if-changed={PREBUILT}");
    let prebuilt = Path::new(&variable("CARGO_MANIFEST_DIR")?).join(PREBUILT);
    let code = match fs::read(prebuilt.join("guest.wasm")) {
        Ok(compiled) if compiled == fs::read(component)? => fs::read(prebuilt.join("guest.code"))?,
        Ok(_) => {
            println!(
                "cargo::warning=host/{PREBUILT} has the code of another guest, which is left out \
                 (try .ci/release, or remove host/{PREBUILT}/guest.*)"
            );
            Vec::new()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let path = component.with_extension("code");
    fs::write(&path, code)?;
    Ok(path)
}

/// Writes the paths that the SDK's files have in a project, and their contents, as an array.
fn list_sdk() -> io::Result<()> {
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

/// A variable that cargo sets for build scripts.
fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}
