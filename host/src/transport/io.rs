//! System calls on sockets, their outcomes named for what the caller decides.

use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;

/// What came of receiving.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// So many octets; 0: the peer has shut down its side.
    Octets(usize),
    /// Nothing at the moment.
    WouldBlock,
    /// The connection is no more.
    PeerGone,
}

/// What came of sending.
#[derive(Debug, PartialEq, Eq)]
pub enum Sent {
    /// So many octets.
    Octets(usize),
    /// The socket is full.
    WouldBlock,
    /// The connection is no more.
    PeerGone,
    /// The file has fewer octets than promised, or cannot be read.
    FileFailed,
}

/// What came of shutting down the sending side.
#[derive(Debug, PartialEq, Eq)]
pub enum ShutDown {
    /// The peer is told that nothing more comes.
    Done,
    /// The socket is full, and there is something to be sent before.
    WouldBlock,
    /// The connection is no more.
    PeerGone,
}

/// Appends what has arrived to `input`, as far as its capacity goes.
pub fn receive(socket: impl AsFd, input: &mut Vec<u8>) -> Received {
    debug_assert!(input.len() < input.capacity(), "an empty buffer looks like the end of input");
    loop {
        let room = rustix::buffer::spare_capacity(input);
        return match rustix::net::recv(&socket, room, RecvFlags::empty()) {
            Ok((octets, _)) => Received::Octets(octets),
            Err(Errno::AGAIN) => Received::WouldBlock,
            Err(Errno::INTR) => continue,
            Err(_) => Received::PeerGone,
        };
    }
}

/// Sends `octets`. With `more`, which something has to follow at once, the kernel may hold back a
/// last segment that is not full.
pub fn send(socket: impl AsFd, octets: &[u8], more: bool) -> Sent {
    sent(|| rustix::net::send(&socket, octets, flags(more)))
}

/// Sends octets, and others behind them. `more` as for [`send`].
pub fn send_both(socket: impl AsFd, octets: &[u8], others: &[u8], more: bool) -> Sent {
    let both = [IoSlice::new(octets), IoSlice::new(others)];
    sent(|| rustix::net::sendmsg(&socket, &both, &mut Default::default(), flags(more)))
}

fn flags(more: bool) -> SendFlags {
    let mut flags = SendFlags::NOSIGNAL;
    flags.set(SendFlags::MORE, more);
    flags
}

fn sent(mut send: impl FnMut() -> Result<usize, Errno>) -> Sent {
    loop {
        return match send() {
            Ok(sent) => Sent::Octets(sent),
            Err(Errno::AGAIN) => Sent::WouldBlock,
            Err(Errno::INTR) => continue,
            Err(_) => Sent::PeerGone,
        };
    }
}

/// Octets of a segment of the connection, as long as one may be now. None: the system does not say.
pub fn segment_octets(socket: impl AsFd) -> Option<u32> {
    SockRef::from(&socket).tcp_mss().ok()
}

/// Has the kernel hold back what does not fill a segment, or not any more. False: it does not.
pub fn hold_back(socket: impl AsFd, whether: bool) -> bool {
    SockRef::from(&socket).set_tcp_cork(whether).is_ok() && whether
}

/// Whether the connection's congestion control, rather than acknowledgements alone, says when to
/// send: BBR does.
pub fn is_paced(socket: impl AsFd) -> bool {
    SockRef::from(&socket).tcp_congestion().is_ok_and(|name| name.starts_with(b"bbr"))
}

/// Sends up to `length` octets of `file` from `offset`, without a copy in this process.
pub fn send_file(socket: impl AsFd, file: BorrowedFd<'_>, offset: u64, length: usize) -> Sent {
    let mut offset = offset;
    loop {
        return match rustix::fs::sendfile(&socket, file, Some(&mut offset), length) {
            Ok(0) => Sent::FileFailed,
            Ok(sent) => Sent::Octets(sent),
            Err(Errno::AGAIN) => Sent::WouldBlock,
            Err(Errno::INTR) => continue,
            Err(Errno::PIPE | Errno::CONNRESET | Errno::NOTCONN | Errno::TIMEDOUT) => {
                Sent::PeerGone
            }
            Err(_) => Sent::FileFailed,
        };
    }
}
