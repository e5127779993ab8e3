//! A client that asks one thing at a time and waits: for what is not under load.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType};

use crate::answer::{Head, value_of};

/// A server that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Octets that are read at once.
const READ_OCTETS: usize = 16 << 10;

/// One keep-alive connection.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The head as it came.
    pub head: Vec<u8>,
    /// Octets of content.
    pub content_octets: u64,
}

impl Answer {
    /// The value of the first field of this name.
    pub fn field(&self, name: &str) -> Option<String> {
        let mut lines = self.head.split(|octet| *octet == b'\n').skip(1);
        let value = lines.find_map(|line| value_of(name.as_bytes(), line))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("cannot connect to {address}"))?;
        Client::new(stream)
    }

    /// Connects from this address: each has its own ports.
    ///
    /// # Errors
    /// When nobody listens, or there is no port left.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> anyhow::Result<Client> {
        let kind = SocketType::STREAM;
        let socket =
            rustix::net::socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None)
                .context("no socket (try a higher limit of open files: ulimit -n)")?;
        rustix::net::bind(&socket, &SocketAddr::from((source, 0)))
            .with_context(|| format!("no port of {source} is left"))?;
        rustix::net::connect(&socket, &address)
            .with_context(|| format!("cannot connect to {address} from {source}"))?;
        Client::new(OwnedFd::into(socket))
    }

    fn new(stream: TcpStream) -> anyhow::Result<Client> {
        stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
            .context("a socket without timeouts")?;
        Ok(Client { stream })
    }

    /// Sends a request head and waits for the whole answer.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn ask(&mut self, head: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(head).context("a request cannot be sent")?;
        let mut received = Vec::with_capacity(READ_OCTETS);
        let head = loop {
            if let Some(head) = Head::parse(&received)? {
                break head;
            }
            let mut buffer = [0; READ_OCTETS];
            match self.stream.read(&mut buffer).context("no answer")? {
                0 => bail!("the server closed a connection instead of answering"),
                octets => received.extend_from_slice(&buffer[..octets]),
            }
        };
        let content_octets = match head.status {
            304 => 0,
            _ => head.content_length.context("an answer has no Content-Length")?,
        };
        let arrived = (received.len() - head.octets) as u64;
        ensure!(arrived <= content_octets, "an answer is longer than its Content-Length");
        let left = content_octets - arrived;
        let discarded = std::io::copy(&mut (&self.stream).take(left), &mut std::io::sink())
            .context("the rest of an answer")?;
        ensure!(discarded == left, "the server closed a connection within an answer");
        received.truncate(head.octets);
        Ok(Answer { status: head.status, head: received, content_octets })
    }

    /// Asserts that the connection is open, and that nothing came that was not asked for.
    ///
    /// # Errors
    /// When it is not so.
    pub fn check_quiet(&self) -> anyhow::Result<()> {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        match rustix::net::recv(&self.stream, &mut [0; 1], flags) {
            Err(Errno::AGAIN) => Ok(()),
            Ok((0, _)) => bail!("the server closed an idle connection"),
            Ok(_) => bail!("the server sent what nobody asked for"),
            Err(error) => bail!("an idle connection was lost: {error}"),
        }
    }
}
