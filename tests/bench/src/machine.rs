//! The machine: which cores do what, how many descriptors there are, and an end before the end.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Open files that are asked of the system: more than twice the connections of any case, as
/// lighttpd uses half of them.
const DESCRIPTORS_WANTED: u64 = 24_576;

/// Less open files will not do: 15,000 connections and some more.
const DESCRIPTORS_MIN: u64 = 16_384;

/// What the measured processes run on. There is one, made before anything is measured.
#[derive(Debug)]
pub struct Machine {
    /// All cores that there are for this.
    pub all_cores: CpuSet,
    /// The core of the server that has its turn.
    pub server_core: CpuSet,
    /// Which cores those are, for a report.
    cores: String,
    /// Open files that each process may have.
    pub descriptors: u64,
    interrupted: Arc<AtomicBool>,
}

impl Machine {
    /// Pins this process to a core of its own, raises its limit of open files, which servers
    /// inherit, and catches SIGINT and SIGTERM, so that whoever sends them leaves nothing behind.
    ///
    /// # Errors
    /// When there are less than two cores, or not enough descriptors.
    pub fn prepare() -> anyhow::Result<Machine> {
        let all_cores = sched_getaffinity(None).context("which cores this process may use")?;
        let mut numbers = (0..CpuSet::MAX_CPU).filter(|core| all_cores.is_set(*core));
        let (Some(server), Some(load)) = (numbers.next(), numbers.next()) else {
            bail!("one core is not enough: the server needs one, and the load another");
        };
        let cores = format!("servers on core {server}, load on core {load}");
        let server_core = only(server);
        sched_setaffinity(None, &only(load)).context("the load cannot be pinned to its core")?;
        let descriptors = raise_descriptor_limit()?;
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register_conditional_shutdown(signal, 1, Arc::clone(&interrupted))
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&interrupted)))
                .context("signals cannot be caught")?;
        }
        Ok(Machine { all_cores, server_core, cores, descriptors, interrupted })
    }

    /// Moves this thread to the core of the servers.
    ///
    /// # Errors
    /// As the system says.
    pub fn pin_to_server_core(&self) -> anyhow::Result<()> {
        sched_setaffinity(None, &self.server_core).context("a thread cannot be pinned to its core")
    }

    /// Whether somebody wants this to end.
    ///
    /// # Errors
    /// When it is so: what is running ends with it, and takes its servers along.
    pub fn check_interrupted(&self) -> anyhow::Result<()> {
        ensure!(!self.interrupted.load(Ordering::Relaxed), "interrupted");
        Ok(())
    }

    /// One line on it, for a report.
    pub fn describe(&self) -> String {
        let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        format!(
            "{}, Linux {}; {}",
            model.as_deref().unwrap_or("unknown processor"),
            kernel.trim(),
            self.cores
        )
    }
}

/// One core alone.
fn only(core: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(core);
    set
}

/// How many open files there may be.
fn raise_descriptor_limit() -> anyhow::Result<u64> {
    let hard = rustix::process::getrlimit(Resource::Nofile).maximum;
    let raised = hard.map(|hard| hard.max(DESCRIPTORS_WANTED));
    // Only some may raise the hard limit.
    for maximum in [raised, hard] {
        let current = maximum.unwrap_or(DESCRIPTORS_WANTED).min(DESCRIPTORS_WANTED);
        let limit = Rlimit { current: Some(current), maximum };
        if current >= DESCRIPTORS_MIN && setrlimit(Resource::Nofile, limit).is_ok() {
            return Ok(current);
        }
    }
    bail!(
        "{DESCRIPTORS_MIN} open files are needed (try ulimit -Hn {DESCRIPTORS_WANTED} as root before)"
    )
}
