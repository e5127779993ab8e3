//! The client: it asks, waits for each answer, and checks it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::case::{Case, FILES, Field, Heads};
use crate::strace::MARK;

/// A server under valgrind that says nothing for this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, and what has arrived on it.
struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer.
struct Answer {
    status: u16,
    /// Empty if it has none.
    tag: String,
}

impl Client {
    fn connect(address: SocketAddr) -> anyhow::Result<Client> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).context("cannot connect")?;
        stream.set_read_timeout(Some(PATIENCE)).context("no timeout")?;
        stream.set_nodelay(true).context("no TCP_NODELAY")?;
        Ok(Client { stream, received: Vec::new() })
    }

    fn send(&mut self, heads: &str) -> anyhow::Result<()> {
        self.stream.write_all(heads.as_bytes()).context("a request cannot be sent")
    }

    /// Reads one whole answer.
    fn receive(&mut self) -> anyhow::Result<Answer> {
        let end = loop {
            if let Some(end) = self.received.windows(4).position(|octets| octets == b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more()?;
        };
        let head = String::from_utf8_lossy(&self.received[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.with_context(|| format!("no status in `{status_line}`"))?;
        let field = |name: &str| {
            let mut fields = head.split("\r\n").filter_map(|line| line.split_once(':'));
            let found = fields.find(|(found, _)| found.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned())
        };
        let length = match status {
            304 => 0,
            _ => field("Content-Length")
                .and_then(|length| length.parse::<usize>().ok())
                .context("an answer has no Content-Length")?,
        };
        while self.received.len() < end + length {
            self.read_more()?;
        }
        self.received.drain(..end + length);
        Ok(Answer { status, tag: field("ETag").unwrap_or_default() })
    }

    fn read_more(&mut self) -> anyhow::Result<()> {
        let mut buffer = [0; 64 << 10];
        match self.stream.read(&mut buffer).context("no answer")? {
            0 => bail!("the server closed a connection instead of answering"),
            octets => self.received.extend_from_slice(&buffer[..octets]),
        }
        Ok(())
    }
}

/// Asks `count` requests of a case, one at a time, or one pipeline at a time.
///
/// # Errors
/// When an answer is missing or another one than expected.
pub fn ask(address: SocketAddr, case: &Case, heads: Heads, count: usize) -> anyhow::Result<()> {
    let mut client = Client::connect(address)?;
    // As many in each run: what they cost is in both, and no part of the difference.
    let tags = match case.field {
        Field::Unchanged => tags(&mut client, case)?,
        _ => vec![String::new(); FILES],
    };
    for first in (0..count).step_by(case.pipeline) {
        if case.connection_per_request && first > 0 {
            client = Client::connect(address)?;
        }
        let numbers = first..first + case.pipeline;
        let heads: String = numbers
            .map(|number| {
                let file = if heads == Heads::Repeated { 0 } else { number % FILES };
                case.head(heads, number, &tags[file])
            })
            .collect();
        client.send(&heads)?;
        for _ in 0..case.pipeline {
            let answer = client.receive()?;
            ensure!(
                answer.status == case.status,
                "{}: the answer is {}, not {}",
                case.name,
                answer.status,
                case.status
            );
        }
    }
    Ok(())
}

/// The ETag of each file.
fn tags(client: &mut Client, case: &Case) -> anyhow::Result<Vec<String>> {
    let tag = |number| {
        let head = format!("GET {} HTTP/1.1\r\nHost: www.example.org\r\n\r\n", case.target(number));
        client.send(&head)?;
        let answer = client.receive()?;
        ensure!(!answer.tag.is_empty(), "an answer has no ETag");
        Ok(answer.tag)
    };
    (0..FILES).map(tag).collect()
}

/// Does what `ask` does between two requests for [`MARK`].
///
/// # Errors
/// When a request has no answer.
pub fn between_marks(
    address: SocketAddr,
    ask: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut client = Client::connect(address)?;
    let mut mark = || {
        client.send(&format!("GET {MARK} HTTP/1.1\r\nHost: www.example.org\r\n\r\n"))?;
        client.receive()
    };
    mark()?;
    ask()?;
    mark()?;
    Ok(())
}

/// Connections that have had an answer each and ask for nothing more.
///
/// # Errors
/// When one of them is refused.
pub fn idle(address: SocketAddr, count: usize) -> anyhow::Result<Vec<TcpStream>> {
    let connect = |_| {
        let mut client = Client::connect(address)?;
        client.send("GET /none HTTP/1.1\r\nHost: www.example.org\r\n\r\n")?;
        client.receive()?;
        Ok(client.stream)
    };
    (0..count).map(connect).collect()
}
