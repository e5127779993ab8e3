//! The state of one connection: octets in, the next step out.
//!
//! A session reads, writes and calls the guest as [`Connection::next`] says and reports what came
//! of it; it decides nothing. The machine knows no socket, file or clock, so it is tested without
//! them. It owns the octets received and not yet used, the octets to send, and what follows them.
//!
//! ```text
//! Reading --head--> answered --keep-alive--> Reading
//!          |  ^        |  \--a large body--> Streaming --> Reading or Closing
//!          v  |        \-----close---------> Closing --> Lingering --> Closed
//!         Waiting
//! ```
//!
//! Answers to pipelined requests collect in the output and go out together, in order.

use std::vec;

use super::buffers::Buffers;
use super::head::{Request, Scan, Scanner};

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

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The next head is read, behind this many octets of request content.
    KeepAlive {
        /// Octets of content to discard.
        skip: u64,
    },
    /// The connection is closed in stages.
    Close,
    /// The connection is closed without lingering, unless there is input that has not been used:
    /// the client has said that nothing more comes, so no reset can destroy the answer.
    CloseAtOnce,
}

/// Content that is sent piece by piece from a file.
#[derive(Debug)]
pub struct Body<F> {
    file: F,
    /// The slice being sent.
    offset: u64,
    left: u64,
    rest: vec::IntoIter<Piece>,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These octets.
    Octets(Vec<u8>),
    /// Octets of the file.
    Slice {
        /// Where they start.
        offset: u64,
        /// How many they are.
        length: u64,
    },
}

/// Octets of a file that are to be sent.
#[derive(Debug)]
pub struct Stretch<'a, F> {
    /// Where they come from.
    pub file: &'a F,
    /// Where they start.
    pub offset: u64,
    /// How many are left of the slice; at least one.
    pub length: u64,
}

/// What to do next.
#[derive(Debug)]
pub enum Step<'a, F> {
    /// Wait for octets, append them to [`Connection::input`], and call [`Connection::received`].
    Read,
    /// A whole head is here: write an answer to it and call [`Connection::answered`], or
    /// [`Connection::wait`] if that is not possible yet.
    Handle(Request),
    /// Wait until an answer can be written, and call [`Connection::resume`].
    Wait,
    /// The head is longer than allowed: write an answer that refuses it and call
    /// [`Connection::refused`].
    RefuseHead {
        /// Not even the request-line has ended.
        in_request_line: bool,
    },
    /// Send these octets and call [`Connection::sent`].
    Send {
        /// At least one.
        octets: &'a [u8],
        /// What the next step will be to send, which may go out together with the octets.
        then: Option<Stretch<'a, F>>,
        /// Behind the octets, and what is sent `then`, the next step is to shut down or to close:
        /// the end of the connection may go out together with them.
        is_last: bool,
    },
    /// Send octets of the file and call [`Connection::streamed`].
    Stream(Stretch<'a, F>),
    /// Shut down the sending side, then ask again.
    ShutDown,
    /// Wait for octets, forget them, and call [`Connection::received`].
    Discard,
    /// Close the socket. There is nothing after this step.
    Close,
}

/// The time limit that applies to a connection as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Nothing of the next request has arrived.
    Idle,
    /// A head, or content that is skipped, has arrived in part.
    Head,
    /// A request waits for its answer.
    Answer,
    /// Octets wait to be sent.
    Send,
    /// The peer has been told that nothing more comes.
    Linger,
}

impl<F> Default for Connection<F> {
    /// A connection just accepted. It holds no buffers yet.
    fn default() -> Connection<F> {
        Connection {
            state: State::Reading { scanner: Scanner::new(0), skip: 0 },
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
            State::Reading { .. } => self.next_reading(head_octets_max),
            State::Waiting { .. } => self.next_waiting(),
            State::Streaming { .. } => self.next_streaming(),
            State::Closing { at_once } => self.next_closing(at_once),
            State::Lingering => Step::Discard,
            State::Closed => Step::Close,
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
                Scan::Complete(request) => return Step::Handle(request),
                Scan::TooLong { in_request_line } => return Step::RefuseHead { in_request_line },
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
        let stretch = Stretch { file: &body.file, offset: body.offset, length: body.left };
        if self.sent < self.output.len() {
            let is_last = body.rest.len() == 0 && !matches!(then, After::KeepAlive { .. });
            let then = (body.left > 0).then_some(stretch);
            return Step::Send { octets: &self.output[self.sent..], then, is_last };
        }
        debug_assert!(body.left > 0, "a body without octets left has been advanced");
        Step::Stream(stretch)
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

    /// The head of `request` and the output that its answer is appended to.
    pub fn exchange(&mut self, request: &Request) -> (&[u8], &mut Vec<u8>) {
        (&self.input[request.head.clone()], &mut self.output)
    }

    /// The output that the answer to a refused or missing head is appended to.
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
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
        body.offset += octets;
        body.left -= octets;
        if body.left == 0 {
            self.advance();
        }
    }

    /// Takes the next pieces of the body, up to a slice that has octets; ends the state after the
    /// last piece.
    fn advance(&mut self) {
        let State::Streaming { body, then } = &mut self.state else {
            unreachable!("only a streaming connection advances")
        };
        while body.left == 0 {
            match body.rest.next() {
                Some(Piece::Octets(octets)) => self.output.extend_from_slice(&octets),
                Some(Piece::Slice { offset, length }) => {
                    body.offset = offset;
                    body.left = length;
                }
                None => {
                    let then = *then;
                    return self.follow(then);
                }
            }
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
            State::Reading { skip: 0, .. } if matches!(self.input[self.used..], [] | [b'\r']) => {
                Timer::Idle
            }
            State::Reading { .. } => Timer::Head,
            State::Closing { .. } | State::Lingering | State::Closed => Timer::Linger,
        }
    }

    /// Whether nothing of a request has arrived that is not answered in full.
    pub fn is_idle(&self) -> bool {
        self.timer() == Timer::Idle
    }

    /// Whether a request head has begun to arrive and should be answered when it is given up (408).
    pub fn has_partial_head(&self) -> bool {
        self.timer() == Timer::Head && matches!(self.state, State::Reading { skip: 0, .. })
    }

    /// Whether a body is being sent that was too large for the output.
    pub fn is_streaming(&self) -> bool {
        matches!(self.state, State::Streaming { .. })
    }

    /// Octets of the body being streamed that are not in the output yet; none when no body is
    /// being streamed.
    pub fn body_octets_left(&self) -> Option<u64> {
        let State::Streaming { body, .. } = &self.state else { return None };
        let rest = body.rest.as_slice().iter().map(|piece| match piece {
            Piece::Octets(octets) => octets.len() as u64,
            Piece::Slice { length, .. } => *length,
        });
        Some(body.left + rest.sum::<u64>())
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

impl<F> Body<F> {
    /// The `pieces` of content, slices taken from `file`.
    pub fn new(file: F, pieces: Vec<Piece>) -> Body<F> {
        Body { file, offset: 0, left: 0, rest: pieces.into_iter() }
    }

    /// One slice of `file`.
    pub fn slice(file: F, offset: u64, length: u64) -> Body<F> {
        Body { file, offset, left: length, rest: Vec::new().into_iter() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1024;
    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    type MakeBody = fn() -> Body<&'static str>;

    /// Drives a connection as a session does, with a peer that takes every octet at once.
    struct Driver {
        connection: Connection<&'static str>,
        /// What was sent, files as `<name offset+length>`.
        sent: String,
        /// Of each time that octets were sent, whether nothing was to follow them.
        last: Vec<bool>,
        after: After,
        body: Option<MakeBody>,
        /// Which request has to wait, counted from 1.
        waits: usize,
        requests: usize,
    }

    impl Driver {
        fn new(after: After) -> Driver {
            let connection = Connection::default();
            let sent = String::new();
            Driver { connection, sent, last: Vec::new(), after, body: None, waits: 0, requests: 0 }
        }

        fn receive(&mut self, octets: &[u8]) {
            self.connection.lend(&mut Buffers::new(LIMIT + 64));
            self.connection.input().extend_from_slice(octets);
            self.connection.received(octets.len());
        }

        fn answer(&mut self, request: &Request) {
            let (head, output) = self.connection.exchange(request);
            assert!(head.starts_with(b"GET") && head.ends_with(b"\r\n\r\n"));
            output.extend_from_slice(format!("answer {};", self.requests).as_bytes());
            self.connection.answered(request, self.after, self.body.map(|body| body()));
        }

        /// What a request waited for is there.
        fn resume(&mut self) {
            self.connection.lend(&mut Buffers::new(LIMIT + 64));
            let request = self.connection.resume();
            self.answer(&request);
        }

        /// Takes steps until there is something to wait for; says what.
        fn run(&mut self) -> &'static str {
            loop {
                match self.connection.next(LIMIT) {
                    Step::Read => return "read",
                    Step::Discard => return "discard",
                    Step::Close => return "close",
                    Step::ShutDown => self.sent.push_str("[shut down]"),
                    Step::Handle(request) => {
                        self.requests += 1;
                        match self.waits == self.requests {
                            true => self.connection.wait(request),
                            false => self.answer(&request),
                        }
                    }
                    Step::Wait => return "wait",
                    Step::RefuseHead { in_request_line } => {
                        let page = if in_request_line { b"414;" } else { b"431;" };
                        self.connection.output().extend_from_slice(page);
                        self.connection.refused();
                    }
                    Step::Send { octets, is_last, .. } => {
                        self.last.push(is_last);
                        self.sent.push_str(str::from_utf8(octets).unwrap());
                        let octets = octets.len();
                        self.connection.sent(octets);
                    }
                    Step::Stream(Stretch { file, offset, length }) => {
                        self.sent.push_str(&format!("<{file} {offset}+{length}>"));
                        self.connection.streamed(length);
                    }
                }
            }
        }
    }

    const KEEP: After = After::KeepAlive { skip: 0 };

    #[test]
    fn rfc9112_9_3_2_pipelined_requests_are_answered_in_order_however_they_are_split() {
        let input = GET.repeat(3);
        for cut in 1..=input.len() {
            let mut driver = Driver::new(KEEP);
            driver.receive(&input[..cut]);
            driver.run();
            if cut < input.len() {
                driver.receive(&input[cut..]);
            }
            assert_eq!(driver.run(), "read");
            assert_eq!(driver.sent, "answer 1;answer 2;answer 3;", "cut at {cut}");
            assert!(driver.connection.is_idle());
        }
    }

    #[test]
    fn answers_to_a_pipeline_go_out_together() {
        let mut driver = Driver::new(KEEP);
        driver.receive(&GET.repeat(2));
        for _ in 0..2 {
            let Step::Handle(request) = driver.connection.next(LIMIT) else { panic!() };
            driver.connection.exchange(&request).1.push(b'x');
            driver.connection.answered(&request, KEEP, None);
        }
        let Step::Send { octets: b"xx", then: None, is_last: false } =
            driver.connection.next(LIMIT)
        else {
            panic!()
        };
    }

    /// The end of the connection can go out with the last octets, and with no others.
    #[test]
    fn the_last_octets_are_known_to_be_the_last() {
        const SLICE: Piece = Piece::Slice { offset: 0, length: 9 };
        let bodies: [(Option<MakeBody>, &[bool]); 3] = [
            (None, &[true]),
            (Some(|| Body::slice("file", 0, 9)), &[true]),
            (Some(|| Body::new("file", vec![SLICE, Piece::Octets(b"end".into())])), &[false, true]),
        ];
        for (body, last) in bodies {
            for after in [After::Close, After::CloseAtOnce, KEEP] {
                let mut driver = Driver { body, ..Driver::new(after) };
                driver.receive(GET);
                driver.run();
                let ends = after != KEEP;
                let expected: Vec<bool> = last.iter().map(|is_last| ends && *is_last).collect();
                assert_eq!(driver.last, expected, "{after:?}, {}", driver.sent);
            }
        }
    }

    #[test]
    fn rfc9112_9_6_who_sends_nothing_more_needs_no_stages() {
        let mut driver = Driver::new(After::CloseAtOnce);
        driver.receive(GET);
        assert_eq!(driver.run(), "close");
        assert_eq!(driver.sent, "answer 1;[shut down]");
        let mut driver = Driver::new(After::CloseAtOnce);
        driver.receive(&[GET, b"G"].concat());
        assert_eq!(driver.run(), "discard");
        assert_eq!(driver.sent, "answer 1;[shut down]");
    }

    #[test]
    fn rfc9112_9_6_closing_is_done_in_stages() {
        let mut driver = Driver::new(After::Close);
        driver.receive(&GET.repeat(2));
        assert_eq!(driver.run(), "discard");
        assert_eq!(driver.sent, "answer 1;[shut down]");
        assert_eq!(driver.connection.timer(), Timer::Linger);
        driver.receive(b"still talking");
        assert_eq!(driver.run(), "discard");
        driver.receive(b"");
        assert_eq!(driver.run(), "close");
    }

    #[test]
    fn rfc9112_9_6_a_half_close_is_no_abort() {
        let mut driver = Driver::new(KEEP);
        driver.receive(GET);
        driver.receive(b"");
        assert_eq!(driver.run(), "close");
        assert_eq!(driver.sent, "answer 1;");
    }

    #[test]
    fn request_content_is_skipped_in_any_pieces() {
        for piece in 1..=8 {
            let mut driver = Driver::new(After::KeepAlive { skip: 8 });
            driver.receive(GET);
            assert_eq!(driver.run(), "read");
            assert_eq!(driver.connection.timer(), Timer::Head);
            assert!(!driver.connection.has_partial_head());
            for octets in b"GET / HT".chunks(piece) {
                driver.receive(octets);
                assert_eq!(driver.run(), "read");
            }
            assert!(driver.connection.is_idle());
            driver.after = KEEP;
            driver.receive(GET);
            driver.run();
            assert_eq!(driver.sent, "answer 1;answer 2;", "{piece}");
        }
    }

    #[test]
    fn a_body_is_streamed_piece_by_piece_and_the_next_request_waits_for_its_end() {
        let mut driver = Driver::new(KEEP);
        driver.body = Some(|| {
            let slice = |offset, length| Piece::Slice { offset, length };
            let octets = |text: &str| Piece::Octets(text.into());
            let pieces =
                vec![octets("a"), slice(5, 0), slice(1, 2), octets("b"), slice(7, 1), octets("c")];
            Body::new("f", pieces)
        });
        driver.receive(&GET.repeat(2));
        assert_eq!(driver.run(), "read");
        assert_eq!(driver.sent, "answer 1;a<f 1+2>b<f 7+1>canswer 2;a<f 1+2>b<f 7+1>c");
        assert_eq!(driver.connection.body_octets_left(), None);
    }

    #[test]
    fn a_request_that_waits_holds_up_those_behind_it_and_not_the_answers_before() {
        for waits in 1..=3 {
            let mut driver = Driver::new(KEEP);
            driver.waits = waits;
            driver.receive(&GET.repeat(3));
            assert_eq!(driver.run(), "wait");
            let before: String = (1..waits).map(|n| format!("answer {n};")).collect();
            assert_eq!(driver.sent, before);
            assert_eq!(driver.connection.timer(), Timer::Answer);
            assert!(!driver.connection.is_idle() && !driver.connection.has_partial_head());
            driver.resume();
            assert_eq!(driver.run(), "read");
            assert_eq!(driver.sent, "answer 1;answer 2;answer 3;");
            assert!(driver.connection.is_idle());
        }
    }

    #[test]
    fn a_request_that_waits_keeps_its_head_whatever_arrives_and_whoever_takes_buffers_back() {
        let mut driver = Driver::new(KEEP);
        driver.waits = 2;
        driver.receive(&GET.repeat(2));
        assert_eq!(driver.run(), "wait");
        for octets in [GET, b""] {
            driver.connection.reclaim(&mut Buffers::new(LIMIT + 64));
            assert!(driver.connection.output.capacity() == 0, "nothing to send");
            driver.receive(octets);
            assert_eq!(driver.run(), "wait");
        }
        driver.resume();
        assert_eq!(driver.run(), "close");
        assert_eq!(driver.sent, "answer 1;answer 2;answer 3;");
    }

    #[test]
    fn a_request_may_wait_again() {
        let mut driver = Driver::new(After::Close);
        driver.waits = 1;
        driver.receive(&GET.repeat(2));
        for _ in 0..3 {
            assert_eq!(driver.run(), "wait");
            let request = driver.connection.resume();
            driver.connection.wait(request);
        }
        driver.resume();
        assert_eq!(driver.run(), "discard");
        assert_eq!(driver.sent, "answer 1;[shut down]");
    }

    #[test]
    fn octets_of_a_body_are_counted_down() {
        let mut connection = Connection::default();
        connection.lend(&mut Buffers::new(LIMIT));
        connection.input().extend_from_slice(GET);
        connection.received(GET.len());
        let Step::Handle(request) = connection.next(LIMIT) else { panic!() };
        connection.answered(&request, KEEP, Some(Body::slice("f", 0, 10)));
        assert_eq!((connection.timer(), connection.body_octets_left()), (Timer::Send, Some(10)));
        connection.streamed(4);
        let Step::Stream(Stretch { file: &"f", offset: 4, length: 6 }) = connection.next(LIMIT)
        else {
            panic!()
        };
        assert_eq!(connection.body_octets_left(), Some(6));
    }

    #[test]
    fn a_head_too_long_is_refused_and_ends_the_connection() {
        for (input, answer) in [
            ([b'x'; LIMIT + 1].to_vec(), "414;"),
            ([b"GET\r\n", &[b'x'; LIMIT][..]].concat(), "431;"),
        ] {
            let mut driver = Driver::new(KEEP);
            driver.receive(&input);
            assert_eq!(driver.run(), "discard");
            assert_eq!(driver.sent, format!("{answer}[shut down]"));
        }
    }

    #[test]
    fn empty_lines_are_no_beginning_of_a_head() {
        let mut driver = Driver::new(KEEP);
        for octet in b"\r\n\r\n\r".chunks(1) {
            driver.receive(octet);
            assert_eq!(driver.run(), "read");
            assert_eq!(driver.connection.timer(), Timer::Idle);
        }
        driver.receive(b"\nG");
        assert_eq!(driver.run(), "read");
        assert!(driver.connection.has_partial_head());
    }

    #[test]
    fn a_waiting_connection_holds_no_buffer_without_octets_in_it() {
        let mut driver = Driver::new(KEEP);
        driver.receive(GET);
        driver.run();
        let held = |driver: &Driver| {
            let Connection { input, output, .. } = &driver.connection;
            (input.capacity() > 0, output.capacity() > 0)
        };
        driver.connection.reclaim(&mut Buffers::new(LIMIT));
        assert_eq!(held(&driver), (false, false));
        driver.receive(b"GET /");
        driver.run();
        driver.connection.reclaim(&mut Buffers::new(LIMIT));
        assert_eq!(held(&driver), (true, false));
        driver.receive(b" HTTP/1.1\r\n\r\n");
        driver.run();
        assert_eq!(driver.sent, "answer 1;answer 2;");
    }
}
