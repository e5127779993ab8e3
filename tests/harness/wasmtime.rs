//! The stock wasmtime CLI, as anybody has it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::missing;

/// The version that the host is made of: others may print values otherwise.
const VERSION: u32 = 48;

/// The CLI; none if it is missing, which is said. Tests that need it begin with this.
///
/// It is what the environment variable WASMTIME names, or else one that is installed and of the
/// right version, or else the one that `.ci/setup` downloaded.
pub fn find_wasmtime() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(find).as_deref();
    if found.is_none() {
        missing(&format!("wasmtime {VERSION} (try .ci/setup, or WASMTIME=FILE)"));
    }
    found
}

/// The CLI, for a test that has found it.
pub fn wasmtime() -> &'static Path {
    find_wasmtime().expect("wasmtime, without which this test does not begin")
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("WASMTIME") {
        let version = version(Path::new(&named));
        assert_eq!(version, Some(VERSION), "WASMTIME is {named:?} (try one of version {VERSION})");
        return Some(named.into());
    }
    let downloaded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/wasmtime");
    [PathBuf::from("wasmtime"), downloaded]
        .into_iter()
        .find(|program| version(program) == Some(VERSION) && can_serve(program))
}

/// The first number that it says; none if it cannot be run.
fn version(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split([' ', '.', '\n']).find_map(|word| word.parse().ok())
}

/// Whether it was built with that command.
fn can_serve(program: &Path) -> bool {
    let mut help = Command::new(program);
    help.args(["serve", "--help"]).stdin(Stdio::null()).stdout(Stdio::null());
    help.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
