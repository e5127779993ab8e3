//! What the host knows of a request before a guest has seen it: its framing.

use std::ops::Range;

/// What the host knows of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The head's octets in the input, from the request-line to the empty line.
    pub head: Range<usize>,
    /// The method is HEAD: the answer has no content.
    pub is_head: bool,
    /// The version is HTTP/1.0: a persistent answer has to say so (RFC 9112, section C.2.2).
    pub is_http_1_0: bool,
    /// How much content follows the head.
    pub content: RequestContent,
    /// The client says itself that this is its last request, by `Connection: close` and nothing
    /// else (RFC 9112, section 9.6).
    pub is_last: bool,
}

impl Request {
    /// A request of which nothing is known, because no whole head was read.
    pub const UNREAD: Request = Request {
        head: 0..0,
        is_head: false,
        is_http_1_0: false,
        content: RequestContent::Unclear,
        is_last: false,
    };
}

/// The content that follows a head, by its framing fields (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestContent {
    /// Neither Content-Length nor Transfer-Encoding, or a Content-Length of this many octets.
    Length(u64),
    /// A Transfer-Encoding, more than one Content-Length or an invalid one, or a head whose lines
    /// two recipients could split differently. The connection ends after the answer.
    Unclear,
}
