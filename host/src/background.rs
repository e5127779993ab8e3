//! Threads that let the workers go first.

use std::{io, thread};

/// For work whose outcome someone waits for: a swap, and the compiler that it starts, a pull, a
/// second opinion. Lower than the workers' priority, but not so low that it gets nowhere beside
/// them: of a core that one worker wants too, such a thread gets a quarter. The lowest priority
/// would get a hundredth, and run into time limits.
pub const NICE_AWAITED: i32 = 5;

/// For work that nobody waits for, such as the comparisons of a shadow.
pub const NICE_UNATTENDED: i32 = 10;

/// Starts a thread that is this much nicer than the one that starts it.
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(name: &str, nice: i32, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = move || {
        // On Linux this is the thread's own priority. Where it is refused, it competes as an equal.
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
