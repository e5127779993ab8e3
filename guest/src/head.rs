//! The request head as octets: request-line and field lines (RFC 9112, sections 2 to 5).
//!
//! One pass checks the grammar of everything and remembers where those values are that the server
//! goes by. Nothing is copied and nothing is repaired: what does not match is refused. What the
//! values mean is left to `framing`, `authority`, `target`, `conditional` and `range`.

use crate::block::{Long, Short};
use crate::field;
use crate::octet;
use crate::refusal::Refusal;

/// A run of octets of the head, by its positions, so that it outlives any one copy of the head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The position of its first octet.
    pub start: usize,
    /// The position behind its last octet.
    pub end: usize,
}

impl Span {
    /// The octets themselves.
    #[inline]
    pub fn of(self, octets: &[u8]) -> &[u8] {
        octets.get(self.start..self.end).unwrap_or_default()
    }
}

/// The method of a request (RFC 9110, section 9), as far as a server of files tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// OPTIONS
    Options,
    /// CONNECT, which has a form of target of its own.
    Connect,
    /// Any other one of the IANA registry: known, not allowed.
    Known,
    /// Not known.
    Unknown,
}

/// The version of a request (RFC 9112, section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1, and any later minor version.
    Http11,
}

/// The fields that this server goes by; all others are checked and passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Host
    Host,
    /// Connection
    Connection,
    /// Content-Length
    ContentLength,
    /// Transfer-Encoding
    TransferEncoding,
    /// Expect
    Expect,
    /// If-Match
    IfMatch,
    /// If-None-Match
    IfNoneMatch,
    /// If-Modified-Since
    IfModifiedSince,
    /// If-Unmodified-Since
    IfUnmodifiedSince,
    /// Range
    Range,
    /// If-Range
    IfRange,
}

/// How many names there are.
const NAMES: usize = Name::IfRange as usize + 1;

/// The lines of one field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lines {
    count: u32,
    /// The value of the first line.
    first: Span,
}

/// A head whose grammar has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The request target, not looked into yet.
    pub target: Span,
    /// The version.
    pub version: Version,
    lines: [Lines; NAMES],
}

impl Head {
    /// What no head has been read into.
    pub const EMPTY: Self = Self {
        method: Method::Unknown,
        target: Span { start: 0, end: 0 },
        version: Version::Http11,
        lines: [Lines { count: 0, first: Span { start: 0, end: 0 } }; NAMES],
    };

    /// Reads a head, from the request-line to the empty line (RFC 9112, section 2.1).
    pub fn read(octets: &[u8]) -> Result<Self, Refusal> {
        let mut head = Self::EMPTY;
        head.read_into(octets)?;
        Ok(head)
    }

    /// As [`Self::read`], in place of whatever was read before. What is refused leaves no head that
    /// means anything.
    #[inline]
    pub fn read_into(&mut self, octets: &[u8]) -> Result<(), Refusal> {
        // 2.2: a server ignores empty lines before the request-line.
        let mut at = 0;
        while octets[at..].starts_with(b"\r\n") {
            at += 2;
        }
        let start = self.read_request_line(octets, at)?;
        self.lines = Self::EMPTY.lines;
        self.read_fields(octets, start).ok_or(Refusal::Malformed)
    }

    /// `method SP request-target SP HTTP-version CRLF` (RFC 9112, section 3), with the single
    /// spaces that the grammar has; and where the next line begins.
    fn read_request_line(&mut self, octets: &[u8], start: usize) -> Result<usize, Refusal> {
        /// The length of `HTTP/1.1`.
        const VERSION_OCTETS: usize = 8;

        let word_end = |from: usize| match octet::next_blank(octets, from) {
            end if end < octets.len() => Ok(end),
            _ => Err(Refusal::Malformed),
        };
        let method = Span { start, end: word_end(start)? };
        if octets[method.end] != b' ' || !field::is_token(method.of(octets)) {
            return Err(Refusal::Malformed);
        }
        let target = Span { start: method.end + 1, end: word_end(method.end + 1)? };
        if octets[target.end] != b' ' || target.start == target.end {
            return Err(Refusal::Malformed);
        }
        let rest = &octets[target.end + 1..];
        let &[b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b'\r', b'\n', ..] = rest else {
            return Err(Refusal::Malformed);
        };
        if !major.is_ascii_digit() || !minor.is_ascii_digit() {
            return Err(Refusal::Malformed);
        }
        if major != b'1' {
            return Err(Refusal::Version);
        }
        self.version = if minor == b'0' { Version::Http10 } else { Version::Http11 };
        self.method = recognise(method.of(octets));
        self.target = target;
        Ok(target.end + 1 + VERSION_OCTETS + 2)
    }

    /// Reads the field lines that begin at `start`: some of them at a time, first where they end,
    /// then their names. A compiler of WebAssembly keeps the values of a short loop in registers,
    /// and few of a long one.
    #[inline(never)]
    fn read_fields(&mut self, octets: &[u8], mut start: usize) -> Option<()> {
        let mut ends = [0; LINES_AT_ONCE];
        loop {
            for &end in line_ends(octets, start, &mut ends)? {
                let end = end as usize;
                if end == start {
                    // The empty line ends the head by definition: whoever passes more has not found
                    // the end.
                    return (end + 2 == octets.len()).then_some(());
                }
                let line = Line::read(octets, start, end)?;
                if may_be_known(octets[start])
                    && let Some(name) = known(line.name.of(octets))
                {
                    let lines = &mut self.lines[name as usize];
                    if lines.count == 0 {
                        lines.first = line.value(octets);
                    }
                    lines.count += 1;
                }
                start = end + 2;
            }
        }
    }

    /// How many lines a field has.
    #[inline]
    pub fn count(&self, name: Name) -> u32 {
        self.lines[name as usize].count
    }

    /// The value of a field that has exactly one line.
    #[inline]
    pub fn only(&self, name: Name) -> Option<Span> {
        let lines = &self.lines[name as usize];
        (lines.count == 1).then_some(lines.first)
    }

    /// The values of all lines of a field that is not among [`Name`], in order; `name` is in lower
    /// case. Hardly ever is one of these asked for: the lines are looked through then.
    pub fn values_of<'a>(
        &self,
        octets: &'a [u8],
        name: &'static [u8],
    ) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut lines = Line::all(octets, octet::next_line(octets, self.target.end));
        core::iter::from_fn(move || {
            let line = lines.find(|line| line.name.of(octets).eq_ignore_ascii_case(name))?;
            Some(line.value(octets).of(octets))
        })
    }

    /// The values of all lines of a field, in order (RFC 9110, section 5.3).
    pub fn values<'a>(
        &self,
        octets: &'a [u8],
        name: Name,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Lines { count, first } = self.lines[name as usize];
        let mut next = (count > 0).then_some(first);
        let mut left = count;
        core::iter::from_fn(move || {
            let value = next.take()?;
            left -= 1;
            if left > 0 {
                // Hardly ever is there a second line: it is looked for again rather than
                // remembered.
                let mut lines = Line::all(octets, octet::next_line(octets, value.end));
                let line = lines.find(|line| known(line.name.of(octets)) == Some(name))?;
                next = Some(line.value(octets));
            }
            Some(value.of(octets))
        })
    }
}

/// The method of a name; names are case-sensitive (RFC 9110, section 9.1).
fn recognise(name: &[u8]) -> Method {
    match name {
        // Octet by octet, which is nothing to do for so few.
        [b'G', b'E', b'T'] => Method::Get,
        [b'H', b'E', b'A', b'D'] => Method::Head,
        b"OPTIONS" => Method::Options,
        b"CONNECT" => Method::Connect,
        // The IANA registry of methods. PRI is left out: it is there so that nobody uses it.
        b"ACL" | b"BASELINE-CONTROL" | b"BIND" | b"CHECKIN" | b"CHECKOUT" | b"COPY" | b"DELETE"
        | b"LABEL" | b"LINK" | b"LOCK" | b"MERGE" | b"MKACTIVITY" | b"MKCALENDAR" | b"MKCOL"
        | b"MKREDIRECTREF" | b"MKWORKSPACE" | b"MOVE" | b"ORDERPATCH" | b"PATCH" | b"POST"
        | b"PROPFIND" | b"PROPPATCH" | b"PUT" | b"QUERY" | b"REBIND" | b"REPORT" | b"SEARCH"
        | b"TRACE" | b"UNBIND" | b"UNCHECKOUT" | b"UNLINK" | b"UNLOCK" | b"UPDATE"
        | b"UPDATEREDIRECTREF" | b"VERSION-CONTROL" => Method::Known,
        _ => Method::Unknown,
    }
}

/// How many field lines are looked at together: as many as browsers send.
const LINES_AT_ONCE: usize = 16;

/// The positions of the CRs that end the lines from `start` on: up to that of the empty line, or as
/// many as there is room for; none where a line does not end.
///
/// LF must stand behind CR, and before it no control octet but HTAB: no NUL, and no bare CR or LF
/// (RFC 9110, section 5.5; RFC 9112, section 2.2).
#[inline(never)]
fn line_ends<'a>(
    octets: &[u8],
    mut start: usize,
    ends: &'a mut [u32; LINES_AT_ONCE],
) -> Option<&'a [u32]> {
    // The last octets are looked at together with some before them, or with blanks behind them.
    let mut filled = [b' '; Long::OCTETS];
    let looked_at = match octets.len() < filled.len() {
        true => {
            filled[..octets.len()].copy_from_slice(octets);
            &filled
        }
        false => octets,
    };
    let last = looked_at.len() - Long::OCTETS;
    let (mut at, mut count) = (start, 0);
    while at < octets.len() {
        let from = at.min(last);
        let mut controls = Long::at(looked_at, from)?.controls() & u64::MAX << (at - from);
        while controls != 0 {
            let bit = controls.trailing_zeros();
            let end = from + bit as usize;
            let control = octets.get(end..)?;
            if !control.starts_with(b"\r\n") {
                // Hardly ever is there an HTAB.
                if control.first() != Some(&b'\t') {
                    return None;
                }
                controls &= controls - 1;
                continue;
            }
            // The LF may be the first octet of the next block.
            controls &= !(0b11 << bit);
            ends[count] = end as u32;
            count += 1;
            if end == start || count == LINES_AT_ONCE {
                return Some(&ends[..count]);
            }
            start = end + 2;
        }
        at = start.max(from + Long::OCTETS);
    }
    None
}

/// One field line: `field-name ":" OWS field-value OWS CRLF` (RFC 9112, section 5).
struct Line {
    name: Span,
    /// The position of its CR.
    end: usize,
}

impl Line {
    /// The line between `start` and the CR at `end`.
    ///
    /// A name that is no token covers most of what is refused: whitespace before the colon (5.1), a
    /// folded line (5.2), whitespace before the first field (2.2), a line without a colon.
    #[inline]
    fn read(octets: &[u8], start: usize, end: usize) -> Option<Self> {
        // Nearly every name is few letters and hyphens.
        let words = Short::at(octets, start).map_or(0, |block| block.words().trailing_ones());
        let mut name = Span { start, end: start + words as usize };
        if octets.get(name.end) != Some(&b':') {
            name.end = octet::token_end(octets, name.end);
        }
        let is_named = name.start < name.end && octets.get(name.end) == Some(&b':');
        is_named.then_some(Self { name, end })
    }

    /// The lines from `start` on of a head that was read before.
    fn all(octets: &[u8], mut start: usize) -> impl Iterator<Item = Self> + use<'_> {
        core::iter::from_fn(move || {
            let next = octet::next_line(octets, start);
            let line = Self::read(octets, start, next.checked_sub(2)?)?;
            start = next;
            Some(line)
        })
    }

    /// The value, without the whitespace around it.
    fn value(&self, octets: &[u8]) -> Span {
        let mut value = Span { start: self.name.end + 1, end: self.end };
        while value.start < value.end && matches!(octets[value.start], b' ' | b'\t') {
            value.start += 1;
        }
        while value.end > value.start && matches!(octets[value.end - 1], b' ' | b'\t') {
            value.end -= 1;
        }
        value
    }
}

/// Whether a name that begins with this letter may be one of [`Name`]. Most fields of browsers are
/// out by it.
fn may_be_known(first: u8) -> bool {
    matches!(first | 0x20, b'c' | b'e' | b'h' | b'i' | b'r' | b't')
}

/// The field of a name; names are case-insensitive (RFC 9110, section 5.1).
fn known(name: &[u8]) -> Option<Name> {
    // By length and first letter first: nearly every field is passed over.
    let (candidate, spelling): (Name, &[u8]) = match (name.len(), name[0] | 0x20) {
        (4, b'h') => (Name::Host, b"host"),
        (5, b'r') => (Name::Range, b"range"),
        (6, b'e') => (Name::Expect, b"expect"),
        (8, b'i') if name[3] | 0x20 == b'm' => (Name::IfMatch, b"if-match"),
        (8, b'i') => (Name::IfRange, b"if-range"),
        (10, b'c') => (Name::Connection, b"connection"),
        (13, b'i') => (Name::IfNoneMatch, b"if-none-match"),
        (14, b'c') => (Name::ContentLength, b"content-length"),
        (17, b'i') => (Name::IfModifiedSince, b"if-modified-since"),
        (17, b't') => (Name::TransferEncoding, b"transfer-encoding"),
        (19, b'i') => (Name::IfUnmodifiedSince, b"if-unmodified-since"),
        _ => return None,
    };
    octet::is_spelt(name, spelling).then_some(candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::vec::Vec;

    fn read(text: &str) -> Result<Head, Refusal> {
        Head::read(text.as_bytes())
    }

    #[track_caller]
    fn refused(text: &str) {
        assert_eq!(read(text), Err(Refusal::Malformed), "{text:?}");
    }

    #[test]
    fn rfc9112_3_request_line() {
        let text = "GET /a?b HTTP/1.1\r\n\r\n";
        let head = read(text).unwrap();
        assert_eq!(head.method, Method::Get);
        assert_eq!(head.target.of(text.as_bytes()), b"/a?b");
        assert_eq!(head.version, Version::Http11);
        assert_eq!(read("HEAD / HTTP/1.0\r\n\r\n").unwrap().version, Version::Http10);
        assert_eq!(read("HEAD / HTTP/1.7\r\n\r\n").unwrap().version, Version::Http11);
    }

    #[test]
    fn rfc9112_3_no_autocorrection_of_the_request_line() {
        for line in [
            "",
            " ",
            "GET",
            "GET ",
            "GET /",
            "GET / ",
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET /a b HTTP/1.1",
            "GET\t/ HTTP/1.1",
            "GET /\tHTTP/1.1",
            "GET  HTTP/1.1",
            "G(T / HTTP/1.1",
            ":GET / HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTP/1",
            "GET / HTTP/1.",
            "GET / HTTP/.1",
            "GET / HTTP/11.1",
            "GET / HTTP/1.10",
            "GET / HTTP/1.x",
            "GET / HTTP/x.1",
            "GET / HTTPS/1.1",
            "GET / ICE/1.0",
        ] {
            refused(&format!("{line}\r\n\r\n"));
        }
    }

    #[test]
    fn rfc9110_15_6_6_other_major_versions() {
        for version in ["0.9", "2.0", "3.0", "9.9"] {
            assert_eq!(read(&format!("GET / HTTP/{version}\r\n\r\n")), Err(Refusal::Version));
        }
    }

    #[test]
    fn rfc9112_2_2_leading_empty_lines_are_skipped() {
        let text = "\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(read(text).unwrap().target.of(text.as_bytes()), b"/");
        refused("\nGET / HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn rfc9112_2_2_bare_cr_and_bare_lf_are_refused() {
        for text in [
            "GET / HTTP/1.1\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n\n",
            "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
            "GET / HTTP/1.1\rA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA:\r\r\n\r\n",
            "GET\r/\rHTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nA\rB: c\r\n\r\n",
        ] {
            refused(text);
        }
    }

    #[test]
    fn rfc9112_2_2_whitespace_before_the_first_field_is_refused() {
        refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
        refused("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n");
    }

    #[test]
    fn rfc9112_5_1_whitespace_before_the_colon_is_refused() {
        refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
        refused("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n");
    }

    #[test]
    fn rfc9112_5_2_folded_lines_are_refused() {
        refused("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
        refused("GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n");
    }

    #[test]
    fn rfc9110_5_1_names_are_tokens() {
        for line in
            [": a", "a b: c", "a", "(: b", "a\u{1}: b", "\u{fc}: b", "/: 1", "{: 1", "a@: b"]
        {
            refused(&format!("GET / HTTP/1.1\r\n{line}\r\n\r\n"));
        }
        assert!(read("GET / HTTP/1.0\r\n|~: 1\r\n\r\n").is_ok());
    }

    #[test]
    fn rfc9110_5_5_control_octets_in_values_are_refused() {
        for octet in (0..0x20u8).chain([0x7f]) {
            let mut octets = b"GET / HTTP/1.1\r\nA: some b".to_vec();
            octets.push(octet);
            octets.extend(b"c\r\n\r\n");
            assert_eq!(Head::read(&octets).is_ok(), octet == b'\t', "{octet:#x}");
        }
        assert!(Head::read(b"GET / HTTP/1.1\r\nA: \x80\xff\r\n\r\n").is_ok());
    }

    #[test]
    fn rfc9112_5_1_values_are_trimmed() {
        let text = "GET / HTTP/1.1\r\nhOsT: \t a\tb \t\r\nRange:\r\nExpect: \t \r\n\r\n";
        let head = read(text).unwrap();
        assert_eq!(head.only(Name::Host).unwrap().of(text.as_bytes()), b"a\tb");
        assert_eq!(head.only(Name::Range).unwrap().of(text.as_bytes()), b"");
        assert_eq!(head.only(Name::Expect).unwrap().of(text.as_bytes()), b"");
        assert_eq!(head.count(Name::Connection), 0);
    }

    #[test]
    fn rfc9110_5_3_all_lines_of_a_field_are_found_in_order() {
        let text = "GET / HTTP/1.1\r\nConnection: a \r\nX: y\r\nconnection:\r\nCONNECTION: c\r\nHost: h\r\n\r\n";
        let head = read(text).unwrap();
        assert_eq!(head.count(Name::Connection), 3);
        assert_eq!(head.only(Name::Connection), None);
        let values: Vec<_> = head.values(text.as_bytes(), Name::Connection).collect();
        assert_eq!(values, [&b"a"[..], b"", b"c"]);
        assert_eq!(head.values(text.as_bytes(), Name::Host).count(), 1);
        assert_eq!(head.values(text.as_bytes(), Name::Range).count(), 0);
    }

    /// A CR that was the last octet of a block ended a head whatever stood behind it.
    #[test]
    fn rfc9112_2_2_a_line_ends_in_cr_and_lf_wherever_it_ends() {
        for width in 0..200 {
            let field = format!("A: {}", "x".repeat(width));
            for lines in [0, 1, 30, 31, 32] {
                let text = format!("GET / HTTP/1.1\r\n{}{field}", "B: c\r\n".repeat(lines));
                assert!(read(&format!("{text}\r\n\r\n")).is_ok());
                for octet in ["\u{c}", "a", "\r", "\t", "\0", ""] {
                    refused(&format!("{text}\r\n\r{octet}"));
                    refused(&format!("{text}\r{octet}\r\n"));
                    refused(&format!("{text}\r{octet}\r\n\r\n"));
                }
            }
        }
    }

    #[test]
    fn a_head_of_many_lines_is_read_to_its_end() {
        for lines in [0, 1, 31, 32, 33, 63, 64, 65, 200] {
            for width in [0, 1, 5, 40, 64, 100] {
                let value = "\t".repeat(width);
                let fields = format!("Range:{value}x\r\n").repeat(lines);
                let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
                let head = read(&text).unwrap();
                assert_eq!(head.count(Name::Range), lines as u32);
                assert_eq!(head.values(text.as_bytes(), Name::Range).count(), lines);
                refused(&text[..text.len() - 1]);
                refused(&text.replacen("\r\n\r\n", "\r\n\n", 1));
                refused(&format!("GET / HTTP/1.1\r\n{fields}Range\r\n\r\n"));
                refused(&format!("GET / HTTP/1.1\r\n{fields}A:\0\r\n\r\n"));
                refused(&format!("GET / HTTP/1.1\r\n{fields}A:\r\r\n\r\n"));
            }
        }
    }

    #[test]
    fn rfc9112_2_1_the_empty_line_ends_the_head() {
        for text in [
            "",
            "\r\n",
            "GET / HTTP/1.1",
            "GET / HTTP/1.1\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n",
            "GET / HTTP/1.1\r\n\r\nx",
        ] {
            refused(text);
        }
    }

    #[test]
    fn every_prefix_is_refused_without_a_panic() {
        let text = "GET /a HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
        for end in 0..text.len() {
            refused(&text[..end]);
        }
        assert!(read(text).is_ok());
    }

    #[test]
    fn rfc9110_9_1_methods_are_case_sensitive() {
        for (name, method) in [
            ("GET", Method::Get),
            ("get", Method::Unknown),
            ("Get", Method::Unknown),
            ("HEAD", Method::Head),
            ("POST", Method::Known),
            ("TRACE", Method::Known),
            ("CONNECT", Method::Connect),
            ("MKCOLA", Method::Unknown),
        ] {
            assert_eq!(read(&format!("{name} / HTTP/1.1\r\n\r\n")).unwrap().method, method);
        }
    }

    #[test]
    fn every_known_name_is_recognised_in_any_case() {
        let names = [
            "Host",
            "Connection",
            "Content-Length",
            "Transfer-Encoding",
            "Expect",
            "If-Match",
            "If-None-Match",
            "If-Modified-Since",
            "If-Unmodified-Since",
            "Range",
            "If-Range",
        ];
        assert_eq!(names.len(), NAMES);
        for (index, name) in names.iter().enumerate() {
            assert!(may_be_known(name.as_bytes()[0]));
            assert_eq!(known(name.as_bytes()).map(|n| n as usize), Some(index));
            assert_eq!(
                known(name.to_ascii_uppercase().as_bytes()).map(|n| n as usize),
                Some(index)
            );
            let wrong = format!("{}x", &name[..name.len() - 1]);
            assert_eq!(known(wrong.as_bytes()), None);
        }
    }
}
