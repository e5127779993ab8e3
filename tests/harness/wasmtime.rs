//! The stock wasmtime CLI, as anybody has it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The version that the host is made of: others may print values otherwise.
const VERSION: u32 = 48;

/// The member of this workspace that is the CLI of that version.
const PACKAGE: &str = "wasmtime-for-tests";

/// The CLI: what the environment variable WASMTIME names, or else one that is installed and of the
/// right version, or else `tests/wasmtime`, which is built if it is not there yet. That takes minutes:
/// who has a deadline asks before it begins. Only one that can also serve will do.
pub fn wasmtime() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(named) = std::env::var_os("WASMTIME") {
            let version = version(Path::new(&named));
            assert_eq!(
                version,
                Some(VERSION),
                "WASMTIME is {named:?} (try one of version {VERSION})"
            );
            return named.into();
        }
        match version(Path::new("wasmtime")) {
            Some(VERSION) if can_serve(Path::new("wasmtime")) => "wasmtime".into(),
            _ => built(),
        }
    })
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

/// The member, built into the folder that this test is in. One that is there is taken as it is: to
/// cargo it looks stale, as what a test starts has another environment.
fn built() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target folder");
    let program = target.join("debug/wasmtime");
    if version(&program) == Some(VERSION) {
        return program;
    }
    let status = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--package", PACKAGE, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::null())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{PACKAGE} cannot be built: see above");
    program
}
