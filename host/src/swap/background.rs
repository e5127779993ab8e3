//! Threads for slow work.

use std::{io, thread};

/// Priority of such a thread, and so of the compiler that it starts: lower than the workers'. On a
/// core that a worker keeps busy it gets a quarter of the time. With the lowest priority it would
/// get a hundredth, and run into time limits.
const NICE: i32 = 5;

/// Does `work` on a thread of its own, of low priority. The end of the process does not wait for
/// it.
///
/// # Errors
/// When the system has no thread to give.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let work = move || {
        // On Linux this is the thread's own priority. Where it is refused, it competes as an equal.
        let _ = rustix::process::nice(NICE);
        work();
    };
    thread::Builder::new().name(name.into()).spawn(work).map(drop)
}
