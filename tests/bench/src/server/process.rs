//! A process that ends with this one, whatever happens.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};

/// So much of what a process said is shown when it fails, from the end.
const SAID_OCTETS_MAX: usize = 2048;

/// A process in a group of its own, on the same cores as all that it starts. Dropping it kills the
/// group; so does the end of this process.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it; what it says goes to the file `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(mut command: Command, cores: &CpuSet, log: &Path) -> anyhow::Result<Process> {
        let file = File::create(log).with_context(|| format!("{}", log.display()))?;
        let errors = file.try_clone().context("its log")?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let child = spawn(&mut command, cores)?;
        Ok(Process { child, log: log.to_owned() })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// As the system says.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("a process cannot be waited for")
    }

    /// The end of what it said.
    pub fn said(&self) -> String {
        let said = fs::read(&self.log).unwrap_or_default();
        let end = &said[said.len().saturating_sub(SAID_OCTETS_MAX)..];
        match String::from_utf8_lossy(end).trim() {
            "" => "nothing".to_owned(),
            text => text.to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Starts a command in a group of its own, on these cores. Whoever calls has to [`end`] it.
///
/// # Errors
/// When it cannot be started.
#[allow(unsafe_code, reason = "only between fork and exec can a process be prepared")]
pub fn spawn(command: &mut Command, cores: &CpuSet) -> anyhow::Result<Child> {
    command.process_group(0);
    let cores = *cores;
    let prepare = move || {
        sched_setaffinity(None, &cores)?;
        // A master process passes this on to its workers.
        set_parent_process_death_signal(Some(Signal::TERM))?;
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes two system calls and nothing else: it takes
    // no lock, allocates nothing, and what it captures is a copy of a bit set.
    unsafe { command.pre_exec(prepare) };
    command.spawn().with_context(|| format!("{} cannot be run", command.get_program().display()))
}

/// Kills a process of [`spawn`] with its group, and waits for it.
pub fn end(child: &mut Child) {
    // One that was waited for has no id any more that is its own.
    if let Ok(None) = child.try_wait()
        && let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
    {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}
