//! What a program is started under, and where it leaves what it has counted.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::program;

/// A program that counts what another one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Instructions, by `valgrind --tool=callgrind`.
    Instructions,
    /// System calls of each thread, by `strace`.
    SystemCalls,
}

impl Counter {
    /// A command that runs `program` under this one, and the file that it writes in `folder`.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn around(self, program: &Path, folder: &Path) -> anyhow::Result<(Command, PathBuf)> {
        let name = match self {
            Counter::Instructions => "valgrind",
            Counter::SystemCalls => "strace",
        };
        let counter = program::installed(name)
            .with_context(|| format!("{name} is not installed (try .ci/setup)"))?;
        let file = folder.join(name);
        let mut command = Command::new(counter);
        match self {
            Counter::Instructions => command
                .args(["--quiet", "--tool=callgrind"])
                .arg(format!("--callgrind-out-file={}", file.display())),
            Counter::SystemCalls => command.args(["-f", "-q", "-o"]).arg(&file).arg("--"),
        };
        command.arg(program);
        Ok((command, file))
    }
}
