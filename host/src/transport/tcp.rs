//! A TCP connection: its socket, and what that is ready for.
//!
//! Readiness is remembered: a socket counts as readable or writable from an event until a call says
//! that it is not.

use std::net::Shutdown;
use std::time::Duration;

use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use super::Range;
use super::io::{self, Received, Sent, ShutDown};
use super::segments::Segments;

/// See the module.
pub struct Tcp {
    socket: TcpStream,
    readable: bool,
    writable: bool,
    /// The peer has shut down its side, or the connection failed: behind what has arrived, reading
    /// will say so.
    input_ends: bool,
    failed: bool,
    segments: Segments,
}

impl Tcp {
    /// A socket just accepted. Its first bytes may be there already.
    pub fn new(socket: TcpStream) -> Tcp {
        Tcp {
            socket,
            readable: true,
            writable: true,
            input_ends: false,
            failed: false,
            segments: Segments::default(),
        }
    }

    /// See [`super::Transport::register`].
    pub fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE | Interest::WRITABLE)
    }

    /// See [`super::Transport::became`].
    #[inline]
    pub fn became(&mut self, event: &Event) {
        self.failed |= event.is_error();
        self.input_ends |= event.is_read_closed() || self.failed;
        self.readable |= event.is_readable() || self.input_ends;
        self.writable |= event.is_writable() || self.failed;
    }

    /// See [`super::Transport::is_readable`].
    #[inline]
    pub fn is_readable(&self) -> bool {
        self.readable
    }

    /// See [`super::Transport::is_writable`].
    #[inline]
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// See [`super::Transport::has_failed`].
    #[inline]
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    /// See [`super::Transport::receive`].
    #[inline]
    pub fn receive(&mut self, input: &mut Vec<u8>) -> Received {
        if !self.readable {
            return Received::WouldBlock;
        }
        let room = input.capacity() - input.len();
        let received = io::receive(&self.socket, input);
        match received {
            // Less than there was room for: nothing more is there, and an event will tell of
            // anything new. Only the end of input comes without another event.
            Received::Octets(octets) => {
                self.readable = octets == room || octets == 0 || self.input_ends;
            }
            Received::WouldBlock => self.readable = false,
            Received::PeerGone => {}
        }
        received
    }

    /// See [`super::Transport::send`].
    #[inline]
    pub fn send(&mut self, octets: &[u8], more: bool) -> Sent {
        self.sent(|socket| io::send(socket, octets, more))
    }

    /// See [`super::Transport::send_with`]. What is in memory goes out in the same call; behind
    /// anything else the kernel is told to hold back what does not fill a segment.
    #[inline]
    pub fn send_with(&mut self, octets: &[u8], range: Range<'_>, is_last: bool) -> Sent {
        let Range { file, offset, length } = range;
        if let Some(content) = file.in_memory(offset, length) {
            return self.sent(|socket| io::send_both(socket, octets, content, is_last));
        }
        let sent = self.send(octets, true);
        if let Sent::Octets(sent) = sent {
            self.segments.begin(&self.socket, sent as u64, length);
        }
        sent
    }

    /// See [`super::Transport::send_range`].
    #[inline]
    pub fn send_range(&mut self, range: Range<'_>, octets: u64) -> Sent {
        let Range { file, offset, .. } = range;
        if let Some(content) = file.in_memory(offset, octets) {
            return self.send(content, false);
        }
        match file.descriptor() {
            Some(file) => self.sent(|socket| io::send_file(socket, file, offset, octets as usize)),
            None => Sent::FileFailed,
        }
    }

    #[inline]
    fn sent(&mut self, send: impl FnOnce(&TcpStream) -> Sent) -> Sent {
        if !self.writable {
            return Sent::WouldBlock;
        }
        let sent = send(&self.socket);
        self.writable = sent != Sent::WouldBlock;
        sent
    }

    /// See [`super::Transport::whole_segments`].
    pub fn whole_segments(&mut self, octets: u64) -> u64 {
        self.segments.whole(&self.socket, octets)
    }

    /// See [`super::Transport::end_content`].
    #[inline]
    pub fn end_content(&mut self) {
        self.segments.end(&self.socket);
    }

    /// See [`super::Transport::shut_down`].
    pub fn shut_down(&mut self) -> ShutDown {
        match self.socket.shutdown(Shutdown::Write) {
            Ok(()) => ShutDown::Done,
            Err(_) => ShutDown::PeerGone,
        }
    }

    /// See [`super::Transport::abort`].
    pub fn abort(&mut self) {
        // Where it is refused, the kernel keeps what it has for as long as it does for others.
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }
}
