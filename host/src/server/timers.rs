//! Time limits of connections: mark and sweep, as in the original.
//!
//! A connection has at most one limit at a time. All limits of a kind last equally long, so that a
//! list for each kind, in the order of marking, is in the order of expiry too: marking moves a
//! connection to the end of a list, sweeping takes from its front. Neither costs more with more
//! connections.

use std::time::{Duration, Instant};

use wasmhttpd_http::Timer;

/// Kinds of limits.
const KINDS: usize = 5;

/// Longest sleep of a loop that has limits to keep: sweeps come at least this often, so that a
/// limit is kept to about this much.
const SWEEP_INTERVAL: Duration = Duration::from_millis(100);

/// No connection.
const NONE: u32 = u32::MAX;

/// The limits of a worker's connections, by their keys.
#[derive(Debug)]
pub struct Timers {
    durations: [Duration; KINDS],
    lists: [List; KINDS],
    links: Vec<Link>,
}

#[derive(Debug, Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

/// A connection's place in a list.
#[derive(Debug, Clone, Copy)]
struct Link {
    before: u32,
    after: u32,
    kind: Option<Timer>,
    marked: Instant,
}

impl Default for Timers {
    /// No limit lasts any time yet.
    fn default() -> Timers {
        let lists = [List { first: NONE, last: NONE }; KINDS];
        Timers { durations: [Duration::ZERO; KINDS], lists, links: Vec::new() }
    }
}

impl Timers {
    /// How long each kind lasts from now on, for limits that run already too.
    pub fn set_durations(&mut self, duration: impl Fn(Timer) -> Duration) {
        for kind in [Timer::Idle, Timer::Head, Timer::Answer, Timer::Send, Timer::Linger] {
            self.durations[kind as usize] = duration(kind);
        }
    }

    /// Gives connection `key` a limit of this kind that starts `now`, in place of the one it has.
    pub fn mark(&mut self, key: usize, kind: Timer, now: Instant) {
        if key >= self.links.len() {
            let none = Link { before: NONE, after: NONE, kind: None, marked: now };
            self.links.resize(key + 1, none);
        }
        self.remove(key);
        let list = &mut self.lists[kind as usize];
        let before = std::mem::replace(&mut list.last, index(key));
        match before {
            NONE => list.first = index(key),
            before => self.links[before as usize].after = index(key),
        }
        self.links[key] = Link { before, after: NONE, kind: Some(kind), marked: now };
    }

    /// The kind of limit that connection `key` has.
    pub fn kind(&self, key: usize) -> Option<Timer> {
        self.links.get(key)?.kind
    }

    /// Takes the limit from connection `key`, if it has one.
    pub fn remove(&mut self, key: usize) {
        let Some(link) = self.links.get(key) else { return };
        let Link { before, after, kind: Some(kind), .. } = *link else { return };
        match before {
            NONE => self.lists[kind as usize].first = after,
            before => self.links[before as usize].after = after,
        }
        match after {
            NONE => self.lists[kind as usize].last = before,
            after => self.links[after as usize].before = before,
        }
        self.links[key].kind = None;
    }

    /// A connection whose limit has passed, without its limit; none when there are no more.
    pub fn sweep(&mut self, now: Instant) -> Option<usize> {
        let key = (0..KINDS).find_map(|kind| {
            let first = self.first(kind)?;
            let expired = self.links[first].marked + self.durations[kind] <= now;
            expired.then_some(first)
        })?;
        self.remove(key);
        Some(key)
    }

    /// The connection that has had a limit of this kind for longest.
    pub fn oldest(&self, kind: Timer) -> Option<usize> {
        self.first(kind as usize)
    }

    /// How long until the next sweep is worthwhile; none when there is no limit to keep.
    pub fn pause(&self, now: Instant) -> Option<Duration> {
        let next = (0..KINDS)
            .filter_map(|kind| Some(self.links[self.first(kind)?].marked + self.durations[kind]))
            .min()?;
        Some(next.saturating_duration_since(now).max(SWEEP_INTERVAL))
    }

    fn first(&self, kind: usize) -> Option<usize> {
        match self.lists[kind].first {
            NONE => None,
            first => Some(first as usize),
        }
    }
}

fn index(key: usize) -> u32 {
    u32::try_from(key).expect("connections are limited far below 2^32")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timers() -> (Timers, Instant) {
        let mut timers = Timers::default();
        timers.set_durations(|kind| match kind {
            Timer::Idle => Duration::from_secs(10),
            _ => Duration::from_secs(1),
        });
        (timers, Instant::now())
    }

    fn swept(timers: &mut Timers, now: Instant) -> Vec<usize> {
        std::iter::from_fn(|| timers.sweep(now)).collect()
    }

    #[test]
    fn limits_pass_in_the_order_of_their_marks() {
        let (mut timers, start) = timers();
        for key in [5, 0, 3] {
            timers.mark(key, Timer::Idle, start + Duration::from_millis(key as u64));
        }
        timers.mark(5, Timer::Idle, start + Duration::from_secs(1));
        assert_eq!(timers.oldest(Timer::Idle), Some(0));
        assert_eq!(swept(&mut timers, start + Duration::from_millis(9_999)), [0; 0]);
        assert_eq!(swept(&mut timers, start + Duration::from_millis(10_003)), [0, 3]);
        assert_eq!(swept(&mut timers, start + Duration::from_secs(11)), [5]);
        assert_eq!(timers.pause(start), None);
    }

    #[test]
    fn a_connection_has_one_limit_at_a_time() {
        let (mut timers, start) = timers();
        timers.mark(1, Timer::Idle, start);
        timers.mark(1, Timer::Send, start);
        assert_eq!((timers.kind(1), timers.oldest(Timer::Idle)), (Some(Timer::Send), None));
        timers.remove(1);
        timers.remove(1);
        timers.remove(7);
        assert_eq!(swept(&mut timers, start + Duration::from_secs(60)), [0; 0]);
    }

    #[test]
    fn removal_keeps_the_rest_in_order() {
        let (mut timers, start) = timers();
        for key in 0..5 {
            timers.mark(key, Timer::Head, start);
        }
        for key in [0, 2, 4] {
            timers.remove(key);
        }
        timers.mark(2, Timer::Head, start);
        assert_eq!(swept(&mut timers, start + Duration::from_secs(1)), [1, 3, 2]);
    }

    #[test]
    fn the_pause_leads_to_the_next_limit_but_is_never_shorter_than_a_sweep() {
        let (mut timers, start) = timers();
        timers.mark(1, Timer::Idle, start);
        assert_eq!(timers.pause(start + Duration::from_secs(4)), Some(Duration::from_secs(6)));
        assert_eq!(timers.pause(start + Duration::from_secs(99)), Some(SWEEP_INTERVAL));
    }
}
