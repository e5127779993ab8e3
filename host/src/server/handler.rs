//! One request, from its head to an answer in the output.
//!
//! 1. `parse`: the guest says what the head asks for.
//! 2. `look_up`: the file system says what there is.
//! 3. `respond`: the guest says what to answer.
//! 4. `write`: the answer, with the host's framing, goes to the output; content too large for it
//!    is left to be streamed.
//!
//! What the guest returns has been checked by the sandbox; its word on persistence is checked
//! here, against the framing of the head. Whatever fails on the way is one answer: 500 or 503.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::content;
use super::guest_log::GuestLog;
use super::words::{ip_address, look_up, octets_as_text};
use crate::config::{Config, DEFAULT_HOST, Isolation};
use crate::files::{self, OpenFile, Roots};
use crate::http::{After, Answer, Body, Content, ErrorPage, Framing, Request, ends_with_fields};
use crate::sandbox::contract::{self, Context};
use crate::sandbox::{Generation, GuestError, Sandbox, Unavailable};

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

/// What is known of a request besides its head.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances {
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

    /// Appends an answer to `request`, whose octets are `head`, to `output`.
    pub fn handle(
        &mut self,
        head: &[u8],
        request: &Request,
        circumstances: Circumstances,
        output: &mut Vec<u8>,
    ) -> Answered {
        let start = output.len();
        let result = self.try_handle(head, request, circumstances, output);
        let failed = matches!(result, Err(Failure::Guest { .. }));
        self.sandbox.finish(failed);
        result.unwrap_or_else(|failure| {
            output.truncate(start);
            self.fail(failure, request, circumstances, output)
        })
    }

    fn try_handle(
        &mut self,
        head: &[u8],
        request: &Request,
        circumstances: Circumstances,
        output: &mut Vec<u8>,
    ) -> Result<Answered, Failure> {
        let head = octets_as_text(head);
        let context = Some(Context {
            peer: ip_address(circumstances.peer),
            secure: false,
            now: self.common.seconds(),
        });
        let instance = self.sandbox.instance(circumstances.now).map_err(|unavailable| {
            Failure::NoGuest(match unavailable {
                Unavailable::Failed(error) => Some(error),
                Unavailable::Waiting => None,
            })
        })?;

        let parsed = instance.parse(&head, context);
        self.guest_log.stderr(instance.take_stderr());
        let parsed = parsed.map_err(|error| Failure::Guest { call: "parse", error })?;
        let after = match circumstances.stopping {
            true => After::Close,
            false => after(&parsed.persistence, request.content),
        };

        let (response, file) = match parsed.action {
            contract::Action::Answer(response) => (response, None),
            contract::Action::LookUp(lookup) => {
                let (found, file) = look_up(&mut self.roots, &lookup, self.common.seconds());
                let response = instance.respond(&head, &found, context);
                self.guest_log.stderr(instance.take_stderr());
                let response =
                    response.map_err(|error| Failure::Guest { call: "respond", error })?;
                (response, file)
            }
        };

        let exchange = Exchange { request, after, common: &self.common };
        exchange.write(response, file, output).map_err(|_| Failure::File)
    }

    /// Appends the host's own answer to a request that failed.
    fn fail(
        &mut self,
        failure: Failure,
        request: &Request,
        circumstances: Circumstances,
        output: &mut Vec<u8>,
    ) -> Answered {
        let page = match failure {
            Failure::Guest { call, error } => {
                self.guest_log.failure(call, &error, circumstances.now);
                ErrorPage::InternalServerError
            }
            Failure::NoGuest(error) => {
                if let Some(error) = error {
                    self.guest_log.failure("its start", &error, circumstances.now);
                }
                ErrorPage::ServiceUnavailable
            }
            Failure::File => ErrorPage::InternalServerError,
        };
        self.refuse(page, request.is_head, output)
    }

    /// Appends the host's own answer, after which the connection ends: whoever sent the head, no
    /// guest has said what it means.
    pub fn refuse(&mut self, page: ErrorPage, is_head: bool, output: &mut Vec<u8>) -> Answered {
        let content_octets = page.write(&self.common, is_head, output);
        Answered { after: After::Close, body: None, status: page.status(), content_octets }
    }
}

/// A request whose answer is known and goes to the output.
struct Exchange<'a> {
    request: &'a Request,
    after: After,
    common: &'a Framing,
}

impl Exchange<'_> {
    fn write(
        self,
        response: contract::Response,
        file: Option<OpenFile>,
        output: &mut Vec<u8>,
    ) -> Result<Answered, files::Trouble> {
        let length = content::length(&response.content);
        let ends = ends_with_fields(response.status);
        let answer = Answer {
            status: response.status,
            fields: &response.fields,
            content_length: (!ends).then_some(length),
            persistent: matches!(self.after, After::KeepAlive { .. }),
            is_http_1_0: self.request.is_http_1_0,
        };
        answer.write_head(self.common, output);
        let mut answered =
            Answered { after: self.after, body: None, status: response.status, content_octets: 0 };
        if self.request.is_head || ends || length == 0 {
            return Ok(answered);
        }
        answered.content_octets = length;
        match file {
            Some(file) if length > SMALL_CONTENT_OCTETS_MAX && !file.is_in_memory() => {
                answered.body = content::body(file, response.content, output);
            }
            file => content::write(response.content, file.as_ref(), output)?,
        }
        Ok(answered)
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
