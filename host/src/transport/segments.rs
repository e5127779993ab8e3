//! How a file that is sent in pieces goes out in whole segments.
//!
//! A segment costs the same whether it is full or not, and the kernel sends what it has whenever
//! the client acknowledges something, so that more than a third of them would not be full. So it is
//! told to hold back what does not fill one (`TCP_CORK`) until the content ends, and turns end
//! where a segment does.
//!
//! BBR takes what is held back for a path that is slow, and after a while puts a timer between one
//! segment and the next: with that, only contents of a few MiB are sent so.

use std::os::fd::AsFd;

use super::io;

/// Contents from this size on are sent with what does not fill a segment held back, in octets: in
/// less, what is saved does not pay for the two calls.
const HELD_BACK_FROM: u64 = 256 << 10;

/// Contents up to this size are, if the congestion control paces, in octets.
const PACED_HELD_BACK_TO: u64 = 4 << 20;

/// Turns for which the length of a segment is believed: it grows while a connection is young, and
/// may shrink with the path between its ends.
const BELIEVED_TURNS: u32 = 8;

/// What is known of the segments of a connection.
#[derive(Debug, Default)]
pub struct Segments {
    /// 0: it is not known.
    octets: u32,
    believed_turns: u32,
    /// Sent before the content, and not taken into account yet.
    head_octets: u64,
    is_held_back: bool,
}

impl Segments {
    /// Behind a head of `head_octets`, so many octets of content follow, piece by piece.
    pub fn begin(&mut self, socket: impl AsFd, head_octets: u64, octets: u64) {
        self.believed_turns = 0;
        self.head_octets = head_octets;
        if self.is_held_back || octets < HELD_BACK_FROM {
            return;
        }
        if octets <= PACED_HELD_BACK_TO || !io::is_paced(&socket) {
            self.is_held_back = io::hold_back(&socket, true);
        }
    }

    /// The content has ended: what is held back goes out.
    pub fn end(&mut self, socket: impl AsFd) {
        if std::mem::take(&mut self.is_held_back) {
            io::hold_back(socket, false);
        }
    }

    /// So many octets, less what does not fill a segment behind a head that was sent just before
    /// them; at least one if there is any.
    pub fn whole(&mut self, socket: impl AsFd, octets: u64) -> u64 {
        if self.believed_turns == 0 {
            self.octets = io::segment_octets(socket).unwrap_or(0);
            self.believed_turns = BELIEVED_TURNS;
        }
        self.believed_turns -= 1;
        whole(self.octets, std::mem::take(&mut self.head_octets), octets)
    }
}

fn whole(segment: u32, head: u64, octets: u64) -> u64 {
    match (head + octets).checked_rem(segment.into()) {
        Some(rest) if rest < octets => octets - rest,
        _ => octets,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn what_does_not_fill_a_segment_is_left() {
        for (segment, head, octets, expected) in [
            (1000, 0, 2500, 2000),
            (1000, 0, 2000, 2000),
            (1000, 300, 2500, 1700),
            (1000, 300, 2700, 2700),
            (1000, 4300, 2500, 1700),
            // Less than a segment is better than nothing.
            (1000, 0, 999, 999),
            (1000, 5000, 100, 100),
            (0, 300, 2500, 2500),
        ] {
            assert_eq!(whole(segment, head, octets), expected, "{segment} {head} {octets}");
        }
    }

    fn connection() -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection")
    }

    #[test]
    fn a_segment_is_asked_for_again() {
        let socket = connection();
        let mut segments = Segments::default();
        let first = segments.whole(&socket, 1 << 20);
        assert!((1..1 << 20).contains(&first), "{first}");
        let asked = |segments: &mut Segments| {
            // As if it had been another one.
            segments.octets = 1000;
            segments.whole(&socket, 2500) != 2000
        };
        let anew = (0..2 * BELIEVED_TURNS).filter(|_| asked(&mut segments)).count();
        assert_eq!(anew, 2);
        segments.begin(&socket, 0, 1);
        assert!(asked(&mut segments));
    }

    #[test]
    fn content_that_takes_a_while_is_held_back_until_it_ends() {
        let socket = connection();
        let is_corked = || socket2::SockRef::from(&socket).tcp_cork().expect("an option");
        let mut segments = Segments::default();
        for (octets, expected) in [
            (HELD_BACK_FROM - 1, false),
            (HELD_BACK_FROM, true),
            (PACED_HELD_BACK_TO, true),
            (PACED_HELD_BACK_TO + 1, !io::is_paced(&socket)),
        ] {
            segments.begin(&socket, 300, octets);
            assert_eq!(is_corked(), expected, "{octets}");
            segments.end(&socket);
            assert!(!is_corked());
        }
    }

    #[test]
    fn bbr_paces_and_reno_does_not() {
        let socket = connection();
        let paced = |name: &[u8]| {
            let set = socket2::SockRef::from(&socket).set_tcp_congestion(name);
            set.is_ok().then(|| io::is_paced(&socket))
        };
        assert_eq!(paced(b"reno"), Some(false));
        // Where the system has it.
        assert!(paced(b"bbr").is_none_or(|paced| paced));
    }
}
