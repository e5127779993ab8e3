//! What is believed of a guest: nothing that has not passed [`wasmhttpd_http::check`].
//!
//! Says there what the contract's types hold, and reads the fields of an answer that has passed.

use std::fmt;

use wasmhttpd_http::check::{self, Extent};

use crate::bindings::handler::{Content, Lookup, Part, Response, Slice};

/// A promise of the contract that the guest broke, in words.
#[derive(Debug)]
pub struct Breach(check::Breach);

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a guest says is nothing that a terminal should obey.
        let reason = self.0.to_string();
        write!(formatter, "the guest broke the contract: {}", reason.escape_debug())
    }
}

impl From<check::Breach> for Breach {
    fn from(breach: check::Breach) -> Breach {
        Breach(breach)
    }
}

/// A field of an answer: its name, and the octets of its value.
pub type Field<'a> = (&'a str, Vec<u8>);

/// Checks what the guest wants looked up.
///
/// # Errors
/// What is wrong with it.
pub fn lookup(lookup: &Lookup) -> Result<(), Breach> {
    let candidates = lookup.candidates.iter().map(String::as_str);
    let fallbacks = lookup.fallbacks.iter().map(|fallback| fallback.path.as_str());
    Ok(check::lookup(candidates, fallbacks)?)
}

/// Checks an answer against the size of the file that was found; says how many octets its content
/// has.
///
/// # Errors
/// What is wrong with it.
pub fn response(response: &Response, file_octets: Option<u64>) -> Result<u64, Breach> {
    let Response { status, fields, content } = response;
    let content = match content {
        Content::Empty => octets(0),
        Content::Text(text) => octets(text.len()),
        Content::Octets(content) => octets(content.len()),
        Content::Slice(part) => slice(part),
        Content::Parts(parts) => {
            let parts = parts.iter().map(extent);
            return Ok(check::response(*status, fields, parts, file_octets)?);
        }
    };
    Ok(check::response(*status, fields, [content].into_iter(), file_octets)?)
}

fn extent(part: &Part) -> Extent {
    match part {
        Part::Text(text) => octets(text.len()),
        Part::Slice(part) => slice(part),
    }
}

fn octets(count: usize) -> Extent {
    Extent::Octets(count as u64)
}

fn slice(slice: &Slice) -> Extent {
    Extent::Slice { start: slice.start, length: slice.length }
}

/// The fields of a header section that has been checked: lines of
/// `token ":" OWS field-value OWS CRLF`, characters up to U+00FF (RFC 9112, section 5).
pub fn fields(section: &str) -> Vec<Field<'_>> {
    let lines = section.split_terminator("\r\n").filter_map(|line| line.split_once(':'));
    let octets = |value: &str| {
        let characters = value.trim_matches([' ', '\t']).chars();
        characters.map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
    };
    lines.map(|(name, value)| (name, octets(value))).collect()
}
