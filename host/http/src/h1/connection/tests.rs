use super::*;
use crate::{FileRange, Piece};

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
        let head = self.connection.head(request);
        assert!(head.starts_with(b"GET") && head.ends_with(b"\r\n\r\n"));
        let answer = format!("answer {};", self.requests);
        self.connection.writer().content().extend_from_slice(answer.as_bytes());
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
                Step::Fill { .. } | Step::End { .. } | Step::Switch => {
                    unreachable!("no step of HTTP/1.1")
                }
                Step::ShutDown => self.sent.push_str("[shut down]"),
                Step::Handle { request, .. } => {
                    self.requests += 1;
                    match self.waits == self.requests {
                        true => self.connection.wait(request),
                        false => self.answer(&request),
                    }
                }
                Step::Wait => return "wait",
                Step::RefuseHead { in_request_line, .. } => {
                    let page = if in_request_line { b"414;" } else { b"431;" };
                    self.connection.writer().content().extend_from_slice(page);
                    self.connection.refused();
                }
                Step::Send { octets, is_last, .. } => {
                    self.last.push(is_last);
                    self.sent.push_str(str::from_utf8(octets).unwrap());
                    let octets = octets.len();
                    self.connection.sent(octets);
                }
                Step::Stream(FileRange { file, offset, length }) => {
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
        let Step::Handle { request, .. } = driver.connection.next(LIMIT) else { panic!() };
        driver.connection.writer().content().push(b'x');
        driver.connection.answered(&request, KEEP, None);
    }
    let Step::Send { octets: b"xx", then: None, is_last: false } = driver.connection.next(LIMIT)
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
    let Step::Handle { request, .. } = connection.next(LIMIT) else { panic!() };
    connection.answered(&request, KEEP, Some(Body::slice("f", 0, 10)));
    assert_eq!((connection.timer(), connection.body_octets_left()), (Timer::Send, Some(10)));
    connection.streamed(4);
    let Step::Stream(FileRange { file: &"f", offset: 4, length: 6 }) = connection.next(LIMIT)
    else {
        panic!()
    };
    assert_eq!(connection.body_octets_left(), Some(6));
}

#[test]
fn a_head_too_long_is_refused_and_ends_the_connection() {
    for (input, answer) in
        [([b'x'; LIMIT + 1].to_vec(), "414;"), ([b"GET\r\n", &[b'x'; LIMIT][..]].concat(), "431;")]
    {
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
