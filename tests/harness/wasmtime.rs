//! The stock wasmtime CLI, as anybody has it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The version that the host is made of.
const VERSION: u32 = 48;

/// The CLI: what the environment variable WASMTIME names, or else one that is installed.
pub fn wasmtime() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let program: PathBuf = std::env::var_os("WASMTIME").unwrap_or("wasmtime".into()).into();
        let found = version(&program);
        assert_eq!(found, Some(VERSION), "{program:?} (try WASMTIME=FILE, of version {VERSION})");
        program
    })
}

/// The first number that it says; none if it cannot be run.
fn version(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split([' ', '.', '\n']).find_map(|word| word.parse().ok())
}
