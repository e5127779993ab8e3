//! Transports: what carries the bytes of a connection, and the sockets it comes from.
//!
//! Owns sockets, their readiness, and every system call on them. What the bytes mean is the
//! protocol's affair; which of them to send next is the session's.
//!
//! 1. [`listen`] binds an address, once for each worker; [`accept`] takes a connection from it.
//! 2. A [`Transport`] is told by events what the socket became ready for, and remembers that until
//!    a call says otherwise.
//! 3. It receives into, and sends from, what the session has.
//!
//! There is one kind, TCP. TLS will be another.

mod io;
mod listener;
mod segments;
mod tcp;

use std::net::IpAddr;

use mio::event::Event;
use mio::net::TcpListener;
use mio::{Registry, Token};
use wasmhttpd_http::FileRange;

use self::tcp::Tcp;
use crate::files::OpenFile;

pub use self::io::{Received, Sent};
pub use self::listener::{listen, listen_beside, probe};

/// Bytes of an open file, or of one whose content is in memory.
type Range<'a> = FileRange<'a, OpenFile>;

/// What carries the bytes of one connection.
pub enum Transport {
    /// TCP, plainly.
    Tcp(Tcp),
}

/// Takes a connection from `listener`, with the address of its peer.
///
/// # Errors
/// As the system says; [`std::io::ErrorKind::WouldBlock`] where none waits.
pub fn accept(listener: &TcpListener) -> std::io::Result<(Transport, IpAddr)> {
    let (socket, peer) = listener.accept()?;
    Ok((Transport::Tcp(Tcp::new(socket)), peer.ip()))
}

impl Transport {
    /// Has events with `token` tell what the connection becomes ready for.
    ///
    /// # Errors
    /// As the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        let Transport::Tcp(tcp) = self;
        tcp.register(registry, token)
    }

    /// Takes note of an event.
    #[inline]
    pub fn became(&mut self, event: &Event) {
        let Transport::Tcp(tcp) = self;
        tcp.became(event);
    }

    /// Whether there may be something to receive: until a call says that there is not.
    #[inline]
    pub fn is_readable(&self) -> bool {
        let Transport::Tcp(tcp) = self;
        tcp.is_readable()
    }

    /// Whether something may be sent: until a call says that it would block.
    #[inline]
    pub fn is_writable(&self) -> bool {
        let Transport::Tcp(tcp) = self;
        tcp.is_writable()
    }

    /// Whether the connection has failed, so that nothing can be sent to its peer any more.
    #[inline]
    pub fn has_failed(&self) -> bool {
        let Transport::Tcp(tcp) = self;
        tcp.has_failed()
    }

    /// Appends what has arrived to `input`, as far as its capacity goes.
    #[inline]
    pub fn receive(&mut self, input: &mut Vec<u8>) -> Received {
        let Transport::Tcp(tcp) = self;
        tcp.receive(input)
    }

    /// Sends `octets`. With `more`, which something has to follow at once, the last of them may
    /// wait for that.
    #[inline]
    pub fn send(&mut self, octets: &[u8], more: bool) -> Sent {
        let Transport::Tcp(tcp) = self;
        tcp.send(octets, more)
    }

    /// Sends `octets`, and behind them what is in `range`: as much of it as goes out in the same
    /// call. With `is_last` nothing follows behind both.
    #[inline]
    pub fn send_with(&mut self, octets: &[u8], range: Range<'_>, is_last: bool) -> Sent {
        let Transport::Tcp(tcp) = self;
        tcp.send_with(octets, range, is_last)
    }

    /// Sends the first `octets` of what is in `range`, without a copy in this process.
    #[inline]
    pub fn send_range(&mut self, range: Range<'_>, octets: u64) -> Sent {
        let Transport::Tcp(tcp) = self;
        tcp.send_range(range, octets)
    }

    /// How many of `octets` to send now, so that a turn ends where a segment does; at least one if
    /// there is any.
    pub fn whole_segments(&mut self, octets: u64) -> u64 {
        let Transport::Tcp(tcp) = self;
        tcp.whole_segments(octets)
    }

    /// The content has ended: what was held back goes out.
    #[inline]
    pub fn end_content(&mut self) {
        let Transport::Tcp(tcp) = self;
        tcp.end_content();
    }

    /// Tells the peer that nothing more comes. False: the connection is no more.
    pub fn shut_down(&mut self) -> bool {
        let Transport::Tcp(tcp) = self;
        tcp.shut_down()
    }

    /// When it is dropped, what has not been acknowledged is forgotten, and the peer told so.
    pub fn abort(&mut self) {
        let Transport::Tcp(tcp) = self;
        tcp.abort();
    }
}
