//! Where the request ends and whether another one may follow (RFC 9112, sections 6 and 9.3).
//!
//! This server has no use for request content. A short one is skipped by the host, so that the
//! connection goes on; for any other the answer is sent at once and the connection closed behind
//! it.

use crate::contract::Persistence;
use crate::field;
use crate::head::{Head, Name, Version};
use crate::octet;
use crate::refusal::Refusal;

/// The longest content that is skipped for the sake of the connection.
pub const SKIPPED_CONTENT_OCTETS_MAX: u64 = 65_536;

/// The framing of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// What becomes of the connection, unless the request turns out to be malformed.
    pub persistence: Persistence,
    /// Whether the request expects something else than `100-continue` (RFC 9110, section 10.1.1).
    pub expects_unknown: bool,
}

/// The content that follows the head.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Following {
    Octets(u64),
    Chunks,
}

impl Framing {
    /// Reads the fields that frame a request.
    pub fn read(head: &Head, octets: &[u8]) -> Result<Self, Refusal> {
        let following = following(head, octets)?;
        let expects = expectation(head, octets);
        let persistence = match following {
            Following::Chunks => Persistence::Close,
            Following::Octets(length) if length > SKIPPED_CONTENT_OCTETS_MAX => Persistence::Close,
            // The client waits for our word before it sends the content, or does not: after a final
            // answer nobody knows whether it comes.
            Following::Octets(length) if length > 0 && expects.is_some() => Persistence::Close,
            Following::Octets(length) if persists(head, octets) => Persistence::KeepAlive(length),
            Following::Octets(_) => Persistence::Close,
        };
        Ok(Self { persistence, expects_unknown: expects == Some(Expectation::Unknown) })
    }
}

/// What follows the head (RFC 9112, section 6.3).
fn following(head: &Head, octets: &[u8]) -> Result<Following, Refusal> {
    if head.count(Name::TransferEncoding) > 0 {
        // 6.1: faulty framing in HTTP/1.0; 6.3: the mark of request smuggling beside a
        // Content-Length.
        if head.version == Version::Http10 || head.count(Name::ContentLength) > 0 {
            return Err(Refusal::Malformed);
        }
        return codings(head, octets);
    }
    match head.count(Name::ContentLength) {
        0 => Ok(Following::Octets(0)),
        // 6.3: differing lengths must be refused, equal ones may.
        1 => {
            let length =
                head.only(Name::ContentLength).and_then(|value| field::decimal(value.of(octets)));
            length.map(Following::Octets).ok_or(Refusal::Malformed)
        }
        _ => Err(Refusal::Malformed),
    }
}

/// The transfer codings: chunked must be the last one, once; others are not implemented (RFC 9112,
/// sections 6.1 and 6.3).
fn codings(head: &Head, octets: &[u8]) -> Result<Following, Refusal> {
    let (mut chunked, mut others) = (0, 0);
    for coding in head.values(octets, Name::TransferEncoding).flat_map(field::members) {
        if chunked > 0 {
            return Err(Refusal::Malformed);
        }
        if coding.eq_ignore_ascii_case(b"chunked") {
            chunked += 1;
        } else {
            others += 1;
        }
    }
    match (chunked, others) {
        (0, _) => Err(Refusal::Malformed),
        (_, 0) => Ok(Following::Chunks),
        _ => Err(Refusal::CodingUnknown),
    }
}

/// Whether the connection may go on (RFC 9112, section 9.3).
fn persists(head: &Head, octets: &[u8]) -> bool {
    let (mut close, mut keep_alive) = (false, false);
    for value in head.values(octets, Name::Connection) {
        // Nearly every list has this one member.
        if octet::is_spelt(value, b"keep-alive") {
            keep_alive = true;
            continue;
        }
        // A list of tokens (RFC 9110, section 7.6.1): no quoted string can hide an option.
        for option in value.split(|&o| o == b',').map(field::trim) {
            close |= option.eq_ignore_ascii_case(b"close");
            keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    !close && (keep_alive || head.version == Version::Http11)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expectation {
    Continue,
    Unknown,
}

/// What the request expects; HTTP/1.0 knew nothing of the kind (RFC 9110, section 10.1.1).
fn expectation(head: &Head, octets: &[u8]) -> Option<Expectation> {
    if head.count(Name::Expect) == 0 || head.version == Version::Http10 {
        return None;
    }
    let mut expects = None;
    for member in head.values(octets, Name::Expect).flat_map(field::members) {
        if !member.eq_ignore_ascii_case(b"100-continue") {
            return Some(Expectation::Unknown);
        }
        expects = Some(Expectation::Continue);
    }
    expects
}

#[cfg(test)]
mod tests {
    use super::*;
    use Persistence::{Close, KeepAlive};
    use std::format;

    fn read(version: &str, fields: &str) -> Result<Framing, Refusal> {
        let text = format!("GET / HTTP/{version}\r\n{fields}\r\n");
        Framing::read(&Head::read(text.as_bytes()).unwrap(), text.as_bytes())
    }

    #[track_caller]
    fn persistence(version: &str, fields: &str, expected: Persistence) {
        assert_eq!(read(version, fields).unwrap().persistence, expected, "{fields:?}");
    }

    #[track_caller]
    fn refused(fields: &str, refusal: Refusal) {
        assert_eq!(read("1.1", fields), Err(refusal), "{fields:?}");
    }

    #[test]
    fn rfc9112_9_3_persistence() {
        persistence("1.1", "", KeepAlive(0));
        persistence("1.1", "Connection: close\r\n", Close);
        persistence("1.1", "Connection: x, CLOSE\r\n", Close);
        persistence("1.1", "Connection: ,close\r\n", Close);
        persistence("1.1", "Connection: keep-alive\r\nConnection: close\r\n", Close);
        persistence("1.1", "Connection: closer, x-close\r\n", KeepAlive(0));
        persistence("1.0", "", Close);
        persistence("1.0", "Connection: Keep-Alive\r\n", KeepAlive(0));
        persistence("1.0", "Connection: keep-alive, close\r\n", Close);
    }

    #[test]
    fn rfc9110_7_6_1_a_quote_hides_no_connection_option() {
        persistence("1.1", "Connection: \"x, close\r\n", Close);
        persistence("1.1", "Connection: a=\"b, close, c\"\r\n", Close);
        persistence("1.1", "Connection: \"close\"\r\n", KeepAlive(0));
    }

    #[test]
    fn short_content_is_skipped_and_long_content_closes() {
        persistence("1.1", "Content-Length: 0\r\n", KeepAlive(0));
        persistence("1.1", "Content-Length: 003\r\n", KeepAlive(3));
        persistence("1.1", "Content-Length: 65535\r\n", KeepAlive(65_535));
        persistence("1.1", "Content-Length: 65536\r\n", KeepAlive(65_536));
        persistence("1.1", "Content-Length: 65537\r\n", Close);
        persistence("1.1", "Content-Length: 18446744073709551615\r\n", Close);
        persistence("1.1", "Content-Length: 4\r\nConnection: close\r\n", Close);
    }

    #[test]
    fn rfc9112_6_3_invalid_content_length_is_400() {
        for value in [
            "",
            "-1",
            "+1",
            "1 2",
            "1,1",
            "a",
            "0x1",
            "18446744073709551616",
            "1000000000000000000000",
        ] {
            refused(&format!("Content-Length: {value}\r\n"), Refusal::Malformed);
        }
    }

    #[test]
    fn rfc9112_6_3_two_content_lengths_are_400() {
        refused("Content-Length: 4\r\nContent-Length: 5\r\n", Refusal::Malformed);
        refused("Content-Length: 4\r\nContent-Length: 4\r\n", Refusal::Malformed);
    }

    #[test]
    fn rfc9112_6_3_transfer_encoding_with_content_length_is_400() {
        refused("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", Refusal::Malformed);
        refused("Transfer-Encoding: identity\r\nContent-Length: 4\r\n", Refusal::Malformed);
    }

    #[test]
    fn rfc9112_6_1_transfer_encoding_in_http_1_0_is_400() {
        assert_eq!(read("1.0", "Transfer-Encoding: chunked\r\n"), Err(Refusal::Malformed));
    }

    #[test]
    fn rfc9112_6_3_chunked_not_last_is_400() {
        for value in [
            "",
            "identity",
            "pigeons",
            "chunked, deflate",
            "chunked, chunked",
            "chunkedchunked",
            "chunked\r\nTransfer-Encoding: deflate",
            "chunked;a=b",
            "\"chunked\"",
            "x, \"a, chunked\"",
        ] {
            refused(&format!("Transfer-Encoding: {value}\r\n"), Refusal::Malformed);
        }
    }

    #[test]
    fn rfc9112_6_1_unknown_coding_is_501() {
        refused("Transfer-Encoding: deflate, chunked\r\n", Refusal::CodingUnknown);
        refused(
            "Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n",
            Refusal::CodingUnknown,
        );
    }

    #[test]
    fn rfc9112_9_3_chunked_content_closes() {
        persistence("1.1", "Transfer-Encoding: chunked\r\n", Close);
        persistence("1.1", "Transfer-Encoding: , Chunked ,\r\n", Close);
    }

    #[test]
    fn rfc9110_10_1_1_expectations() {
        let read = |version, fields| read(version, fields).unwrap();
        let plain = read("1.1", "Expect: 100-Continue\r\n");
        assert_eq!(plain, Framing { persistence: KeepAlive(0), expects_unknown: false });
        let with_content = read("1.1", "Expect: 100-continue\r\nContent-Length: 1\r\n");
        assert_eq!(with_content, Framing { persistence: Close, expects_unknown: false });
        assert_eq!(
            read("1.1", "Expect: x\r\n"),
            Framing { persistence: KeepAlive(0), expects_unknown: true }
        );
        assert!(read("1.1", "Expect: 100-continue, x\r\n").expects_unknown);
        assert!(read("1.1", "Expect: 100-continue\r\nExpect: x\r\n").expects_unknown);
        assert_eq!(read("1.1", "Expect: x\r\nContent-Length: 1\r\n").persistence, Close);
        assert!(!read("1.0", "Expect: x\r\n").expects_unknown);
        assert_eq!(
            read("1.0", "Expect: 100-continue\r\nContent-Length: 1\r\nConnection: keep-alive\r\n")
                .persistence,
            KeepAlive(1)
        );
    }
}
