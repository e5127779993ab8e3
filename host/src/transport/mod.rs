//! Transports: what carries the bytes of a connection, and the sockets it comes from.
//!
//! Owns sockets, their readiness, and every system call on them. What the bytes mean is the
//! protocol's affair; which of them to send next is the session's.
//!
//! 1. [`listen`] binds an address, once for each worker; its [`Listener`] accepts connections.
//! 2. A [`Transport`] is told by events what the socket became ready for, and remembers that until
//!    a call says otherwise.
//! 3. It receives into, and sends from, what the session has.
//!
//! There are two kinds: TCP, and TLS over it.

mod io;
mod listener;
mod segments;
mod tcp;
mod tls;

use mio::event::Event;
use mio::{Registry, Token};
use wasmhttpd_http::h1::FileRange;

use self::tcp::Tcp;
use self::tls::Tls;
use crate::files::OpenFile;

pub use self::io::{Received, Sent, ShutDown};
pub use self::listener::{Listener, listen, listen_beside, probe};

/// Bytes of an open file, or of one whose content is in memory.
type Range<'a> = FileRange<'a, OpenFile>;

/// Room that the transports of a worker share, for bytes on their way through this process: what is
/// in it matters for the length of one call. TCP needs none.
#[derive(Default)]
pub struct Scratch {
    tls: tls::Scratch,
}

/// What carries the bytes of one connection.
pub enum Transport {
    /// TCP, plainly.
    Tcp(Tcp),
    /// TLS over TCP.
    Tls(Box<Tls>),
}

impl Transport {
    /// Has events with `token` tell what the connection becomes ready for.
    ///
    /// # Errors
    /// As the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        match self {
            Transport::Tcp(tcp) => tcp.register(registry, token),
            Transport::Tls(tls) => tls.register(registry, token),
        }
    }

    /// Takes note of an event.
    #[inline]
    pub fn became(&mut self, event: &Event) {
        match self {
            Transport::Tcp(tcp) => tcp.became(event),
            Transport::Tls(tls) => tls.became(event),
        }
    }

    /// Whether peers have agreed on how bytes are carried, so that those of the protocol can be.
    #[inline]
    pub fn is_established(&self) -> bool {
        match self {
            // The kernel hands out no others.
            Transport::Tcp(_) => true,
            Transport::Tls(tls) => tls.is_established(),
        }
    }

    /// Whether there may be something to receive: until a call says that there is not.
    #[inline]
    pub fn is_readable(&self) -> bool {
        match self {
            Transport::Tcp(tcp) => tcp.is_readable(),
            Transport::Tls(tls) => tls.is_readable(),
        }
    }

    /// Whether something may be sent: until a call says that it would block.
    #[inline]
    pub fn is_writable(&self) -> bool {
        match self {
            Transport::Tcp(tcp) => tcp.is_writable(),
            Transport::Tls(tls) => tls.is_writable(),
        }
    }

    /// Whether the connection has failed, so that nothing can be sent to its peer any more.
    #[inline]
    pub fn has_failed(&self) -> bool {
        match self {
            Transport::Tcp(tcp) => tcp.has_failed(),
            Transport::Tls(tls) => tls.has_failed(),
        }
    }

    /// Appends what has arrived to `input`, as far as its capacity goes.
    #[inline]
    pub fn receive(&mut self, input: &mut Vec<u8>, scratch: &mut Scratch) -> Received {
        match self {
            Transport::Tcp(tcp) => tcp.receive(input),
            Transport::Tls(tls) => tls.receive(input, &mut scratch.tls),
        }
    }

    /// Sends `octets`. With `more`, which something has to follow at once, the last of them may
    /// wait for that.
    #[inline]
    pub fn send(&mut self, octets: &[u8], more: bool, scratch: &mut Scratch) -> Sent {
        match self {
            Transport::Tcp(tcp) => tcp.send(octets, more),
            Transport::Tls(tls) => tls.send(octets, more, &mut scratch.tls),
        }
    }

    /// Sends `octets`, and behind them what is in `range`: as much of it as goes out in the same
    /// call. With `is_last` nothing follows behind both.
    #[inline]
    pub fn send_with(
        &mut self,
        octets: &[u8],
        range: Range<'_>,
        is_last: bool,
        scratch: &mut Scratch,
    ) -> Sent {
        match self {
            Transport::Tcp(tcp) => tcp.send_with(octets, range, is_last),
            Transport::Tls(tls) => tls.send_with(octets, range, is_last, &mut scratch.tls),
        }
    }

    /// Sends the first `octets` of what is in `range`, without a copy in this process.
    #[inline]
    pub fn send_range(&mut self, range: Range<'_>, octets: u64, scratch: &mut Scratch) -> Sent {
        match self {
            Transport::Tcp(tcp) => tcp.send_range(range, octets),
            Transport::Tls(tls) => tls.send_range(range, octets, &mut scratch.tls),
        }
    }

    /// How many of `octets` to send now, so that a turn ends where a segment does; at least one if
    /// there is any.
    pub fn whole_segments(&mut self, octets: u64) -> u64 {
        match self {
            Transport::Tcp(tcp) => tcp.whole_segments(octets),
            Transport::Tls(_) => octets,
        }
    }

    /// The content has ended: what was held back goes out.
    #[inline]
    pub fn end_content(&mut self) {
        match self {
            Transport::Tcp(tcp) => tcp.end_content(),
            Transport::Tls(_) => {}
        }
    }

    /// Tells the peer that nothing more comes.
    pub fn shut_down(&mut self) -> ShutDown {
        match self {
            Transport::Tcp(tcp) => tcp.shut_down(),
            Transport::Tls(tls) => tls.shut_down(),
        }
    }

    /// When it is dropped, what has not been acknowledged is forgotten, and the peer told so.
    pub fn abort(&mut self) {
        match self {
            Transport::Tcp(tcp) => tcp.abort(),
            Transport::Tls(tls) => tls.abort(),
        }
    }
}
