//! What is believed of a guest: nothing that is not checked here.

use std::fmt;

use crate::bindings::handler::{Content, Lookup, Part, Response, Slice};

/// Candidates, and likewise fallbacks, of one lookup.
const CANDIDATES_MAX: usize = 16;

/// A path of a lookup, in octets.
const PATH_OCTETS_MAX: usize = 4096;

/// Parts of one content.
const PARTS_MAX: usize = 64;

/// The header section of an answer, in octets.
const FIELDS_OCTETS_MAX: usize = 16 << 10;

/// Fields about framing, connections and time, which are not a guest's to set.
const RESERVED: [&str; 10] = [
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Upgrade",
    "Content-Length",
    "Date",
    "Server",
];

/// A promise of the contract that the guest broke, in words.
#[derive(Debug)]
pub struct Breach(String);

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a guest says is nothing that a terminal should obey.
        write!(formatter, "the guest broke the contract: {}", self.0.escape_debug())
    }
}

/// A field of an answer: its name, and the octets of its value.
pub type Field<'a> = (&'a str, Vec<u8>);

/// Checks what the guest wants looked up.
///
/// # Errors
/// What is wrong with it.
pub fn lookup(lookup: &Lookup) -> Result<(), Breach> {
    at_most("candidates", lookup.candidates.len(), CANDIDATES_MAX)?;
    at_most("fallbacks", lookup.fallbacks.len(), CANDIDATES_MAX)?;
    let fallbacks = lookup.fallbacks.iter().map(|fallback| &fallback.path);
    for path in lookup.candidates.iter().chain(fallbacks) {
        at_most("octets of a path", path.len(), PATH_OCTETS_MAX)?;
        if !path.starts_with('/') || path.contains('\0') {
            return breach(format!("the path {path:?} (a path starts with / and holds no NUL)"));
        }
    }
    Ok(())
}

/// Checks an answer against the size of the file that was found, and reads its fields.
///
/// # Errors
/// What is wrong with it.
pub fn response(response: &Response, file_octets: Option<u64>) -> Result<Vec<Field<'_>>, Breach> {
    let status = response.status;
    if !(200..=599).contains(&status) {
        return breach(format!("status {status} (200 to 599)"));
    }
    let fields = fields(&response.fields)?;
    let octets = content(&response.content, file_octets)?;
    if octets > 0 && matches!(status, 204 | 205 | 304) {
        return breach(format!("content with status {status}"));
    }
    Ok(fields)
}

/// The octets of a content, all of which are there.
fn content(content: &Content, file_octets: Option<u64>) -> Result<u64, Breach> {
    match content {
        Content::Slice(slice) => in_file(slice, file_octets)?,
        Content::Parts(parts) => {
            at_most("parts", parts.len(), PARTS_MAX)?;
            for part in parts {
                if let Part::Slice(slice) = part {
                    in_file(slice, file_octets)?;
                }
            }
        }
        Content::Empty | Content::Text(_) | Content::Octets(_) => {}
    }
    match length(content) {
        Some(octets) => Ok(octets),
        None => breach("more octets of content than can be counted".into()),
    }
}

/// The octets of a content; none where they are too many to be counted.
pub fn length(content: &Content) -> Option<u64> {
    match content {
        Content::Empty => Some(0),
        Content::Text(text) => Some(text.len() as u64),
        Content::Octets(octets) => Some(octets.len() as u64),
        Content::Slice(slice) => Some(slice.length),
        Content::Parts(parts) => parts.iter().try_fold(0_u64, |sum, part| match part {
            Part::Text(text) => sum.checked_add(text.len() as u64),
            Part::Slice(slice) => sum.checked_add(slice.length),
        }),
    }
}

fn in_file(slice: &Slice, file_octets: Option<u64>) -> Result<(), Breach> {
    let Slice { start, length } = *slice;
    let Some(size) = file_octets else {
        return breach("a slice, but no file was found".into());
    };
    match start.checked_add(length) {
        Some(end) if end <= size => Ok(()),
        _ => breach(format!("a slice of {length} octets from {start}, of a file of {size}")),
    }
}

/// Reads a header section: lines of `token ":" OWS field-value OWS CRLF` (RFC 9112, section 5).
fn fields(section: &str) -> Result<Vec<Field<'_>>, Breach> {
    at_most("octets of fields", section.len(), FIELDS_OCTETS_MAX)?;
    let Some(lines) = section.strip_suffix("\r\n") else {
        return match section {
            "" => Ok(Vec::new()),
            _ => breach("the last field line does not end in CRLF".into()),
        };
    };
    lines.split("\r\n").enumerate().map(|(at, line)| field(at + 1, line)).collect()
}

fn field(number: usize, line: &str) -> Result<Field<'_>, Breach> {
    let Some((name, value)) = line.split_once(':') else {
        return breach(format!("field line {number} has no colon"));
    };
    if name.is_empty() || !name.bytes().all(is_of_token) {
        return breach(format!("field line {number}: its name is not a token"));
    }
    if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return breach(format!("the field {name}, which is not the guest's to set"));
    }
    let octet = |character: char| {
        let octet = u8::try_from(character).ok()?;
        matches!(octet, b'\t' | b' '..=b'~' | 0x80..).then_some(octet)
    };
    match value.trim_matches([' ', '\t']).chars().map(octet).collect() {
        Some(value) => Ok((name, value)),
        None => breach(format!(
            "field line {number}: its value has a control character, or one above U+00FF"
        )),
    }
}

/// Whether an octet may be in a token (RFC 9110, section 5.6.2).
fn is_of_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

fn at_most(what: &str, count: usize, max: usize) -> Result<(), Breach> {
    match count <= max {
        true => Ok(()),
        false => breach(format!("{count} {what}, of at most {max}")),
    }
}

fn breach<T>(reason: String) -> Result<T, Breach> {
    Err(Breach(reason))
}
