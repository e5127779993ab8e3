//! The host a request is for: `uri-host [ ":" port ]` (RFC 9110, sections 4.2 and 7.2; RFC 3986,
//! section 3.2).

use crate::block::Short;
use crate::field;
use crate::head::Span;
use crate::octet;
use core::net::Ipv6Addr;
use core::str;

/// The largest port number.
pub const PORT_MAX: u64 = 65_535;

/// An authority in its two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority<'a> {
    /// The host, without the dot that may end a full name; never empty.
    pub host: &'a [u8],
    /// The digits of the port, which may be none; absent when there is no colon.
    pub port: Option<&'a [u8]>,
}

impl<'a> Authority<'a> {
    /// Reads the authority at a place in a head, as [`Authority::read`]. Nearly every one is a name
    /// without a port, of letters, digits, hyphens and single dots, and is looked at in one go.
    pub fn read_at(octets: &'a [u8], span: Span) -> Option<Self> {
        let host = span.of(octets);
        match is_short_and_plain(octets, span) {
            true => Some(Self { host, port: None }),
            false => Self::read(host),
        }
    }

    /// Reads an authority without user information, which is an error in requests (RFC 9110,
    /// section 4.2.4).
    ///
    /// An empty host is refused (section 4.2.1), and so is an escape in a name, or an empty label:
    /// some recipients would read another name.
    pub fn read(text: &'a [u8]) -> Option<Self> {
        let (host, rest) = if text.starts_with(b"[") { literal(text)? } else { name(text)? };
        let port = match rest {
            [] => None,
            [b':', digits @ ..] => Some(digits),
            _ => return None,
        };
        if let Some(digits) = port
            && !digits.is_empty()
        {
            field::decimal(digits).filter(|&port| port <= PORT_MAX)?;
        }
        Some(Self { host, port })
    }
}

/// Whether all is a name that no other rule has to be known for.
fn is_short_and_plain(octets: &[u8], span: Span) -> bool {
    let length = span.end - span.start;
    let is_short = (1..Short::OCTETS).contains(&length);
    let Some(block) = Short::at(octets, span.start).filter(|_| is_short) else { return false };
    let inside = (1 << length) - 1;
    let dots = block.equal::<b'.'>();
    // A dot stands neither first, nor last, nor beside another.
    let ends_badly = (1 | 1 << (length - 1) | dots << 1) & dots;
    (!block.plain() | block.equal::<b'/'>() | ends_badly) & inside == 0
}

/// `[` IPv6address `]` and what follows it. A zone or a future version has no place in a request.
fn literal(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&o| o == b']')?;
    let address = str::from_utf8(&text[1..end]).ok()?;
    address.parse::<Ipv6Addr>().ok()?;
    Some(text.split_at(end + 1))
}

/// A registered name or an IPv4 address, without its final dot, and what follows it.
fn name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut end = 0;
    let mut previous = b'.';
    while let Some(&octet) = text.get(end)
        && octet::is_name(octet)
    {
        if octet == b'.' && previous == b'.' {
            return None;
        }
        previous = octet;
        end += 1;
    }
    let (name, rest) = text.split_at(end);
    let name = name.strip_suffix(b".").unwrap_or(name);
    (!name.is_empty()).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str, host: &str, port: Option<&str>) {
        let expected = Authority { host: host.as_bytes(), port: port.map(str::as_bytes) };
        assert_eq!(Authority::read(text.as_bytes()), Some(expected), "{text:?}");
    }

    #[test]
    fn rfc9110_7_2_valid_hosts() {
        read("localhost", "localhost", None);
        read("Www.Example.org:80", "Www.Example.org", Some("80"));
        read("a.", "a", None);
        read("a.:1", "a", Some("1"));
        read("a:", "a", Some(""));
        read("1.2.3.4", "1.2.3.4", None);
        read("foo-bar_baz.com", "foo-bar_baz.com", None);
        read("[::1]", "[::1]", None);
        read("[::1]:80", "[::1]", Some("80"));
        read("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", None);
    }

    #[test]
    fn rfc9112_3_2_invalid_hosts() {
        for text in [
            ".",
            "..",
            "a..",
            ".a",
            "a..b",
            "{",
            "}",
            "a b",
            "a/b",
            "../a",
            "a@b",
            "a#",
            "a?b",
            "a%41",
            "\u{fc}",
            "\u{6}",
            "a:b",
            "a:-1",
            "a:+1",
            "a:1:2",
            "::1",
            "[::1",
            "[]",
            "[::1]x",
            "[::1]:x",
            "[::1%25en0]",
            "[v1.a]",
            "[::1]/..",
            "[1:2:3:4:5:6:7:8:9]",
            "[::g]",
            "a[",
            "'\"",
        ] {
            assert_eq!(Authority::read(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn rfc9110_4_2_1_empty_host() {
        assert_eq!(Authority::read(b""), None);
        assert_eq!(Authority::read(b":80"), None);
    }

    #[test]
    fn ports_end_at_65535() {
        read("a:65534", "a", Some("65534"));
        read("a:65535", "a", Some("65535"));
        assert_eq!(Authority::read(b"a:65536"), None);
        assert_eq!(Authority::read(b"a:99999999999999999999999"), None);
    }
}
