//! Doing what the state machine of a protocol says.
//!
//! Owns the machine and the streams that are being handled. It is compiled for each protocol:
//! HTTP/1.1 has one stream, and looks for none. `driver/answering.rs` carries a request to its
//! response, `driver/sending.rs` does what is done with sockets and files.

mod answering;
mod sending;

use wasmhttpd_http::{ErrorPage, Machine, ONLY_STREAM, Step, Timer};

use super::{Link, Shell, Turn};
use crate::files::OpenFile;
use crate::server::stream::{Stream, Streams};
use crate::transport::{Received, Sent};

/// Steps in one turn: a pipeline of this many requests lets others go first.
const TURN_STEPS_MAX: u32 = 64;

/// Bytes of a file in one turn, at most: so many that what a turn costs is little beside them, and
/// not so many that others wait for long.
const TURN_STREAM_OCTETS_MAX: u64 = 512 << 10;

/// See the module.
pub(super) struct Driver<M, S> {
    machine: M,
    streams: S,
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
    /// Another protocol is spoken.
    Switches,
}

impl<M: Machine<OpenFile>, S: Streams> Driver<M, S> {
    /// Does what `machine` says.
    pub(super) fn new(machine: M) -> Driver<M, S> {
        Driver { machine, streams: S::default() }
    }

    /// The machine, in place of which there is a new one.
    pub(super) fn take_machine(&mut self) -> M
    where
        M: Default,
    {
        std::mem::take(&mut self.machine)
    }

    /// See [`super::Session::timer`].
    pub(super) fn timer(&self) -> Timer {
        self.machine.timer()
    }

    /// See [`super::Session::run`]. None: another protocol is spoken.
    pub(super) fn run(&mut self, link: &mut Link, shell: &mut Shell) -> Option<Turn> {
        self.streams.all().iter_mut().for_each(|stream| stream.looked_at = false);
        self.machine.lend(&mut shell.buffers);
        let turn = self.take_steps(link, shell);
        self.machine.reclaim(&mut shell.buffers);
        turn
    }

    fn take_steps(&mut self, link: &mut Link, shell: &mut Shell) -> Option<Turn> {
        let mut progress = false;
        let mut stream_octets_left = TURN_STREAM_OCTETS_MAX;
        for _ in 0..TURN_STEPS_MAX {
            let did = match self.machine.next(shell.head_octets_max) {
                Step::Read | Step::Discard => self.receive(link),
                Step::Handle { stream, request } => self.begin(stream, request, link, shell),
                Step::Wait if link.transport.has_failed() => Did::Over,
                Step::Wait => Did::Waits,
                Step::RefuseHead { stream, in_request_line: true } => {
                    self.refuse(stream, ErrorPage::UriTooLong, link, shell)
                }
                Step::RefuseHead { stream, in_request_line: false } => {
                    self.refuse(stream, ErrorPage::HeadTooLarge, link, shell)
                }
                Step::Send { octets, then, is_last } => {
                    let length = octets.len();
                    let sent = sending::send(&mut link.transport, octets, then, is_last);
                    self.sent(sent, length, link, shell)
                }
                Step::Stream(range) => {
                    let stream = self.streams.at(ONLY_STREAM);
                    let looked_at = std::mem::take(&mut stream.looked_at);
                    let left = &mut stream_octets_left;
                    let streamed = sending::stream(&mut link.transport, range, looked_at, left);
                    self.streamed(streamed, link, shell)
                }
                Step::Fill { stream, range, output } => {
                    let looked_at = &mut self.streams.at(stream).looked_at;
                    let left = &mut stream_octets_left;
                    let whole = sending::fill(range, output, looked_at, left);
                    self.machine.filled(stream, whole);
                    if stream_octets_left == 0 { Did::UsedUp } else { Did::Step }
                }
                Step::End { stream, octets_left } => {
                    self.tell(stream, octets_left, link, shell);
                    Did::Step
                }
                Step::Switch => Did::Switches,
                Step::ShutDown if link.transport.shut_down() => Did::Step,
                Step::ShutDown | Step::Close => Did::Over,
            };
            match did {
                Did::Step => {}
                Did::Progress => progress = true,
                Did::Waits => return Some(Turn::Waits { progress }),
                Did::UsedUp => return Some(Turn::UsedUp { progress }),
                Did::Over => return Some(Turn::Over),
                Did::Switches => return None,
            }
        }
        Some(Turn::UsedUp { progress })
    }

    /// Receives what fits.
    fn receive(&mut self, link: &mut Link) -> Did {
        match link.transport.receive(self.machine.input()) {
            Received::Octets(octets) => {
                self.machine.received(octets);
                Did::Step
            }
            Received::WouldBlock => Did::Waits,
            Received::PeerGone => Did::Over,
        }
    }

    /// See [`super::Session::expire`].
    pub(super) fn expire(&mut self, link: &mut Link, shell: &mut Shell) -> bool {
        match self.machine.timer() {
            Timer::Head if self.machine.has_partial_head() => {
                self.machine.lend(&mut shell.buffers);
                self.refuse(ONLY_STREAM, ErrorPage::RequestTimeout, link, shell);
                true
            }
            Timer::Send => {
                // What the kernel still holds for a peer that takes nothing is not worth its
                // memory.
                link.transport.abort();
                false
            }
            _ => false,
        }
    }

    /// Bytes were sent: of `length` in the output, and of the body behind them.
    fn sent(&mut self, sent: Sent, length: usize, link: &mut Link, shell: &mut Shell) -> Did {
        match sent {
            Sent::Octets(octets) => {
                self.machine.sent(octets.min(length));
                if octets > length {
                    self.machine.streamed((octets - length) as u64);
                    self.end_if_streamed(ONLY_STREAM, link, shell);
                }
                Did::Progress
            }
            Sent::WouldBlock => Did::Waits,
            Sent::PeerGone | Sent::FileFailed => Did::Over,
        }
    }

    /// Bytes of the body were sent; none are where the turn is used up.
    fn streamed(&mut self, sent: Option<Sent>, link: &mut Link, shell: &mut Shell) -> Did {
        match sent {
            Some(Sent::Octets(octets)) => {
                self.machine.streamed(octets as u64);
                self.end_if_streamed(ONLY_STREAM, link, shell);
                Did::Progress
            }
            Some(Sent::WouldBlock) => Did::Waits,
            Some(Sent::PeerGone) => Did::Over,
            Some(Sent::FileFailed) => {
                tracing::debug!("a file could not be sent to its end: connection closed");
                Did::Over
            }
            None => Did::UsedUp,
        }
    }

    /// See [`super::Session::end`].
    pub(super) fn end(&mut self, link: &Link, shell: &mut Shell) {
        self.numbers().for_each(|stream| self.end_stream(stream, link, shell));
    }

    /// The numbers of all streams.
    fn numbers(&mut self) -> impl Iterator<Item = u32> + use<M, S> {
        (0..).take(self.streams.all().len())
    }

    /// If the response that was being streamed has come to its end, what is held back of it goes
    /// out, and it is told of.
    fn end_if_streamed(&mut self, stream: u32, link: &mut Link, shell: &mut Shell) {
        if !self.machine.is_streaming(stream) {
            link.transport.end_content();
            self.end_stream(stream, link, shell);
        }
    }

    /// Tells of the response that was being streamed, whole or not.
    fn end_stream(&mut self, stream: u32, link: &Link, shell: &mut Shell) {
        if self.streams.at(stream).entry.is_some() {
            let octets_left = self.machine.body_octets_left(stream).unwrap_or(0);
            self.tell(stream, octets_left, link, shell);
        }
    }

    /// Tells of a response that has ended, but for so many bytes of its content, and drops what the
    /// stream waits for.
    fn tell(&mut self, stream: u32, octets_left: u64, link: &Link, shell: &mut Shell) {
        let Stream { entry, .. } = std::mem::take(self.streams.at(stream));
        if let Some(entry) = entry {
            shell.journal.ended(link.peer, shell.handler.common(), entry.ended(octets_left));
        }
    }
}
