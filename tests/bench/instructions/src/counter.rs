//! What a program runs under, and the file that it leaves its counts in.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use bench::program;

/// A program that counts what another one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counter {
    /// Instructions, by `valgrind --tool=callgrind`.
    Instructions,
    /// System calls of each thread, by `strace`.
    SystemCalls,
}

impl Counter {
    /// A command that runs `command` under this one, and the file that it writes in `folder`.
    ///
    /// # Errors
    /// When the counter is not installed.
    pub fn around(self, command: &Command, folder: &Path) -> anyhow::Result<(Command, PathBuf)> {
        let name = match self {
            Counter::Instructions => "valgrind",
            Counter::SystemCalls => "strace",
        };
        let counter = program::installed(name)
            .with_context(|| format!("{name} is not installed (try .ci/setup)"))?;
        let file = folder.join(name);
        let mut counting = Command::new(counter);
        match self {
            Counter::Instructions => counting
                .args(["--quiet", "--tool=callgrind"])
                .arg(format!("--callgrind-out-file={}", file.display())),
            Counter::SystemCalls => counting.args(["-f", "-q", "-o"]).arg(&file).arg("--"),
        };
        counting.arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            counting.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => counting.env(name, value),
                None => counting.env_remove(name),
            };
        }
        Ok((counting, file))
    }
}
