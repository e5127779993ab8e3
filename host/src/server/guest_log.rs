//! What is logged of guests: failures and their standard error, at a bounded rate.
//!
//! Whoever can make a guest fail could otherwise fill the log's disk.

use std::time::{Duration, Instant};

use tracing::{error, info};

use crate::sandbox::GuestError;

/// Lines in an interval; the next interval says how many more there were.
const LINES_MAX: u32 = 20;
const INTERVAL: Duration = Duration::from_secs(1);

/// The log of one worker's guest.
pub struct GuestLog {
    interval_start: Option<Instant>,
    lines: u32,
    dropped: u64,
}

impl GuestLog {
    /// One that has logged nothing yet.
    pub fn new() -> GuestLog {
        GuestLog { interval_start: None, lines: 0, dropped: 0 }
    }

    /// A call of the guest failed.
    pub fn failure(&mut self, call: &str, cause: &GuestError, now: Instant) {
        if self.may_log(now) {
            error!("guest failed in {call}: {cause}");
        }
    }

    /// The guest wrote this to standard error, if anything.
    pub fn stderr(&mut self, text: Option<String>) {
        if let Some(text) = text
            && self.may_log(Instant::now())
        {
            info!("guest says: {text}");
        }
    }

    fn may_log(&mut self, now: Instant) -> bool {
        if self.interval_start.is_none_or(|start| now.saturating_duration_since(start) >= INTERVAL)
        {
            if self.dropped > 0 {
                error!("{} more lines about the guest were not logged", self.dropped);
            }
            *self = GuestLog { interval_start: Some(now), lines: 0, dropped: 0 };
        }
        if self.lines == LINES_MAX {
            self.dropped += 1;
            return false;
        }
        self.lines += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_limited_in_each_interval() {
        let (mut log, start) = (GuestLog::new(), Instant::now());
        let logged = (0..LINES_MAX + 5).filter(|_| log.may_log(start)).count();
        assert_eq!((logged, log.dropped), (LINES_MAX as usize, 5));
        assert!(log.may_log(start + INTERVAL));
        assert_eq!(log.dropped, 0);
    }
}
