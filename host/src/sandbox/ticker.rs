//! The clock that ends calls: a thread that advances the engine's epoch.
//!
//! It rests while no worker serves anything, so that an idle server uses no CPU.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wasmtime::Engine;

/// Ticks in a guest's deadline. The last one is left for the answer to be sent, and the first may
/// be nearly over when a call begins: a call ends up to two ticks early, never late.
const TICKS_PER_DEADLINE: u32 = 11;

/// The tick is never finer than a thread can be woken for, …
const TICK_MIN: Duration = Duration::from_millis(1);

/// … and never coarser than this, so that other deadlines are kept well enough.
const TICK_MAX: Duration = Duration::from_millis(20);

/// Ticks without a user after which the thread rests: pauses between requests are mostly shorter.
const TICKS_BEFORE_REST: u32 = 500;

/// How deadlines turn into ticks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    tick: Duration,
}

impl Pace {
    /// The pace that keeps `deadline` with one part in [`TICKS_PER_DEADLINE`].
    pub fn for_deadline(deadline: Duration) -> Pace {
        Pace { tick: (deadline / TICKS_PER_DEADLINE).clamp(TICK_MIN, TICK_MAX) }
    }

    /// How long so many ticks last.
    pub fn time(self, ticks: u64) -> Duration {
        self.tick.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
    }

    /// Ticks that a call may take within `deadline`: one less than fit, but at least 2, so that no
    /// call meets its end by the very next tick.
    pub fn ticks(self, deadline: Duration) -> u64 {
        let fit = (deadline.as_nanos() / self.tick.as_nanos()) as u64;
        fit.saturating_sub(1).max(2)
    }
}

/// Owns the thread; it ends when this is dropped.
pub struct Ticker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// How many threads may be inside a guest.
    users: AtomicUsize,
    resting: AtomicBool,
    ended: AtomicBool,
}

impl Ticker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(engine: Engine, pace: Pace) -> std::io::Result<Ticker> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("ticker".into())
            .spawn(move || tick(&engine, pace.tick, &theirs))?;
        Ok(Ticker { shared, thread: Some(thread) })
    }

    /// Must be called before calls into a guest; the clock goes on until [`Ticker::end_use`].
    pub fn begin_use(&self) {
        // Either the thread sees the user before it rests, or this sees `resting`: both sides store
        // before they load, and all four are sequentially consistent.
        self.shared.users.fetch_add(1, Ordering::SeqCst);
        if self.shared.resting.load(Ordering::SeqCst) {
            self.unpark();
        }
    }

    /// The calls since [`Ticker::begin_use`] are over.
    pub fn end_use(&self) {
        self.shared.users.fetch_sub(1, Ordering::SeqCst);
    }

    fn unpark(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.unpark();
        if let Some(thread) = self.thread.take() {
            // A panic in there has stopped or will stop the process; nothing to add.
            let _ = thread.join();
        }
    }
}

fn tick(engine: &Engine, tick: Duration, shared: &Shared) {
    let mut unused = 0;
    let mut next = Instant::now();
    while !shared.ended.load(Ordering::SeqCst) {
        // By the clock, not by the length of each sleep: those add up.
        next += tick;
        let now = Instant::now();
        match next.checked_duration_since(now) {
            Some(pause) => thread::sleep(pause),
            None => next = now,
        }
        engine.increment_epoch();
        unused = match shared.users.load(Ordering::SeqCst) {
            0 => unused + 1,
            _ => 0,
        };
        if unused >= TICKS_BEFORE_REST {
            shared.resting.store(true, Ordering::SeqCst);
            while shared.users.load(Ordering::SeqCst) == 0 && !shared.ended.load(Ordering::SeqCst) {
                thread::park();
            }
            shared.resting.store(false, Ordering::SeqCst);
            unused = 0;
            next = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_never_exceed_the_deadline() {
        for milliseconds in [2, 3, 9, 10, 19, 20, 21, 500, 60_000] {
            let deadline = Duration::from_millis(milliseconds);
            let pace = Pace::for_deadline(deadline);
            let ticks = pace.ticks(deadline);
            assert!(ticks >= 2);
            assert!(pace.tick * u32::try_from(ticks).unwrap() <= deadline, "{milliseconds}");
        }
    }
}
