//! When a call has had its time.
//!
//! The clock of deadlines goes by the wall, so that a call costs nothing to be timed. But on a busy
//! machine a thread may be kept from its processor for longer than a deadline lasts, and then a
//! request would fail that no guest is to blame for. So when the first half of a deadline is over,
//! the processor time of the thread is looked at, and the second half lasts until the call has had
//! that much of it: or until it was given [`HALVES_MAX`] of them, since others wait.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::UpdateDeadline;

use crate::sandbox::ticker::Pace;

/// Second halves that one call is given at most.
const HALVES_MAX: u32 = 20;

/// The deadline of the call that is being made.
#[derive(Debug, Default)]
pub struct Deadline {
    half_ticks: u64,
    pace: Pace,
    /// The thread's processor time when the first half was over.
    since: Option<Duration>,
    halves: u32,
}

impl Deadline {
    /// That of a call that has `ticks` of the clock.
    pub fn new(ticks: u64, pace: Pace) -> Deadline {
        Deadline { half_ticks: ticks / 2, pace, since: None, halves: 0 }
    }

    /// How many of the `ticks` of a call are its first half.
    pub fn first_half(ticks: u64) -> u64 {
        ticks - ticks / 2
    }

    /// What becomes of a call when the first half of its deadline is over, or another second one.
    pub fn half_is_over(&mut self) -> UpdateDeadline {
        let now = processor_time();
        let since = *self.since.get_or_insert(now);
        let is_over = self.halves > 0 && now.saturating_sub(since) >= self.half();
        if is_over || self.halves == HALVES_MAX || self.half_ticks == 0 {
            return UpdateDeadline::Interrupt;
        }
        self.halves += 1;
        UpdateDeadline::Continue(self.half_ticks)
    }

    /// Processor time that a second half is worth. The tick that is under way may be nearly over.
    fn half(&self) -> Duration {
        self.pace.time(self.half_ticks.saturating_sub(1).max(1))
    }
}

/// What this thread has had so far.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_interrupted(update: UpdateDeadline) -> bool {
        matches!(update, UpdateDeadline::Interrupt)
    }

    #[test]
    fn a_call_that_had_its_processor_time_is_over_after_the_second_half() {
        let mut deadline = Deadline { half_ticks: 5, ..Deadline::default() };
        assert!(!is_interrupted(deadline.half_is_over()));
        assert!(is_interrupted(deadline.half_is_over()));
    }

    #[test]
    fn a_call_that_was_kept_from_the_processor_goes_on_and_not_for_ever() {
        let pace = Pace::for_deadline(Duration::from_secs(1));
        let mut deadline = Deadline { half_ticks: 1 << 40, pace, ..Deadline::default() };
        assert!(deadline.half() > Duration::from_secs(3600));
        let given = (0..100).take_while(|_| !is_interrupted(deadline.half_is_over())).count();
        assert_eq!(given, HALVES_MAX as usize);
    }
}
