//! Where programs are: the server is built, the others are looked for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Where servers are installed besides what PATH names.
const FURTHER_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The server: `named`, or else what cargo builds now.
///
/// # Errors
/// When it does not exist, or does not build.
pub fn wasmhttpd(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    match named {
        Some(path) => path
            .canonicalize()
            .with_context(|| format!("--binary: {} cannot be found", path.display())),
        None => built(),
    }
}

/// The CLI of wasmtime: what the environment variable WASMTIME names, or else one that is
/// installed, or else the one that `.ci/setup` downloaded.
///
/// # Errors
/// When there is none.
pub fn wasmtime() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("WASMTIME").map(PathBuf::from);
    let downloaded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/wasmtime");
    named
        .or_else(|| installed("wasmtime"))
        .or_else(|| downloaded.is_file().then_some(downloaded))
        .context("wasmtime is missing (try .ci/setup, or WASMTIME=FILE)")
}

/// The program of this name, if it is installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FURTHER_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Builds the server. It lands beside this program, which is of the same profile.
fn built() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--locked", "--release", "--package", "wasmhttpd"])
        .status()
        .context("cargo cannot be run (try --binary FILE)")?;
    ensure!(
        status.success(),
        "wasmhttpd does not build (try it in a folder of this project, or --binary FILE)"
    );
    let path =
        std::env::current_exe().context("where this program is")?.with_file_name("wasmhttpd");
    ensure!(
        path.is_file(),
        "{} is not where it should have been built (try cargo run --release --package bench)",
        path.display()
    );
    Ok(path)
}
