//! From an escaped path to the name of a file (RFC 3986, sections 2.1 and 5.2.4).

use crate::{BAD_REQUEST, Status};

/// A path that no file of the site can have.
const NOT_FOUND: Status = 404;

/// The longest path, in octets.
const OCTETS_MAX: usize = 4_096;

/// Decodes once, removes dot segments, merges slashes; hidden names are not found.
pub fn decode(escaped: &str) -> Result<String, Status> {
    let octets = unescape(escaped)?;
    // An absolute target may have no path: that is the root (RFC 9110, section 4.2.3).
    let segments: Vec<&[u8]> = octets.split(|octet| *octet == b'/').skip(1).collect();
    let mut kept = Vec::new();
    for segment in &segments {
        match *segment {
            b"." => {}
            b".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    kept.retain(|name| !name.is_empty());
    if kept.iter().any(|name| name.starts_with(b".") && *name != b".well-known") {
        return Err(NOT_FOUND);
    }
    let mut path = Vec::new();
    for name in &kept {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() || matches!(segments.last(), Some(&(b"" | b"." | b".."))) {
        path.push(b'/');
    }
    if path.len() > OCTETS_MAX {
        return Err(NOT_FOUND);
    }
    String::from_utf8(path).map_err(|_| NOT_FOUND)
}

/// The octets of a path in which every `%` is followed by two digits. NUL is refused, whatever else
/// there is; an escaped slash is in no name.
fn unescape(escaped: &str) -> Result<Vec<u8>, Status> {
    let mut pieces = escaped.split('%');
    let mut octets: Vec<u8> = pieces.next().unwrap_or_default().into();
    let mut decoded = Vec::new();
    for piece in pieces {
        let (digits, rest) = piece.split_at(2);
        let octet = u8::from_str_radix(digits, 16).expect("the target was checked");
        decoded.push(octet);
        octets.push(octet);
        octets.extend(rest.bytes());
    }
    match () {
        () if decoded.contains(&0) => Err(BAD_REQUEST),
        () if decoded.contains(&b'/') => Err(NOT_FOUND),
        () => Ok(octets),
    }
}
