//! Connections that ask for editions without pause, and check every answer.
//!
//! Each sends a pipeline of a few requests, and the next one when the last answer is there. A few
//! threads drive them all.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::DEADLINE;

/// Requests of a pipeline, at most.
const PIPELINE_MAX: usize = 8;

/// What came of it.
#[derive(Default)]
pub struct Tally {
    /// How long each answer took, from the sending of its pipeline.
    pub latencies: Vec<Duration>,
    /// Answers by edition 1, and by edition 2.
    pub answers: [u64; 2],
    /// Answers that are not as they should be, wholly by one edition.
    pub wrong: Vec<String>,
    /// Connections that ended while answers were to come.
    pub dropped: u64,
}

impl Tally {
    /// The latency that so many in a hundred answers stay below.
    pub fn percentile(&mut self, percent: usize) -> Duration {
        self.latencies.sort_unstable();
        self.latencies[(self.latencies.len() - 1) * percent / 100]
    }

    fn add(mut self, other: Tally) -> Tally {
        self.latencies.extend(other.latencies);
        self.answers = [0, 1].map(|edition| self.answers[edition] + other.answers[edition]);
        self.wrong.extend(other.wrong);
        self.dropped += other.dropped;
        self
    }
}

/// A request target, and the content of its answer by an edition.
pub struct Target {
    pub path: &'static str,
    pub content: Box<dyn Fn(u32) -> Vec<u8> + Sync>,
}

/// Keeps so many connections in so many threads busy while `meanwhile` runs.
pub fn load<T>(
    address: SocketAddr,
    (connections, threads): (usize, usize),
    targets: &[Target],
    meanwhile: impl FnOnce() -> T,
) -> (Tally, T) {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let each = connections / threads;
        let drivers = Vec::from_iter((0..threads).map(|_| {
            let is_over = &is_over;
            scope.spawn(move || drive(address, each, targets, is_over))
        }));
        let result = meanwhile();
        is_over.store(true, Ordering::Relaxed);
        let tallies = drivers.into_iter().map(|driver| driver.join().expect("a driver"));
        (tallies.fold(Tally::default(), Tally::add), result)
    })
}

fn drive(address: SocketAddr, count: usize, targets: &[Target], is_over: &AtomicBool) -> Tally {
    let mut poll = Poll::new().expect("a poll");
    let mut connections = Vec::from_iter((0..count).map(|index| {
        let mut connection = Connection::open(address, index);
        let interest = Interest::READABLE;
        let registry = poll.registry();
        registry.register(&mut connection.stream, Token(index), interest).expect("registered");
        connection.send(targets);
        connection
    }));
    let (mut tally, mut events, mut open) = (Tally::default(), Events::with_capacity(count), count);
    while open > 0 {
        poll.poll(&mut events, Some(DEADLINE)).expect("a poll");
        assert!(!events.is_empty(), "{open} connections are stuck");
        for event in &events {
            let connection = &mut connections[event.token().0];
            if connection.expected.is_empty() {
                continue;
            }
            let is_open = connection.receive(targets, &mut tally);
            if !is_open {
                tally.dropped += 1;
                connection.expected.clear();
                open -= 1;
            } else if connection.expected.is_empty() {
                match is_over.load(Ordering::Relaxed) {
                    true => open -= 1,
                    false => connection.send(targets),
                }
            }
        }
    }
    tally
}

struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
    /// Indices of the targets whose answers are to come, the next one last.
    expected: Vec<usize>,
    sent: Instant,
    /// Which pipeline is next.
    turn: usize,
}

impl Connection {
    fn open(address: SocketAddr, index: usize) -> Connection {
        let stream = std::net::TcpStream::connect_timeout(&address, DEADLINE);
        let stream = stream.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream.set_nonblocking(true).expect("non-blocking");
        Connection {
            stream: TcpStream::from_std(stream),
            unread: Vec::new(),
            expected: Vec::new(),
            sent: Instant::now(),
            turn: index,
        }
    }

    /// Sends a pipeline, which is another than the last.
    fn send(&mut self, targets: &[Target]) {
        let count = 1 + self.turn % PIPELINE_MAX;
        let mut requests = String::new();
        for place in 0..count {
            let index = (self.turn + place) % targets.len();
            let path = targets[index].path;
            requests += &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            self.expected.insert(0, index);
        }
        self.turn += 1;
        self.sent = Instant::now();
        // So few octets fit whenever all answers have been read.
        let _ = self.stream.write_all(requests.as_bytes());
    }

    /// Reads what there is. False: the connection has ended.
    fn receive(&mut self, targets: &[Target], tally: &mut Tally) -> bool {
        let mut octets = [0; 64 * 1024];
        loop {
            match self.stream.read(&mut octets) {
                Ok(0) => return false,
                Ok(length) => self.unread.extend_from_slice(&octets[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        let mut start = 0;
        while let Some((head, content)) = answer(&self.unread[start..]) {
            start += head.len() + content.len();
            tally.latencies.push(self.sent.elapsed());
            match self.expected.pop() {
                None => tally.wrong.push("an answer that nobody asked for".into()),
                Some(index) => match check(head, content, &targets[index]) {
                    Ok(edition) => tally.answers[edition as usize - 1] += 1,
                    Err(what) => tally.wrong.push(format!("{}: {what}", targets[index].path)),
                },
            }
        }
        self.unread.drain(..start);
        true
    }
}

/// The first answer of `octets`, if it is whole: its head, with the empty line, and its content.
fn answer(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memmem::find(octets, b"\r\n\r\n")? + 4;
    let (head, rest) = octets.split_at(end);
    let length = field(head, "Content-Length")?.parse().ok()?;
    Some((head, rest.get(..length)?))
}

fn field<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(head).ok()?;
    let mut lines = text.split("\r\n");
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The edition that the answer is wholly by.
fn check(head: &[u8], content: &[u8], target: &Target) -> Result<u32, String> {
    let wrong = || format!("{:?}, {} octets", String::from_utf8_lossy(head), content.len());
    let number = |name| field(head, name).and_then(|value| value.parse::<u32>().ok());
    let (parsed, responded) = (number("X-Parse"), number("X-Respond"));
    match responded {
        Some(edition @ 1..=2)
            if head.starts_with(b"HTTP/1.1 200 ")
                && parsed == responded
                && content == (target.content)(edition) =>
        {
            Ok(edition)
        }
        _ => Err(wrong()),
    }
}
