//! A request on its way to a response: what goes into the [`Handler`], and what comes out.
//!
//! [`Handler`]: super::handler::Handler

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use wasmhttpd_http::{After, ErrorPage, Request, Response};

use super::orders::Publication;
use crate::exchange::{LookUp, Seen};
use crate::files::{Directory, OpenFile, Position};
use crate::sandbox::Generation;

/// A request, and what is known of it besides its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// As received, from the request-line to the empty line.
    pub head: &'a [u8],
    /// What the host knows of it.
    pub request: &'a Request,
    /// The client.
    pub peer: IpAddr,
    /// The time of this turn.
    pub now: Instant,
    /// The server is stopping: every response ends its connection.
    pub stopping: bool,
}

/// What handling a request comes to.
pub enum Handled {
    /// A response to be sent.
    Respond(Reply),
    /// The entries of this directory have to be read: [`Handler::resume`] goes on with them.
    Read {
        /// To be read.
        directory: Directory,
        /// The request meanwhile.
        paused: Box<Paused>,
    },
}

/// A response to be sent.
pub struct Reply {
    /// What is sent.
    pub response: Response<OpenFile>,
    /// What becomes of the connection.
    pub after: After,
    /// How it came about: for [`Handler::look_again`], or else [`Handler::responded`].
    pub course: Course,
}

/// What a request has gone through on its way to a response.
#[derive(Default)]
pub struct Course {
    /// What it began with, if that was in an earlier turn.
    pub(super) began: Option<Arc<Publication>>,
    pub(super) by: By,
    /// What was looked up for it; none if nothing was, or if the response is the host's own.
    pub(super) look_up: Option<LookUp>,
    pub(super) seen: Seen,
    /// What was found first had been rewritten.
    pub(super) has_looked_again: bool,
    /// The response is the host's own.
    pub(super) has_failed: bool,
}

/// The guest that handles a request, from its first call to its last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    Serving,
    Other,
}

/// A request between its two calls, while a directory is read.
pub struct Paused {
    /// What the request began with, whatever serves others by then.
    pub(super) began: Arc<Publication>,
    /// Goes on with the request: another one than that if that has failed already.
    pub(super) generation: Arc<Generation>,
    pub(super) look_up: LookUp,
    pub(super) position: Position,
}

impl Reply {
    /// The host's own response, after which the connection ends: whoever sent the head, no guest
    /// has said what it means.
    pub fn page(page: ErrorPage) -> Reply {
        let course = Course { has_failed: true, ..Course::default() };
        Reply { response: page.response(), after: After::Close, course }
    }
}

impl Course {
    /// Whether the file of the response was opened for this request alone, since the first one had
    /// been rewritten.
    pub fn has_looked_again(&self) -> bool {
        self.has_looked_again
    }
}
