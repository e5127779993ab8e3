//! Request heads with something wrong, and sometimes something right: cases and hand-written heads,
//! changed as an attacker would change them, and by accident.

use crate::cases;
use crate::numbers::Numbers;

/// The words of the fuzzers.
const DICTIONARY: &str = include_str!("../../../fuzz/http.dict");

/// Changes made to one head, at most.
const CHANGES_MAX: usize = 4;

/// A run of octets that is deleted or repeated, at most.
const RUN_OCTETS_MAX: usize = 20;

/// Octets that are likely to matter.
const OCTETS: &[u8] = b"\r\n\0 \t:;,\"\\%/?#.*-+=@[]{}|0129aZ\x0b\x7f\x80\xff";

/// Request-lines that are right, or nearly.
const REQUEST_LINES: &[&str] = &[
    "GET / HTTP/1.1",
    "HEAD / HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "OPTIONS / HTTP/1.0",
    "CONNECT a:443 HTTP/1.1",
    "POST /a HTTP/1.1",
    "GET /a/../b?c=d HTTP/1.1",
    "GET /%61%2e%2E/x?%41 HTTP/1.1",
    "GET /a%2Fb HTTP/1.1",
    "GET /a%00b HTTP/1.1",
    "GET //a//./..//b/ HTTP/1.1",
    "GET /.git/config HTTP/1.1",
    "GET /.well-known/x HTTP/1.1",
    "GET /%E4%BD%A0?%ff HTTP/1.1",
    "GET http://a.b.:80?c HTTP/1.1",
    "GET HTTPS://[::1]:8080/a/. HTTP/1.1",
    "GET http://u@a/ HTTP/1.0",
    "GET / HTTP/1.0",
    "GET / HTTP/1.9",
    "GET / HTTP/2.0",
    "GET /",
    "FETCH / HTTP/1.1",
];

/// Field lines that are right, or nearly.
const FIELD_LINES: &[&str] = &[
    "Host: a",
    "Host: a.example:8080",
    "host:A.",
    "Host: [::1]",
    "Host: [::ffff:1.2.3.4]:",
    "Host: a..b",
    "Host: a:65536",
    "Host:",
    "Host : a",
    "Connection: close",
    "connection:,Keep-Alive , x",
    "Connection: \"x, close",
    "Content-Length: 0",
    "Content-Length: 7",
    "content-length:\t00065536 ",
    "Content-Length: 65537",
    "Content-Length: 18446744073709551616",
    "Content-Length: 1, 1",
    "Content-Length: +1",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip;a=\"b,c\", Chunked",
    "Transfer-Encoding: chunked, gzip",
    "Transfer-Encoding: , ,",
    "Transfer-Encoding : chunked",
    "Expect: 100-Continue",
    "Expect: 100-continue, x",
    "Expect:",
    "Range: bytes=0-1,5-,-3",
    "Range: bytes=0-",
    "Range: bytes=99999999999999999999-",
    "If-None-Match: \"a\", W/\"b\"",
    "If-None-Match: *",
    "If-Match: \"a\"",
    "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT",
    "If-Unmodified-Since: Tuesday, 14-Nov-23 22:13:19 GMT",
    "If-Range: Tue, 14 Nov 2023 22:13:20 GMT",
    "Accept-Encoding: gzip, br;q=0.5, *;q=0",
    "A: \u{80}\u{ff}",
    "A: b\u{7f}",
    "A: b\rC: d",
    " folded",
    "no colon",
    "B\u{b}: c",
];

/// A source of heads.
#[derive(Debug)]
pub struct Mutator {
    numbers: Numbers,
    bases: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Mutator {
    /// The same seed gives the same heads.
    pub fn new(seed: u64) -> Mutator {
        Mutator { numbers: Numbers::new(seed), bases: heads(), words: dictionary() }
    }

    /// The next head. Most of them end in an empty line, so that what is before it matters.
    pub fn head(&mut self) -> Vec<u8> {
        let mut head = match self.numbers.below(3) {
            0 => self.composed(),
            _ => self.numbers.one_of(&self.bases).clone(),
        };
        for _ in 0..self.numbers.below(CHANGES_MAX + 1) {
            self.change(&mut head);
        }
        if !head.ends_with(b"\r\n\r\n") && !self.numbers.once_in(8) {
            let whole_line = head.ends_with(b"\r\n");
            head.extend_from_slice(if whole_line { b"\r\n" } else { b"\r\n\r\n" });
        }
        head
    }

    /// A head of a few lines.
    fn composed(&mut self) -> Vec<u8> {
        let mut lines = vec![*self.numbers.one_of(REQUEST_LINES)];
        // Most heads need the field to be accepted.
        if !self.numbers.once_in(8) {
            lines.push("Host: a.example");
        }
        for _ in 0..self.numbers.below(4) {
            let at = 1 + self.numbers.below(lines.len());
            lines.insert(at, *self.numbers.one_of(FIELD_LINES));
        }
        let text = lines.join("\r\n") + "\r\n\r\n";
        text.chars().map(|octet| octet as u8).collect()
    }

    fn change(&mut self, head: &mut Vec<u8>) {
        let numbers = &mut self.numbers;
        let at = numbers.below(head.len() + 1);
        let run = at..(at + 1 + numbers.below(RUN_OCTETS_MAX)).min(head.len());
        match numbers.below(9) {
            0 if at < head.len() => head[at] ^= 1 << numbers.below(8),
            1 if at < head.len() => head[at] = *numbers.one_of(OCTETS),
            2 => head.insert(at, *numbers.one_of(OCTETS)),
            3 if at < head.len() => drop(head.remove(at)),
            4 if at < head.len() => drop(head.drain(run)),
            5 if at < head.len() => {
                let repeated = head[run].to_vec();
                head.splice(at..at, repeated);
            }
            6 => {
                let word = numbers.one_of(&self.words).clone();
                head.splice(at..at, word);
            }
            7 => {
                let word = numbers.one_of(&self.words).clone();
                head.splice(word_around(head, at), word);
            }
            _ => {
                let other = numbers.one_of(&self.bases);
                let from = numbers.below(other.len() + 1);
                head.truncate(at);
                head.extend_from_slice(&other[from..]);
            }
        }
    }
}

/// The run of letters, digits and hyphens around a position.
fn word_around(head: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_part = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
    let start = head[..at].iter().rposition(|octet| !is_part(octet)).map_or(0, |last| last + 1);
    let end = head[at..].iter().position(|octet| !is_part(octet)).map_or(head.len(), |n| at + n);
    start..end
}

/// The heads of the cases: every run of octets that an empty line ends, and requests that have none
/// as they are.
pub fn heads() -> Vec<Vec<u8>> {
    let mut heads = Vec::new();
    for row in cases::requests() {
        let mut rest = row.octets.as_slice();
        while let Some(end) = rest.windows(4).position(|end| end == b"\r\n\r\n") {
            heads.push(rest[..end + 4].to_vec());
            rest = &rest[end + 4..];
        }
        if !rest.is_empty() {
            heads.push(rest.to_vec());
        }
    }
    heads.sort();
    heads.dedup();
    heads
}

/// The words of the dictionary, without their quotes and escapes.
fn dictionary() -> Vec<Vec<u8>> {
    let lines = DICTIONARY.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(word).collect()
}

fn word(line: &str) -> Vec<u8> {
    let quoted = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
    let mut rest = quoted.unwrap_or_else(|| panic!("a word in quotes, not {line}")).as_bytes();
    let mut octets = Vec::new();
    while let [first, tail @ ..] = rest {
        let (octet, tail) = match (first, tail) {
            (b'\\', [b'x', high, low, tail @ ..]) => {
                let digits = [*high, *low];
                let digits = str::from_utf8(&digits).expect("digits");
                (u8::from_str_radix(digits, 16).expect("hexadecimal digits"), tail)
            }
            (b'\\', [escaped, tail @ ..]) => (*escaped, tail),
            (plain, tail) => (*plain, tail),
        };
        octets.push(octet);
        rest = tail;
    }
    octets
}
