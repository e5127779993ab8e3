//! Where programs are: wasmhttpd is built, other programs are searched for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Where servers are installed besides the folders of PATH.
const FURTHER_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The root of the repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// wasmhttpd: the file `named`, or else what cargo builds now.
///
/// # Errors
/// When the file does not exist, or the program does not build.
pub fn wasmhttpd(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    named_or_built(named, "wasmhttpd", &[])
}

/// wasmhttpd as it can be counted: see the feature `counting` in its `Cargo.toml`.
///
/// # Errors
/// See [`wasmhttpd`].
pub fn wasmhttpd_counted(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    named_or_built(named, "wasmhttpd-counted", &["--features", "counting"])
}

/// The CLI of wasmtime: what the environment variable WASMTIME names, or else one that is
/// installed, or else the one that `.ci/setup` downloaded.
///
/// # Errors
/// When there is none.
pub fn wasmtime() -> anyhow::Result<PathBuf> {
    let named = std::env::var_os("WASMTIME").map(PathBuf::from);
    let downloaded = Path::new(ROOT).join("target/tools/bin/wasmtime");
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

fn named_or_built(
    named: Option<&Path>,
    program: &str,
    features: &[&str],
) -> anyhow::Result<PathBuf> {
    match named {
        Some(path) => path
            .canonicalize()
            .with_context(|| format!("--binary: {} cannot be found", path.display())),
        None => built(program, features),
    }
}

/// Builds a program of the package wasmhttpd. Cargo puts it beside this program, which has the same
/// profile.
fn built(program: &str, features: &[&str]) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--locked", "--release", "--package", "wasmhttpd", "--bin", program])
        .args(features)
        .current_dir(ROOT)
        .status()
        .context("cargo cannot be run (try --binary FILE)")?;
    ensure!(status.success(), "{program} does not build (see above, or try --binary FILE)");
    let path = std::env::current_exe().context("where this program is")?.with_file_name(program);
    ensure!(
        path.is_file(),
        "{} is not where it should have been built (try cargo run --release)",
        path.display()
    );
    Ok(path)
}
