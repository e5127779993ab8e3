//! Listening sockets, and what is spoken on the connections that they accept.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};

use super::Transport;
use super::io::is_paced;
use super::tcp::Tcp;
use super::tls::{self, Tls};

/// Connections that the kernel accepts before a worker does.
const BACKLOG: i32 = 4096;

/// How often a free port is asked for again that somebody else took meanwhile.
const FREE_PORT_TRIES: u32 = 8;

/// A listening socket of one worker.
pub struct Listener {
    socket: TcpListener,
    /// Where TLS is spoken.
    tls: Option<Arc<ServerConfig>>,
}

impl Listener {
    /// Has events with `token` tell when a connection waits.
    ///
    /// # Errors
    /// As the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.socket, token, Interest::READABLE)
    }

    /// Takes a connection, with the address of its peer.
    ///
    /// # Errors
    /// As the system says; [`io::ErrorKind::WouldBlock`] where none waits.
    pub fn accept(&self) -> io::Result<(Transport, IpAddr)> {
        let (socket, peer) = self.socket.accept()?;
        let transport = match &self.tls {
            None => Transport::Tcp(Tcp::new(socket)),
            Some(config) => {
                let tls = Tls::new(socket, config).ok_or(io::ErrorKind::Other)?;
                Transport::Tls(Box::new(tls))
            }
        };
        Ok((transport, peer.ip()))
    }

    /// What it listens on, port 0 resolved.
    ///
    /// # Errors
    /// As the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// Binds `address` once for each of `workers`. The kernel spreads connections over the sockets.
///
/// # Errors
/// As the system says; in particular when the port is in use, which with `SO_REUSEPORT` alone
/// would go unnoticed if it is used by the same user.
pub fn listen(address: SocketAddr, workers: usize) -> io::Result<Vec<Listener>> {
    let mut tries = 1;
    loop {
        let free = probe(address)?;
        let listeners = (0..workers).map(|_| listener(free)).collect();
        match listeners {
            Err(_) if address.port() == 0 && tries < FREE_PORT_TRIES => tries += 1,
            result => return result,
        }
    }
}

/// As [`listen`], for an address whose port this process listens on already, at another address.
///
/// # Errors
/// As the system says. That another process of this user has the port, too, goes unnoticed.
pub fn listen_beside(address: SocketAddr, workers: usize) -> io::Result<Vec<Listener>> {
    (0..workers).map(|_| listener(address)).collect()
}

/// Whether `address` can be bound alone; the port becomes a free one if it is 0.
///
/// # Errors
/// As the system says.
pub fn probe(address: SocketAddr) -> io::Result<SocketAddr> {
    let socket = bound(address, false)?;
    socket.local_addr()?.as_socket().ok_or_else(|| io::Error::other("not an IP socket"))
}

fn listener(address: SocketAddr) -> io::Result<Listener> {
    let socket = bound(address, true)?;
    // Accepted sockets inherit it: answers are not held back for more to come.
    socket.set_tcp_nodelay(true)?;
    if address.ip().is_loopback() {
        suit_this_machine(&socket);
    }
    socket.listen(BACKLOG)?;
    Ok(Listener { socket: TcpListener::from_std(socket.into()), tls: tls::config() })
}

/// Who connects to a loopback address is on this machine: there is no path whose speed had to be
/// found out.
///
/// So nobody is better off when segments are spread over time, by timers; Reno, which any process
/// may choose, does not. And connections may be accepted with the first octets of a request:
/// elsewhere, the kernel would take the time until those come for that of the way there and back,
/// and be slow with the answer. If an option is refused, answers still arrive.
fn suit_this_machine(socket: &Socket) {
    if is_paced(socket) {
        let _ = socket.set_tcp_congestion(b"reno");
    }
    wait_for_octets(socket);
}

/// Has connections be accepted once there is something to read, or after a second
/// (`TCP_DEFER_ACCEPT`). Else a worker is woken for a connection, finds nothing to read, registers
/// it, and is woken again when its request arrives.
#[allow(unsafe_code, reason = "no library has this option for a listener")]
fn wait_for_octets(socket: &Socket) {
    let seconds: libc::c_int = 1;
    // SAFETY: the descriptor is open as long as `socket` is borrowed, and the kernel reads one int
    // from where one is.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size_of_val(&seconds) as libc::socklen_t,
        );
    }
}

fn bound(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let kind = Type::STREAM.nonblocking().cloexec();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    // Connections that linger in TIME_WAIT do not keep a restarted server from its port.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        // 0.0.0.0 and [::] are asked for one by one.
        socket.set_only_v6(true)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use socket2::SockRef;

    use super::*;

    fn listener_at(address: &str) -> TcpListener {
        let listeners = listen(address.parse().expect("an address"), 1);
        listeners.expect("a port").pop().expect("one for each worker").socket
    }

    fn client_of(listener: &TcpListener) -> TcpStream {
        let port = listener.local_addr().expect("an address").port();
        TcpStream::connect(("127.0.0.1", port)).expect("a connection")
    }

    fn accept(listener: &TcpListener) -> mio::net::TcpStream {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match listener.accept() {
                Ok((accepted, _)) => return accepted,
                Err(error) => {
                    assert!(error.kind() == io::ErrorKind::WouldBlock, "{error}");
                    assert!(Instant::now() < deadline, "no connection");
                }
            }
        }
    }

    #[test]
    fn a_connection_is_accepted_with_its_first_octets_or_after_a_second() {
        let listener = &listener_at("127.0.0.1:0");
        let mut client = client_of(listener);
        // As far as the client knows, it is connected.
        let nothing = listener.accept().expect_err("nothing to accept");
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        client.write_all(b"GET").expect("octets sent");
        let mut octets = [0; 3];
        accept(listener).read_exact(&mut octets).expect("octets that are there already");
        let _silent = client_of(listener);
        accept(listener);
    }

    #[test]
    fn nothing_is_paced_within_this_machine() {
        let listener = &listener_at("127.0.0.1:0");
        let mut client = client_of(listener);
        client.write_all(b"GET").expect("octets sent");
        assert!(!is_paced(accept(listener)));
    }

    #[test]
    fn elsewhere_a_connection_is_what_the_system_says_and_accepted_at_once() {
        let listener = &listener_at("0.0.0.0:0");
        let plain = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let name = |socket: SockRef<'_>| socket.tcp_congestion().expect("a name");
        assert_eq!(name(SockRef::from(listener)), name(SockRef::from(&plain)));
        // The kernel may be a moment behind with one; a hundred take much less than a second.
        let mut silent = Vec::new();
        let accepted = (0..100).any(|_| {
            silent.push(client_of(listener));
            listener.accept().is_ok()
        });
        assert!(accepted, "a connection waits for octets");
    }
}
