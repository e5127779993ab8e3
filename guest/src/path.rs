//! From the escaped path of a target to the name of a file, and back (RFC 3986, sections 2.1 and
//! 5.2.4).
//!
//! 1. escapes are decoded, once;
//! 2. dot segments are removed from the decoded path, never above the root;
//! 3. empty segments are merged, so that a path that we write never starts with `//`, which would
//!    name
//!    another host;
//! 4. hidden names are refused.

use crate::octet;
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

/// The longest path of a candidate, as the contract has it.
pub const CANDIDATE_OCTETS_MAX: usize = 4_096;

/// The one hidden name that is shown (RFC 8615).
const WELL_KNOWN: &[u8] = b".well-known";

/// Why a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// It has an escape that is malformed, or that is read in two ways.
    Malformed,
    /// No file that this site shows can have that name.
    Unnameable,
}

/// Appends the decoded form of an escaped path whose grammar has been checked.
///
/// A path that decodes to more than [`CANDIDATE_OCTETS_MAX`] octets names no file. Nothing is
/// appended when the path is refused.
pub fn decode(escaped: &[u8], path: &mut String) -> Result<(), Unnamed> {
    let mut octets = unescape(escaped)?;
    remove_dot_segments(&mut octets);
    octets.dedup_by(|next, previous| *next == b'/' && *previous == b'/');
    if octets
        .split(|&o| o == b'/')
        .any(|segment| segment.starts_with(b".") && segment != WELL_KNOWN)
    {
        return Err(Unnamed::Unnameable);
    }
    append(&octets, path)
}

fn append(octets: &[u8], path: &mut String) -> Result<(), Unnamed> {
    if octets.len() > CANDIDATE_OCTETS_MAX {
        return Err(Unnamed::Unnameable);
    }
    // An empty path is the root's (RFC 9110, section 4.2.3).
    let octets = if octets.is_empty() { b"/" } else { octets };
    // A name that is not UTF-8 cannot be told to the host; such files are not shown.
    path.push_str(str::from_utf8(octets).map_err(|_| Unnamed::Unnameable)?);
    Ok(())
}

/// The decoded form of any escaped path whose grammar has been checked, even of one that names no
/// file here, for rules about paths: hidden names are left in, an escaped slash is a slash, and
/// what is not UTF-8 becomes U+FFFD. None where an escape stands for NUL.
pub fn decode_any(escaped: &[u8]) -> Option<String> {
    let (mut octets, _) = unescape_all(escaped)?;
    if octets.is_empty() {
        return Some("/".into());
    }
    remove_dot_segments(&mut octets);
    octets.dedup_by(|next, previous| *next == b'/' && *previous == b'/');
    Some(String::from_utf8_lossy(&octets).into_owned())
}

/// The path without escapes. `%00` ends a name for some recipients and not for others: it is
/// refused; an escaped slash is part of a name that no file system has.
fn unescape(escaped: &[u8]) -> Result<Vec<u8>, Unnamed> {
    match unescape_all(escaped) {
        None => Err(Unnamed::Malformed),
        Some((_, true)) => Err(Unnamed::Unnameable),
        Some((octets, false)) => Ok(octets),
    }
}

/// The path without escapes, and whether one of them was a slash; none where one is malformed.
fn unescape_all(escaped: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut octets = Vec::with_capacity(escaped.len());
    let mut slash = false;
    let mut rest = escaped;
    while let [first, tail @ ..] = rest {
        let mut octet = *first;
        rest = tail;
        if octet == b'%' {
            let [high, low, tail @ ..] = tail else { return None };
            octet = octet::hex_value(*high)? << 4 | octet::hex_value(*low)?;
            if octet == 0 {
                return None;
            }
            slash |= octet == b'/';
            rest = tail;
        }
        octets.push(octet);
    }
    Some((octets, slash))
}

/// The text that a piece of the configuration stands for, in which escapes are as in an address.
pub fn unescape_text(escaped: &str) -> Option<String> {
    String::from_utf8(unescape(escaped.as_bytes()).ok()?).ok()
}

/// Removes dot segments (RFC 3986, section 5.2.4), in place: what is kept never overtakes what is
/// read.
fn remove_dot_segments(octets: &mut Vec<u8>) {
    let mut kept = 0;
    let mut at = 0;
    while at < octets.len() {
        // `at` is at the slash before a segment.
        let end =
            octets[at + 1..].iter().position(|&o| o == b'/').map_or(octets.len(), |n| at + 1 + n);
        let last = end == octets.len();
        match &octets[at + 1..end] {
            b"." => {}
            b".." => kept = octets[..kept].iter().rposition(|&o| o == b'/').unwrap_or(0),
            _ => {
                octets.copy_within(at..end, kept);
                kept += end - at;
                at = end;
                continue;
            }
        }
        // A dot segment at the end leaves its slash behind.
        if last {
            octets[kept] = b'/';
            kept += 1;
        }
        at = end;
    }
    octets.truncate(kept);
}

/// Appends a path in escaped form.
pub fn push_escaped(text: &mut String, path: &str) {
    push(text, path.as_bytes(), octet::is_segment);
}

/// Appends a query as it was received, with the octets escaped that only we let pass.
pub fn push_query(text: &mut String, query: &[u8]) {
    push(text, query, |o| octet::is_segment(o) || o == b'?' || o == b'%');
}

/// Appends octets; those that are not plain, as escapes. Whatever is plain has to be ASCII.
fn push(text: &mut String, octets: &[u8], plain: impl Fn(u8) -> bool) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut rest = octets;
    loop {
        let run = rest.iter().position(|&octet| !plain(octet)).unwrap_or(rest.len());
        text.push_str(str::from_utf8(&rest[..run]).unwrap_or_default());
        let Some(octet) = rest.get(run) else { return };
        text.push('%');
        text.push(char::from(DIGITS[usize::from(octet >> 4)]));
        text.push(char::from(DIGITS[usize::from(octet & 15)]));
        rest = &rest[run + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(escaped: &str) -> Result<String, Unnamed> {
        let mut path = String::new();
        decode(escaped.as_bytes(), &mut path).map(|()| path)
    }

    #[track_caller]
    fn becomes(escaped: &str, path: &str) {
        assert_eq!(decoded(escaped).as_deref(), Ok(path), "{escaped}");
    }

    #[test]
    fn rfc3986_2_4_escapes_are_decoded_once() {
        becomes("/a.html", "/a.html");
        becomes("/%61%2ehtml", "/a.html");
        becomes("/%2561", "/%61");
        becomes("/%E4%BD%A0", "/\u{4f60}");
        becomes("/a%5C%20%7f", "/a\\ \u{7f}");
        becomes("", "/");
    }

    #[test]
    fn rfc3986_5_2_4_dot_segments() {
        becomes("/a/b/c/./../../g", "/a/g");
        becomes("/a/.", "/a/");
        becomes("/a/./", "/a/");
        becomes("/a/..", "/");
        becomes("/a/../", "/");
        becomes("/a/b/..", "/a/");
        becomes("/.", "/");
        becomes("/./a", "/a");
        becomes("/a//../b", "/a/b");
        becomes("/a//..", "/a/");
    }

    #[test]
    fn any_path_has_a_form_for_rules() {
        for (escaped, path) in [
            ("", "/"),
            ("/a/b", "/a/b"),
            ("/.git/config", "/.git/config"),
            ("/a%2Fb", "/a/b"),
            ("/x%2f..%2fa//b", "/a/b"),
            ("/..%2fa", "/a"),
            ("/a%ffb", "/a\u{fffd}b"),
            ("/%2561", "/%61"),
        ] {
            assert_eq!(decode_any(escaped.as_bytes()).as_deref(), Some(path), "{escaped}");
        }
        assert_eq!(decode_any(b"/a%00"), None);
    }

    #[test]
    fn nothing_gets_above_the_root() {
        for escaped in
            ["/../x", "/../../x", "/%2e%2e/x", "/a/../../x", "/.%2e/%2E./x", "//../x", "/./../x"]
        {
            becomes(escaped, "/x");
        }
        for escaped in ["/..", "/../", "/../..", "/a/../.."] {
            becomes(escaped, "/");
        }
    }

    #[test]
    fn empty_segments_are_merged() {
        becomes("//", "/");
        becomes("///a//b///", "/a/b/");
        becomes("//evil.example/..//x", "/x");
    }

    #[test]
    fn hidden_names_are_not_shown() {
        for escaped in
            ["/.git/config", "/a/.htpasswd", "/%2egit", "/...", "/..a", "/a/..b/", "/.well-known2"]
        {
            assert_eq!(decoded(escaped), Err(Unnamed::Unnameable), "{escaped}");
        }
        becomes("/.well-known/acme", "/.well-known/acme");
        becomes("/a.b/c.", "/a.b/c.");
    }

    #[test]
    fn escaped_nul_is_400_and_escaped_slash_404() {
        assert_eq!(decoded("/a%00b"), Err(Unnamed::Malformed));
        assert_eq!(decoded("/a%2fb"), Err(Unnamed::Unnameable));
        assert_eq!(decoded("/..%2Fb"), Err(Unnamed::Unnameable));
        assert_eq!(decoded("/%2f%00"), Err(Unnamed::Malformed));
    }

    #[test]
    fn names_that_are_not_utf_8_are_404() {
        assert_eq!(decoded("/%ff"), Err(Unnamed::Unnameable));
        assert_eq!(decoded("/%c0%af"), Err(Unnamed::Unnameable));
        assert_eq!(decoded("/%ed%a0%80"), Err(Unnamed::Unnameable));
    }

    #[test]
    fn paths_end_at_4096_octets() {
        for escape in ["", "%61"] {
            let path = |length: usize| {
                let mut path = String::from("/");
                path.push_str(escape);
                let decoded = if escape.is_empty() { 1 } else { 2 };
                path.extend(core::iter::repeat_n('a', length - decoded));
                decoded_length(&path)
            };
            assert_eq!(path(CANDIDATE_OCTETS_MAX - 1), Ok(CANDIDATE_OCTETS_MAX - 1));
            assert_eq!(path(CANDIDATE_OCTETS_MAX), Ok(CANDIDATE_OCTETS_MAX));
            assert_eq!(path(CANDIDATE_OCTETS_MAX + 1), Err(Unnamed::Unnameable));
        }
    }

    fn decoded_length(escaped: &str) -> Result<usize, Unnamed> {
        decoded(escaped).map(|path| path.len())
    }

    #[test]
    fn a_path_survives_being_written_and_read() {
        for path in [
            "/",
            "/a b/",
            "/\u{4f60}\u{7f}\n\r",
            "/a?b#c%41",
            "/[x]{y}|\\^`\"<>",
            "/a:@!$&'()*+,;=~_-.",
        ] {
            let mut escaped = String::new();
            push_escaped(&mut escaped, path);
            assert!(escaped.bytes().all(|o| o == b'%' || octet::is_segment(o)), "{escaped}");
            becomes(&escaped, path);
        }
        let mut query = String::new();
        push_query(&mut query, b"a=%41&b[]=c?/");
        assert_eq!(query, "a=%41&b%5B%5D=c?/");
    }
}
