//! Builds the default guest for `sandbox` and the adapters for `compose`, which embed them; compiles the default
//! guest, so that no start has to; and lists the sources of the SDK for `project`, which embeds those.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use wasmtime::{Config, Engine};

#[path = "src/sandbox/compiler_config.rs"]
mod compiler_config;
#[path = "src/sandbox/plain.rs"]
#[allow(dead_code, reason = "the server needs more of it")]
mod plain;

/// What the SDK is made of, below the repository's folder.
const SDK: [&str; 5] =
    ["guest/Cargo.toml", "guest/sdk/Cargo.toml", "guest/sdk/src", "guest/src", "wit"];

/// What processors of the last ten years have (x86-64-v3), in the words of the compiler. On others the server compiles
/// the guest when it starts.
const X86_64_V3: [&str; 12] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_bmi1",
    "has_bmi2",
    "has_fma",
    "has_lzcnt",
];

fn main() {
    let component = guest_build::component_with_small_stack(
        "default-guest",
        &["guest/default", "guest/sdk", "guest/src", "guest/Cargo.toml", "wit"],
    );
    println!("cargo::rustc-env=WASMHTTPD_GUEST={}", component.display());
    match compile(&component) {
        Ok(code) => println!("cargo::rustc-env=WASMHTTPD_GUEST_CODE={}", code.display()),
        Err(error) => println!("cargo::error=cannot compile the default guest: {error:#}"),
    }
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

/// Compiles a component to a file, which stays empty for a processor that the compiler here is not for.
fn compile(component: &Path) -> wasmtime::Result<PathBuf> {
    for source in ["src/sandbox/compiler_config.rs", "src/sandbox/plain.rs"] {
        println!("cargo::rerun-if-changed={source}");
    }
    let octets = fs::read(component)?;
    let code = match env::var("CARGO_CFG_TARGET_ARCH")? == env::consts::ARCH {
        true => Engine::new(&target_config()?)?.precompile_component(&plain::prepare(&octets).0)?,
        false => Vec::new(),
    };
    let path = component.with_extension("code");
    fs::write(&path, code)?;
    Ok(path)
}

/// As the server compiles, but for processors like the target's rather than for the one at hand.
fn target_config() -> wasmtime::Result<Config> {
    let mut config = compiler_config::compiler_config();
    config.target(&env::var("TARGET")?)?;
    if env::consts::ARCH == "x86_64" {
        for flag in X86_64_V3 {
            // SAFETY: a flag lets the compiler use instructions; whether a processor has them is asked when the
            // code is loaded.
            unsafe { config.cranelift_flag_enable(flag) };
        }
    }
    Ok(config)
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
