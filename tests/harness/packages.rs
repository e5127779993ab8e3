//! The second tier: tests that build with packages from public registries.

use std::path::Path;
use std::process::{Command, Stdio};

use super::{missing, skip};

/// The variable that has the second tier run.
const VARIABLE: &str = "WASMHTTPD_REGISTRIES";

/// A registry of packages, and how its own client is asked whether it is there.
#[derive(Debug, Clone, Copy)]
pub enum Packages {
    Crates,
    Npm,
    Pypi,
}

impl Packages {
    /// Whether tests that need it are to run; says so if they are not.
    pub fn is_wanted(self) -> bool {
        if std::env::var_os(VARIABLE).is_none_or(|value| value != "1") {
            skip(&format!("it needs packages of {self:?} ({VARIABLE}=1 runs it)"));
            return false;
        }
        let mut question = match self {
            Packages::Crates => command("cargo", &["info", "--quiet", "wit-bindgen"]),
            Packages::Npm => command("npm", &["view", "componentize-qjs", "version"]),
            Packages::Pypi => {
                command("python3", &["-m", "pip", "index", "versions", "componentize-py"])
            }
        };
        // Each client has a time limit of its own.
        let is_there = question.status().is_ok_and(|status| status.success());
        if !is_there {
            missing(&format!("{self:?}, or its client ({question:?})"));
        }
        is_there
    }
}

/// Runs a command line in a folder as a person would who has the program installed. Returns what it
/// printed.
pub fn shell(folder: &Path, line: &str) -> String {
    let output = shell_command(folder, line).output();
    let output = output.unwrap_or_else(|error| panic!("bash: {error}"));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {printed}{complaints}");
    printed
}

/// The command for [`shell`].
pub fn shell_command(folder: &Path, line: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_wasmhttpd"));
    let mut path = program.parent().expect("a folder").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut shell = Command::new("bash");
    shell.args(["-euc", line]).current_dir(folder).env("PATH", path);
    // What was compiled before is shared with the other tests; what is set for this build is not.
    shell.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).env_remove("CACHE_DIRECTORY");
    for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTFLAGS", "RUSTC_WRAPPER"] {
        shell.env_remove(variable);
    }
    shell.stdin(Stdio::null());
    shell
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(std::env::temp_dir());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
