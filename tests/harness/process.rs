//! What the kernel tells about a process.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Length of a tick in `/proc/PID/stat`, which is the same on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process to look at from outside.
#[derive(Clone, Copy)]
pub struct Process {
    pub id: u32,
}

impl Process {
    /// Time spent on a processor so far, by all threads.
    pub fn cpu_time(self) -> Duration {
        cpu_time(&self.read("stat"))
    }

    /// Time spent on a processor so far by the threads of this name; none when there are none.
    pub fn thread_cpu_time(self, name: &str) -> Duration {
        let folder = format!("/proc/{}/task", self.id);
        let tasks = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        // A thread may end while it is looked at.
        let stats =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
        let name = format!("({name})");
        stats.filter(|stat| stat.contains(&name)).map(|stat| cpu_time(&stat)).sum()
    }

    /// Octets of memory that are really there.
    pub fn resident_octets(self) -> usize {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibioctets =
            line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
        kibioctets.unwrap_or_else(|| panic!("no VmRSS in {status:?}")) * 1024
    }

    /// How many descriptors are open.
    pub fn descriptors(self) -> usize {
        let folder = format!("/proc/{}/fd", self.id);
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}")).count()
    }

    /// Whether it has the file or folder at `path` open, or had it when that was deleted.
    pub fn has_open(self, path: &Path) -> bool {
        let folder = format!("/proc/{}/fd", self.id);
        let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        // A descriptor may be closed while it is looked at.
        let mut links = files.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
        links.any(|link| {
            link.to_string_lossy().trim_end_matches(" (deleted)") == path.to_string_lossy()
        })
    }

    /// The processes that it started and that are not gone: running, or ended and not waited for.
    pub fn children(self) -> Vec<u32> {
        let folder = format!("/proc/{}/task", self.id);
        let tasks = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        // A thread may end while it is looked at.
        let children =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
        let text = children.collect::<Vec<_>>().join(" ");
        text.split_whitespace().map(|id| id.parse().expect("a process id")).collect()
    }

    /// How many threads it has.
    pub fn threads(self) -> usize {
        let folder = format!("/proc/{}/task", self.id);
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}")).count()
    }

    /// How many of its threads have this name.
    pub fn threads_named(self, name: &str) -> usize {
        let folder = format!("/proc/{}/task", self.id);
        let tasks = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
        // A thread may end while it is looked at.
        let names =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|found| found.trim_end() == name).count()
    }

    fn read(self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.id);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// The times of a `stat` file: after the name, which may have anything in it.
fn cpu_time(stat: &str) -> Duration {
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|word| word.parse::<u32>().unwrap_or_else(|error| panic!("{error} in {stat:?}")));
    TICK * ticks.sum::<u32>()
}

/// How long a process computes while nothing else happens for a time.
pub fn cpu_while(process: Process, time: Duration) -> Duration {
    let before = process.cpu_time();
    // The measured span itself, not a wait for something.
    thread::sleep(time);
    process.cpu_time() - before
}

/// What to start a program under so that it gets no more than so many descriptors.
pub fn shell_limit(descriptors: usize) -> Vec<String> {
    let script = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"");
    ["sh", "-c", &script].map(String::from).to_vec()
}
