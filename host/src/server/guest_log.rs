//! What is logged of guests: failures, the calls that failed, and their standard error, at a
//! bounded rate.
//!
//! Whoever can make a guest fail could otherwise fill the log's disk.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use tracing::{error, info};

use crate::config::Capture;
use crate::sandbox::contract::{Context, Found};
use crate::sandbox::{GuestError, invocation, mask};

/// Lines in an interval; the next interval says how many more there were.
const LINES_MAX: u32 = 20;
const INTERVAL: Duration = Duration::from_secs(1);

/// Calls that failed are shown while fewer lines than this were logged in the interval.
const LINES_WITH_CALLS_MAX: u32 = 10;

/// Longest call that is shown, in octets.
const CALL_OCTETS_MAX: usize = 32 << 10;

/// The file that calls are said to be of: what `wasmhttpd ctl guest` is told to write.
pub const CALLED_FILE: &str = "configured.wasm";

/// The log of one worker's guest.
pub struct GuestLog {
    capture: Capture,
    interval_start: Option<Instant>,
    lines: u32,
    dropped: u64,
}

impl GuestLog {
    /// One that has logged nothing yet.
    pub fn new(capture: Capture) -> GuestLog {
        GuestLog { capture, interval_start: None, lines: 0, dropped: 0 }
    }

    /// A call of the guest failed.
    pub fn failure(&mut self, call: &str, cause: &GuestError, now: Instant) {
        if self.may_log(now) {
            error!("guest failed in {call}: {cause}");
        }
    }

    /// A call failed with these arguments: says how to make it by hand. `found` is what `respond`
    /// was given, none for `parse`.
    pub fn capture(&mut self, head: &[u8], found: Option<&Found>, context: Context, now: Instant) {
        if self.capture == Capture::Off || self.lines >= LINES_WITH_CALLS_MAX {
            return;
        }
        let masked = match self.capture {
            Capture::Whole => Cow::Borrowed(head),
            _ => mask(head),
        };
        let call = match found {
            None => invocation::parse(&masked, Some(&context), CALLED_FILE),
            Some(found) => invocation::respond(&masked, found, Some(&context), CALLED_FILE),
        };
        if call.len() <= CALL_OCTETS_MAX && self.may_log(now) {
            info!("the call that failed: {call}");
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
            (self.interval_start, self.lines, self.dropped) = (Some(now), 0, 0);
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
        let (mut log, start) = (GuestLog::new(Capture::Masked), Instant::now());
        let logged = (0..LINES_MAX + 5).filter(|_| log.may_log(start)).count();
        assert_eq!((logged, log.dropped), (LINES_MAX as usize, 5));
        assert!(log.may_log(start + INTERVAL));
        assert_eq!(log.dropped, 0);
    }
}
