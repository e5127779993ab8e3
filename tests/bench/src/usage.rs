//! What a server uses: processor time and memory of a process and all that it started.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;

use anyhow::Context as _;

/// Processor time of every thread of a tree of processes, at one moment.
#[derive(Debug, Clone, Default)]
pub struct CpuTime {
    threads: BTreeMap<u32, Schedstat>,
}

/// What the scheduler has counted of a thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Schedstat {
    /// On a processor.
    running: Duration,
    /// Ready to run, but others had the processor.
    waiting: Duration,
}

/// What was used between two moments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CpuUsed {
    /// User and system time.
    pub running: Duration,
    /// Time in which threads would have run, had others not had their core.
    pub waiting: Duration,
    /// Threads that ended in between: what they used is not counted.
    pub threads_lost: usize,
}

impl CpuTime {
    /// Of the process and its descendants, now. It comes from the scheduler, in nanoseconds: clock
    /// ticks are too coarse for a short turn.
    ///
    /// # Errors
    /// When there is no such process, or the kernel keeps no such account.
    pub fn of(process: u32) -> anyhow::Result<CpuTime> {
        let mut threads = BTreeMap::new();
        for process in tree(process)? {
            for thread in threads_of(process) {
                let path = format!("/proc/{process}/task/{thread}/schedstat");
                match fs::read_to_string(&path) {
                    Ok(text) => {
                        let stat = Schedstat::parse(&text);
                        threads.insert(thread, stat.with_context(|| format!("{path}: {text}"))?);
                    }
                    Err(error) if is_gone(&error) => {}
                    Err(error) => {
                        return Err(error).with_context(|| {
                            format!("{path} (try a kernel with CONFIG_SCHED_INFO)")
                        });
                    }
                }
            }
        }
        Ok(CpuTime { threads })
    }

    /// What was used since an earlier moment.
    pub fn since(&self, earlier: &CpuTime) -> CpuUsed {
        let is_lost = |thread: &&u32| !self.threads.contains_key(thread);
        let threads_lost = earlier.threads.keys().filter(is_lost).count();
        let mut used = CpuUsed { threads_lost, ..CpuUsed::default() };
        for (thread, now) in &self.threads {
            let before = earlier.threads.get(thread).copied().unwrap_or_default();
            used.running += now.running.saturating_sub(before.running);
            used.waiting += now.waiting.saturating_sub(before.waiting);
        }
        used
    }
}

impl Schedstat {
    /// The first two of its numbers are nanoseconds.
    fn parse(text: &str) -> Option<Schedstat> {
        let mut numbers = text.split_ascii_whitespace();
        let mut nanoseconds = || Some(Duration::from_nanos(numbers.next()?.parse().ok()?));
        Some(Schedstat { running: nanoseconds()?, waiting: nanoseconds()? })
    }
}

/// Largest resident memory that the process and its descendants had, each at its own time.
///
/// # Errors
/// When there is no such process.
pub fn peak_resident_octets(process: u32) -> anyhow::Result<u64> {
    tree(process)?.into_iter().map(|process| memory(process, "VmHWM:")).sum()
}

/// Resident memory of the process and its descendants; what they share counts for each.
///
/// # Errors
/// When there is no such process.
pub fn resident_octets(process: u32) -> anyhow::Result<u64> {
    tree(process)?.into_iter().map(|process| memory(process, "VmRSS:")).sum()
}

fn memory(process: u32, name: &str) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if is_gone(&error) => return Ok(0),
        Err(error) => return Err(error).context(path),
    };
    // A process that has just ended has no such line.
    let kibibytes = text.lines().find_map(|line| line.strip_prefix(name));
    let number = kibibytes.and_then(|text| text.split_ascii_whitespace().next()?.parse().ok());
    Ok(number.unwrap_or(0_u64) << 10)
}

/// The process and its descendants.
fn tree(root: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&process) = found.get(next) {
        for thread in threads_of(process) {
            let path = format!("/proc/{process}/task/{thread}/children");
            match fs::read_to_string(&path) {
                Ok(text) => found.extend(text.split_ascii_whitespace().flat_map(str::parse::<u32>)),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error).context(path),
            }
        }
        next += 1;
    }
    Ok(found)
}

/// None if the process has ended.
fn threads_of(process: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Whether a process or thread ended while it was looked at.
fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(threads: &[(u32, u64, u64)]) -> CpuTime {
        let millis = Duration::from_millis;
        let stat = |&(thread, running, waiting): &(u32, u64, u64)| {
            (thread, Schedstat { running: millis(running), waiting: millis(waiting) })
        };
        CpuTime { threads: threads.iter().map(stat).collect() }
    }

    #[test]
    fn threads_that_come_count_and_those_that_go_are_noted() {
        let before = times(&[(1, 10, 1), (2, 20, 0)]);
        let after = times(&[(1, 15, 3), (3, 7, 1)]);
        let (running, waiting) = (Duration::from_millis(12), Duration::from_millis(3));
        assert_eq!(after.since(&before), CpuUsed { running, waiting, threads_lost: 1 });
    }

    #[test]
    fn this_process_uses_what_it_uses() {
        let process = std::process::id();
        let before = CpuTime::of(process).expect("this process");
        let mut state = 1_u64;
        let used = loop {
            for _ in 0..1_000_000 {
                state = std::hint::black_box(state.wrapping_mul(3));
            }
            let used = CpuTime::of(process).expect("this process").since(&before);
            if used.running > Duration::from_millis(5) {
                break used;
            }
        };
        assert!(used.running < Duration::from_secs(60), "{used:?}");
        let resident = resident_octets(process).expect("this process");
        assert!(0 < resident && resident <= peak_resident_octets(process).expect("this process"));
    }

    #[test]
    fn schedstat_begins_with_two_times() {
        let (running, waiting) = (Duration::from_nanos(115_873), Duration::from_nanos(2_871_159));
        let stat = Schedstat { running, waiting };
        assert_eq!(Schedstat::parse("115873 2871159 2\n"), Some(stat));
        assert_eq!(Schedstat::parse("115873\n"), None);
    }
}
