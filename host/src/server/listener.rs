//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use mio::net::TcpListener;
use socket2::{Domain, Protocol, Socket, Type};

use super::io::is_paced;

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
    spare_pacing(&socket, address);
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// Who connects to a loopback address is on this machine: there is no path whose speed had to be found out, and nobody
/// is better off when segments are spread over time, by timers. Reno, which any process may choose, does neither.
fn spare_pacing(socket: &Socket, address: SocketAddr) {
    if address.ip().is_loopback() && is_paced(socket) {
        // If it cannot be, answers still arrive.
        let _ = socket.set_tcp_congestion(b"reno");
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
    use std::net::TcpStream;
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn nothing_is_paced_within_this_machine() {
        let listeners = listen("127.0.0.1:0".parse().expect("an address"), 1).expect("a port");
        let [listener] = &listeners[..] else { panic!("one for each worker") };
        let address = listener.local_addr().expect("an address");
        let _client = TcpStream::connect(address).expect("a connection");
        let deadline = Instant::now() + Duration::from_secs(10);
        let accepted = loop {
            match listener.accept() {
                Ok((accepted, _)) => break accepted,
                Err(error) => {
                    assert!(error.kind() == io::ErrorKind::WouldBlock, "{error}");
                    assert!(Instant::now() < deadline, "no connection");
                }
            }
        };
        assert!(!is_paced(&accepted));
        let elsewhere = bound("0.0.0.0:0".parse().expect("an address"), false).expect("a port");
        let before = elsewhere.tcp_congestion().expect("a name");
        spare_pacing(&elsewhere, "0.0.0.0:0".parse().expect("an address"));
        assert_eq!(elsewhere.tcp_congestion().expect("a name"), before);
    }
}
