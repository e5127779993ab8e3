//! Where the request ends, and whether another may follow it (RFC 9112, sections 6 and 9.3).

use crate::grammar::{self, Head};
use crate::{BAD_REQUEST, Persistence, Status};

/// Content up to this many octets is skipped; for longer content the connection is closed.
const SKIPPED_OCTETS_MAX: u64 = 65_536;

pub struct Framing {
    pub persistence: Persistence,
    /// Something else than `100-continue` is expected.
    pub expects_unknown: bool,
}

impl Framing {
    pub fn read(head: &Head) -> Result<Framing, Status> {
        let content = content_length(head)?;
        let expectations = expectations(head);
        let persistence = match content {
            // Chunks are not read.
            None => Persistence::Close,
            Some(length) if length > SKIPPED_OCTETS_MAX => Persistence::Close,
            // RFC 9110, section 10.1.1: after a final answer the content may come or not.
            Some(1..) if !expectations.is_empty() => Persistence::Close,
            Some(length) if goes_on(head) => Persistence::KeepAlive(length),
            Some(_) => Persistence::Close,
        };
        let is_known = |member: &String| member.eq_ignore_ascii_case("100-continue");
        Ok(Framing { persistence, expects_unknown: !expectations.iter().all(is_known) })
    }
}

/// The octets of content, or none when it comes in chunks (RFC 9112, section 6.3).
fn content_length(head: &Head) -> Result<Option<u64>, Status> {
    let codings = head.values("Transfer-Encoding");
    let lengths = head.values("Content-Length");
    if !codings.is_empty() {
        // Section 6.1: not in HTTP/1.0. Section 6.3: not beside a Content-Length.
        if head.is_http_1_0 || !lengths.is_empty() {
            return Err(BAD_REQUEST);
        }
        let codings: Vec<String> = codings.into_iter().flat_map(grammar::members).collect();
        let chunked: Vec<bool> =
            codings.iter().map(|coding| coding.eq_ignore_ascii_case("chunked")).collect();
        // Section 6.1: chunked is the last one, and is applied once.
        return match chunked.as_slice() {
            [true] => Ok(None),
            [others @ .., true] if !others.contains(&true) => Err(501),
            _ => Err(BAD_REQUEST),
        };
    }
    match lengths.as_slice() {
        [] => Ok(Some(0)),
        // RFC 9110, section 8.6: `1*DIGIT`, and no overflow.
        [digits] if digits.chars().all(|digit| digit.is_ascii_digit()) => {
            digits.parse().map(Some).map_err(|_| BAD_REQUEST)
        }
        _ => Err(BAD_REQUEST),
    }
}

/// Whether the connection is persistent (RFC 9112, section 9.3).
fn goes_on(head: &Head) -> bool {
    // RFC 9110, section 7.6.1: a list of tokens. There are no quoted strings in it.
    let values = head.values("Connection").join(",");
    let has = |wanted: &str| {
        values.split(',').any(|option| grammar::trim(option).eq_ignore_ascii_case(wanted))
    };
    !has("close") && (!head.is_http_1_0 || has("keep-alive"))
}

/// The expectations of a request; HTTP/1.0 has none (RFC 9110, section 10.1.1).
fn expectations(head: &Head) -> Vec<String> {
    match head.is_http_1_0 {
        true => Vec::new(),
        false => head.values("Expect").into_iter().flat_map(grammar::members).collect(),
    }
}
