//! The second tier: tests that build with packages from public registries.

use std::process::{Command, Stdio};

use super::skip;

/// The variable that has the second tier run.
const VARIABLE: &str = "WASMHTTPD_REGISTRIES";

/// A registry of packages, and how its own client is asked whether it is there.
#[derive(Debug, Clone, Copy)]
pub enum Registry {
    Crates,
    Npm,
    Pypi,
}

impl Registry {
    /// Whether tests that need it are to run; says so if they are not.
    pub fn is_wanted(self) -> bool {
        if std::env::var_os(VARIABLE).is_none_or(|value| value != "1") {
            skip(&format!("it needs packages of {self:?} ({VARIABLE}=1 runs it)"));
            return false;
        }
        let mut question = match self {
            Registry::Crates => command("cargo", &["info", "--quiet", "wit-bindgen"]),
            Registry::Npm => command("npm", &["view", "componentize-qjs", "version"]),
            Registry::Pypi => {
                command("python3", &["-m", "pip", "index", "versions", "componentize-py"])
            }
        };
        // Each client has a time limit of its own.
        let is_there = question.status().is_ok_and(|status| status.success());
        if !is_there {
            skip(&format!("{self:?} cannot be reached, or its client is missing ({question:?})"));
        }
        is_there
    }
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(std::env::temp_dir());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
