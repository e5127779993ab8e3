//! The floor: a server that sends a canned answer without a look at the request. Nothing that goes
//! through the same system calls costs less.
//!
//! It runs as a process of its own, by a hidden subcommand. Heads of one length are counted by
//! their octets.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;

use anyhow::Context as _;
use clap::Args;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "floor";

const LISTENER: Token = Token(usize::MAX);

/// Events taken from the system at once.
const EVENTS_MAX: usize = 1024;

/// Octets of requests read at once.
const READ_OCTETS: usize = 16 << 10;

/// What is served.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// The port of 127.0.0.1
    #[arg(long)]
    pub port: u16,

    /// Octets of each request
    #[arg(long)]
    pub head_octets: usize,

    /// The status of each answer
    #[arg(long)]
    pub status: u16,

    /// Octets of content in each answer
    #[arg(long)]
    pub content_octets: usize,
}

/// Serves until it is killed.
///
/// # Errors
/// When it cannot listen.
pub fn serve(options: &Options) -> anyhow::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let mut listener = TcpListener::bind(address).context("the port is taken")?;
    let mut poll = Poll::new().context("no epoll")?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE).context("no epoll")?;
    let mut floor = Floor::new(options);
    let mut events = Events::with_capacity(EVENTS_MAX);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            polled => polled.context("epoll failed")?,
        }
        for event in &events {
            match event.token() {
                LISTENER => floor.accept(&listener, poll.registry())?,
                Token(descriptor) => floor.answer(descriptor),
            }
        }
    }
}

struct Floor {
    /// By descriptor, which is also the token.
    connections: Vec<Option<Connection>>,
    head_octets: usize,
    /// As many answers as one read may ask for.
    answers: Vec<u8>,
    answer_octets: usize,
    buffer: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Octets of a request that has not arrived whole.
    partial_octets: usize,
}

impl Floor {
    fn new(options: &Options) -> Floor {
        let fields = match options.status {
            304 => String::new(),
            _ => format!(
                "Content-Length: {}\r\nContent-Type: text/html; charset=utf-8\r\n",
                options.content_octets
            ),
        };
        let mut answer = format!(
            "HTTP/1.1 {} OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: floor\r\n\
             ETag: \"0-0000000000000000\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             {fields}\r\n",
            options.status
        )
        .into_bytes();
        answer.resize(answer.len() + options.content_octets, b'0');
        let answers_max = READ_OCTETS / options.head_octets.max(1) + 1;
        Floor {
            connections: Vec::new(),
            head_octets: options.head_octets.max(1),
            answers: answer.repeat(answers_max),
            answer_octets: answer.len(),
            buffer: vec![0; READ_OCTETS],
        }
    }

    fn accept(&mut self, listener: &TcpListener, registry: &Registry) -> anyhow::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("no connection can be accepted"),
            };
            let descriptor = stream.as_raw_fd() as usize;
            registry
                .register(&mut stream, Token(descriptor), Interest::READABLE)
                .and_then(|()| stream.set_nodelay(true))
                .context("a connection cannot be set up")?;
            if self.connections.len() <= descriptor {
                self.connections.resize_with(descriptor + 1, || None);
            }
            self.connections[descriptor] = Some(Connection { stream, partial_octets: 0 });
        }
    }

    /// Answers what has arrived. A client that goes, or does not take its answers, is forgotten: it
    /// is the load, which says what it misses.
    fn answer(&mut self, descriptor: usize) {
        let Some(connection) = &mut self.connections[descriptor] else { return };
        loop {
            let octets = match connection.stream.read(&mut self.buffer) {
                Ok(octets) if octets > 0 => octets,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                _ => break,
            };
            connection.partial_octets += octets;
            let count = connection.partial_octets / self.head_octets;
            connection.partial_octets %= self.head_octets;
            let answers = &self.answers[..count * self.answer_octets];
            if send(&mut connection.stream, answers).is_err() {
                break;
            }
            if octets < self.buffer.len() {
                return;
            }
        }
        self.connections[descriptor] = None;
    }
}

fn send(stream: &mut TcpStream, answers: &[u8]) -> io::Result<()> {
    match stream.write(answers)? {
        octets if octets == answers.len() => Ok(()),
        _ => Err(ErrorKind::WouldBlock.into()),
    }
}
