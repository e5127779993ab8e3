//! One connection of the load: it asks, takes the answers, and asks again, on the same connection
//! or on a new one. Sockets are edge-triggered: whatever is there is taken.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream as BlockingStream;
use std::ops::Range;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use mio::net::TcpStream;
use mio::{Interest, Token};
use rustix::net::RecvFlags;

use super::{DISCARD_OCTETS, READ_OCTETS, Shared};
use crate::answer::{Arrived, Receiver};

/// One connection, or one after another in the same place.
#[derive(Debug)]
pub struct Connection {
    token: Token,
    stream: TcpStream,
    receiver: Receiver,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing has been asked yet.
    New,
    /// A batch of requests is under way.
    Asking {
        /// The rest of it, which the socket has not taken.
        unsent: Range<usize>,
        /// Answers that have not arrived whole.
        awaited: u64,
        /// When the batch was begun.
        since: Instant,
    },
    /// The answer has arrived, and the server is to close the connection.
    Answered,
}

/// What the socket had.
enum Received {
    /// Nothing now.
    Nothing,
    /// The end.
    End,
    /// Octets; `drained` if the socket had no more.
    Octets { arrived: Arrived, drained: bool },
}

impl Connection {
    /// Connects, and has the events of the socket come with this token.
    pub fn open(token: Token, shared: &Shared<'_>) -> anyhow::Result<Connection> {
        // Connects that wait do not fill the queue of a server that is slow to accept.
        let stream = BlockingStream::connect(shared.plan.address).context("cannot connect")?;
        stream.set_nonblocking(true).context("a socket that does not wait")?;
        let mut stream = TcpStream::from_std(stream);
        register(&mut stream, token, shared)?;
        let receiver = Receiver::new(shared.plan.expected);
        Ok(Connection { token, stream, receiver, state: State::New })
    }

    /// Asks for the first time, if it has not.
    pub fn start(&mut self, shared: &mut Shared<'_>) -> anyhow::Result<()> {
        match self.state {
            State::New => self.ask(shared, Instant::now()),
            _ => Ok(()),
        }
    }

    /// Does what the socket allows now. `ended`: the server has closed its side.
    pub fn proceed(&mut self, shared: &mut Shared<'_>, ended: bool) -> anyhow::Result<()> {
        self.send(shared)?;
        loop {
            match self.receive(shared)? {
                Received::Nothing => return Ok(()),
                Received::End => return self.ended(shared),
                Received::Octets { arrived, drained } => {
                    let asked_again = self.note(arrived, shared)?;
                    // What comes from now on comes with an event of its own.
                    if (drained || asked_again) && !ended {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Notes what arrived; whether the next batch was begun.
    fn note(&mut self, arrived: Arrived, shared: &mut Shared<'_>) -> anyhow::Result<bool> {
        let State::Asking { awaited, since, .. } = &mut self.state else {
            bail!("the server sent what nobody asked for");
        };
        ensure!(arrived.answers <= *awaited, "there are more answers than requests");
        let now = Instant::now();
        shared.tally.add(arrived, now - *since);
        *awaited -= arrived.answers;
        if *awaited > 0 {
            return Ok(false);
        }
        if shared.plan.connection_per_request {
            self.state = State::Answered;
            return Ok(false);
        }
        self.ask(shared, now)?;
        Ok(true)
    }

    fn ask(&mut self, shared: &mut Shared<'_>, since: Instant) -> anyhow::Result<()> {
        let pipeline = shared.plan.pipeline;
        let unsent = shared.plan.requests.batch(shared.next, pipeline);
        shared.next += pipeline;
        self.state = State::Asking { unsent, awaited: pipeline as u64, since };
        self.send(shared)
    }

    /// Sends what is unsent, as far as the socket takes it.
    fn send(&mut self, shared: &Shared<'_>) -> anyhow::Result<()> {
        let State::Asking { unsent, .. } = &mut self.state else { return Ok(()) };
        while unsent.start < unsent.end {
            match self.stream.write(&shared.plan.requests.octets()[unsent.clone()]) {
                Ok(octets) => unsent.start += octets,
                Err(error) if is_not_yet(&error) => break,
                Err(error) => return Err(error).context("a request cannot be sent"),
            }
        }
        Ok(())
    }

    /// Reads once: heads and small contents into the buffer, the rest of large ones nowhere.
    fn receive(&mut self, shared: &mut Shared<'_>) -> anyhow::Result<Received> {
        let content_left = self.receiver.content_left();
        let (room, received) = if content_left == 0 {
            (READ_OCTETS, self.stream.read(&mut shared.buffer[..READ_OCTETS]))
        } else {
            // For TCP, MSG_TRUNC means to discard; the buffer is not written to.
            let room = content_left.min(DISCARD_OCTETS as u64) as usize;
            let buffer = &mut shared.buffer[..room];
            let received = rustix::net::recv(&self.stream, buffer, RecvFlags::TRUNC);
            (room, received.map(|(_, octets)| octets).map_err(io::Error::from))
        };
        let octets = match received {
            Ok(0) => return Ok(Received::End),
            Ok(octets) => octets,
            Err(error) if is_not_yet(&error) => return Ok(Received::Nothing),
            Err(error) => return Err(error).context("a connection was lost"),
        };
        let arrived = match content_left {
            0 => self.receiver.take(&shared.buffer[..octets])?,
            _ => self.receiver.skip(octets as u64),
        };
        Ok(Received::Octets { arrived, drained: octets < room })
    }

    /// The server has closed the connection: the next request has a new one, if that was asked for.
    fn ended(&mut self, shared: &mut Shared<'_>) -> anyhow::Result<()> {
        match self.state {
            State::Answered => {}
            State::New => bail!("the server closed a connection before the first request"),
            State::Asking { .. } => {
                bail!("the server closed a connection with a request in flight")
            }
        }
        let since = Instant::now();
        // Ports are short if those of the connections before are not free yet.
        self.stream = TcpStream::connect(shared.plan.address)
            .context("cannot connect anew (try less --seconds)")?;
        register(&mut self.stream, self.token, shared)?;
        self.receiver = Receiver::new(shared.plan.expected);
        self.ask(shared, since)
    }
}

fn register(stream: &mut TcpStream, token: Token, shared: &Shared<'_>) -> anyhow::Result<()> {
    let interest = Interest::READABLE | Interest::WRITABLE;
    shared.registry.register(stream, token, interest).context("epoll takes no more sockets")
}

/// Whether an event will say when to try again; a socket that is not connected yet has one, too.
fn is_not_yet(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected)
}
