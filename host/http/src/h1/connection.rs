//! The state of one connection: octets in, the next step out.
//!
//! A session reads, writes and calls the guest as [`Connection::next`] says and reports what came
//! of it; it decides nothing. The machine knows no socket, file or clock, so it is tested without
//! them. It owns the octets received and not yet used, the octets to send, and what follows them.
//!
//! ```text
//! Beginning --bytes of HTTP/1.1--> Reading
//!
//! Reading --head--> answered --keep-alive--> Reading
//!          |  ^        |  \--a large body--> Streaming --> Reading or Closing
//!          v  |        \-----close---------> Closing --> Lingering --> Closed
//!         Waiting
//! ```
//!
//! Answers to pipelined requests collect in the output and go out together, in order.

use super::head::{Scan, Scanner};
use super::response::ResponseWriter;
use crate::{After, Body, Buffers, ONLY_STREAM, Preface, Request, Step, Timer};

/// Above this, the answers to pipelined requests are sent before the next request is handled.
const OUTPUT_BATCH_OCTETS: usize = 32 << 10;

/// A connection whose large bodies come from an `F`.
#[derive(Debug)]
pub struct Connection<F> {
    state: State<F>,
    /// Octets received; those before `used` are dealt with.
    input: Vec<u8>,
    used: usize,
    /// Octets to send; those before `sent` are gone.
    output: Vec<u8>,
    sent: usize,
    /// The peer has shut down its side; what it asked for is still answered (RFC 9112, section
    /// 9.6).
    end_of_input: bool,
}

#[derive(Debug)]
enum State<F> {
    /// Waiting for the first bytes: they say whether this is HTTP/1.1.
    Beginning,
    /// Waiting for a head, after `skip` octets of request content.
    Reading {
        scanner: Scanner,
        skip: u64,
    },
    /// Sending what is left of the output, until the answer to a request can be written. Its head
    /// stays in the input; nothing more is read meanwhile.
    Waiting {
        request: Request,
    },
    /// Sending a body too large for the output.
    Streaming {
        body: Body<F>,
        then: After,
    },
    /// Sending what is left of the output, then closing: in stages, or without lingering.
    Closing {
        at_once: bool,
    },
    /// All is sent and the peer told so; what it still sends is discarded, so that no reset
    /// destroys the answer on its way (RFC 9112, section 9.6).
    Lingering,
    Closed,
}

impl<F> Default for Connection<F> {
    /// A connection just accepted. It holds no buffers yet.
    fn default() -> Connection<F> {
        Connection {
            state: State::Beginning,
            input: Vec::new(),
            used: 0,
            output: Vec::new(),
            sent: 0,
            end_of_input: false,
        }
    }
}

impl<F> Connection<F> {
    /// The next step, given that nothing more has arrived.
    pub fn next(&mut self, head_octets_max: usize) -> Step<'_, F> {
        match self.state {
            State::Beginning => self.next_beginning(head_octets_max),
            State::Reading { .. } => self.next_reading(head_octets_max),
            State::Waiting { .. } => self.next_waiting(),
            State::Streaming { .. } => self.next_streaming(),
            State::Closing { at_once } => self.next_closing(at_once),
            State::Lingering => Step::Discard,
            State::Closed => Step::Close,
        }
    }

    fn next_beginning(&mut self, head_octets_max: usize) -> Step<'_, F> {
        debug_assert!(matches!(self.state, State::Beginning));
        match Preface::of(&self.input) {
            Preface::Incomplete if !self.end_of_input => Step::Read,
            Preface::Incomplete | Preface::Http1 => {
                self.state = State::Reading { scanner: Scanner::new(0), skip: 0 };
                self.next_reading(head_octets_max)
            }
            Preface::Toy => Step::Switch,
        }
    }

    fn next_reading(&mut self, head_octets_max: usize) -> Step<'_, F> {
        let State::Reading { scanner, skip } = &mut self.state else { unreachable!("by next") };
        if *skip > 0 {
            let skipped =
                (self.input.len() - self.used).min(usize::try_from(*skip).unwrap_or(usize::MAX));
            *skip -= skipped as u64;
            self.used += skipped;
            *scanner = Scanner::new(self.used);
        }
        if *skip == 0 && self.output.len() - self.sent < OUTPUT_BATCH_OCTETS {
            match scanner.scan(&self.input, head_octets_max) {
                Scan::Complete(request) => {
                    return Step::Handle { stream: ONLY_STREAM, request };
                }
                Scan::TooLong { in_request_line } => {
                    return Step::RefuseHead { stream: ONLY_STREAM, in_request_line };
                }
                Scan::Incomplete => self.used = scanner.start(),
            }
        }
        if self.sent < self.output.len() {
            return self.send(false);
        }
        if self.end_of_input {
            self.state = State::Closed;
            return Step::Close;
        }
        self.compact();
        Step::Read
    }

    fn next_waiting(&mut self) -> Step<'_, F> {
        debug_assert!(matches!(self.state, State::Waiting { .. }));
        if self.sent < self.output.len() {
            return self.send(false);
        }
        Step::Wait
    }

    fn next_streaming(&mut self) -> Step<'_, F> {
        let State::Streaming { body, then } = &self.state else { unreachable!("by next") };
        let range = body.range();
        if self.sent < self.output.len() {
            let is_last = body.is_last() && !matches!(then, After::KeepAlive { .. });
            return Step::Send { octets: &self.output[self.sent..], then: range, is_last };
        }
        Step::Stream(range.expect("a body without a slice to send has been advanced"))
    }

    fn next_closing(&mut self, at_once: bool) -> Step<'_, F> {
        debug_assert!(matches!(self.state, State::Closing { .. }));
        if self.sent < self.output.len() {
            return self.send(true);
        }
        if self.end_of_input {
            self.state = State::Closed;
            return Step::Close;
        }
        // Even at once: if there is more input after all, closing alone would destroy what waits to
        // be sent.
        self.state = if at_once { State::Closed } else { State::Lingering };
        Step::ShutDown
    }

    /// Send what is in the output, and nothing else.
    fn send(&self, is_last: bool) -> Step<'_, F> {
        Step::Send { octets: &self.output[self.sent..], then: None, is_last }
    }

    /// What has been received, for the protocol that [`Step::Switch`] leads to.
    pub fn into_input(self) -> Vec<u8> {
        debug_assert!(matches!(self.state, State::Beginning));
        self.input
    }

    /// The head of `request`.
    #[inline]
    pub fn head(&self, request: &Request) -> &[u8] {
        &self.input[request.head.clone()]
    }

    /// Where the answer to a request, or to a head that is refused, is written to.
    #[inline]
    pub fn writer(&mut self) -> ResponseWriter<'_> {
        ResponseWriter::new(&mut self.output)
    }

    /// The answer to `request` has to wait for something; no other request is handled before it.
    pub fn wait(&mut self, request: Request) {
        debug_assert!(matches!(self.state, State::Reading { skip: 0, .. }));
        self.state = State::Waiting { request };
    }

    /// Ends the wait. The request is to be answered, or to wait again, as after [`Step::Handle`].
    pub fn resume(&mut self) -> Request {
        let reading = State::Reading { scanner: Scanner::new(self.used), skip: 0 };
        let State::Waiting { request } = std::mem::replace(&mut self.state, reading) else {
            unreachable!("only a connection that waits is resumed")
        };
        request
    }

    /// An answer to `request` is in the output, all of it but `body`.
    pub fn answered(&mut self, request: &Request, after: After, body: Option<Body<F>>) {
        debug_assert!(matches!(self.state, State::Reading { skip: 0, .. }));
        self.used = request.head.end;
        match body {
            Some(body) => {
                self.state = State::Streaming { body, then: after };
                self.advance();
            }
            None => self.follow(after),
        }
    }

    /// An answer that refuses the connection's input is in the output.
    pub fn refused(&mut self) {
        self.follow(After::Close);
    }

    /// Room for octets to append.
    pub fn input(&mut self) -> &mut Vec<u8> {
        if matches!(self.state, State::Lingering) {
            self.input.clear();
            self.used = 0;
        }
        &mut self.input
    }

    /// Octets were appended to the input; none means that the peer has shut down its side.
    pub fn received(&mut self, octets: usize) {
        self.end_of_input |= octets == 0;
        if self.end_of_input && matches!(self.state, State::Lingering) {
            self.state = State::Closed;
        }
    }

    /// This many octets of the output were sent.
    pub fn sent(&mut self, octets: usize) {
        self.sent += octets;
        debug_assert!(self.sent <= self.output.len());
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
    }

    /// This many octets of the body were sent.
    pub fn streamed(&mut self, octets: u64) {
        let State::Streaming { body, .. } = &mut self.state else {
            unreachable!("only a Stream step leads here")
        };
        body.sent(octets);
        if body.range().is_none() {
            self.advance();
        }
    }

    /// Goes on to the next slice of the body; ends the state after the last piece.
    fn advance(&mut self) {
        let State::Streaming { body, then } = &mut self.state else {
            unreachable!("only a streaming connection advances")
        };
        if !body.advance(&mut self.output) {
            let then = *then;
            self.follow(then);
        }
    }

    fn follow(&mut self, after: After) {
        self.state = match after {
            After::KeepAlive { skip } => State::Reading { scanner: Scanner::new(self.used), skip },
            After::Close => State::Closing { at_once: false },
            After::CloseAtOnce => State::Closing { at_once: self.used == self.input.len() },
        };
    }

    /// Moves what is left of the input to its start, so that there is room behind it.
    fn compact(&mut self) {
        if self.used > 0
            && let State::Reading { scanner, .. } = &mut self.state
        {
            self.input.drain(..self.used);
            self.used = 0;
            // Nothing before `used` is needed, and a line begun is short: look at it again.
            *scanner = Scanner::new(0);
        }
    }

    /// The time limit that applies now.
    pub fn timer(&self) -> Timer {
        match self.state {
            _ if self.sent < self.output.len() => Timer::Send,
            State::Waiting { .. } => Timer::Answer,
            State::Streaming { .. } => Timer::Send,
            // Empty lines are no beginning of a head, nor is half of one.
            State::Beginning | State::Reading { skip: 0, .. }
                if matches!(self.input[self.used..], [] | [b'\r']) =>
            {
                Timer::Idle
            }
            State::Beginning | State::Reading { .. } => Timer::Head,
            State::Closing { .. } | State::Lingering | State::Closed => Timer::Linger,
        }
    }

    /// Whether nothing of a request has arrived that is not answered in full.
    pub fn is_idle(&self) -> bool {
        self.timer() == Timer::Idle
    }

    /// Whether a request head has begun to arrive and should be answered when it is given up (408).
    pub fn has_partial_head(&self) -> bool {
        self.timer() == Timer::Head
            && matches!(self.state, State::Beginning | State::Reading { skip: 0, .. })
    }

    /// Whether a body is being sent that was too large for the output.
    pub fn is_streaming(&self) -> bool {
        matches!(self.state, State::Streaming { .. })
    }

    /// Octets of the body being streamed that are not in the output yet; none when no body is
    /// being streamed.
    pub fn body_octets_left(&self) -> Option<u64> {
        let State::Streaming { body, .. } = &self.state else { return None };
        Some(body.octets_left())
    }

    /// Lends the buffers that a connection lacks, before it is served.
    pub fn lend(&mut self, buffers: &mut Buffers) {
        if self.input.capacity() == 0 {
            self.input = buffers.input();
        } else if self.input.capacity() < buffers.input_octets() {
            self.input.reserve_exact(buffers.input_octets() - self.input.len());
        }
        if self.output.capacity() == 0 {
            self.output = buffers.output();
        }
    }

    /// Takes back the buffers that hold no octets which matter, from a connection that waits.
    pub fn reclaim(&mut self, buffers: &mut Buffers) {
        let is_over =
            matches!(self.state, State::Closing { .. } | State::Lingering | State::Closed);
        if self.input.len() == self.used || is_over {
            self.compact();
            self.used = 0;
            buffers.keep_input(std::mem::take(&mut self.input));
        }
        if self.output.is_empty() {
            buffers.keep_output(std::mem::take(&mut self.output));
        }
    }
}

#[cfg(test)]
mod tests;
