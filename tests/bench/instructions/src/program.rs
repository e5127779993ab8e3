//! Where programs are: the server is built with the feature `counting`, the others are looked for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

/// Where servers are installed besides what PATH names.
const FURTHER_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The server's program for counting, see its `Cargo.toml`.
const PROGRAM: &str = "wasmhttpd-counted";

/// The server: `named`, or else what cargo builds now with the profile of releases.
///
/// # Errors
/// When it does not exist, or does not build.
pub fn counted(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        return path
            .canonicalize()
            .with_context(|| format!("--binary: {} cannot be found", path.display()));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let status = Command::new(cargo)
        .args(["build", "--locked", "--release", "--package", "wasmhttpd"])
        .args(["--features", "counting", "--bin", PROGRAM])
        .current_dir(root)
        .status()
        .context("cargo cannot be run (try --binary FILE)")?;
    ensure!(status.success(), "{PROGRAM} does not build (see above)");
    let path = std::env::current_exe().context("where this program is")?.with_file_name(PROGRAM);
    ensure!(
        path.is_file(),
        "{} is not where it should have been built (try cargo run --release --package instructions)",
        path.display()
    );
    Ok(path)
}

/// The program of this name, if it is installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(FURTHER_FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}
