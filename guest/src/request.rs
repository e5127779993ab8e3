//! A request head, read in full: grammar, framing, host, target, method and path, in this order.
//!
//! Everything here depends on the octets alone; what depends on the connection or on the site is
//! `site`'s.

use crate::authority::Authority;
use crate::contract::Persistence;
use crate::framing::Framing;
use crate::head::{Head, Method, Name, Span, Version};
use crate::path::{self, Unnamed};
use crate::refusal::Refusal;
use crate::target::Target;
use alloc::string::String;

/// What a request wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// A file or a directory: GET or HEAD.
    Resource,
    /// What cannot be the name of a file that this site shows: GET or HEAD, too.
    Unnameable,
    /// To know what is allowed: OPTIONS.
    Options,
}

/// What a head comes to that is sound: two recipients cannot read it differently.
///
/// The request may still be refused, for what it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    /// Its target.
    pub target: Target,
    /// The name of the host asked for; empty when there was none.
    pub host: Span,
    /// What becomes of the connection.
    pub persistence: Persistence,
    /// Whether the request expects something else than `100-continue` (RFC 9110, section 10.1.1).
    pub expects_unknown: bool,
}

impl Sound {
    /// Reads what a head means whose grammar is in order; what is refused is refused for good, and
    /// its connection ends.
    #[inline]
    pub fn read(head: &Head, octets: &[u8]) -> Result<Self, Refusal> {
        // 2. Where the request ends: without that nobody knows where the next one begins.
        let Framing { persistence, expects_unknown } = Framing::read(head, octets)?;
        // 3. The host (RFC 9112, section 3.2).
        let host = host(head, octets).ok_or(Refusal::Malformed)?;
        // 4. The target, whose own host goes before.
        let target = Target::read(octets, head.target, head.method).ok_or(Refusal::Malformed)?;
        Ok(Self { target, host: target.host.unwrap_or(host), persistence, expects_unknown })
    }
}

/// A request that can be answered otherwise than with a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// The head that it was read from.
    pub head: Head,
    /// Its target.
    pub target: Target,
    /// The name of the host asked for; empty when there was none.
    pub host: Span,
    /// What it wants.
    pub wish: Wish,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

/// A request that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

impl Refused {
    /// A refusal after which nothing more is read from the connection.
    pub const fn closing(refusal: Refusal) -> Self {
        Self { refusal, persistence: Persistence::Close }
    }
}

impl Request {
    /// What no request has been read into.
    pub const EMPTY: Self = Self {
        head: Head::EMPTY,
        target: Target::EMPTY,
        host: Span { start: 0, end: 0 },
        wish: Wish::Unnameable,
        persistence: Persistence::Close,
    };

    /// Reads a head, and appends the decoded path to `path` if a resource is wanted and its path is
    /// not plain.
    pub fn read(octets: &[u8], path: &mut String) -> Result<Self, Refused> {
        let mut request = Self::EMPTY;
        request.read_into(octets, path)?;
        Ok(request)
    }

    /// As [`Self::read`], in place of whatever was read before. What is refused leaves no request
    /// that means anything.
    pub fn read_into(&mut self, octets: &[u8], path: &mut String) -> Result<(), Refused> {
        // 1. The grammar of the head.
        self.head.read_into(octets).map_err(Refused::closing)?;
        // 2. to 4. Whether there is a request at all.
        let Sound { target, host, persistence, expects_unknown } =
            Sound::read(&self.head, octets).map_err(Refused::closing)?;
        // From here on the request is sound, and its connection may go on.
        let refuse = |refusal| Err(Refused { refusal, persistence });
        // 5. What it expects.
        if expects_unknown {
            return refuse(Refusal::Expectation);
        }
        // 6. The method.
        let mut wish = match self.head.method {
            Method::Get | Method::Head => Wish::Resource,
            Method::Options => Wish::Options,
            Method::Connect | Method::Known => return refuse(Refusal::MethodNotAllowed),
            Method::Unknown => return refuse(Refusal::MethodUnknown),
        };
        // 7. The name of the resource.
        if wish == Wish::Resource && !target.is_plain {
            match path::decode(target.path.of(octets), path) {
                Ok(()) => {}
                Err(Unnamed::Malformed) => return Err(Refused::closing(Refusal::Malformed)),
                Err(Unnamed::Unnameable) => wish = Wish::Unnameable,
            }
        }
        self.target = target;
        self.host = host;
        self.wish = wish;
        self.persistence = persistence;
        Ok(())
    }
}

/// The host of the Host field: exactly one in HTTP/1.1, at most one before, and valid (RFC 9112,
/// section 3.2).
///
/// An empty one is refused too: every `http` URI has a host (RFC 9110, section 4.2.1).
fn host(head: &Head, octets: &[u8]) -> Option<Span> {
    if head.count(Name::Host) == 0 && head.version == Version::Http10 {
        return Some(Span::default());
    }
    let value = head.only(Name::Host)?;
    let authority = Authority::read_at(octets, value)?;
    Some(Span { start: value.start, end: value.start + authority.host.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Persistence::{Close, KeepAlive};
    use std::format;

    fn read(text: &str) -> Result<(String, String), (u16, Persistence)> {
        let mut path = String::new();
        let request = Request::read(text.as_bytes(), &mut path)
            .map_err(|r| (r.refusal.status(), r.persistence))?;
        if request.target.is_plain {
            path = text[request.target.path.start..request.target.path.end].into();
        }
        Ok((text[request.host.start..request.host.end].into(), path))
    }

    #[track_caller]
    fn refused(text: &str, status: u16, persistence: Persistence) {
        assert_eq!(read(text), Err((status, persistence)), "{text:?}");
    }

    #[track_caller]
    fn accepted(text: &str, host: &str, path: &str) {
        assert_eq!(read(text), Ok((host.into(), path.into())), "{text:?}");
    }

    #[test]
    fn rfc9112_3_2_missing_host_is_400() {
        refused("GET / HTTP/1.1\r\n\r\n", 400, Close);
        refused("GET http://a/ HTTP/1.1\r\n\r\n", 400, Close);
        refused("OPTIONS * HTTP/1.1\r\n\r\n", 400, Close);
        accepted("GET / HTTP/1.0\r\n\r\n", "", "/");
    }

    #[test]
    fn rfc9112_3_2_two_hosts_are_400_in_any_version() {
        for version in ["1.0", "1.1"] {
            refused(&format!("GET / HTTP/{version}\r\nHost: a\r\nHost: b\r\n\r\n"), 400, Close);
            refused(&format!("GET / HTTP/{version}\r\nHost: a\r\nHost: a\r\n\r\n"), 400, Close);
            refused(
                &format!("GET http://a/ HTTP/{version}\r\nHost: a\r\nHost: a\r\n\r\n"),
                400,
                Close,
            );
        }
    }

    #[test]
    fn rfc9112_3_2_invalid_host_is_400_in_any_version() {
        for version in ["1.0", "1.1"] {
            for host in ["{", "a b", "a/b", "a, b", "a@b", "a:b", ":80", ""] {
                refused(&format!("GET / HTTP/{version}\r\nHost: {host}\r\n\r\n"), 400, Close);
                refused(
                    &format!("GET http://a/ HTTP/{version}\r\nHost: {host}\r\n\r\n"),
                    400,
                    Close,
                );
            }
        }
        refused("GET / HTTP/1.1\r\nHost: \u{ff}\r\n\r\n", 400, Close);
    }

    #[test]
    fn rfc9112_3_2_2_an_absolute_target_goes_before_host() {
        accepted("GET http://a:1/b HTTP/1.1\r\nHost: c:2\r\n\r\n", "a", "/b");
        accepted("GET http://a HTTP/1.0\r\n\r\n", "a", "");
        accepted("GET /b HTTP/1.1\r\nHost: c:2\r\n\r\n", "c", "/b");
    }

    #[test]
    fn rfc9112_3_malformed_requests_close() {
        refused("GET /\r\n\r\n", 400, Close);
        refused("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", 400, Close);
        refused("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, Close);
        refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, Close);
        refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n", 501, Close);
    }

    #[test]
    fn rfc9110_15_5_6_known_methods_are_405() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
            refused(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n"), 405, KeepAlive(0));
        }
        refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 405, KeepAlive(5));
        refused("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, KeepAlive(0));
        refused("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400, Close);
    }

    #[test]
    fn rfc9110_15_6_2_unknown_methods_are_501() {
        refused("get / HTTP/1.1\r\nHost: a\r\n\r\n", 501, KeepAlive(0));
        refused("FETCH /%ff HTTP/1.0\r\n\r\n", 501, Close);
    }

    #[test]
    fn rfc9110_9_3_7_options_is_for_any_path_and_the_server() {
        for target in ["*", "/", "/.git", "http://a", "http://a/b"] {
            let text = format!("OPTIONS {target} HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(
                Request::read(text.as_bytes(), &mut String::new()).unwrap().wish,
                Wish::Options
            );
        }
    }

    #[test]
    fn rfc9110_10_1_1_unknown_expectations_are_417() {
        refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, KeepAlive(0));
        refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 1\r\n\r\n", 417, Close);
    }

    #[test]
    fn names_that_cannot_be_shown_are_no_reason_to_close() {
        for (text, persistence) in [
            ("GET /.git HTTP/1.1\r\nHost: a\r\n\r\n", KeepAlive(0)),
            ("GET /a%2fb HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n", KeepAlive(3)),
            ("GET /%ff HTTP/1.0\r\n\r\n", Close),
        ] {
            let mut path = String::new();
            let request = Request::read(text.as_bytes(), &mut path).unwrap();
            assert_eq!((request.wish, request.persistence), (Wish::Unnameable, persistence));
            assert_eq!(path, "");
        }
    }
}
