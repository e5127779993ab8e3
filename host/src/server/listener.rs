//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel accepts before a worker does.
const BACKLOG: i32 = 4096;

/// How often a free port is asked for again that somebody else took meanwhile.
const FREE_PORT_TRIES: u32 = 8;

/// Binds `address` once for each of `workers`. The kernel spreads connections over the sockets.
///
/// # Errors
/// As the system says; in particular when the port is in use, which with `SO_REUSEPORT` alone
/// would go unnoticed if it is used by the same user.
pub fn listen(address: SocketAddr, workers: usize) -> io::Result<Vec<TcpListener>> {
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
pub fn listen_beside(address: SocketAddr, workers: usize) -> io::Result<Vec<TcpListener>> {
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

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bound(address, true)?;
    // Accepted sockets inherit it: answers are not held back for more to come.
    socket.set_tcp_nodelay(true)?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
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
