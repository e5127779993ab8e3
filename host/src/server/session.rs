//! One connection's socket, doing what its state machine says.
//!
//! Owns the socket and its readiness. Readiness is remembered: a socket counts as readable or
//! writable from an event until a call says that it is not. What a session may do in one turn is
//! bounded, so that no connection keeps the others waiting.

use std::net::{IpAddr, Shutdown};

use mio::net::TcpStream;

use super::access_log::{self, AccessLog};
use super::exchange::{Answered, Incoming};
use super::handler::{Handled, Handler, Paused};
use super::io::{self, Received, Sent};
use super::reader::{Read, Reader, Ticket};
use super::segments::Segments;
use crate::files::{Entries, OpenFile, Trouble};
use crate::http::{After, Buffers, Connection, Content, ErrorPage, Request, Step, Stretch, Timer};

/// Steps in one turn: a pipeline of this many requests lets others go first.
const TURN_STEPS_MAX: u32 = 64;

/// Octets of a file in one turn, at most: so many that what a turn costs is little beside them, and
/// not so many that others wait for long.
const TURN_STREAM_OCTETS_MAX: u64 = 512 << 10;

/// Octets more, if the file ends with them: what is left of it would have a turn of its own else.
const TURN_REST_OCTETS_MAX: u64 = 32 << 10;

/// A connection and its socket.
pub struct Session {
    /// Names it to the worker.
    key: usize,
    socket: TcpStream,
    peer: IpAddr,
    connection: Connection<OpenFile>,
    readable: bool,
    writable: bool,
    /// The peer has shut down its side, or the connection failed: after what has arrived, reading
    /// will say so.
    input_ends: bool,
    /// The connection failed: no answer will arrive.
    failed: bool,
    /// Waits for its turn.
    pub queued: bool,
    /// Events tell of it.
    pub registered: bool,
    /// What a directory is being read for.
    waiting: Option<Waiting>,
    /// The answer being streamed, for the access log.
    streaming: Option<access_log::Entry>,
    segments: Segments,
    /// The file to be streamed was looked at in this turn, when its answer was written.
    looked_at: bool,
}

/// A request that goes on when the reader is done.
struct Waiting {
    ticket: Ticket,
    paused: Box<Paused>,
}

/// What a session needs to take a turn.
pub struct Shell {
    pub handler: Handler,
    pub reader: Reader,
    pub buffers: Buffers,
    pub access_log: Option<AccessLog>,
    pub head_octets_max: usize,
    pub now: std::time::Instant,
    pub stopping: bool,
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// An event, or the reader, will tell when there is more to do.
    Waits {
        /// The time limit starts anew: a request was answered, or octets were sent.
        progress: bool,
    },
    /// There is more to do, after the others.
    UsedUp {
        /// See [`Turn::Waits`].
        progress: bool,
    },
    /// The connection is over.
    Over,
}

impl Session {
    /// A connection just accepted. Its first octets may be there already.
    pub fn new(key: usize, socket: TcpStream, peer: IpAddr) -> Session {
        Session {
            key,
            socket,
            peer,
            connection: Connection::default(),
            readable: true,
            writable: true,
            input_ends: false,
            failed: false,
            queued: false,
            registered: false,
            waiting: None,
            streaming: None,
            segments: Segments::default(),
            looked_at: false,
        }
    }

    /// Takes note of an event.
    pub fn became(&mut self, event: &mio::event::Event) {
        self.failed |= event.is_error();
        self.input_ends |= event.is_read_closed() || self.failed;
        self.readable |= event.is_readable() || self.input_ends;
        self.writable |= event.is_writable() || self.failed;
    }

    /// The time limit that applies now.
    pub fn timer(&self) -> Timer {
        self.connection.timer()
    }

    /// See [`Connection::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.connection.is_idle()
    }

    /// Goes on until there is nothing to do or the turn is used up.
    pub fn run(&mut self, shell: &mut Shell) -> Turn {
        self.looked_at = false;
        self.connection.lend(&mut shell.buffers);
        let turn = self.take_steps(shell);
        self.connection.reclaim(&mut shell.buffers);
        turn
    }

    #[allow(
        clippy::too_many_lines,
        reason = "one arm a step of the state machine, until the house is rebuilt"
    )]
    fn take_steps(&mut self, shell: &mut Shell) -> Turn {
        let mut progress = false;
        let mut stream_octets_left = TURN_STREAM_OCTETS_MAX;
        for _ in 0..TURN_STEPS_MAX {
            match self.connection.next(shell.head_octets_max) {
                Step::Read | Step::Discard => {
                    if !self.readable {
                        return Turn::Waits { progress };
                    }
                    if !self.receive() {
                        return Turn::Over;
                    }
                }
                Step::Handle(request) => {
                    self.handle(request, shell);
                    progress = true;
                }
                Step::Wait if self.failed => return Turn::Over,
                Step::Wait => return Turn::Waits { progress },
                Step::RefuseHead { in_request_line } => {
                    let page = match in_request_line {
                        true => ErrorPage::UriTooLong,
                        false => ErrorPage::HeadTooLarge,
                    };
                    self.refuse(page, shell);
                }
                Step::Send { octets, then, is_last } => {
                    if !self.writable {
                        return Turn::Waits { progress };
                    }
                    let content = then
                        .as_ref()
                        .and_then(|then| then.file.in_memory(then.offset, then.length));
                    let length = octets.len();
                    let sent = match content {
                        Some(content) => io::send_both(&self.socket, octets, content, is_last),
                        None => io::send(&self.socket, octets, then.is_some() || is_last),
                    };
                    match sent {
                        Sent::Octets(sent) => {
                            if content.is_none()
                                && let Some(then) = then
                            {
                                self.segments.begin(&self.socket, sent as u64, then.length);
                            }
                            self.connection.sent(sent.min(length));
                            if sent > length {
                                self.streamed((sent - length) as u64, shell);
                            }
                            progress = true;
                        }
                        Sent::WouldBlock => self.writable = false,
                        Sent::PeerGone | Sent::FileFailed => return Turn::Over,
                    }
                }
                Step::Stream(Stretch { file, offset, length }) => {
                    if !self.writable {
                        return Turn::Waits { progress };
                    }
                    if stream_octets_left == 0 {
                        return Turn::UsedUp { progress };
                    }
                    let octets = if length <= stream_octets_left + TURN_REST_OCTETS_MAX {
                        length
                    } else {
                        stream_octets_left = self.segments.whole(&self.socket, stream_octets_left);
                        stream_octets_left
                    };
                    let sent = if let Some(content) = file.in_memory(offset, octets) {
                        io::send(&self.socket, content, false)
                    } else if let Some(file) = file
                        .descriptor()
                        .filter(|_| std::mem::take(&mut self.looked_at) || file.is_unchanged())
                    {
                        io::send_file(&self.socket, file, offset, octets as usize)
                    } else {
                        // One that was rewritten in place is not what the head promised.
                        tracing::debug!("a file changed while it was sent: connection closed");
                        return Turn::Over;
                    };
                    match sent {
                        Sent::Octets(octets) => {
                            stream_octets_left = stream_octets_left.saturating_sub(octets as u64);
                            self.streamed(octets as u64, shell);
                            progress = true;
                        }
                        Sent::WouldBlock => self.writable = false,
                        Sent::PeerGone => return Turn::Over,
                        Sent::FileFailed => {
                            tracing::debug!(
                                "a file could not be sent to its end: connection closed"
                            );
                            return Turn::Over;
                        }
                    }
                }
                Step::ShutDown => {
                    if self.socket.shutdown(Shutdown::Write).is_err() {
                        return Turn::Over;
                    }
                }
                Step::Close => return Turn::Over,
            }
        }
        Turn::UsedUp { progress }
    }

    /// Receives what fits. False: the connection is no more.
    fn receive(&mut self) -> bool {
        let input = self.connection.input();
        let room = input.capacity() - input.len();
        match io::receive(&self.socket, input) {
            Received::Octets(octets) => {
                // Less than there was room for: nothing more is there, and an event will tell
                // of anything new. Only the end of input comes without another event.
                self.readable = octets == room || octets == 0 || self.input_ends;
                self.connection.received(octets);
                true
            }
            Received::WouldBlock => {
                self.readable = false;
                true
            }
            Received::PeerGone => false,
        }
    }

    fn handle(&mut self, request: Request, shell: &mut Shell) {
        self.ask(request, shell, Handler::handle);
    }

    /// A directory has been read. False: not for this connection, or not any more.
    pub fn resume(&mut self, read: Read, shell: &mut Shell) -> bool {
        let is_for_this = |waiting: &mut Waiting| read.is_for(&waiting.ticket);
        let Some(waiting) = self.waiting.take_if(is_for_this) else { return false };
        self.connection.lend(&mut shell.buffers);
        let request = self.connection.resume();
        self.go_on(request, *waiting.paused, read.entries, shell);
        true
    }

    fn go_on(
        &mut self,
        request: Request,
        paused: Paused,
        read: Result<Entries, Trouble>,
        shell: &mut Shell,
    ) {
        self.ask(request, shell, |handler, incoming, output| {
            handler.resume(incoming, paused, read, output)
        });
    }

    /// Has the handler answer `request`, or waits for the directory that it wants to be read.
    fn ask(
        &mut self,
        request: Request,
        shell: &mut Shell,
        call: impl FnOnce(&mut Handler, Incoming<'_>, &mut Vec<u8>) -> Handled,
    ) {
        let (peer, now, stopping) = (self.peer, shell.now, shell.stopping);
        let (head, output) = self.connection.exchange(&request);
        let incoming = Incoming { head, request: &request, peer, now, stopping };
        match call(&mut shell.handler, incoming, output) {
            Handled::Answered(answered) => self.answered(&request, answered, shell),
            Handled::Reads { directory, paused } => match shell.reader.read(self.key, directory) {
                Ok(ticket) => {
                    self.waiting = Some(Waiting { ticket, paused });
                    self.connection.wait(request);
                }
                Err(trouble) => self.go_on(request, *paused, Err(trouble), shell),
            },
        }
    }

    /// Answers a request that has waited for too long.
    fn give_up(&mut self, shell: &mut Shell) {
        tracing::warn!("a directory was not read within send-timeout: answered 503");
        self.waiting = None;
        self.connection.lend(&mut shell.buffers);
        let request = self.connection.resume();
        let (page, output) = (ErrorPage::ServiceUnavailable, self.connection.output());
        let answered = shell.handler.refuse(page, request.is_head, output);
        self.answered(&request, answered, shell);
    }

    /// An answer is in the output: it is logged, now or when its body has been sent.
    fn answered(&mut self, request: &Request, answered: Answered, shell: &mut Shell) {
        if let Some(log) = &mut shell.access_log {
            let (head, _) = self.connection.exchange(request);
            let request_line = access_log::request_line(head);
            let (status, octets) = (answered.status, answered.content_octets);
            if answered.body.is_some() {
                let request_line = request_line.into();
                self.streaming = Some(access_log::Entry { request_line, status, octets });
            } else {
                log.write(self.peer, shell.handler.common(), request_line, status, octets);
            }
        }
        self.looked_at = answered.looked_at;
        let after = match answered.after {
            After::Close if self.ends_with(request) => After::CloseAtOnce,
            after => after,
        };
        self.connection.answered(request, after, answered.body);
        self.end_if_streamed(shell);
    }

    /// Whether the client sends nothing behind `request`, by what it says, and nothing is there to
    /// be read.
    fn ends_with(&self, request: &Request) -> bool {
        request.is_last && request.content == Content::Length(0) && !self.readable
    }

    /// Answers what is no request, and lets the connection end.
    fn refuse(&mut self, page: ErrorPage, shell: &mut Shell) {
        let refused = shell.handler.refuse(page, false, self.connection.output());
        if let Some(log) = &mut shell.access_log {
            let common = shell.handler.common();
            log.write(self.peer, common, b"", refused.status, refused.content_octets);
        }
        self.connection.refused();
    }

    fn streamed(&mut self, octets: u64, shell: &mut Shell) {
        self.connection.streamed(octets);
        self.end_if_streamed(shell);
    }

    /// If the answer that was being streamed has come to its end, what is held back of it goes out,
    /// and it is logged.
    fn end_if_streamed(&mut self, shell: &mut Shell) {
        if !self.connection.is_streaming() {
            self.segments.end(&self.socket);
            self.log_streamed(shell);
        }
    }

    /// Logs the answer that was being streamed, whole or not; to be called before a session is
    /// dropped.
    pub fn log_streamed(&mut self, shell: &mut Shell) {
        if let Some(entry) = self.streaming.take()
            && let Some(log) = &mut shell.access_log
        {
            let octets = entry.octets - self.connection.body_octets_left().unwrap_or(0);
            let common = shell.handler.common();
            log.write(self.peer, common, &entry.request_line, entry.status, octets);
        }
    }

    /// The time limit has passed. A head that came in part is answered 408, a request that waits
    /// 503; then, or else, the connection is over. False: it is over.
    pub fn expire(&mut self, shell: &mut Shell) -> bool {
        match self.timer() {
            Timer::Head if self.connection.has_partial_head() => {
                self.connection.lend(&mut shell.buffers);
                self.refuse(ErrorPage::RequestTimeout, shell);
                true
            }
            Timer::Answer => {
                self.give_up(shell);
                true
            }
            Timer::Send => {
                // What the kernel still holds for a peer that takes nothing is not worth its
                // memory.
                let _ = socket2::SockRef::from(&self.socket)
                    .set_linger(Some(std::time::Duration::ZERO));
                false
            }
            _ => false,
        }
    }

    /// The socket, to be registered.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }
}
