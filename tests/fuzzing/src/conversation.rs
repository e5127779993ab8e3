//! A connection from its first octet to its end, without a socket: the host's state machine, the
//! guest as a library, and files that are made up.
//!
//! It does what `server::session` and `server::handler` do, in the plainest way: a peer sends
//! pieces and shuts down its side, and takes what it is sent in pieces of a size of its own.

use wasmhttpd_guest::contract::{
    Action, Content as GuestContent, Context, IpAddress, Part, Persistence, Response, Slice,
};
use wasmhttpd_guest::site::Site;
use wasmhttpd_http::h1::{Connection, ResponseWriter};
use wasmhttpd_http::{
    After, Body, Buffers, CommonFields, Content, ErrorPage, FileRange, Piece, Request,
    RequestContent, Step,
};

use crate::files::{self, FakeFile};
use crate::octets_as_text;

/// The longest head; short, so that it is exceeded.
pub const HEAD_OCTETS_MAX: usize = 8 << 10;

/// Octets that are read beyond a head.
const READ_AHEAD_OCTETS: usize = 2 << 10;

/// Content beyond this is streamed.
const SMALL_CONTENT_OCTETS_MAX: u64 = 32 << 10;

/// Steps without an octet moving: more of them are a loop without an end.
const IDLE_STEPS_MAX: usize = 10;

/// Every so many requests one has to wait for its answer, as for the entries of a directory.
const WAITING: u32 = 2;

/// What happened on a connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// What was handled, and how sending ended.
    pub events: Vec<Event>,
    /// All that was sent.
    pub sent: Vec<u8>,
    /// When all pieces had been sent, the server waited for a new request.
    pub idle: bool,
}

/// Something that has to happen alike however octets arrive.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A head was handled.
    Handled {
        /// Its octets.
        head: Vec<u8>,
        /// The host takes it for HEAD.
        is_head: bool,
        /// The host takes it for HTTP/1.0.
        is_http_1_0: bool,
        /// What the host takes for its content.
        content: RequestContent,
        /// What became of the connection.
        after: After,
    },
    /// A head that is too long was refused.
    RefusedHead {
        /// Its request-line had not ended.
        in_request_line: bool,
    },
    /// The sending side was shut down.
    ShutDown,
}

/// Sends the pieces to a new connection, then nothing more. The peer takes at most so many octets
/// at a time.
pub fn converse(site: &mut Site, pieces: &[&[u8]], taken_at_once: usize) -> Transcript {
    let mut conversation = Conversation {
        connection: Connection::default(),
        buffers: Buffers::new(HEAD_OCTETS_MAX + READ_AHEAD_OCTETS),
        common: CommonFields::new("test", 1_800_000_000),
        transcript: Transcript::default(),
        requests: 0,
    };
    conversation.hold(site, pieces, taken_at_once.max(1));
    conversation.transcript
}

struct Conversation {
    connection: Connection<FakeFile>,
    buffers: Buffers,
    common: CommonFields,
    transcript: Transcript,
    requests: u32,
}

impl Conversation {
    #[allow(clippy::too_many_lines, reason = "one arm a thing that can happen to a connection")]
    fn hold(&mut self, site: &mut Site, pieces: &[&[u8]], taken_at_once: usize) {
        let mut pieces = pieces.iter().copied().filter(|piece| !piece.is_empty());
        let mut piece: &[u8] = &[];
        let mut idle_steps = 0;
        let mut ends = false;
        self.connection.lend(&mut self.buffers);
        loop {
            idle_steps += 1;
            assert!(idle_steps < IDLE_STEPS_MAX, "a connection that does nothing");
            let step = self.connection.next(HEAD_OCTETS_MAX);
            if std::mem::take(&mut ends) {
                assert!(
                    matches!(step, Step::ShutDown | Step::Close),
                    "more behind the last octets"
                );
            }
            match step {
                Step::Read | Step::Discard => {
                    // A session gives its buffers back while it waits.
                    self.connection.reclaim(&mut self.buffers);
                    if piece.is_empty() {
                        piece = pieces.next().unwrap_or_default();
                    }
                    if piece.is_empty() {
                        self.transcript.idle |= self.connection.is_idle();
                    }
                    self.connection.lend(&mut self.buffers);
                    let received = self.receive(piece);
                    piece = &piece[received..];
                    idle_steps = 0;
                }
                Step::Handle { request, .. } => {
                    self.requests += 1;
                    match self.requests.is_multiple_of(WAITING) {
                        true => self.connection.wait(request),
                        false => self.handle(site, &request),
                    }
                    idle_steps = 0;
                }
                Step::Wait => {
                    // A session gives its buffers back while it waits.
                    self.connection.reclaim(&mut self.buffers);
                    self.connection.lend(&mut self.buffers);
                    let request = self.connection.resume();
                    self.handle(site, &request);
                    idle_steps = 0;
                }
                Step::RefuseHead { in_request_line, .. } => {
                    let page = match in_request_line {
                        true => ErrorPage::UriTooLong,
                        false => ErrorPage::HeadTooLarge,
                    };
                    let (request, page) = (&Request::UNREAD, page.response());
                    let writer = self.connection.writer();
                    write(&self.common, request, After::Close, page, writer);
                    self.connection.refused();
                    self.transcript.events.push(Event::RefusedHead { in_request_line });
                }
                Step::Send { octets, then, is_last } => {
                    assert!(!octets.is_empty(), "nothing to send");
                    let length = octets.len().min(taken_at_once);
                    ends = is_last && then.is_none() && length == octets.len();
                    self.transcript.sent.extend_from_slice(&octets[..length]);
                    self.connection.sent(length);
                    idle_steps = 0;
                }
                Step::Stream(FileRange { file, offset, length }) => {
                    assert!(length > 0, "nothing to stream");
                    let length = length.min(taken_at_once as u64);
                    self.transcript.sent.extend(file.read(offset, length));
                    self.connection.streamed(length);
                    idle_steps = 0;
                }
                Step::ShutDown => self.transcript.events.push(Event::ShutDown),
                Step::Close => return,
                Step::Fill { .. } | Step::End { .. } | Step::Switch => {
                    unreachable!("no step of HTTP/1.1")
                }
            }
        }
    }

    /// Receives what there is room for; no octets are the end.
    fn receive(&mut self, piece: &[u8]) -> usize {
        let input = self.connection.input();
        let room = input.capacity() - input.len();
        assert!(room > 0, "a read without room");
        let length = piece.len().min(room);
        input.extend_from_slice(&piece[..length]);
        self.connection.received(length);
        length
    }

    fn handle(&mut self, site: &mut Site, request: &Request) {
        let peer = IpAddress::Ipv4(0x7f00_0001);
        let context = Some(Context { peer, secure: false, now: self.common.seconds() });
        let octets = self.connection.head(request);
        let head = octets_as_text(octets);
        let parsed = site.parse(&head, context);
        let skip = match parsed.persistence {
            Persistence::KeepAlive(skip) => Some(skip),
            Persistence::Close => None,
        };
        let after = After::agreed(skip, request.content);
        self.transcript.events.push(Event::Handled {
            head: octets.to_vec(),
            is_head: request.is_head,
            is_http_1_0: request.is_http_1_0,
            content: request.content,
            after,
        });
        let (response, file) = match parsed.action {
            Action::Answer(response) => (response, None),
            Action::LookUp(lookup) => {
                let (found, file) = files::look_up(&lookup);
                (site.respond(&head, &found, context), file)
            }
        };
        let writer = self.connection.writer();
        let body = write(&self.common, request, after, value(response, file), writer);
        self.connection.answered(request, after, body);
    }
}

/// What the guest answered, about `file`.
fn value(response: Response, file: Option<FakeFile>) -> wasmhttpd_http::Response<FakeFile> {
    let Response { status, fields, content } = response;
    let slice = |Slice { start, length }| Piece::Slice { offset: start, length };
    let content = match content {
        GuestContent::Empty => Content::Empty,
        GuestContent::Text(text) => Content::Octets(text.into_bytes()),
        GuestContent::Octets(octets) => Content::Octets(octets),
        GuestContent::Slice(Slice { start, length }) => Content::Slice { offset: start, length },
        GuestContent::Parts(parts) => {
            let piece = |part| match part {
                Part::Text(text) => Piece::Octets(text.into_bytes()),
                Part::Slice(part) => slice(part),
            };
            Content::Pieces(parts.into_iter().map(piece).collect())
        }
    };
    wasmhttpd_http::Response { status, fields, content, file }
}

/// Appends an answer to the output, but for a body that is streamed.
fn write(
    common: &CommonFields,
    request: &Request,
    after: After,
    response: wasmhttpd_http::Response<FakeFile>,
    mut writer: ResponseWriter<'_>,
) -> Option<Body<FakeFile>> {
    let length = writer.head(request, &response, after, common);
    if length == 0 {
        return None;
    }
    let pieces = match response.content {
        Content::Empty => Vec::new(),
        Content::Octets(octets) => vec![Piece::Octets(octets)],
        Content::Slice { offset, length } => vec![Piece::Slice { offset, length }],
        Content::Pieces(pieces) => pieces,
    };
    match response.file {
        Some(file) if length > SMALL_CONTENT_OCTETS_MAX => return Some(Body::new(file, pieces)),
        file => {
            let output = writer.content();
            for piece in pieces {
                match piece {
                    Piece::Octets(octets) => output.extend(octets),
                    Piece::Slice { offset, length } => {
                        let file = file.as_ref().expect("a slice of a file that was found");
                        output.extend(file.read(offset, length));
                    }
                }
            }
        }
    }
    None
}
