//! One request, from its head to an answer in the output.
//!
//! 1. `parse`: the guest says what the head asks for.
//! 2. `look_up`: the file system says what there is.
//! 3. `respond`: the guest says what to answer.
//! 4. `write`: the answer, with the host's framing, goes to the output; content too large for it
//!    is left to be streamed.
//!
//! If the file that was found turns out to have been rewritten meanwhile, steps 2 to 4 are done
//! once more.
//!
//! Where the entries of a directory are asked for, the request is left after step 2 and resumed
//! when they have been read. Between the two its instance of the guest may serve others, or have
//! been replaced: a guest's functions are pure.
//!
//! What the guest returns has been checked by the sandbox, and its word on persistence by
//! [`exchange`], against the framing of the head. Whatever fails on the way is one answer: 500 or
//! 503, or, while a generation is on probation and web.conf wants that, the answer of the one
//! before it.
//!
//! [`exchange`]: super::exchange

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::exchange::{Answered, By, Exchange, Incoming, after};
use super::guest_log::GuestLog;
use super::orders::Publication;
use super::record::{Recorded, Ring, Seen, Tap};
use super::words::{self, ip_address, wanted};
use crate::config::{Isolation, Settings};
use crate::files::{self, Directory, Entries, Opener, Place, Roots, Trouble};
use crate::http::{After, ErrorPage, Framing};
use crate::sandbox::contract::{self, Context, Found};
use crate::sandbox::{Generation, GuestError, Instance, START, Sandbox, Unavailable};

/// What a worker answers requests with.
pub struct Handler {
    publication: Arc<Publication>,
    /// The guest of the publication.
    guest: Sandbox,
    /// A guest of another generation: the one that a request began with, or that answers what the
    /// serving one failed to.
    other_guest: Option<Sandbox>,
    isolation: Isolation,
    recycle_after: u64,
    roots: Roots,
    common: Framing,
    guest_log: GuestLog,
    ring: Ring,
    taps: Vec<Tap>,
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
    /// What the request began with, whatever serves others by then.
    began: Arc<Publication>,
    /// Goes on with the request: another one than that if that has failed already.
    generation: Arc<Generation>,
    lookup: contract::Lookup,
    after: After,
    place: Place,
}

/// Why a request is answered by the host itself.
enum Failure {
    /// A call failed; `found` is what `respond` was called with.
    Guest { call: &'static str, error: GuestError, found: Option<Box<Found>> },
    /// There is no guest to call: none could be made just now, or a short while ago.
    NoGuest(Option<GuestError>),
    /// A file shrank between the look at it and the reading of it, and so did the next.
    File,
}

impl Handler {
    /// Answers by `publication`, from `roots`.
    pub fn new(settings: &Settings, publication: Arc<Publication>, roots: Roots) -> Handler {
        Handler {
            guest: sandbox(&publication.generation, settings.isolation, settings.recycle_after),
            other_guest: None,
            publication,
            isolation: settings.isolation,
            recycle_after: settings.recycle_after,
            roots,
            common: Framing::new(&settings.server_name, unix_seconds()),
            guest_log: GuestLog::new(settings.capture),
            ring: Ring::new(settings.rehearsed_requests),
            taps: Vec::new(),
        }
    }

    /// Answers every request from now on by `publication`. Between two turns only.
    pub fn publish(&mut self, publication: Arc<Publication>) {
        self.guest = sandbox(&publication.generation, self.isolation, self.recycle_after);
        self.other_guest = None;
        self.publication = publication;
    }

    /// The number of the generation that answers.
    pub fn number(&self) -> u64 {
        self.publication.number
    }

    /// Goes on with other settings and roots. Between two turns only.
    pub fn apply(&mut self, settings: &Settings, roots: Roots) {
        self.isolation = settings.isolation;
        self.recycle_after = settings.recycle_after;
        self.guest = sandbox(&self.publication.generation, self.isolation, self.recycle_after);
        self.roots = roots;
        self.common = Framing::new(&settings.server_name, unix_seconds());
        self.guest_log = GuestLog::new(settings.capture);
        self.ring.resize(settings.rehearsed_requests);
    }

    /// Passes copies of requests on to `tap`.
    pub fn add_tap(&mut self, tap: Tap) {
        self.taps.push(tap);
    }

    /// The requests that are remembered, the oldest first.
    pub fn recall(&self) -> Vec<Recorded> {
        self.ring.recall()
    }

    /// Takes note of the time. Once for each turn of the loop, before any request.
    pub fn begin_turn(&mut self) {
        self.common.set_time(unix_seconds());
        self.guest.begin_turn();
        if let Some(guest) = &mut self.other_guest {
            guest.begin_turn();
        }
    }

    /// No request follows until the next turn.
    pub fn end_turn(&mut self, now: Instant) {
        self.roots.end_turn(now);
        self.guest.end_turn();
        if let Some(guest) = &mut self.other_guest {
            guest.end_turn();
            // A generation in the past is not kept alive, unless it stands by.
            if !self.publication.probation.as_ref().is_some_and(|probation| probation.lasts(now)) {
                self.other_guest = None;
            }
        }
    }

    /// When a turn is due even if nothing happens.
    pub fn due(&self) -> Option<Instant> {
        self.roots.due()
    }

    /// Gives back descriptors that it can do without. False: there was none.
    pub fn let_go(&mut self) -> bool {
        self.roots.let_go()
    }

    /// What every answer carries; knows the time, too.
    pub fn common(&self) -> &Framing {
        &self.common
    }

    /// Appends an answer to `incoming` to `output`, unless a directory has to be read before.
    pub fn handle(&mut self, incoming: Incoming<'_>, output: &mut Vec<u8>) -> Handled {
        let mut exchange = Exchange::new(incoming, None, By::Serving, output);
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
        let Paused { began, generation, lookup, after, place } = paused;
        let by = self.engage(&generation);
        let mut exchange = Exchange::new(incoming, Some(began), by, output);
        let opener = self.roots.opener(&lookup.site, self.common.seconds());
        let found = files::look_on(place, read, opener, wanted(&lookup));
        let result = self.respond(lookup, after, found, &mut exchange);
        self.finish(result, &mut exchange)
    }

    /// Whatever `result` says of a guest that failed, the next call finds one that is sound.
    fn finish(&mut self, result: Result<Handled, Failure>, exchange: &mut Exchange<'_>) -> Handled {
        self.sandbox(exchange.by).finish(matches!(result, Err(Failure::Guest { .. })));
        match result {
            Ok(handled) => {
                if matches!(handled, Handled::Answered(_)) {
                    self.record(exchange);
                }
                handled
            }
            Err(failure) => {
                self.log(&failure, exchange);
                match self.try_previous(&failure, exchange) {
                    Some(handled) => handled,
                    None => Handled::Answered(self.fail(&failure, exchange)),
                }
            }
        }
    }

    /// A generation on probation has failed: that may count, and where it is wanted the previous
    /// one answers, starting again.
    fn try_previous(&mut self, failure: &Failure, exchange: &mut Exchange<'_>) -> Option<Handled> {
        let publication = self.began(exchange);
        let probation = publication.probation.as_ref()?;
        let (call, error) = match failure {
            Failure::Guest { call, error, .. } => (*call, Some(error)),
            Failure::NoGuest(error) => (START, error.as_ref()),
            Failure::File => return None,
        };
        // If it is the previous one that has failed, there is none to try.
        let is_on_probation = self.sandbox(exchange.by).is_of(&publication.generation);
        if !is_on_probation || !probation.lasts(exchange.incoming.now) {
            return None;
        }
        if let Some(error) = error {
            let Incoming { head, peer, .. } = exchange.incoming;
            let (now, number, seen) = (self.common.seconds(), publication.number, Seen::Unasked);
            let request = || Recorded { head: head.to_vec(), peer, now, number, seen };
            probation.failed(peer, || (request(), format!("{call}: {error}")));
        }
        exchange.by = self.engage(probation.retry()?);
        exchange.output.truncate(exchange.start);
        let result = self.parse(exchange);
        Some(self.finish(result, exchange))
    }

    /// Makes sure that a guest of `generation` can be called; says which one that is.
    fn engage(&mut self, generation: &Arc<Generation>) -> By {
        if self.guest.is_of(generation) {
            return By::Serving;
        }
        if !self.other_guest.as_ref().is_some_and(|guest| guest.is_of(generation)) {
            let mut guest = sandbox(generation, self.isolation, self.recycle_after);
            guest.begin_turn();
            self.other_guest = Some(guest);
        }
        By::Other
    }

    /// What a request began with.
    fn began(&self, exchange: &Exchange<'_>) -> Arc<Publication> {
        Arc::clone(exchange.began.as_ref().unwrap_or(&self.publication))
    }

    fn sandbox(&mut self, by: By) -> &mut Sandbox {
        match (by, &mut self.other_guest) {
            (By::Other, Some(guest)) => guest,
            _ => &mut self.guest,
        }
    }

    fn parse(&mut self, exchange: &mut Exchange<'_>) -> Result<Handled, Failure> {
        let parsed = self.call(exchange, |guest, head, context| guest.parse(head, context));
        let parsed = parsed.map_err(|failure| failure.in_call("parse", None))?;
        let after = after(&parsed.persistence, exchange.incoming.request.content);
        match parsed.action {
            contract::Action::Answer(response) => {
                written(exchange.write(response, None, after, &self.common))
            }
            contract::Action::LookUp(lookup) => self.look_up(lookup, after, exchange),
        }
    }

    fn look_up(
        &mut self,
        lookup: contract::Lookup,
        after: After,
        exchange: &mut Exchange<'_>,
    ) -> Result<Handled, Failure> {
        let mut opener = self.roots.opener(&lookup.site, self.common.seconds());
        if exchange.looked_again {
            opener = opener.map(Opener::anew);
        }
        let found = files::look_up(opener, wanted(&lookup));
        self.respond(lookup, after, found, exchange)
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
                let generation = Arc::clone(self.sandbox(exchange.by).generation());
                let began = self.began(exchange);
                let paused = Box::new(Paused { began, generation, lookup, after, place });
                return Ok(Handled::Reads { directory, paused });
            }
        };
        exchange.seen = Seen::of(&found);
        let response =
            self.call(exchange, |guest, head, context| guest.respond(head, &found, context));
        let response = match response {
            Ok(response) => response,
            Err(failure) => return Err(failure.in_call("respond", Some(found))),
        };
        match exchange.write(response, file, after, &self.common) {
            // It had been rewritten: the answer is about what is there now.
            Err(_) if !exchange.looked_again => {
                exchange.looked_again = true;
                exchange.output.truncate(exchange.start);
                self.look_up(lookup, after, exchange)
            }
            answered => written(answered),
        }
    }

    /// Calls the guest with the head and what is known besides, and logs what it has to say.
    fn call<T>(
        &mut self,
        exchange: &Exchange<'_>,
        call: impl FnOnce(&mut Instance, &str, Option<Context>) -> Result<T, GuestError>,
    ) -> Result<T, CallFailure> {
        let incoming = &exchange.incoming;
        let context =
            Context { peer: ip_address(incoming.peer), secure: false, now: self.common.seconds() };
        let instance = self.sandbox(exchange.by).instance(incoming.now).map_err(|unavailable| {
            CallFailure::NoGuest(match unavailable {
                Unavailable::Failed(error) => Some(error),
                Unavailable::Waiting => None,
            })
        })?;
        let result = call(instance, &exchange.head, Some(context));
        let stderr = instance.take_stderr();
        self.guest_log.stderr(stderr);
        result.map_err(CallFailure::Guest)
    }

    /// Remembers a request that was answered, for those who ask for it or listen.
    fn record(&mut self, exchange: &Exchange<'_>) {
        let Incoming { head, peer, .. } = exchange.incoming;
        let (now, number) = (self.common.seconds(), self.publication.number);
        let number = if exchange.by == By::Serving { number } else { 0 };
        if !self.taps.is_empty() {
            let recorded =
                || Recorded { head: head.to_vec(), peer, now, number, seen: exchange.seen.clone() };
            self.taps.retain_mut(|tap| tap.pass(recorded));
        }
        self.ring.record(head, peer, now, number, &exchange.seen);
    }

    fn log(&mut self, failure: &Failure, exchange: &Exchange<'_>) {
        let incoming = exchange.incoming;
        match failure {
            Failure::Guest { call, error, found } => {
                let context = Context {
                    peer: ip_address(incoming.peer),
                    secure: false,
                    now: self.common.seconds(),
                };
                let found = found.as_deref();
                self.guest_log.failure(call, error, incoming.now);
                self.guest_log.capture(incoming.head, found, context, incoming.now);
            }
            Failure::NoGuest(Some(error)) => self.guest_log.failure(START, error, incoming.now),
            Failure::NoGuest(None) | Failure::File => {}
        }
    }

    /// Puts the host's own answer in place of what there is of one to a request that failed.
    fn fail(&mut self, failure: &Failure, exchange: &mut Exchange<'_>) -> Answered {
        let page = match failure {
            Failure::Guest { .. } | Failure::File => ErrorPage::InternalServerError,
            Failure::NoGuest(_) => ErrorPage::ServiceUnavailable,
        };
        exchange.output.truncate(exchange.start);
        self.refuse(page, exchange.incoming.request.is_head, exchange.output)
    }

    /// Appends the host's own answer, after which the connection ends: whoever sent the head, no
    /// guest has said what it means.
    pub fn refuse(&mut self, page: ErrorPage, is_head: bool, output: &mut Vec<u8>) -> Answered {
        let content_octets = page.write(&self.common, is_head, output);
        Answered {
            after: After::Close,
            body: None,
            status: page.status(),
            content_octets,
            looked_at: false,
        }
    }
}

/// A guest of `generation`, which gets its first instance when it is asked for one.
fn sandbox(generation: &Arc<Generation>, isolation: Isolation, recycle_after: u64) -> Sandbox {
    Sandbox::new(Arc::clone(generation), isolation == Isolation::Request, recycle_after)
}

/// Why a call has no result.
enum CallFailure {
    Guest(GuestError),
    NoGuest(Option<GuestError>),
}

impl CallFailure {
    fn in_call(self, call: &'static str, found: Option<Found>) -> Failure {
        match self {
            CallFailure::Guest(error) => Failure::Guest { call, error, found: found.map(Box::new) },
            CallFailure::NoGuest(error) => Failure::NoGuest(error),
        }
    }
}

fn written(answered: Result<Answered, Trouble>) -> Result<Handled, Failure> {
    answered.map(Handled::Answered).map_err(|_| Failure::File)
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs())
}
