//! What a guest says of a request, and what it answers.

use alloc::string::String;
use alloc::vec::Vec;

use super::files::Lookup;

/// What follows from a request head.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let response =
///     Response { status: 204, fields: String::new(), content: Content::Empty };
/// assert!(matches!(Action::Answer(response), Action::Answer(_)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Look for a file, then call `respond`.
    LookUp(Lookup),
    /// The answer needs no file.
    Answer(Response),
}

/// What becomes of the connection after the answer (RFC 9112, section 9.3).
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// // A request with `Content-Length: 7`: its content is skipped.
/// assert_ne!(Persistence::KeepAlive(7), Persistence::Close);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It goes on, after this many octets of request content are skipped.
    KeepAlive(u64),
    /// It ends.
    Close,
}

/// The answer of `parse`.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let response = Response { status: 204, fields: String::new(), content: Content::Empty };
/// let parsed =
///     Parsed { action: Action::Answer(response), persistence: Persistence::KeepAlive(0) };
/// assert_eq!(parsed.persistence, Persistence::KeepAlive(0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What to do for the request.
    pub action: Action,
    /// What to do with the connection.
    pub persistence: Persistence,
}

/// A run of octets of the file found.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let last = |size: u64, count: u64| Slice { start: size - count, length: count };
/// assert_eq!(last(12, 5), Slice { start: 7, length: 5 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Where it starts.
    pub start: u64,
    /// How long it is.
    pub length: u64,
}

/// A piece of composed content.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let parts = [Part::Text("--x\r\n".into()), Part::Slice(Slice { start: 0, length: 5 })];
/// assert_eq!(parts.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Sent as UTF-8.
    Text(String),
    /// Octets of the file found.
    Slice(Slice),
}

/// The content of a response.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let page = Content::Text("<p>No such page.</p>".into());
/// let file = Content::Slice(Slice { start: 0, length: 12 });
/// assert_ne!(page, file);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// None.
    Empty,
    /// Sent as UTF-8.
    Text(String),
    /// Sent as they are.
    Octets(Vec<u8>),
    /// Octets of the file found.
    Slice(Slice),
    /// Sent one after another.
    Parts(Vec<Part>),
}

/// The answer of `respond`.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let response = Response {
///     status: 404,
///     fields: "Content-Type: text/plain\r\n".into(),
///     content: Content::Text("No such page.".into()),
/// };
/// assert!(response.fields.ends_with("\r\n"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// The header section as it goes on the wire, without the fields of the host.
    pub fields: String,
    /// As for GET: on HEAD the host leaves it out by itself.
    pub content: Content,
}
