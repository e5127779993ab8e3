//! The last head and what was read from it.
//!
//! `respond` gets the head of `parse` again, so that a request is read once. The memo changes no
//! answer: it holds what [`Request::read`] makes of a head, and that depends on nothing else.

use crate::head::Span;
use crate::octet;
use crate::path::CANDIDATE_OCTETS_MAX;
use crate::refusal::Refusal;
use crate::request::{Refused, Request};
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

/// The longest head that is remembered. The buffer is there from the start, because what is
/// allocated between two requests has to be gone before the next one (see the SDK's `heap`).
pub const HEAD_OCTETS_MAX: usize = 16_384;

/// What was read from a head.
#[derive(Debug)]
pub struct View<'a> {
    /// The head as octets.
    pub octets: &'a [u8],
    /// The head as it came, where its octets are the same: where it is ASCII.
    text: Option<&'a str>,
    decoded: &'a str,
    /// The request, by positions in the octets.
    pub reading: Result<&'a Request, Refused>,
}

impl<'a> View<'a> {
    /// The decoded path of a request; empty where it names nothing.
    pub fn path(&self) -> &'a str {
        match self.reading {
            Ok(Request { target, .. }) if target.is_plain => match self.text(target.path) {
                // An empty path is the root's (RFC 9110, section 4.2.3).
                "" => "/",
                path => path,
            },
            _ => self.decoded,
        }
    }

    /// A run of octets that are ASCII, as text.
    pub fn text(&self, span: Span) -> &'a str {
        let text = match self.text {
            Some(text) => text.get(span.start..span.end),
            None => str::from_utf8(span.of(self.octets)).ok(),
        };
        text.unwrap_or_default()
    }
}

/// The memory of one head.
#[derive(Debug)]
pub struct Memo {
    octets: Vec<u8>,
    path: String,
    request: Request,
    /// There is no request.
    refused: Option<Refused>,
}

/// Room for a head that is not remembered.
#[derive(Debug, Default)]
pub struct Spare {
    octets: Vec<u8>,
    path: String,
    request: Option<Request>,
}

/// What is read of a head that is none.
const NO_HEAD: Refused = Refused::closing(Refusal::Malformed);

impl Memo {
    /// A memo with its buffers.
    pub fn new() -> Self {
        Self {
            octets: Vec::with_capacity(HEAD_OCTETS_MAX),
            path: String::with_capacity(CANDIDATE_OCTETS_MAX),
            request: Request::EMPTY,
            refused: Some(NO_HEAD),
        }
    }

    /// Reads a head, unless it is the last one.
    pub fn read<'a>(&'a mut self, head: &'a str, spare: &'a mut Spare) -> View<'a> {
        let octets = head.as_bytes();
        // Nothing was ever read from an empty memo, and an empty head is read anew each time.
        if octets.is_empty() || !octet::same(octets, &self.octets) {
            if octets.len() > HEAD_OCTETS_MAX || !octet::copy_ascii(octets, &mut self.octets) {
                self.octets.clear();
                return spare.read(head);
            }
            self.path.clear();
            self.refused = self.request.read_into(octets, &mut self.path).err();
        }
        let reading = self.refused.map_or(Ok(&self.request), Err);
        View { octets, text: Some(head), decoded: &self.path, reading }
    }
}

impl Default for Memo {
    fn default() -> Self {
        Self::new()
    }
}

impl Spare {
    fn read<'a>(&'a mut self, head: &'a str) -> View<'a> {
        let text = head.is_ascii().then_some(head);
        let octets = if let Some(head) = text {
            head.as_bytes()
        } else {
            // Octets as text: a character is an octet, or the head is none.
            for character in head.chars() {
                let Ok(octet) = u8::try_from(character) else {
                    return View { octets: &[], text: None, decoded: "", reading: Err(NO_HEAD) };
                };
                self.octets.push(octet);
            }
            &self.octets
        };
        let reading = Request::read(octets, &mut self.path);
        let reading = reading.map(|request| &*self.request.insert(request));
        View { octets, text, decoded: &self.path, reading }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    #[test]
    fn a_memo_says_the_same_as_a_fresh_one_whatever_came_before() {
        let long = |length: usize| {
            let head =
                format!("GET /long HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(length));
            let fields = head.len() - length;
            format!("GET /long HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(length - fields))
        };
        let heads = [
            "GET /a HTTP/1.1\r\nHost: a\r\n\r\n".to_string(),
            "GET /b HTTP/1.1\r\nHost: a\r\n\r\n".to_string(),
            "GET /a%20b HTTP/1.1\r\nHost: a\r\n\r\n".to_string(),
            "GET /a HTTP/1.1\r\nHost: a\r\nX: \u{e4}\r\n\r\n".to_string(),
            "GET /a HTTP/1.1\r\nHost: a\r\nX: \u{100}\r\n\r\n".to_string(),
            "nonsense".to_string(),
            String::new(),
            "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n".to_string(),
            long(HEAD_OCTETS_MAX - 1),
            long(HEAD_OCTETS_MAX),
            long(HEAD_OCTETS_MAX + 1),
        ];
        let mut memo = Memo::new();
        let capacities = (memo.octets.capacity(), memo.path.capacity());
        for first in &heads {
            for second in &heads {
                for head in [first, second, second, first] {
                    let (mut spare, mut other_spare, mut fresh) =
                        (Spare::default(), Spare::default(), Memo::new());
                    let (one, other) =
                        (memo.read(head, &mut spare), fresh.read(head, &mut other_spare));
                    assert_eq!(
                        (one.octets, one.path(), one.reading),
                        (other.octets, other.path(), other.reading),
                        "{head:?}"
                    );
                }
            }
        }
        assert_eq!(
            (memo.octets.capacity(), memo.path.capacity()),
            capacities,
            "a buffer has moved"
        );
    }

    #[test]
    fn heads_are_remembered_up_to_16384_octets() {
        for (length, remembered) in
            [(HEAD_OCTETS_MAX - 1, true), (HEAD_OCTETS_MAX, true), (HEAD_OCTETS_MAX + 1, false)]
        {
            let mut memo = Memo::new();
            let head = "x".repeat(length);
            memo.read(&head, &mut Spare::default());
            assert_eq!(memo.octets.len(), if remembered { length } else { 0 });
        }
    }
}
