//! One request, from its head to an answer in the output.
//!
//! 1. `parse`: the guest says what the head asks for.
//! 2. `look_up`: the file system says what there is.
//! 3. `respond`: the guest says what to answer.
//! 4. `write`: the answer, with the host's framing, goes to the output; content too large for it
//!    is left to be streamed.
//!
//! Where the entries of a directory are asked for, the request is left after step 2 and resumed
//! when they have been read. Between the two its instance of the guest may serve others, or have
//! been replaced: a guest's functions are pure.
//!
//! What the guest returns has been checked by the sandbox; its word on persistence is checked
//! here, against the framing of the head. Whatever fails on the way is one answer: 500 or 503.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::content;
use super::guest_log::GuestLog;
use super::words::{self, ip_address, octets_as_text, wanted};
use crate::config::{Config, DEFAULT_HOST, Isolation};
use crate::files::{self, Directory, Entries, OpenFile, Place, Roots, Trouble};
use crate::http::{After, Answer, Body, Content, ErrorPage, Framing, Request, ends_with_fields};
use crate::sandbox::contract::{self, Context};
use crate::sandbox::{Generation, GuestError, Instance, Sandbox, Unavailable};

/// Content up to this size is read into the output and goes out with its head in one call; larger
/// content is streamed from the file, in octets.
const SMALL_CONTENT_OCTETS_MAX: u64 = 32 << 10;

/// What a worker answers requests with.
pub struct Handler {
    sandbox: Sandbox,
    roots: Roots,
    common: Framing,
    guest_log: GuestLog,
}

/// An answer that is in the output, but for its body.
pub struct Answered {
    pub after: After,
    pub body: Option<Body<OpenFile>>,
    pub status: u16,
    /// Octets of content, those of the body included.
    pub content_octets: u64,
}

/// What handling a request comes to.
pub enum Handled {
    Answered(Answered),
    /// The entries of this directory have to be read: [`Handler::resume`] goes on with them.
    Reads {
        directory: Directory,
        paused: Box<Paused>,
    },
}

/// A request between its two calls, while a directory is read.
pub struct Paused {
    lookup: contract::Lookup,
    after: After,
    place: Place,
}

/// A request, and what is known of it besides its octets.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    pub head: &'a [u8],
    pub request: &'a Request,
    pub peer: IpAddr,
    pub now: Instant,
    /// The server is stopping: every answer ends its connection.
    pub stopping: bool,
}

/// Why a request is answered by the host itself.
enum Failure {
    Guest {
        call: &'static str,
        error: GuestError,
    },
    NoGuest(Option<GuestError>),
    /// A file shrank between the look at it and the reading of it.
    File,
}

impl Handler {
    /// # Errors
    /// When a document root cannot be opened.
    pub fn new(config: &Config, generation: Arc<Generation>) -> std::io::Result<Handler> {
        let settings = &config.settings;
        let fresh_for_each = settings.isolation == Isolation::Request;
        let sites = config.sites.iter().map(|site| (site.name.as_str(), site.root.as_path()));
        Ok(Handler {
            sandbox: Sandbox::new(generation, fresh_for_each, settings.recycle_after),
            roots: Roots::open(sites, DEFAULT_HOST)?,
            common: Framing::new(&settings.server_name, unix_seconds()),
            guest_log: GuestLog::new(),
        })
    }

    /// Takes note of the time. Once for each turn of the loop, before any request.
    pub fn begin_turn(&mut self) {
        self.common.set_time(unix_seconds());
        self.sandbox.begin_turn();
    }

    /// No request follows until the next turn.
    pub fn end_turn(&mut self) {
        self.sandbox.end_turn();
    }

    /// What every answer carries; knows the time, too.
    pub fn common(&self) -> &Framing {
        &self.common
    }

    /// Appends an answer to `incoming` to `output`, unless a directory has to be read before.
    pub fn handle(&mut self, incoming: Incoming<'_>, output: &mut Vec<u8>) -> Handled {
        let mut exchange = Exchange::new(incoming, output);
        let result = self.parse(&mut exchange);
        self.finish(result, &mut exchange)
    }

    /// Goes on with `incoming`, after the directory has been `read`.
    pub fn resume(
        &mut self,
        incoming: Incoming<'_>,
        paused: Paused,
        read: Result<Entries, Trouble>,
        output: &mut Vec<u8>,
    ) -> Handled {
        let mut exchange = Exchange::new(incoming, output);
        let Paused { lookup, after, place } = paused;
        let now = self.common.seconds();
        let root = self.roots.root(&lookup.site, now);
        let found = files::look_on(place, read, root, wanted(&lookup), now);
        let result = self.respond(lookup, after, found, &mut exchange);
        self.finish(result, &mut exchange)
    }

    /// Whatever `result` says of a guest that failed, the next call finds one that is sound.
    fn finish(&mut self, result: Result<Handled, Failure>, exchange: &mut Exchange<'_>) -> Handled {
        self.sandbox.finish(matches!(result, Err(Failure::Guest { .. })));
        result.unwrap_or_else(|failure| Handled::Answered(self.fail(failure, exchange)))
    }

    fn parse(&mut self, exchange: &mut Exchange<'_>) -> Result<Handled, Failure> {
        let parsed =
            self.call("parse", exchange, |guest, head, context| guest.parse(head, context))?;
        let after = after(&parsed.persistence, exchange.incoming.request.content);
        match parsed.action {
            contract::Action::Answer(response) => {
                exchange.write(response, None, after, &self.common)
            }
            contract::Action::LookUp(lookup) => {
                let now = self.common.seconds();
                let root = self.roots.root(&lookup.site, now);
                let found = files::look_up(root, wanted(&lookup), now);
                self.respond(lookup, after, found, exchange)
            }
        }
    }

    fn respond(
        &mut self,
        lookup: contract::Lookup,
        after: After,
        found: files::Found,
        exchange: &mut Exchange<'_>,
    ) -> Result<Handled, Failure> {
        let (found, file) = match found {
            files::Found::File { file, candidate, after } => {
                (words::file(&file, candidate, after), Some(file))
            }
            files::Found::Directory { candidate, entries } => {
                (words::directory(candidate, entries), None)
            }
            files::Found::Nothing(trouble) => (words::nothing(trouble), None),
            files::Found::Unread { place, directory } => {
                let paused = Box::new(Paused { lookup, after, place });
                return Ok(Handled::Reads { directory, paused });
            }
        };
        let response = self.call("respond", exchange, |guest, head, context| {
            guest.respond(head, &found, context)
        })?;
        exchange.write(response, file, after, &self.common)
    }

    /// Calls the guest with the head and what is known besides, and logs what it has to say.
    fn call<T>(
        &mut self,
        name: &'static str,
        exchange: &Exchange<'_>,
        call: impl FnOnce(&mut Instance, &str, Option<Context>) -> Result<T, GuestError>,
    ) -> Result<T, Failure> {
        let incoming = &exchange.incoming;
        let context =
            Context { peer: ip_address(incoming.peer), secure: false, now: self.common.seconds() };
        let instance = self.sandbox.instance(incoming.now).map_err(|unavailable| {
            Failure::NoGuest(match unavailable {
                Unavailable::Failed(error) => Some(error),
                Unavailable::Waiting => None,
            })
        })?;
        let result = call(instance, &exchange.head, Some(context));
        self.guest_log.stderr(instance.take_stderr());
        result.map_err(|error| Failure::Guest { call: name, error })
    }

    /// Puts the host's own answer in place of what there is of one to a request that failed.
    fn fail(&mut self, failure: Failure, exchange: &mut Exchange<'_>) -> Answered {
        let incoming = exchange.incoming;
        let page = match failure {
            Failure::Guest { call, error } => {
                self.guest_log.failure(call, &error, incoming.now);
                ErrorPage::InternalServerError
            }
            Failure::NoGuest(error) => {
                if let Some(error) = error {
                    self.guest_log.failure("its start", &error, incoming.now);
                }
                ErrorPage::ServiceUnavailable
            }
            Failure::File => ErrorPage::InternalServerError,
        };
        exchange.output.truncate(exchange.start);
        self.refuse(page, incoming.request.is_head, exchange.output)
    }

    /// Appends the host's own answer, after which the connection ends: whoever sent the head, no
    /// guest has said what it means.
    pub fn refuse(&mut self, page: ErrorPage, is_head: bool, output: &mut Vec<u8>) -> Answered {
        let content_octets = page.write(&self.common, is_head, output);
        Answered { after: After::Close, body: None, status: page.status(), content_octets }
    }
}

/// A request on its way to an answer.
struct Exchange<'a> {
    incoming: Incoming<'a>,
    /// As the guest gets it.
    head: Cow<'a, str>,
    output: &'a mut Vec<u8>,
    /// Where the answer starts in the output.
    start: usize,
}

impl<'a> Exchange<'a> {
    fn new(incoming: Incoming<'a>, output: &'a mut Vec<u8>) -> Exchange<'a> {
        let head = octets_as_text(incoming.head);
        Exchange { incoming, head, start: output.len(), output }
    }

    fn write(
        &mut self,
        response: contract::Response,
        file: Option<OpenFile>,
        after: After,
        common: &Framing,
    ) -> Result<Handled, Failure> {
        let request = self.incoming.request;
        let after = if self.incoming.stopping { After::Close } else { after };
        let status = response.status;
        let length = content::length(&response.content);
        let ends = ends_with_fields(status);
        let answer = Answer {
            status,
            fields: &response.fields,
            content_length: (!ends).then_some(length),
            persistent: matches!(after, After::KeepAlive { .. }),
            is_http_1_0: request.is_http_1_0,
        };
        answer.write_head(common, self.output);
        let mut answered = Answered { after, body: None, status, content_octets: 0 };
        if request.is_head || ends || length == 0 {
            return Ok(Handled::Answered(answered));
        }
        answered.content_octets = length;
        match file {
            Some(file) if length > SMALL_CONTENT_OCTETS_MAX && !file.is_in_memory() => {
                answered.body = content::body(file, response.content, self.output);
            }
            file => content::write(response.content, file.as_ref(), self.output)
                .map_err(|_| Failure::File)?,
        }
        Ok(Handled::Answered(answered))
    }
}

/// What becomes of the connection: what the guest says, if the head's framing allows it.
fn after(persistence: &contract::Persistence, content: Content) -> After {
    match (persistence, content) {
        (contract::Persistence::KeepAlive(skip), Content::Length(length)) if *skip == length => {
            After::KeepAlive { skip: length }
        }
        _ => After::Close,
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Persistence;

    #[test]
    fn rfc9112_9_3_persistence_needs_framing_that_agrees() {
        let keep = |octets| Persistence::KeepAlive(octets);
        assert_eq!(after(&keep(0), Content::Length(0)), After::KeepAlive { skip: 0 });
        assert_eq!(after(&keep(7), Content::Length(7)), After::KeepAlive { skip: 7 });
        assert_eq!(after(&keep(0), Content::Length(7)), After::Close);
        assert_eq!(after(&keep(7), Content::Length(0)), After::Close);
        assert_eq!(after(&keep(0), Content::Unclear), After::Close);
        assert_eq!(after(&Persistence::Close, Content::Length(0)), After::Close);
    }
}
