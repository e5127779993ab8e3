//! One connection, doing what its protocol's state machine says.
//!
//! Owns the transport, the protocol's state and the request that is being handled. What a session
//! may do in one turn is bounded, so that no connection keeps the others waiting.

mod sending;

use std::net::IpAddr;

use mio::event::Event;
use mio::{Registry, Token};
use wasmhttpd_http::h1::Connection;
use wasmhttpd_http::{After, Buffers, ErrorPage, Request, RequestContent, Step, Timer};

use super::handled::{Handled, Incoming, Reply};
use super::handler::Handler;
use super::journal::{Ended, Journal};
use super::reader::{Read, Reader};
use super::respond::{self, Written};
use super::stream::{Stream, Waiting};
use super::stream_key::StreamKey;
use crate::files::OpenFile;
use crate::transport::{Received, Transport};

/// Steps in one turn: a pipeline of this many requests lets others go first.
const TURN_STEPS_MAX: u32 = 64;

/// Bytes of a file in one turn, at most: so many that what a turn costs is little beside them, and
/// not so many that others wait for long.
const TURN_STREAM_OCTETS_MAX: u64 = 512 << 10;

/// A connection of a worker.
pub struct Session {
    /// Names it to the worker.
    key: usize,
    transport: Transport,
    peer: IpAddr,
    protocol: Connection<OpenFile>,
    stream: Stream,
}

/// What a session needs to take a turn.
pub struct Shell {
    pub handler: Handler,
    pub reader: Reader,
    pub buffers: Buffers,
    pub journal: Journal,
    pub head_octets_max: usize,
    pub now: std::time::Instant,
    pub stopping: bool,
}

/// How a turn ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// An event, or the reader, will tell when there is more to do.
    Waits {
        /// The time limit starts anew: a request was answered, or bytes were sent.
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

/// What came of a step.
enum Did {
    /// What it says.
    Step,
    /// What it says, and the time limit starts anew.
    Progress,
    /// Nothing: there is something to wait for.
    Waits,
    /// Nothing: the turn is used up.
    UsedUp,
    /// The connection is over.
    Over,
}

impl Session {
    /// A connection just accepted.
    pub fn new(key: usize, transport: Transport, peer: IpAddr) -> Session {
        let (protocol, stream) = (Connection::default(), Stream::default());
        Session { key, transport, peer, protocol, stream }
    }

    /// Has events with `token` tell what the connection becomes ready for.
    ///
    /// # Errors
    /// As the system says.
    pub fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        self.transport.register(registry, token)
    }

    /// Takes note of an event.
    #[inline]
    pub fn became(&mut self, event: &Event) {
        self.transport.became(event);
    }

    /// The time limit that applies now.
    pub fn timer(&self) -> Timer {
        self.protocol.timer()
    }

    /// See [`Connection::is_idle`].
    pub fn is_idle(&self) -> bool {
        self.protocol.is_idle()
    }

    /// Goes on until there is nothing to do or the turn is used up.
    pub fn run(&mut self, shell: &mut Shell) -> Turn {
        self.stream.looked_at = false;
        self.protocol.lend(&mut shell.buffers);
        let turn = self.take_steps(shell);
        self.protocol.reclaim(&mut shell.buffers);
        turn
    }

    fn take_steps(&mut self, shell: &mut Shell) -> Turn {
        let mut progress = false;
        let mut stream_octets_left = TURN_STREAM_OCTETS_MAX;
        for _ in 0..TURN_STEPS_MAX {
            let did = match self.protocol.next(shell.head_octets_max) {
                Step::Read | Step::Discard => self.receive(),
                Step::Handle(request) => self.begin(request, shell),
                Step::Wait if self.transport.has_failed() => Did::Over,
                Step::Wait => Did::Waits,
                Step::RefuseHead { in_request_line: true } => {
                    self.refuse(ErrorPage::UriTooLong, shell)
                }
                Step::RefuseHead { in_request_line: false } => {
                    self.refuse(ErrorPage::HeadTooLarge, shell)
                }
                Step::Send { octets, then, is_last } => {
                    let length = octets.len();
                    let sent = sending::send(&mut self.transport, octets, then, is_last);
                    self.sent(sent, length, shell)
                }
                Step::Stream(range) => {
                    let looked_at = std::mem::take(&mut self.stream.looked_at);
                    let left = &mut stream_octets_left;
                    let streamed = sending::stream(&mut self.transport, range, looked_at, left);
                    self.streamed(streamed, shell)
                }
                Step::ShutDown if self.transport.shut_down() => Did::Step,
                Step::ShutDown | Step::Close => Did::Over,
            };
            match did {
                Did::Step => {}
                Did::Progress => progress = true,
                Did::Waits => return Turn::Waits { progress },
                Did::UsedUp => return Turn::UsedUp { progress },
                Did::Over => return Turn::Over,
            }
        }
        Turn::UsedUp { progress }
    }

    /// Receives what fits.
    fn receive(&mut self) -> Did {
        match self.transport.receive(self.protocol.input()) {
            Received::Octets(octets) => {
                self.protocol.received(octets);
                Did::Step
            }
            Received::WouldBlock => Did::Waits,
            Received::PeerGone => Did::Over,
        }
    }

    fn begin(&mut self, request: Request, shell: &mut Shell) -> Did {
        let incoming = incoming(&self.protocol, &request, self.peer, shell);
        let handled = shell.handler.begin(incoming);
        self.answer(request, handled, shell);
        Did::Progress
    }

    /// A directory has been read. False: not for this connection, or not any more.
    pub fn resume(&mut self, read: Read, shell: &mut Shell) -> bool {
        let is_for_this = |waiting: &mut Waiting| read.is_for(&waiting.ticket);
        let Some(waiting) = self.stream.waiting.take_if(is_for_this) else { return false };
        self.protocol.lend(&mut shell.buffers);
        let request = self.protocol.resume();
        let incoming = incoming(&self.protocol, &request, self.peer, shell);
        let handled = shell.handler.resume(incoming, *waiting.paused, read.entries);
        self.answer(request, handled, shell);
        true
    }

    /// Carries a request that was `handled` to a response in the output, or to where it waits for
    /// the directory that is wanted.
    fn answer(&mut self, request: Request, mut handled: Handled, shell: &mut Shell) {
        loop {
            handled = match handled {
                Handled::Respond(Reply { response, after, course }) => {
                    let after = match after {
                        After::Close if self.ends_with(&request) => After::CloseAtOnce,
                        after => after,
                    };
                    let (status, is_second) = (response.status, course.has_looked_again());
                    let mut writer = self.protocol.writer();
                    let common = shell.handler.common();
                    let written =
                        respond::write(response, &request, after, is_second, common, &mut writer);
                    if written.is_err() {
                        writer.take_back();
                    }
                    let incoming = incoming(&self.protocol, &request, self.peer, shell);
                    match written {
                        Ok(written) => {
                            shell.handler.responded(incoming, &course);
                            return self.responded(&request, status, after, written, shell);
                        }
                        Err(respond::Changed) => shell.handler.look_again(incoming, course),
                    }
                }
                Handled::Read { directory, paused } => {
                    let key = StreamKey { connection: self.key, stream: StreamKey::ONLY };
                    match shell.reader.read(key, directory) {
                        Ok(ticket) => {
                            self.stream.waiting = Some(Waiting { ticket, paused });
                            return self.protocol.wait(request);
                        }
                        Err(trouble) => {
                            let incoming = incoming(&self.protocol, &request, self.peer, shell);
                            shell.handler.resume(incoming, *paused, Err(trouble))
                        }
                    }
                }
            }
        }
    }

    /// A response is in the output: that is told, now or when its body has been sent.
    fn responded(
        &mut self,
        request: &Request,
        status: u16,
        after: After,
        written: Written,
        shell: &mut Shell,
    ) {
        let Written { body, content_octets, looked_at } = written;
        let head = self.protocol.head(request);
        if body.is_some() {
            self.stream.entry = shell.journal.entry(head, status, content_octets);
        } else {
            let ended = Ended::at_once(head, status, content_octets);
            shell.journal.ended(self.peer, shell.handler.common(), ended);
        }
        self.stream.looked_at = looked_at;
        self.protocol.answered(request, after, body);
        self.end_if_streamed(shell);
    }

    /// Whether the client sends nothing behind `request`, by what it says, and nothing is there to
    /// be read.
    fn ends_with(&self, request: &Request) -> bool {
        request.is_last
            && request.content == RequestContent::Length(0)
            && !self.transport.is_readable()
    }

    /// Answers what is no request, and lets the connection end.
    fn refuse(&mut self, page: ErrorPage, shell: &mut Shell) -> Did {
        let Reply { response, after, .. } = Reply::page(page);
        let (request, common) = (&Request::UNREAD, shell.handler.common());
        let mut writer = self.protocol.writer();
        if let Ok(written) = respond::write(response, request, after, true, common, &mut writer) {
            let ended = Ended::at_once(b"", page.status(), written.content_octets);
            shell.journal.ended(self.peer, common, ended);
        }
        self.protocol.refused();
        Did::Step
    }

    /// Answers a request that has waited for too long.
    fn give_up(&mut self, shell: &mut Shell) {
        tracing::warn!("a directory was not read within send-timeout: answered 503");
        self.stream.waiting = None;
        self.protocol.lend(&mut shell.buffers);
        let request = self.protocol.resume();
        let page = Reply::page(ErrorPage::ServiceUnavailable);
        self.answer(request, Handled::Respond(page), shell);
    }

    /// The time limit has passed. A head that came in part is answered 408, a request that waits
    /// 503; then, or else, the connection is over. False: it is over.
    pub fn expire(&mut self, shell: &mut Shell) -> bool {
        match self.timer() {
            Timer::Head if self.protocol.has_partial_head() => {
                self.protocol.lend(&mut shell.buffers);
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
                self.transport.abort();
                false
            }
            _ => false,
        }
    }
}

fn incoming<'a>(
    protocol: &'a Connection<OpenFile>,
    request: &'a Request,
    peer: IpAddr,
    shell: &Shell,
) -> Incoming<'a> {
    let (now, stopping) = (shell.now, shell.stopping);
    Incoming { head: protocol.head(request), request, peer, now, stopping }
}
