//! A server that is counted: started under a counter, asked, and ended in an orderly way, because
//! the counter writes its file at the end.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bench::server::{Kind, Plan, Process, free_address};
use bench::site::Site;
use rustix::process::{Pid, Signal};

use crate::counter::Counter;

/// A server that does not listen, or end, within this time has failed: valgrind makes it fifty
/// times as slow.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often to check whether it listens or has ended.
const CHECK_EVERY: Duration = Duration::from_millis(10);

/// How often to send SIGTERM until the server has ended. Under valgrind, nginx misses one in three:
/// those that arrive after it looks for signals and before it waits for events. The next one ends
/// that wait.
const TERMINATE_EVERY: Duration = Duration::from_secs(5);

/// Connections that a server accepts, idle ones included.
const CONNECTIONS: usize = 16_000;

/// Open files that lighttpd may have.
const DESCRIPTORS: u64 = 32_000;

/// Lines that the configuration has for counting and not for the comparison of speed. No server
/// looks at a file again, and nothing ends by the clock, which counting slows down.
fn lines(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Wasmhttpd => &[
            "parameter file-freshness 3600",
            "parameter head-timeout 3600",
            "parameter send-timeout 3600",
            "parameter guest-deadline 10000",
            "parameter guest-memory 16M",
        ],
        // One process: valgrind does not follow a worker.
        Kind::Nginx => &["master_process off;"],
        _ => &[],
    }
}

/// Where wasmhttpd keeps compiled code: one folder for all runs, because compiling is not counted.
pub fn code(site: &Site) -> PathBuf {
    site.folder().join("code")
}

/// A program that can be started on a site.
#[derive(Debug, Clone)]
pub struct Program {
    /// Which server it is.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
}

impl Program {
    /// Starts it under a counter, has `ask` send requests, and ends it. Returns what the counter
    /// has written.
    ///
    /// # Errors
    /// When it does not start or end, or an answer is wrong; with the server's log.
    pub fn count(
        &self,
        counter: Counter,
        site: &Site,
        ask: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        let folder = tempfile::tempdir_in(site.folder()).context("no folder for a server")?;
        let address = free_address()?;
        let command = self.plan(site, folder.path()).command(address.port())?;
        let (command, counted) = counter.around(&command, folder.path())?;
        let cores = rustix::thread::sched_getaffinity(None).context("the cores of this process")?;
        let mut process = Process::start(command, &cores, &folder.path().join("log"))?;
        wait_until_it_listens(&mut process, address)
            .and_then(|()| ask(address))
            .and_then(|()| terminate(&mut process))
            .with_context(|| format!("{}: it said: {}", self.kind.name(), process.said()))?;
        fs::read_to_string(&counted)
            .with_context(|| format!("no counts; it said: {}", process.said()))
    }

    fn plan(&self, site: &Site, folder: &Path) -> Plan<'_> {
        Plan {
            kind: self.kind,
            program: &self.path,
            folder: folder.to_owned(),
            code: code(site),
            root: site.root(),
            connections: CONNECTIONS,
            descriptors: DESCRIPTORS,
            lines: lines(self.kind),
            arguments: self.kind.arguments(),
        }
    }
}

fn wait_until_it_listens(process: &mut Process, address: SocketAddr) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        if let Some(status) = process.ended()? {
            bail!("it ended with {status}");
        }
        ensure!(Instant::now() < deadline, "it does not listen");
        thread::sleep(CHECK_EVERY);
    }
    Ok(())
}

/// Sends SIGTERM, again and again, until the process has ended.
fn terminate(process: &mut Process) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut sent = None;
    while process.ended()?.is_none() {
        ensure!(Instant::now() < deadline, "it does not end");
        if sent.is_none_or(|sent: Instant| sent.elapsed() > TERMINATE_EVERY) {
            for process in servers(process.id()) {
                // It may have ended by now.
                let _ = rustix::process::kill_process(process, Signal::TERM);
            }
            sent = Some(Instant::now());
        }
        thread::sleep(CHECK_EVERY);
    }
    Ok(())
}

/// The processes of the server: the children of strace, or else the process itself, which valgrind
/// shares with what it runs.
fn servers(id: u32) -> Vec<Pid> {
    let pid = |id: u32| Pid::from_raw(i32::try_from(id).ok()?);
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| pid(child.parse().ok()?));
    let children: Vec<Pid> = children.collect();
    if children.is_empty() { pid(id).into_iter().collect() } else { children }
}
