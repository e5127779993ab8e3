//! The load: connections in a closed loop, each with one batch of requests in flight.
//!
//! It is cheap, so that the core of the server is the limit: heads are made before, there are two
//! system calls for an answer, and large contents are discarded in the kernel. It never sleeps: to
//! wake it would be work for whoever sends it something. Every answer is checked, and one that is
//! wrong ends the run. [`connection`] has the states of a connection.

mod connection;
mod idle;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;
use mio::{Events, Poll, Registry, Token};

use self::connection::Connection;
use crate::answer::{Arrived, Expected};
use crate::machine::Machine;
use crate::requests::Requests;

pub use self::idle::IdleConnections;

/// Events taken from the system at once.
const EVENTS_MAX: usize = 1024;

/// Octets of answers read at once.
const READ_OCTETS: usize = 32 << 10;

/// Octets of content discarded at once.
const DISCARD_OCTETS: usize = 1 << 20;

/// A server that sends nothing on any connection for so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Latencies are kept with so many digits, up to so many nanoseconds.
const LATENCY_DIGITS: u8 = 3;
const LATENCY_MAX: u64 = 60_000_000_000;

/// What is asked, and how.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The server.
    pub address: SocketAddr,
    /// What is asked, in this order.
    pub requests: &'a Requests,
    /// Connections that always have requests in flight.
    pub connections: usize,
    /// Requests in flight on each.
    pub pipeline: usize,
    /// Whether each request has a connection of its own; the server closes it.
    pub connection_per_request: bool,
    /// What every answer has to be.
    pub expected: Expected,
}

/// What came of a run.
#[derive(Debug)]
pub struct Tally {
    /// Whole answers.
    pub answers: u64,
    /// Octets of content.
    pub content_octets: u64,
    /// Nanoseconds from a request, or its connect, to its whole answer.
    pub latencies: Histogram<u64>,
}

impl Tally {
    fn new() -> anyhow::Result<Tally> {
        Ok(Tally { answers: 0, content_octets: 0, latencies: latencies()? })
    }

    fn is_empty(&self) -> bool {
        self.answers == 0 && self.content_octets == 0
    }

    fn add(&mut self, arrived: Arrived, latency: Duration) {
        self.answers += arrived.answers;
        self.content_octets += arrived.content_octets;
        if arrived.answers > 0 {
            let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.latencies.saturating_record_n(nanoseconds, arrived.answers);
        }
    }
}

/// An empty histogram of nanoseconds.
///
/// # Errors
/// None that could happen.
pub fn latencies() -> anyhow::Result<Histogram<u64>> {
    Histogram::new_with_max(LATENCY_MAX, LATENCY_DIGITS).context("a histogram of latencies")
}

/// Connections under way.
#[derive(Debug)]
pub struct Load<'a> {
    connections: Vec<Connection>,
    poll: Poll,
    events: Events,
    shared: Shared<'a>,
}

/// What the connections have in common.
#[derive(Debug)]
struct Shared<'a> {
    plan: Plan<'a>,
    registry: Registry,
    /// The number of the next request.
    next: usize,
    /// What is read goes here; what is discarded does not, but needs as much room.
    buffer: Box<[u8]>,
    tally: Tally,
}

impl<'a> Load<'a> {
    /// Opens the connections. Nothing is asked before [`Load::run`].
    ///
    /// # Errors
    /// When the server takes less of them.
    pub fn open(plan: Plan<'a>) -> anyhow::Result<Load<'a>> {
        let poll = Poll::new().context("no epoll")?;
        let shared = Shared {
            plan,
            registry: poll.registry().try_clone().context("no epoll")?,
            next: 0,
            buffer: vec![0; DISCARD_OCTETS].into(),
            tally: Tally::new()?,
        };
        let open = |number| {
            Connection::open(Token(number), &shared)
                .with_context(|| format!("connection {} of {}", number + 1, plan.connections))
        };
        let connections = (0..plan.connections).map(open).collect::<anyhow::Result<_>>()?;
        Ok(Load { connections, poll, events: Events::with_capacity(EVENTS_MAX), shared })
    }

    /// Asks for so long. What is in flight at the end goes on in the next run.
    ///
    /// # Errors
    /// When an answer is wrong or missing, or a connection ends that should not.
    pub fn run(&mut self, machine: &Machine, duration: Duration) -> anyhow::Result<Tally> {
        self.shared.tally = Tally::new()?;
        for connection in &mut self.connections {
            connection.start(&mut self.shared)?;
        }
        let start = Instant::now();
        let mut heard = start;
        // On a busy machine, a server may get no time in a short run.
        while start.elapsed() < duration || self.shared.tally.is_empty() {
            machine.check_interrupted()?;
            if self.proceed()? {
                heard = Instant::now();
            }
            ensure!(heard.elapsed() < PATIENCE, "the server says nothing any more");
        }
        Ok(std::mem::replace(&mut self.shared.tally, Tally::new()?))
    }

    /// Looks for events, and goes on with their connections; whether there were any.
    fn proceed(&mut self) -> anyhow::Result<bool> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(false),
            polled => polled.context("epoll failed")?,
        }
        for event in &self.events {
            let connection = &mut self.connections[event.token().0];
            connection.proceed(&mut self.shared, event.is_read_closed())?;
        }
        Ok(!self.events.is_empty())
    }
}
