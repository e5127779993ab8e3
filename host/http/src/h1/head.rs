//! Where a request head ends, and what the host believes of it.
//!
//! The guest says what a request means. Where it ends, whether it was HEAD, and how much content
//! follows is framing, which the host sees for itself, so that no guest can misplace the border
//! between two requests (RFC 9112, section 11.2: request smuggling). This is not a parser: it looks
//! for the end and at three fields, and calls everything unusual [`RequestContent::Unclear`].

use memchr::memchr;

use super::lines::{Line, Lines};
use crate::{Request, RequestContent};

/// What a look at the input found.
#[derive(Debug, PartialEq, Eq)]
pub enum Scan {
    /// A whole head.
    Complete(Request),
    /// More octets are needed.
    Incomplete,
    /// No end within the limit.
    TooLong {
        /// Not even the request-line has ended (414, else 431).
        in_request_line: bool,
    },
}

/// Looks for the end of a head in an input that grows; octets seen are not looked at again, except
/// those of the last, unfinished line, and a block of what follows a head.
#[derive(Debug)]
pub struct Scanner {
    /// Where the request-line starts, behind leading empty lines.
    start: usize,
    /// Where the line to look at next starts.
    line: usize,
    is_head: bool,
    is_http_1_0: bool,
    content_length: Option<u64>,
    unclear: bool,
    is_last: bool,
}

impl Scanner {
    /// Starts at offset `at` of the input.
    pub fn new(at: usize) -> Scanner {
        Scanner {
            start: at,
            line: at,
            is_head: false,
            is_http_1_0: false,
            content_length: None,
            unclear: false,
            is_last: false,
        }
    }

    /// Where the head starts, as far as known: everything before it is empty lines.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Looks at what `input` holds beyond the last look. A line ends in LF, with or without CR, so
    /// that the guest may refuse a bare LF instead of waiting for a CR that never comes.
    pub fn scan(&mut self, input: &[u8], head_octets_max: usize) -> Scan {
        for Line { octets: line, end, is_clean } in Lines::new(input, self.line) {
            let at = self.line;
            self.line = end;
            if at == self.start && line.is_empty() {
                // RFC 9112, section 2.2: ignore empty lines before the request-line.
                self.start = self.line;
                continue;
            }
            if self.line - self.start > head_octets_max {
                return Scan::TooLong { in_request_line: at == self.start };
            }
            self.unclear |= !is_clean;
            if at == self.start {
                self.is_head = line.starts_with(b"HEAD ");
                self.is_http_1_0 = line.ends_with(b" HTTP/1.0");
            } else if line.is_empty() {
                return Scan::Complete(self.request());
            } else {
                self.field(line);
            }
        }
        if input.len() - self.start > head_octets_max {
            return Scan::TooLong { in_request_line: self.line == self.start };
        }
        Scan::Incomplete
    }

    fn request(&self) -> Request {
        Request {
            head: self.start..self.line,
            is_head: self.is_head,
            is_http_1_0: self.is_http_1_0,
            content: match self.unclear {
                true => RequestContent::Unclear,
                false => RequestContent::Length(self.content_length.unwrap_or(0)),
            },
            is_last: self.is_last,
        }
    }

    /// Takes note of a framing field, and of lines that another recipient may take for one: folded
    /// ones, those without a colon, names with blanks or controls around them.
    fn field(&mut self, line: &[u8]) {
        // Nearly every field is out by its first letter.
        if line[0].is_ascii_alphabetic() && !matches!(line[0], b'C' | b'c' | b'T' | b't') {
            return;
        }
        let Some(colon) = memchr(b':', line) else {
            self.unclear = true;
            return;
        };
        self.unclear |= matches!(line[0], b' ' | b'\t');
        let name = trim_controls(&line[..colon]);
        if name.eq_ignore_ascii_case(b"Transfer-Encoding") {
            self.unclear = true;
        } else if name.eq_ignore_ascii_case(b"Content-Length") {
            let value = trim_whitespace(&line[colon + 1..]);
            match decimal(value) {
                Some(length) if self.content_length.is_none() && name.len() == colon => {
                    self.content_length = Some(length);
                }
                _ => self.unclear = true,
            }
        } else if name.eq_ignore_ascii_case(b"Connection") {
            self.is_last = trim_whitespace(&line[colon + 1..]).eq_ignore_ascii_case(b"close");
        }
    }
}

/// `value` without optional whitespace around it (RFC 9110, section 5.6.3).
fn trim_whitespace(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// `name` without blanks and controls at its ends.
fn trim_controls(name: &[u8]) -> &[u8] {
    let visible = |octet: &u8| *octet > b' ' && *octet != 0x7f;
    let start = name.iter().position(visible).unwrap_or(name.len());
    let end = name.iter().rposition(visible).map_or(start, |last| last + 1);
    &name[start..end]
}

/// `1*DIGIT` as a number, if it fits.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 1024;

    fn scan(input: &[u8]) -> Scan {
        Scanner::new(0).scan(input, LIMIT)
    }

    fn content(fields: &str) -> RequestContent {
        match scan(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()) {
            Scan::Complete(request) => request.content,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rfc9112_9_6_the_last_request_says_so() {
        let is_last =
            |fields: &str| match scan(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()) {
                Scan::Complete(request) => request.is_last,
                other => panic!("{other:?}"),
            };
        for (fields, expected) in [
            ("Connection: close\r\n", true),
            ("connection:CLOSE \r\nHost: x\r\n", true),
            ("Connection: keep-alive\r\n", false),
            ("Connection: close, x\r\n", false),
            ("Connection: close\r\nConnection: keep-alive\r\n", false),
            ("Connections: close\r\n", false),
            ("", false),
        ] {
            assert_eq!(is_last(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn a_head_ends_at_its_empty_line_however_it_arrives() {
        let input = b"\r\n\nHEAD /a HTTP/1.0\r\nHost: x\r\n\r\nGET";
        let whole = Scan::Complete(Request {
            head: 3..32,
            is_head: true,
            is_http_1_0: true,
            content: RequestContent::Length(0),
            is_last: false,
        });
        assert_eq!(scan(input), whole);
        let mut scanner = Scanner::new(0);
        for end in 0..32 {
            assert_eq!(scanner.scan(&input[..end], LIMIT), Scan::Incomplete, "{end}");
        }
        assert_eq!(scanner.scan(input, LIMIT), whole);
    }

    #[test]
    fn rfc9112_2_2_bare_lf_ends_the_head_but_its_framing_is_unclear() {
        let Scan::Complete(request) = scan(b"GET / HTTP/1.1\nHost: x\n\n") else { panic!() };
        assert_eq!((request.head, request.content), (0..24, RequestContent::Unclear));
    }

    #[test]
    fn rfc9112_6_3_one_valid_length_is_believed_and_nothing_else() {
        assert_eq!(content("Host: x\r\n"), RequestContent::Length(0));
        assert_eq!(content("content-LENGTH: 12\r\n"), RequestContent::Length(12));
        assert_eq!(content("Content-Length:\t 12 \r\n"), RequestContent::Length(12));
        assert_eq!(
            content("Content-Length: 18446744073709551615\r\n"),
            RequestContent::Length(u64::MAX)
        );
        for fields in [
            "Content-Length: 18446744073709551616\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: -1\r\n",
            "Content-Length:\r\n",
            "Transfer-Encoding: chunked\r\n",
            "transfer-encoding : x\r\n",
            " Transfer-Encoding: chunked\r\n",
            "\tContent-Length: x\r\n",
            "\u{b}Transfer-Encoding\u{b}: chunked\r\n",
            "Content-Length : 5\r\n",
            "\u{b}Content-Length: 5\r\n",
            "Content-Length: 5\u{c}\r\n",
            "Content-Length: 1\r\n 0\r\n",
            "Content-Length: 1\r\n\tX: 0\r\n",
            "Content-Length 5\r\n",
            "X: a\rTransfer-Encoding: chunked\r\n",
            "X: a\0b\r\n",
            "Host: x\nY: z\r\n",
        ] {
            assert_eq!(content(fields), RequestContent::Unclear, "{fields:?}");
        }
    }

    #[test]
    fn the_limit_holds_on_both_sides_of_the_edge() {
        let head = |octets: usize| {
            let mut head = b"GET / HTTP/1.1\r\nX: ".to_vec();
            head.resize(octets - 4, b'x');
            head.extend(b"\r\n\r\n");
            head
        };
        assert!(matches!(scan(&head(LIMIT - 1)), Scan::Complete(_)));
        assert!(matches!(scan(&head(LIMIT)), Scan::Complete(_)));
        assert_eq!(scan(&head(LIMIT + 1)), Scan::TooLong { in_request_line: false });
        assert_eq!(scan(&[b'x'; LIMIT]), Scan::Incomplete);
        assert_eq!(scan(&[b'x'; LIMIT + 1]), Scan::TooLong { in_request_line: true });
        assert_eq!(
            scan(&[vec![b'x'; LIMIT], b"\r\n\r\n".to_vec()].concat()),
            Scan::TooLong { in_request_line: true }
        );
    }

    #[test]
    fn empty_lines_do_not_count_towards_the_limit() {
        let input = [b"\r\n".repeat(LIMIT), b"GET / HTTP/1.1\r\n\r\n".to_vec()].concat();
        assert!(matches!(scan(&input), Scan::Complete(_)));
    }
}
