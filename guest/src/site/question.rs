//! What a head comes to, before and after a file is looked at.

use crate::candidates::Candidate;
use crate::contract::{Parsed, Trouble};
use crate::negotiation::Codings;
use crate::request::Request;

/// What a head comes to, before any file is looked at.
pub(super) enum Decision<'a> {
    /// The answer needs no file.
    Answer(Parsed),
    /// There may be a file.
    Ask(Question<'a>),
}

/// A request that the file system has to say something about.
pub(super) struct Question<'a> {
    pub octets: &'a [u8],
    pub path: &'a str,
    pub host: &'a str,
    pub request: &'a Request,
    /// Whether the path can be the name of a file; if not, there are only fallbacks.
    pub is_nameable: bool,
}

impl Question<'_> {
    /// The codings that the client takes. Apart, since most sites never ask.
    #[inline(never)]
    pub fn codings(&self) -> Codings {
        Codings::read(self.request.head.values_of(self.octets, b"accept-encoding"))
    }
}

/// What a file that was found stands for.
pub(super) enum Role<'a> {
    /// It is what was asked for, or is served in its place.
    Resource(Candidate<'a>),
    /// It tells of a trouble.
    ErrorPage(Trouble, &'a str),
}
