//! The names of the fields that this server goes by.

use crate::octet;

/// The fields that this server goes by; all others are checked and passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Host
    Host,
    /// Connection
    Connection,
    /// Content-Length
    ContentLength,
    /// Transfer-Encoding
    TransferEncoding,
    /// Expect
    Expect,
    /// If-Match
    IfMatch,
    /// If-None-Match
    IfNoneMatch,
    /// If-Modified-Since
    IfModifiedSince,
    /// If-Unmodified-Since
    IfUnmodifiedSince,
    /// Range
    Range,
    /// If-Range
    IfRange,
}

/// How many names there are.
pub(super) const NAMES: usize = Name::IfRange as usize + 1;

/// Whether a name that begins with this letter may be one of [`Name`]. Most fields of browsers are
/// out by it.
pub(super) fn may_be_known(first: u8) -> bool {
    matches!(first | 0x20, b'c' | b'e' | b'h' | b'i' | b'r' | b't')
}

/// The field of a name; names are case-insensitive (RFC 9110, section 5.1).
pub(super) fn known(name: &[u8]) -> Option<Name> {
    // By length and first letter first: nearly every field is passed over.
    let (candidate, spelling): (Name, &[u8]) = match (name.len(), name[0] | 0x20) {
        (4, b'h') => (Name::Host, b"host"),
        (5, b'r') => (Name::Range, b"range"),
        (6, b'e') => (Name::Expect, b"expect"),
        (8, b'i') if name[3] | 0x20 == b'm' => (Name::IfMatch, b"if-match"),
        (8, b'i') => (Name::IfRange, b"if-range"),
        (10, b'c') => (Name::Connection, b"connection"),
        (13, b'i') => (Name::IfNoneMatch, b"if-none-match"),
        (14, b'c') => (Name::ContentLength, b"content-length"),
        (17, b'i') => (Name::IfModifiedSince, b"if-modified-since"),
        (17, b't') => (Name::TransferEncoding, b"transfer-encoding"),
        (19, b'i') => (Name::IfUnmodifiedSince, b"if-unmodified-since"),
        _ => return None,
    };
    octet::is_spelt(name, spelling).then_some(candidate)
}
