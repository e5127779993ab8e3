//! Requests remembered, to be asked again: of a guest that is to serve, or by a person.
//!
//! A request and what was found for it is all that an answer depends on. Each worker keeps the last
//! few in a [`Ring`], whose memory is used again and again, and passes copies on where somebody
//! listens to a [`Tap`].

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use crate::exchange::{Recorded, Seen};

/// Heads longer than this are not remembered, in octets.
const HEAD_OCTETS_MAX: usize = 4 << 10;

/// The last requests of a worker.
pub struct Ring {
    entries: Vec<Recorded>,
    /// The oldest, once all places are taken.
    next: usize,
    max: usize,
}

impl Ring {
    /// Remembers up to `max` requests.
    pub fn new(max: usize) -> Ring {
        Ring { entries: Vec::new(), next: 0, max }
    }

    /// Remembers up to `max` requests from now on; forgets all if that is another number.
    pub fn resize(&mut self, max: usize) {
        if self.max != max {
            *self = Ring::new(max);
        }
    }

    /// Remembers a request, in place of the oldest.
    pub fn record(&mut self, head: &[u8], peer: IpAddr, now: u64, number: u64, seen: &Seen) {
        if self.max == 0 || head.len() > HEAD_OCTETS_MAX {
            return;
        }
        match self.entries.get_mut(self.next) {
            None => {
                let (head, seen) = (head.to_vec(), seen.clone());
                self.entries.push(Recorded { head, peer, now, number, seen });
            }
            Some(entry) => {
                entry.head.clear();
                entry.head.extend_from_slice(head);
                entry.seen.clone_from(seen);
                (entry.peer, entry.now, entry.number) = (peer, now, number);
            }
        }
        self.next = (self.next + 1) % self.max;
    }

    /// All of them, the oldest first.
    pub fn recall(&self) -> Vec<Recorded> {
        let (newer, older) = self.entries.split_at(self.next.min(self.entries.len()));
        older.iter().chain(newer).cloned().collect()
    }
}

/// Passes copies of requests on to somebody who listens. It ends when nobody does.
#[derive(Clone)]
pub struct Tap {
    /// One in so many requests, from 1.
    every: u64,
    count: u64,
    listener: SyncSender<Recorded>,
    /// Copies that the listener had no room for.
    skipped: Arc<AtomicU64>,
}

impl Tap {
    /// One in `every` requests goes to `listener`, unless it has no room: that counts as skipped.
    pub fn new(every: u64, listener: SyncSender<Recorded>, skipped: Arc<AtomicU64>) -> Tap {
        Tap { every: every.max(1), count: 0, listener, skipped }
    }

    /// Passes a request on if it is its turn. False: nobody listens any more.
    pub fn pass(&mut self, recorded: impl FnOnce() -> Recorded) -> bool {
        self.count += 1;
        if self.count < self.every {
            return true;
        }
        self.count = 0;
        match self.listener.try_send(recorded()) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.skipped.fetch_add(1, Ordering::Relaxed);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::mpsc::sync_channel;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn heads(ring: &Ring) -> Vec<String> {
        let text = |entry: Recorded| String::from_utf8(entry.head).expect("text");
        ring.recall().into_iter().map(text).collect()
    }

    #[test]
    fn a_ring_remembers_the_last_requests_in_order() {
        let mut ring = Ring::new(3);
        for head in ["a", "bb"] {
            ring.record(head.as_bytes(), PEER, 0, 1, &Seen::Unasked);
        }
        assert_eq!(heads(&ring), ["a", "bb"]);
        for head in ["c", "dd", "e"] {
            ring.record(head.as_bytes(), PEER, 0, 1, &Seen::Unasked);
        }
        assert_eq!(heads(&ring), ["c", "dd", "e"]);
        ring.resize(3);
        assert_eq!(heads(&ring).len(), 3);
        ring.resize(0);
        ring.record(b"f", PEER, 0, 1, &Seen::Unasked);
        assert_eq!(heads(&ring), [""; 0]);
    }

    #[test]
    fn long_heads_are_not_remembered_on_both_sides_of_the_edge() {
        let mut ring = Ring::new(3);
        ring.record(&[b'x'; HEAD_OCTETS_MAX], PEER, 0, 1, &Seen::Unasked);
        ring.record(&[b'x'; HEAD_OCTETS_MAX + 1], PEER, 0, 1, &Seen::Unasked);
        assert_eq!(ring.recall().len(), 1);
    }

    #[test]
    fn a_tap_passes_its_share_on_and_ends_with_its_listener() {
        let skipped = Arc::new(AtomicU64::new(0));
        let (listener, heard) = sync_channel(2);
        let mut tap = Tap::new(2, listener, Arc::clone(&skipped));
        let recorded =
            || Recorded { head: vec![], peer: PEER, now: 0, number: 1, seen: Seen::Unasked };
        assert!((0..7).all(|_| tap.pass(recorded)));
        assert_eq!((heard.try_iter().count(), skipped.load(Ordering::Relaxed)), (2, 1));
        drop(heard);
        assert!(!tap.pass(recorded));
    }
}
