//! What the host believes of an answer: nothing that is not checked here.
//!
//! Framing is checked where it is known, by the server; paths once more by the kernel, when they
//! are opened. A [`Breach`] costs the request a 500 and the instance its life.

use memchr::{memchr, memchr2};

use crate::sandbox::bindings::contract::{
    Action, Content, Found, Lookup, Parsed, Part, Response, Slice,
};
use crate::sandbox::error::Breach;

/// Candidates, and likewise fallbacks, of one lookup.
const CANDIDATES_MAX: usize = 16;

/// A path of a lookup, in octets: what Linux takes at most.
const PATH_OCTETS_MAX: usize = 4096;

/// Parts of one content.
const PARTS_MAX: usize = 64;

/// The header section of an answer, in octets.
const FIELDS_OCTETS_MAX: usize = 16 << 10;

/// What the host knows that an answer has to agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Octets of the file that slices are taken from; none when there is no file.
    pub file_octets: Option<u64>,
}

impl Facts {
    /// What was found.
    pub fn of(found: &Found) -> Facts {
        Facts {
            file_octets: match found {
                Found::File(file) => Some(file.size),
                Found::Directory(_) | Found::Nothing(_) => None,
            },
        }
    }
}

/// Checks what `parse` returned.
pub fn parsed(parsed: &Parsed) -> Result<(), Breach> {
    match &parsed.action {
        Action::LookUp(asked) => lookup(asked),
        Action::Answer(answer) => response(answer, Facts { file_octets: None }),
    }
}

fn lookup(lookup: &Lookup) -> Result<(), Breach> {
    at_most("candidates", lookup.candidates.len(), CANDIDATES_MAX)?;
    at_most("fallbacks", lookup.fallbacks.len(), CANDIDATES_MAX)?;
    let fallbacks = lookup.fallbacks.iter().map(|fallback| &fallback.path);
    for path in lookup.candidates.iter().chain(fallbacks) {
        at_most("octets of a path", path.len(), PATH_OCTETS_MAX)?;
        if !path.starts_with('/') || memchr(0, path.as_bytes()).is_some() {
            return Err(Breach::Path(path.clone()));
        }
    }
    Ok(())
}

/// Checks a response against what is known of the file.
pub fn response(response: &Response, facts: Facts) -> Result<(), Breach> {
    if !(200..=599).contains(&response.status) {
        return Err(Breach::Status(response.status));
    }
    fields(&response.fields)?;
    let has_content = match &response.content {
        Content::Empty => false,
        Content::Text(text) => !text.is_empty(),
        Content::Octets(octets) => !octets.is_empty(),
        Content::Slice(slice) => in_file(slice, facts)?,
        Content::Parts(parts) => {
            at_most("parts", parts.len(), PARTS_MAX)?;
            let mut total = 0_u64;
            for part in parts {
                let octets = match part {
                    Part::Text(text) => text.len() as u64,
                    Part::Slice(slice) => {
                        in_file(slice, facts)?;
                        slice.length
                    }
                };
                // Each part is below 2^63 octets, but 64 of them may not be.
                total = total.checked_add(octets).ok_or(Breach::TooMany {
                    what: "octets of content",
                    count: usize::MAX,
                    max: usize::MAX,
                })?;
            }
            total > 0
        }
    };
    match has_content && matches!(response.status, 204 | 205 | 304) {
        true => Err(Breach::ContentForbidden(response.status)),
        false => Ok(()),
    }
}

/// Whether a slice has octets, all of them inside the file.
fn in_file(slice: &Slice, facts: Facts) -> Result<bool, Breach> {
    let size = facts.file_octets.ok_or(Breach::SliceOfNothing)?;
    match slice.start.checked_add(slice.length) {
        Some(end) if end <= size => Ok(slice.length > 0),
        _ => Err(Breach::SliceOutside { start: slice.start, length: slice.length, size }),
    }
}

/// Checks a header section: lines of `token ":" OWS field-value OWS CRLF` (RFC 9112, section 5),
/// characters up to U+00FF, no field of the host's own.
fn fields(section: &str) -> Result<(), Breach> {
    at_most("octets of fields", section.len(), FIELDS_OCTETS_MAX)?;
    let section = section.as_bytes();
    // All at once, without a branch for each octet; which line it was matters only if one is bad.
    let is_clean = section.iter().fold(true, |clean, octet| clean & may_occur(*octet));
    let mut rest = section;
    let mut line = 0;
    while !rest.is_empty() {
        line += 1;
        let bad = |reason| Err(Breach::Field { line, reason });
        let name = rest.iter().take_while(|octet| TOKEN[usize::from(**octet)]).count();
        if name == 0 {
            return bad("it does not start with a name");
        }
        if rest.get(name) != Some(&b':') {
            return bad("its name is not a token followed by a colon");
        }
        if is_reserved(&rest[..name]) {
            return Err(Breach::ReservedField(String::from_utf8_lossy(&rest[..name]).into()));
        }
        let value = &rest[name + 1..];
        let end = memchr2(b'\r', b'\n', value).unwrap_or(value.len());
        if value.get(end..end + 2) != Some(b"\r\n") {
            return bad("it does not end in CRLF");
        }
        if !is_clean && !value[..end].iter().all(|octet| may_occur(*octet)) {
            return bad("its value has a control character, or one above U+00FF");
        }
        rest = &value[end + 2..];
    }
    Ok(())
}

/// Octets that the UTF-8 of a header section is made of: its line ends, HTAB, visible ASCII and
/// blanks, and the encoding of U+0080 to U+00FF, which starts with 0xC2 or 0xC3.
fn may_occur(octet: u8) -> bool {
    matches!(octet, b'\t' | b'\r' | b'\n' | b' '..=b'~' | 0x80..=0xc3)
}

/// Fields about framing, connections and time, which the host sets itself.
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

fn is_reserved(name: &[u8]) -> bool {
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved.as_bytes()))
}

/// Octets of a token (RFC 9110, section 5.6.2).
const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = (octet as u8).is_ascii_alphanumeric();
        octet += 1;
    }
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    table
};

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), Breach> {
    match count <= max {
        true => Ok(()),
        false => Err(Breach::TooMany { what, count, max }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::bindings::contract::{Directories, Fallback, Persistence, Trouble};

    const FILE: Facts = Facts { file_octets: Some(100) };
    const NO_FILE: Facts = Facts { file_octets: None };

    fn with_fields(fields: &str) -> Result<(), Breach> {
        let fields = fields.to_owned();
        response(&Response { status: 200, fields, content: Content::Empty }, NO_FILE)
    }

    fn with_content(status: u16, content: Content, facts: Facts) -> Result<(), Breach> {
        response(&Response { status, fields: String::new(), content }, facts)
    }

    fn slice(start: u64, length: u64) -> Content {
        Content::Slice(Slice { start, length })
    }

    #[test]
    fn well_formed_fields_pass() {
        for fields in
            ["", "A: b\r\n", "A:\r\n", "a!#: \tx \u{80}\u{ff}\r\nB: c\r\n", "Dates: x\r\n"]
        {
            assert_eq!(with_fields(fields), Ok(()), "{fields:?}");
        }
    }

    #[test]
    fn rfc9112_5_fields_that_are_not_lines_of_name_and_value_are_a_breach() {
        for fields in [
            "A: b",
            "A: b\n",
            "A: b\r",
            "A: b\r\r\n",
            "A: b\r\n\r\n",
            "A: b\r\n\r\nHTTP/1.1 200 OK\r\n",
            "A: b\nC: d\r\n",
            "A: b\rC: d\r\n",
            "A: \0\r\n",
            "A: \u{1}\r\n",
            "A: \u{7f}\r\n",
            "A: \u{100}\r\n",
            "A: \u{20ac}\r\n",
            "A: \u{1F600}\r\n",
            ": b\r\n",
            "A b\r\n",
            "A : b\r\n",
            " A: b\r\n",
            "A: b\r\n c\r\n",
            "\u{e9}: b\r\n",
            "\r\n",
        ] {
            assert!(matches!(with_fields(fields), Err(Breach::Field { .. })), "{fields:?}");
        }
    }

    #[test]
    fn fields_of_the_host_are_a_breach_in_any_case() {
        for name in RESERVED {
            for name in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
                let expected = Err(Breach::ReservedField(name.clone()));
                assert_eq!(with_fields(&format!("A: b\r\n{name}: x\r\n")), expected);
            }
        }
    }

    #[test]
    fn the_size_of_fields_is_limited_on_both_sides_of_the_edge() {
        let fields = |octets: usize| format!("A:{}\r\n", "x".repeat(octets - 4));
        assert_eq!(with_fields(&fields(FIELDS_OCTETS_MAX)), Ok(()));
        assert!(with_fields(&fields(FIELDS_OCTETS_MAX + 1)).is_err());
    }

    #[test]
    fn a_status_is_200_to_599() {
        for (status, good) in [(0, false), (199, false), (200, true), (599, true), (600, false)] {
            assert_eq!(with_content(status, Content::Empty, NO_FILE).is_ok(), good, "{status}");
        }
    }

    #[test]
    fn slices_lie_inside_the_file() {
        for (start, length) in [(0, 0), (0, 100), (99, 1), (100, 0)] {
            assert_eq!(with_content(200, slice(start, length), FILE), Ok(()), "{start} {length}");
        }
        for (start, length) in [(0, 101), (100, 1), (101, 0), (u64::MAX, 1), (1, u64::MAX)] {
            let expected = Err(Breach::SliceOutside { start, length, size: 100 });
            assert_eq!(with_content(200, slice(start, length), FILE), expected);
        }
        assert_eq!(with_content(200, slice(0, 0), NO_FILE), Err(Breach::SliceOfNothing));
    }

    #[test]
    fn parts_are_limited_and_checked_each() {
        let parts = |count| Content::Parts(vec![Part::Text("x".into()); count]);
        assert_eq!(with_content(206, parts(PARTS_MAX), FILE), Ok(()));
        assert!(with_content(206, parts(PARTS_MAX + 1), FILE).is_err());
        let outside = Content::Parts(vec![
            Part::Slice(Slice { start: 0, length: 100 }),
            Part::Slice(Slice { start: 100, length: 1 }),
        ]);
        assert!(matches!(with_content(206, outside, FILE), Err(Breach::SliceOutside { .. })));
        let huge = Facts { file_octets: Some(u64::MAX) };
        let twice = Content::Parts(vec![Part::Slice(Slice { start: 0, length: u64::MAX }); 2]);
        assert!(matches!(with_content(206, twice, huge), Err(Breach::TooMany { .. })));
    }

    #[test]
    fn rfc9110_15_4_5_content_where_the_status_forbids_it_is_a_breach() {
        for status in [204, 205, 304] {
            assert_eq!(with_content(status, Content::Text(String::new()), FILE), Ok(()));
            for content in [Content::Text("x".into()), Content::Octets(vec![0]), slice(0, 1)] {
                let expected = Err(Breach::ContentForbidden(status));
                assert_eq!(with_content(status, content, FILE), expected);
            }
        }
    }

    #[test]
    fn lookups_are_limited_in_number_and_shape() {
        let check = |candidates: Vec<String>, fallbacks: Vec<String>| {
            parsed(&Parsed {
                action: Action::LookUp(Lookup {
                    site: String::new(),
                    candidates,
                    fallbacks: fallbacks
                        .into_iter()
                        .map(|path| Fallback { after: Trouble::Missing, path })
                        .collect(),
                    directories: Directories::Find,
                }),
                persistence: Persistence::Close,
            })
        };
        let paths = |count| vec!["/a".to_owned(); count];
        assert_eq!(check(paths(CANDIDATES_MAX), paths(CANDIDATES_MAX)), Ok(()));
        assert!(check(paths(CANDIDATES_MAX + 1), vec![]).is_err());
        assert!(check(vec![], paths(CANDIDATES_MAX + 1)).is_err());
        for (path, good) in [
            ("/".to_owned() + &"x".repeat(PATH_OCTETS_MAX - 1), true),
            ("/".to_owned() + &"x".repeat(PATH_OCTETS_MAX), false),
            (String::new(), false),
            ("a".into(), false),
            ("/a\0b".into(), false),
        ] {
            assert_eq!(check(vec![path.clone()], vec![]).is_ok(), good, "{path:?}");
            assert_eq!(check(vec![], vec![path.clone()]).is_ok(), good, "{path:?}");
        }
    }
}
