//! The checks that every guest's answer must pass. The server calls them, and so do the adapters,
//! which run a guest on another host. Nothing that a guest returned is believed before.
//!
//! The types of a guest's answer are made by bindings, and so are others in the server and in the
//! adapters: both say here what theirs holds. Framing is checked where it is known; paths once
//! more by the kernel, when they are opened.

use std::fmt;

use memchr::{memchr, memchr2};

/// Candidates, and likewise fallbacks, of one lookup.
pub const CANDIDATES_MAX: usize = 16;

/// A path of a lookup, in bytes: what Linux takes at most.
pub const PATH_OCTETS_MAX: usize = 4096;

/// Parts of one content.
pub const PARTS_MAX: usize = 64;

/// The header section of an answer, in bytes.
pub const FIELDS_OCTETS_MAX: usize = 16 << 10;

/// A promise of the contract that an answer broke.
#[derive(Debug, PartialEq, Eq)]
pub enum Breach {
    /// More of something than allowed.
    TooMany {
        /// Candidates, parts, octets of fields …
        what: &'static str,
        /// How many there were.
        count: usize,
        /// How many may be.
        max: usize,
    },
    /// A candidate or fallback that is no path below the document root.
    Path(String),
    /// A status that is none, or not the guest's to send.
    Status(u16),
    /// A header section that is not made of field lines.
    Field {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A field that is the host's own.
    ReservedField(String),
    /// Content with a status that forbids it.
    ContentForbidden(u16),
    /// Octets of a file that are not there.
    SliceOutside {
        /// First octet.
        start: u64,
        /// Octets.
        length: u64,
        /// Octets that the file has.
        size: u64,
    },
    /// Octets of a file when none was found.
    SliceOfNothing,
}

impl Breach {
    /// Which promise it was, in a word.
    pub fn name(&self) -> &'static str {
        match self {
            Breach::TooMany { .. } => "too-many",
            Breach::Path(_) => "path",
            Breach::Status(_) => "status",
            Breach::Field { .. } => "field",
            Breach::ReservedField(_) => "reserved-field",
            Breach::ContentForbidden(_) => "content-forbidden",
            Breach::SliceOutside { .. } => "slice-outside",
            Breach::SliceOfNothing => "slice-of-nothing",
        }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Breach::TooMany { what, count, max } => {
                write!(formatter, "{count} {what}, of at most {max}")
            }
            Breach::Path(path) => {
                write!(formatter, "the path {path:?} (a path starts with / and holds no NUL)")
            }
            Breach::Status(status) => write!(formatter, "status {status} (200 to 599)"),
            Breach::Field { line, reason } => write!(formatter, "field line {line}: {reason}"),
            Breach::ReservedField(name) => {
                write!(formatter, "the field {name}, which the host sets itself")
            }
            Breach::ContentForbidden(status) => write!(formatter, "content with status {status}"),
            Breach::SliceOutside { start, length, size } => {
                write!(formatter, "a slice of {length} octets from {start}, of a file of {size}")
            }
            Breach::SliceOfNothing => formatter.write_str("a slice, but no file was found"),
        }
    }
}

impl std::error::Error for Breach {}

/// A part of a content, as far as it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A number of bytes in memory.
    Octets(u64),
    /// Bytes of the file.
    Slice {
        /// The first one.
        start: u64,
        /// How many.
        length: u64,
    },
}

/// Checks what a guest wants looked up.
///
/// # Errors
/// The first promise that it breaks.
pub fn lookup<'a>(
    candidates: impl ExactSizeIterator<Item = &'a str>,
    fallbacks: impl ExactSizeIterator<Item = &'a str>,
) -> Result<(), Breach> {
    at_most("candidates", candidates.len(), CANDIDATES_MAX)?;
    at_most("fallbacks", fallbacks.len(), CANDIDATES_MAX)?;
    for path in candidates.chain(fallbacks) {
        at_most("octets of a path", path.len(), PATH_OCTETS_MAX)?;
        if !path.starts_with('/') || memchr(0, path.as_bytes()).is_some() {
            return Err(Breach::Path(path.to_owned()));
        }
    }
    Ok(())
}

/// Checks an answer against the size of the file that was found, if one was; says how many bytes
/// its `content` has.
///
/// # Errors
/// The first promise that it breaks.
#[inline]
pub fn response(
    status: u16,
    fields: &str,
    content: impl ExactSizeIterator<Item = Extent>,
    file_octets: Option<u64>,
) -> Result<u64, Breach> {
    if !(200..=599).contains(&status) {
        return Err(Breach::Status(status));
    }
    header_section(fields)?;
    at_most("parts", content.len(), PARTS_MAX)?;
    let mut total = 0_u64;
    for extent in content {
        let octets = match extent {
            Extent::Octets(octets) => octets,
            Extent::Slice { start, length } => in_file(start, length, file_octets)?,
        };
        // Each part is below 2^63 octets, but 64 of them may not be.
        total = total.checked_add(octets).ok_or(Breach::TooMany {
            what: "octets of content",
            count: usize::MAX,
            max: usize::MAX,
        })?;
    }
    match total > 0 && matches!(status, 204 | 205 | 304) {
        true => Err(Breach::ContentForbidden(status)),
        false => Ok(total),
    }
}

/// The length of a slice that lies inside the file.
fn in_file(start: u64, length: u64, file_octets: Option<u64>) -> Result<u64, Breach> {
    let size = file_octets.ok_or(Breach::SliceOfNothing)?;
    match start.checked_add(length) {
        Some(end) if end <= size => Ok(length),
        _ => Err(Breach::SliceOutside { start, length, size }),
    }
}

/// Checks a header section: lines of `token ":" OWS field-value OWS CRLF` (RFC 9112, section 5),
/// characters up to U+00FF, no field of the host's own.
///
/// # Errors
/// The first promise that it breaks.
pub fn header_section(section: &str) -> Result<(), Breach> {
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
    use std::slice;

    use super::*;

    const SIZE: Option<u64> = Some(100);

    fn with_fields(fields: &str) -> Result<u64, Breach> {
        response(200, fields, [].into_iter(), None)
    }

    fn with_content(status: u16, content: &[Extent], size: Option<u64>) -> Result<u64, Breach> {
        response(status, "", content.iter().copied(), size)
    }

    fn extent(start: u64, length: u64) -> Extent {
        Extent::Slice { start, length }
    }

    #[test]
    fn well_formed_fields_pass() {
        for fields in
            ["", "A: b\r\n", "A:\r\n", "a!#: \tx \u{80}\u{ff}\r\nB: c\r\n", "Dates: x\r\n"]
        {
            assert_eq!(with_fields(fields), Ok(0), "{fields:?}");
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
        assert_eq!(with_fields(&fields(FIELDS_OCTETS_MAX)), Ok(0));
        assert!(with_fields(&fields(FIELDS_OCTETS_MAX + 1)).is_err());
    }

    #[test]
    fn a_status_is_200_to_599() {
        for (status, good) in [(0, false), (199, false), (200, true), (599, true), (600, false)] {
            assert_eq!(with_content(status, &[], None).is_ok(), good, "{status}");
        }
    }

    #[test]
    fn slices_lie_inside_the_file() {
        for (start, length) in [(0, 0), (0, 100), (99, 1), (100, 0)] {
            assert_eq!(with_content(200, &[extent(start, length)], SIZE), Ok(length), "{start}");
        }
        for (start, length) in [(0, 101), (100, 1), (101, 0), (u64::MAX, 1), (1, u64::MAX)] {
            let expected = Err(Breach::SliceOutside { start, length, size: 100 });
            assert_eq!(with_content(200, &[extent(start, length)], SIZE), expected);
        }
        assert_eq!(with_content(200, &[extent(0, 0)], None), Err(Breach::SliceOfNothing));
    }

    #[test]
    fn parts_are_limited_and_checked_each() {
        let parts = |count| vec![Extent::Octets(1); count];
        assert_eq!(with_content(206, &parts(PARTS_MAX), SIZE), Ok(PARTS_MAX as u64));
        assert!(with_content(206, &parts(PARTS_MAX + 1), SIZE).is_err());
        let outside = [extent(0, 100), extent(100, 1)];
        let checked = with_content(206, &outside, SIZE);
        assert!(matches!(checked, Err(Breach::SliceOutside { .. })));
        let twice = [extent(0, u64::MAX); 2];
        let checked = with_content(206, &twice, Some(u64::MAX));
        assert!(matches!(checked, Err(Breach::TooMany { .. })));
    }

    #[test]
    fn rfc9110_15_4_5_content_where_the_status_forbids_it_is_a_breach() {
        for status in [204, 205, 304] {
            assert_eq!(with_content(status, &[Extent::Octets(0)], SIZE), Ok(0));
            for content in [Extent::Octets(1), extent(0, 1)] {
                let expected = Err(Breach::ContentForbidden(status));
                assert_eq!(with_content(status, &[content], SIZE), expected);
            }
        }
    }

    #[test]
    fn lookups_are_limited_in_number_and_shape() {
        let check = |candidates: &[String], fallbacks: &[String]| {
            lookup(candidates.iter().map(String::as_str), fallbacks.iter().map(String::as_str))
        };
        let paths = |count| vec!["/a".to_owned(); count];
        assert_eq!(check(&paths(CANDIDATES_MAX), &paths(CANDIDATES_MAX)), Ok(()));
        assert!(check(&paths(CANDIDATES_MAX + 1), &[]).is_err());
        assert!(check(&[], &paths(CANDIDATES_MAX + 1)).is_err());
        for (path, good) in [
            ("/".to_owned() + &"x".repeat(PATH_OCTETS_MAX - 1), true),
            ("/".to_owned() + &"x".repeat(PATH_OCTETS_MAX), false),
            (String::new(), false),
            ("a".into(), false),
            ("/a\0b".into(), false),
        ] {
            assert_eq!(check(slice::from_ref(&path), &[]).is_ok(), good, "{path:?}");
            assert_eq!(check(&[], slice::from_ref(&path)).is_ok(), good, "{path:?}");
        }
    }
}
