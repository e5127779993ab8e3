//! What is counted, and in which order.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bench::program;
use bench::server::Kind;
use bench::site::Site;

use crate::callgrind::{self, Instructions};
use crate::case::{self, Case, Heads};
use crate::client;
use crate::counter::Counter;
use crate::figures::Figures;
use crate::server::{self, Program};
use crate::strace::{self, SystemCalls};

/// Calls of the guest that are counted.
const CALLS: usize = 2000;

/// Servers to compare with: both serve in one process, which is what valgrind follows.
const PEERS: [Kind; 2] = [Kind::Lighttpd, Kind::Nginx];

/// Connections beside which system calls are reported.
const IDLE: usize = 10_000;

/// A site, and the program that serves it.
pub struct Bench {
    site: Site,
    server: Program,
}

impl Bench {
    /// Builds the server and writes the site.
    ///
    /// # Errors
    /// When either cannot be done.
    pub fn prepare(binary: Option<&Path>) -> anyhow::Result<Bench> {
        let path = program::wasmhttpd_counted(binary)?;
        let site = Site::write(case::SITE)?;
        site.settle();
        let bench = Bench { site, server: Program { kind: Kind::Wasmhttpd, path } };
        // The guest is compiled once, and by a process that is not counted.
        bench.server.count(Counter::SystemCalls, &bench.site, |_| Ok(()))?;
        Ok(bench)
    }

    /// Counts the cases, the calls of the guest, and the system calls.
    ///
    /// # Errors
    /// When a program does not start, or gives a wrong answer.
    pub fn count(&self, cases: &[Case]) -> anyhow::Result<Figures> {
        let mut figures = Figures::default();
        for case in cases {
            for heads in Heads::BOTH {
                let counted = self.instructions(&self.server, case, heads)?;
                figures.instructions.push((case.name.into(), heads.name().into(), counted));
            }
        }
        for heads in Heads::BOTH {
            figures.instructions.push(("calls".into(), heads.name().into(), self.calls(heads)?));
        }
        for case in cases {
            figures.system_calls.push((case.name.into(), self.system_calls(case, 0)?));
        }
        Ok(figures)
    }

    /// The same table of instructions for those of the peers that are installed.
    ///
    /// # Errors
    /// See [`Bench::count`].
    pub fn count_peers(&self, cases: &[Case]) -> anyhow::Result<String> {
        let mut text = String::new();
        for kind in PEERS {
            let Some(path) = program::installed(kind.name()) else {
                let _ = writeln!(text, "{} is not installed", kind.name());
                continue;
            };
            let peer = Program { kind, path };
            for case in cases {
                for heads in Heads::BOTH {
                    let total = self.instructions(&peer, case, heads)?.total();
                    let name = kind.name();
                    let _ =
                        writeln!(text, "{name:9} {:10} {:9} {total:7}", case.name, heads.name());
                }
            }
        }
        Ok(text)
    }

    /// The system calls of a request for 1 KiB beside idle connections, which are opened before
    /// counting begins and closed after it ends.
    ///
    /// # Errors
    /// See [`Bench::count`].
    pub fn count_beside_idle(&self) -> anyhow::Result<String> {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        if limit.maximum.is_some_and(|maximum| maximum < IDLE as u64 + 500) {
            return Ok(format!("not counted beside {IDLE} idle: too few descriptors (ulimit -Hn)"));
        }
        let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
        rustix::process::setrlimit(rustix::process::Resource::Nofile, raised)
            .context("the limit of open files cannot be raised")?;
        let calls = self.system_calls(&case::CASES[0], IDLE)?;
        let figures = Figures {
            instructions: Vec::new(),
            system_calls: vec![(format!("1k beside {IDLE} idle"), calls)],
        };
        Ok(figures.text().lines().last().unwrap_or_default().to_owned())
    }

    /// The difference of twice as many requests, for each of them.
    fn instructions(
        &self,
        program: &Program,
        case: &Case,
        heads: Heads,
    ) -> anyhow::Result<Instructions> {
        let count = |requests| -> anyhow::Result<Instructions> {
            let ask = |address| client::ask(address, case, heads, requests);
            Ok(callgrind::sum(&program.count(Counter::Instructions, &self.site, ask)?))
        };
        let (one, two) = at_once(|| count(case.requests), || count(2 * case.requests));
        Ok((two? - one?).each(case.requests))
    }

    /// The guest's calls for a request, without sockets: `wasmhttpd-counted calls`.
    fn calls(&self, heads: Heads) -> anyhow::Result<Instructions> {
        let count = |calls: usize| -> anyhow::Result<Instructions> {
            let folder = tempfile::tempdir_in(self.site.folder()).context("a folder")?;
            let counter = Counter::Instructions;
            let mut command = Command::new(&self.server.path);
            command.args(["calls", heads.name(), &calls.to_string()]).arg(server::code(&self.site));
            let (mut command, file) = counter.around(&command, folder.path())?;
            ran(&mut command)?;
            Ok(callgrind::sum(&std::fs::read_to_string(&file).context("no counts")?))
        };
        let (one, two) = at_once(|| count(CALLS), || count(2 * CALLS));
        Ok((two? - one?).each(CALLS))
    }

    fn system_calls(&self, case: &Case, idle: usize) -> anyhow::Result<SystemCalls> {
        let count = |requests| -> anyhow::Result<SystemCalls> {
            let ask = |address| {
                let _idle = client::idle(address, idle)?;
                let ask = || client::ask(address, case, Heads::Different, requests);
                client::between_marks(address, ask)
            };
            strace::count(&self.server.count(Counter::SystemCalls, &self.site, ask)?)
        };
        // One after the other: this process holds the other ends of idle connections.
        let (one, two) = (count(case.requests)?, count(2 * case.requests)?);
        Ok(strace::difference(&one, &two, case.requests))
    }
}

fn ran(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().context("it cannot be run")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}: {errors}", output.status);
    Ok(())
}

/// Does both at the same time: who counts does not mind.
fn at_once<T: Send>(one: impl FnOnce() -> T + Send, two: impl FnOnce() -> T + Send) -> (T, T) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let two = two();
        (one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), two)
    })
}
