//! The request target: its four forms (RFC 9112, section 3.2) and the grammar of its parts (RFC
//! 3986).
//!
//! What the path names is left to `path`.

use crate::authority::Authority;
use crate::block::Long;
use crate::head::{Method, Span};
use crate::octet;

/// A request target in its parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Target {
    /// Whether it names an `https` origin.
    pub secure: bool,
    /// The host that it names itself, and that goes before the Host field (RFC 9112, section
    /// 3.2.2).
    pub host: Option<Span>,
    /// The path, still escaped; empty where there is none.
    pub path: Span,
    /// Whether the path is what it decodes to: no escape, and no segment that is empty or starts
    /// with a dot. Nearly every path is.
    pub is_plain: bool,
    /// The query behind the `?`, if there is one.
    pub query: Option<Span>,
}

impl Target {
    /// What no target has been read into.
    pub const EMPTY: Self = Self {
        secure: false,
        host: None,
        path: Span { start: 0, end: 0 },
        is_plain: false,
        query: None,
    };

    /// Reads a target in one of the forms that the method allows (RFC 9110, section 7.1).
    pub fn read(octets: &[u8], span: Span, method: Method) -> Option<Self> {
        match (span.of(octets), method) {
            // authority-form is for CONNECT and nothing else is (RFC 9112, section 3.2.3).
            (text, Method::Connect) => {
                // RFC 9110, section 9.3.6: a port is required, and 0 is none.
                let port = Authority::read(text)?.port?;
                port.iter().any(|&digit| digit != b'0').then(Self::default)
            }
            (b"*", Method::Options) => Some(Self::default()),
            ([b'/', ..], _) => {
                let target = Self::default();
                target.with_path_and_query(octets, span)
            }
            _ => Self::read_absolute(octets, span),
        }
    }

    /// absolute-form (RFC 9112, section 3.2.2): `scheme "://" authority path-abempty [ "?" query
    /// ]`.
    fn read_absolute(octets: &[u8], span: Span) -> Option<Self> {
        const HTTP: &[u8] = b"http://";
        const HTTPS: &[u8] = b"https://";
        let text = span.of(octets);
        let begins = |scheme: &[u8]| {
            text.get(..scheme.len()).is_some_and(|t| t.eq_ignore_ascii_case(scheme))
        };
        let (secure, prefix) = if begins(HTTP) {
            (false, HTTP.len())
        } else if begins(HTTPS) {
            (true, HTTPS.len())
        } else {
            return None;
        };
        let start = span.start + prefix;
        let length = text[prefix..]
            .iter()
            .position(|o| matches!(o, b'/' | b'?'))
            .unwrap_or(text.len() - prefix);
        let authority = Authority::read(&octets[start..start + length])?;
        let host = Span { start, end: start + authority.host.len() };
        let target = Self { secure, host: Some(host), ..Self::default() };
        target.with_path_and_query(octets, Span { start: start + length, end: span.end })
    }

    /// `path [ "?" query ]`; a `#` is in neither, as no request has a fragment.
    fn with_path_and_query(mut self, octets: &[u8], span: Span) -> Option<Self> {
        if is_short_and_plain(octets, span) {
            return Some(Self { path: span, is_plain: true, ..self });
        }
        let plain_end = plain_end(octets, span);
        let path_end = run_end(octets, Span { start: plain_end, ..span }, octet::is_path)?;
        self.path = Span { start: span.start, end: path_end };
        self.is_plain = plain_end == path_end;
        if path_end < span.end {
            if octets[path_end] != b'?' {
                return None;
            }
            let query = Span { start: path_end + 1, end: span.end };
            if run_end(octets, query, octet::is_query)? < span.end {
                return None;
            }
            self.query = Some(query);
        }
        Some(self)
    }
}

/// Whether all is a plain path that is looked at in one go, as most are.
fn is_short_and_plain(octets: &[u8], span: Span) -> bool {
    let length = span.end - span.start;
    let Some(block) = Long::at(octets, span.start).filter(|_| length < Long::OCTETS) else {
        return false;
    };
    let inside = (1 << length) - 1;
    let slashes = block.equal::<b'/'>();
    let begins_badly = slashes << 1 & (slashes | block.equal::<b'.'>());
    (!block.plain() | begins_badly) & inside == 0
}

/// Where a path stops being plain: at its end, if it is.
fn plain_end(octets: &[u8], span: Span) -> usize {
    let text = span.of(octets);
    let mut at = 0;
    let mut previous = 0;
    while let Some(&octet) = text.get(at) {
        let begins_badly = previous == b'/' && matches!(octet, b'/' | b'.');
        if !octet::is_plain(octet) && (begins_badly || !matches!(octet, b'/' | b'.')) {
            break;
        }
        previous = octet;
        at += 1;
    }
    span.start + at
}

/// Where the octets of a class and well-formed escapes (RFC 3986, section 2.1) end; none at a
/// malformed one.
#[inline]
fn run_end(octets: &[u8], span: Span, class: impl Fn(u8) -> bool) -> Option<usize> {
    let text = span.of(octets);
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        if class(octet) {
            at += 1;
        } else if octet == b'%' {
            octet::hex_value(*text.get(at + 1)?)?;
            octet::hex_value(*text.get(at + 2)?)?;
            at += 3;
        } else {
            break;
        }
    }
    Some(span.start + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn read(text: &str, method: Method) -> Option<(Option<&str>, &str, Option<&str>, bool)> {
        let target = Target::read(text.as_bytes(), Span { start: 0, end: text.len() }, method)?;
        let of = |span: Span| &text[span.start..span.end];
        Some((target.host.map(of), of(target.path), target.query.map(of), target.secure))
    }

    #[test]
    fn rfc9112_3_2_1_origin_form() {
        assert_eq!(read("/", Method::Get), Some((None, "/", None, false)));
        assert_eq!(read("/a%20b/?c?d/", Method::Get), Some((None, "/a%20b/", Some("c?d/"), false)));
        assert_eq!(read("/?", Method::Get), Some((None, "/", Some(""), false)));
        assert_eq!(read("//user@host/", Method::Get), Some((None, "//user@host/", None, false)));
        assert_eq!(read("/foo/[61:24:74]:98", Method::Get).unwrap().1, "/foo/[61:24:74]:98");
    }

    #[test]
    fn rfc9112_3_2_2_absolute_form() {
        assert_eq!(
            read("http://a.b:80/c?d", Method::Get),
            Some((Some("a.b"), "/c", Some("d"), false))
        );
        assert_eq!(read("HTTP://a?d", Method::Get), Some((Some("a"), "", Some("d"), false)));
        assert_eq!(read("http://a", Method::Get), Some((Some("a"), "", None, false)));
        assert_eq!(read("https://a/", Method::Get), Some((Some("a"), "/", None, true)));
        assert_eq!(read("http://a./", Method::Get).unwrap().0, Some("a"));
    }

    #[test]
    fn rfc9110_4_2_1_empty_host_in_a_target() {
        for text in ["http:///a", "http://:80/", "http://", "http://?a", "https:///"] {
            assert_eq!(read(text, Method::Get), None, "{text}");
        }
    }

    #[test]
    fn rfc9110_4_2_4_user_information() {
        assert_eq!(read("http://u:p@a/", Method::Get), None);
        assert_eq!(read("http://@a/", Method::Get), None);
    }

    #[test]
    fn rfc9110_7_1_forms_that_do_not_fit_the_method() {
        for text in ["*", "a:80", "a", "a/b", "?x", "ftp://a/", "http:/a", "http:a", "../a", "*?a"]
        {
            assert_eq!(read(text, Method::Get), None, "{text}");
            assert_eq!(read(text, Method::Known), None, "{text}");
        }
        assert!(read("*", Method::Options).is_some());
        assert!(read("/", Method::Options).is_some());
    }

    #[test]
    fn rfc9110_9_3_6_connect_needs_a_port() {
        assert!(read("a:443", Method::Connect).is_some());
        assert!(read("[::1]:443", Method::Connect).is_some());
        for text in ["a", "a:", "a:0", ":443", "/", "*", "http://a:80/", "[]:1", "a:65536"] {
            assert_eq!(read(text, Method::Connect), None, "{text}");
        }
    }

    #[test]
    fn rfc9112_3_2_octets_outside_the_grammar() {
        for (text, outside) in
            [("/a", "\"#<>\\^`{}\u{1}\u{7f}\u{80}\u{e4}"), ("/a?b", "\"#<>\u{1}\u{7f}\u{80}\u{e4}")]
        {
            for character in outside.chars() {
                let mut target = String::from(text);
                target.push(character);
                assert_eq!(read(&target, Method::Get), None, "{target}");
            }
        }
    }

    #[test]
    fn rfc3986_2_1_malformed_escapes() {
        for text in ["/%", "/%2", "/%2g", "/%g2", "/a%", "/?%", "/?%2", "/?%GH", "/%%20"] {
            assert_eq!(read(text, Method::Get), None, "{text}");
        }
    }
}
