//! A client that sees what is on the wire, and checks of every answer what is true of all.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::DEADLINE;

/// A connection to the server.
pub struct Client {
    pub stream: TcpStream,
    /// What was read and not yet looked at.
    unread: Vec<u8>,
    /// Whether the other end is wasmhttpd, of which more is true.
    is_checked: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// The connection ended; this was there of an answer.
    Ended(Vec<u8>),
    /// Nothing more came in time.
    Late(Vec<u8>),
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub content: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect_timeout(&address, DEADLINE).unwrap_or_else(|error| {
            panic!("cannot connect to {address}: {error}");
        }))
    }

    /// A client whose kernel takes no more than this before the program reads.
    pub fn with_receive_buffer(address: SocketAddr, octets: usize) -> Client {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.set_recv_buffer_size(octets).expect("a receive buffer");
        socket.connect_timeout(&address.into(), DEADLINE).expect("a connection");
        Client::over(socket.into())
    }

    /// A client at another address: one of 127.0.0.0/8.
    pub fn connect_from(source: Ipv4Addr, address: SocketAddr) -> Client {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        let socket = socket.expect("a socket");
        socket.bind(&SocketAddr::from((source, 0)).into()).expect("an address to be at");
        socket.connect_timeout(&address.into(), DEADLINE).expect("a connection");
        Client::over(socket.into())
    }

    /// A client of another server, whose fields about itself are its own business.
    pub fn of_another_server(address: SocketAddr) -> Client {
        Client { is_checked: false, ..Client::connect(address) }
    }

    /// Another hold of the same connection, to send while answers are read.
    pub fn clone_of(client: &Client) -> Client {
        Client::over(client.stream.try_clone().expect("a connection to share"))
    }

    fn over(stream: TcpStream) -> Client {
        stream.set_nodelay(true).expect("no delay");
        stream.set_write_timeout(Some(DEADLINE)).expect("a write timeout");
        Client { stream, unread: Vec::new(), is_checked: true }
    }

    pub fn send(&mut self, octets: impl AsRef<[u8]>) -> &mut Client {
        self.stream.write_all(octets.as_ref()).expect("the server takes what is sent");
        self
    }

    /// Sends to a server that may close before it has taken all. False: it has closed.
    pub fn try_send(&mut self, octets: impl AsRef<[u8]>) -> bool {
        match self.stream.write_all(octets.as_ref()) {
            Ok(()) => true,
            Err(error) => {
                let closed =
                    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
                assert!(closed, "the server takes what is sent, or closes: {error}");
                false
            }
        }
    }

    /// As `half_close`, where the server may have closed before.
    pub fn try_half_close(&mut self) {
        if let Err(error) = self.stream.shutdown(Shutdown::Write) {
            assert_eq!(error.kind(), ErrorKind::NotConnected, "open, or closed by the server");
        }
    }

    pub fn half_close(&mut self) -> &mut Client {
        self.stream.shutdown(Shutdown::Write).expect("an open connection");
        self
    }

    /// Sends and reads the answer, which is not to HEAD.
    pub fn ask(&mut self, octets: impl AsRef<[u8]>) -> Response {
        self.send(octets).answer()
    }

    pub fn get(&mut self, target: &str) -> Response {
        self.ask(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// A GET with more header fields, each line complete.
    pub fn get_with(&mut self, target: &str, fields: &str) -> Response {
        self.ask(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"))
    }

    pub fn head(&mut self, target: &str) -> Response {
        self.send(format!("HEAD {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")).answer_to_head()
    }

    pub fn answer(&mut self) -> Response {
        self.try_answer(DEADLINE).unwrap_or_else(|lost| panic!("no answer: {}", lost.describe()))
    }

    pub fn answer_to_head(&mut self) -> Response {
        let answer = self.try_head(Instant::now() + DEADLINE);
        answer.unwrap_or_else(|lost| panic!("no answer to HEAD: {}", lost.describe()))
    }

    /// As `get`, for an answer that has to be there in a time of its own.
    pub fn try_answer_to(&mut self, target: &str, time: Duration) -> Result<Response, Lost> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")).try_answer(time)
    }

    pub fn try_answer(&mut self, time: Duration) -> Result<Response, Lost> {
        let end = Instant::now() + time;
        let mut response = self.try_head(end)?;
        let length = if matches!(response.status, 204 | 304) { 0 } else { response.length() };
        while (self.unread.len() as u64) < length {
            self.read_more(end)?;
        }
        response.content = self.unread.drain(..length as usize).collect();
        Ok(response)
    }

    /// Everything that still comes until the connection ends.
    pub fn rest(&mut self) -> Vec<u8> {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.read_more(end) {
                Ok(()) => {}
                Err(Lost::Ended(rest)) => return rest,
                Err(Lost::Late(rest)) => panic!("still open, after {} octets", rest.len()),
            }
        }
    }

    /// Asserts that the connection ends without another octet.
    pub fn ends(&mut self) {
        let rest = self.rest();
        assert!(rest.is_empty(), "more than an end: {:?}", String::from_utf8_lossy(&rest));
    }

    /// Asserts that the connection is open and that the server has nothing to say.
    pub fn is_open(&mut self) -> bool {
        self.stream.set_nonblocking(true).expect("non-blocking");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("blocking");
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Reads content in pieces, in order, until so much was read or the connection ends.
    pub fn stream_content(&mut self, length: u64, mut piece: impl FnMut(u64, &[u8])) -> u64 {
        let mut position = 0;
        let mut end = Instant::now() + DEADLINE;
        while position < length {
            if self.unread.is_empty() {
                match self.read_more(end) {
                    Ok(()) => end = Instant::now() + DEADLINE,
                    Err(Lost::Ended(_)) => break,
                    Err(Lost::Late(_)) => panic!("stuck after {position} of {length} octets"),
                }
            }
            let take = self.unread.len().min((length - position) as usize);
            piece(position, &self.unread[..take]);
            self.unread.drain(..take);
            position += take as u64;
        }
        position
    }

    /// Reads the head of an answer and leaves its content unread.
    pub fn try_head(&mut self, end: Instant) -> Result<Response, Lost> {
        loop {
            if let Some(length) = self.unread.windows(4).position(|end| end == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..length + 4).collect();
                let response = Response::parse(&head[..length], self.is_checked);
                if response.status != 100 {
                    return Ok(response);
                }
            }
            self.read_more(end)?;
        }
    }

    fn read_more(&mut self, end: Instant) -> Result<(), Lost> {
        let mut octets = [0; 256 * 1024];
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Lost::Late(std::mem::take(&mut self.unread)));
        }
        self.stream.set_read_timeout(Some(left)).expect("a read timeout");
        match self.stream.read(&mut octets) {
            Ok(0) => Err(Lost::Ended(std::mem::take(&mut self.unread))),
            Ok(length) => {
                self.unread.extend_from_slice(&octets[..length]);
                Ok(())
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => Ok(()),
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    Err(Lost::Late(std::mem::take(&mut self.unread)))
                }
                _ => Err(Lost::Ended(std::mem::take(&mut self.unread))),
            },
        }
    }
}

impl Lost {
    fn describe(&self) -> String {
        let (how, rest) = match self {
            Lost::Ended(rest) => ("the connection ended", rest),
            Lost::Late(rest) => ("nothing came in time", rest),
        };
        let start = String::from_utf8_lossy(&rest[..rest.len().min(300)]);
        format!("{how} after {} octets: {start:?}", rest.len())
    }
}

impl Response {
    /// Reads a head without its last line ends, and checks what holds for every answer of ours.
    fn parse(head: &[u8], is_checked: bool) -> Response {
        let text: String = head.iter().map(|octet| char::from(*octet)).collect();
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line
            .strip_prefix("HTTP/1.1 ")
            .and_then(|rest| rest.split_once(' '))
            .and_then(|(status, _)| status.parse().ok())
            .unwrap_or_else(|| panic!("status-line {status_line:?}"));
        let fields = lines.map(|line| {
            // A space after the colon is usual, but a guest need not put it there.
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("field {line:?}"));
            let value = value.strip_prefix(' ').unwrap_or(value);
            assert!(!line.contains(['\r', '\n', '\0']), "field {line:?}");
            (name.to_owned(), value.to_owned())
        });
        let response = Response { status, fields: fields.collect(), content: Vec::new() };
        if status != 100 && is_checked {
            response.check(&text);
        }
        response
    }

    fn check(&self, text: &str) {
        let date = self.field("Date").unwrap_or_else(|| panic!("no Date in {text:?}"));
        assert!(httpdate::parse_http_date(date).is_ok(), "Date {date:?}");
        assert!(self.field("Server").is_some(), "no Server in {text:?}");
        assert_eq!(self.field("Transfer-Encoding"), None, "in {text:?}");
        let length = self.field("Content-Length");
        match self.status {
            204 => assert_eq!(length, None, "in {text:?}"),
            304 => {}
            _ => assert!(length.is_some(), "no Content-Length in {text:?}"),
        }
        assert!(length.is_none_or(|digits| digits.parse::<u64>().is_ok()), "in {text:?}");
    }

    /// The value of a field that is there at most once.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let value = values.next();
        assert!(values.next().is_none(), "{name} twice in {:?}", self.fields);
        value.map(|(_, value)| value.as_str())
    }

    /// The value of a field that has to be there.
    pub fn needs(&self, name: &str) -> &str {
        self.field(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub fn length(&self) -> u64 {
        self.field("Content-Length").and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    /// Whether it announces the end of the connection.
    pub fn closes(&self) -> bool {
        self.field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }

    /// Asserts the status.
    pub fn expect(self, status: u16) -> Response {
        let start = String::from_utf8_lossy(&self.content[..self.content.len().min(300)]);
        assert_eq!(self.status, status, "fields {:?}, content {start:?}", self.fields);
        self
    }

    /// What two answers to the same request have in common.
    pub fn without_date(mut self) -> Response {
        self.fields.retain(|(name, _)| name != "Date");
        self
    }
}
