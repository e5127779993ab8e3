//! Accepting connections: how many, and what happens when there is no room for another.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use mio::net::TcpListener;
use mio::{Interest, Token};
use rustix::io::Errno;
use wasmhttpd_http::Timer;

use super::{Connection, FIRST_LISTENER, Listener, Worker};
use crate::server::session::Session;
use crate::transport::{self, Transport};

/// Connections accepted in one turn, of each listener.
const TURN_ACCEPTS_MAX: u32 = 64;

/// Turns of accepting when the server stops: as many connections as the kernel may hold for a
/// listener.
const STOP_ACCEPT_TURNS_MAX: u32 = 64;

/// Accepting rests for this long when the system has no descriptor or memory left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Why accepting ended for now.
enum Accepted {
    /// Nothing is waiting.
    All,
    /// The turn is used up.
    UsedUp,
    /// There is no room for another connection.
    Full,
}

impl Worker {
    pub(super) fn listen(&mut self, mut socket: TcpListener) -> io::Result<()> {
        let entry = self.listeners.vacant_entry();
        let token = Token(FIRST_LISTENER - entry.key());
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        entry.insert(Listener { socket, ready: true });
        Ok(())
    }

    /// Takes what waits to be accepted, and closes a listener.
    pub(super) fn close_listener(&mut self, index: usize) {
        for _ in 0..STOP_ACCEPT_TURNS_MAX {
            if !matches!(self.accept_from(index), Accepted::UsedUp) {
                break;
            }
        }
        self.listeners.remove(index);
    }

    pub(super) fn accept(&mut self) {
        match self.accept_again {
            Some(at) if self.shell.now < at => return,
            _ => self.accept_again = None,
        }
        for index in 0..self.listeners.capacity() {
            if self.listeners.get(index).is_some_and(|listener| listener.ready) {
                match self.accept_from(index) {
                    Accepted::All => self.listeners[index].ready = false,
                    Accepted::UsedUp => {}
                    Accepted::Full => {
                        self.accept_again = Some(self.shell.now + ACCEPT_PAUSE);
                        return;
                    }
                }
            }
        }
    }

    fn accept_from(&mut self, index: usize) -> Accepted {
        for _ in 0..TURN_ACCEPTS_MAX {
            let is_full = self.connections.len() >= self.connections_max;
            let oldest = match self.oldest_idle() {
                None if is_full => return Accepted::Full,
                Some(key) if is_full && self.connections[key].queued => return Accepted::UsedUp,
                oldest => oldest,
            };
            match transport::accept(&self.listeners[index].socket) {
                Ok((transport, peer)) => {
                    if is_full && let Some(key) = oldest {
                        self.close(key);
                    }
                    self.open(transport, peer);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Accepted::All,
                // Files that were kept open have made room.
                Err(error) if is_exhausted(&error) && self.shell.handler.release_descriptors() => {}
                Err(error) if is_exhausted(&error) => match oldest {
                    None => {
                        tracing::warn!("accepting rests: {error}");
                        return Accepted::Full;
                    }
                    Some(key) if self.connections[key].queued => return Accepted::UsedUp,
                    Some(key) => self.close(key),
                },
                // That connection failed before it was accepted; the next one need not.
                Err(_) => {}
            }
        }
        Accepted::UsedUp
    }

    /// Takes a connection on. Its first octets are there already, as a rule: it is registered once
    /// it has to wait, and many a connection never has.
    fn open(&mut self, transport: Transport, peer: IpAddr) {
        let entry = self.connections.vacant_entry();
        let key = entry.key();
        let session = Session::new(key, transport, peer);
        entry.insert(Connection { session, queued: false, registered: false });
        self.timers.mark(key, Timer::Idle, self.shell.now);
        self.enqueue(key);
    }

    /// The listeners' addresses, port 0 resolved.
    ///
    /// # Errors
    /// As the system says.
    pub fn addresses(&self) -> io::Result<Vec<std::net::SocketAddr>> {
        self.listeners.iter().map(|(_, listener)| listener.socket.local_addr()).collect()
    }
}

/// Whether the system has no descriptor or memory left.
fn is_exhausted(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&Errno::from_raw_os_error(code)))
}
