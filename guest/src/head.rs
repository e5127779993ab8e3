//! The request head as octets: request-line and field lines (RFC 9112, sections 2 to 5).
//!
//! One pass checks the grammar of everything and remembers where those values are that the server
//! goes by. Nothing is copied and nothing is repaired: what does not match is refused. What the
//! values mean is left to `framing`, `authority`, `target`, `conditional` and `range`.

mod line;
mod name;

use self::line::{LINES_AT_ONCE, Line, line_ends};
use self::name::{NAMES, known, may_be_known};
use crate::field;
use crate::octet;
use crate::refusal::Refusal;

pub use self::line::Span;
pub use self::name::Name;

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

#[cfg(test)]
mod tests;
