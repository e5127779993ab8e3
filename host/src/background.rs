//! Threads of lower priority than the workers.

use std::{io, thread};

/// Nice value of work that someone waits for: a swap and its compiler, a pull, a second opinion.
/// Such a thread gets a quarter of a core that a worker wants as well. The lowest priority would
/// get a hundredth, and run into time limits.
pub const NICE_AWAITED: i32 = 5;

/// Nice value of work that nobody waits for, such as the comparisons of a shadow.
pub const NICE_UNATTENDED: i32 = 10;

/// Starts a thread with this name, whose nice value is `nice` more than that of the caller's.
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(name: &str, nice: i32, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = move || {
        // Linux changes this thread alone. If the system refuses, it competes as an equal.
        let _ = rustix::process::nice(nice);
        work();
    };
    thread::Builder::new().name(name.into()).spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// The nicest that Linux has.
    const NICE_MAX: i32 = 19;

    #[test]
    fn only_the_thread_that_is_started_goes_last() {
        let priority = || rustix::process::getpriority_process(None).expect("a priority");
        for nice in [NICE_AWAITED, NICE_UNATTENDED] {
            let own = priority();
            let (sender, told) = mpsc::channel();
            let work = move || {
                let name = thread::current().name().map(str::to_owned);
                sender.send((name, priority())).expect("the test waits");
            };
            spawn("nice", nice, work).expect("a thread");
            let (name, theirs) = told.recv().expect("the thread tells");
            assert_eq!(name.as_deref(), Some("nice"));
            assert_eq!(theirs, (own + nice).min(NICE_MAX));
            assert_eq!(priority(), own);
        }
    }
}
