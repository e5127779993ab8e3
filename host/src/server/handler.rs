//! One request, from its head to a response as a value.
//!
//! 1. The guest says what the head asks for ([`Question::begin`]).
//! 2. The file system says what there is.
//! 3. The guest says what to answer ([`Question::found`]).
//!
//! Where the entries of a directory are asked for, the request is left after step 2 and resumed
//! when they have been read. Between the two its instance of the guest may serve others, or have
//! been replaced: a guest's functions are pure. Whoever sends the response looks at its file; if
//! that was rewritten meanwhile, steps 2 and 3 are done once more ([`Handler::look_again`]).
//!
//! What the guest returns has been checked by the sandbox, and its word on persistence is checked
//! here against the framing of the head. Whatever fails on the way is one response: 500 or 503, or,
//! while a generation is on probation and web.conf wants that, the response of the one before it.

use std::sync::Arc;
use std::time::Instant;

use wasmhttpd_http::h1::After;
use wasmhttpd_http::{CommonFields, ErrorPage};

use super::handled::{Course, Handled, Incoming, Paused};
use super::orders::Publication;
use super::site::Site;
use crate::clock::unix_seconds;
use crate::config::Settings;
use crate::exchange::convert::{self, Looked, wanted};
use crate::exchange::{Begun, Question, Seen, context};
use crate::files::{self, Directory, Entries, OpenFile, Opener, Position, Roots, Trouble};
use crate::sandbox::contract::{self, Context, Found, Persistence};
use crate::sandbox::{CallError, CallFailed, START, octets_as_text};

/// What a worker answers requests with: the site's own, and what all sites of a worker share.
pub struct Handler {
    site: Site,
    roots: Roots,
    common: CommonFields,
}

/// Why a guest gave no answer; `found` is what `respond` was called with.
struct Failure {
    error: CallError,
    found: Option<Box<Found>>,
}

impl Handler {
    /// Answers by `publication`, from `roots`.
    pub fn new(publication: Arc<Publication>, roots: Roots) -> Handler {
        Handler { site: Site::new(publication), roots, common: CommonFields::default() }
    }

    /// Goes by these settings from now on. Between two turns only.
    pub fn set(&mut self, settings: &Settings) {
        self.site.set(&settings.guest, &settings.swap);
        self.common = CommonFields::new(&settings.responses.server_name, unix_seconds());
    }

    /// Looks for files beneath these roots from now on. Between two turns only.
    pub fn set_roots(&mut self, roots: Roots) {
        self.roots = roots;
    }

    /// What answers.
    pub fn site(&mut self) -> &mut Site {
        &mut self.site
    }

    /// Takes note of the time. Once for each turn of the loop, before any request.
    pub fn begin_turn(&mut self) {
        self.common.set_time(unix_seconds());
        self.site.begin_turn();
    }

    /// No request follows until the next turn.
    pub fn end_turn(&mut self, now: Instant) {
        self.roots.end_turn(now);
        self.site.end_turn(now);
    }

    /// When a turn is due even if nothing happens.
    pub fn due(&self) -> Option<Instant> {
        self.roots.due()
    }

    /// Gives back descriptors that it can do without. False: there was none.
    pub fn release_descriptors(&mut self) -> bool {
        self.roots.release_descriptors()
    }

    /// What every response carries; knows the time, too.
    pub fn common(&self) -> &CommonFields {
        &self.common
    }

    /// Handles a request from its head on.
    pub fn begin(&mut self, incoming: Incoming<'_>, course: &mut Course) -> Handled {
        self.carry(incoming, course, None)
    }

    /// Goes on with a request, after the directory has been `read`.
    pub fn resume(
        &mut self,
        incoming: Incoming<'_>,
        paused: Paused,
        read: Result<Entries, Trouble>,
        course: &mut Course,
    ) -> Handled {
        let Paused { began, generation, look_up, position } = paused;
        course.by = self.site.engage(&generation);
        course.began = Some(began);
        let opener = self.roots.opener(&look_up.lookup.site, self.common.seconds());
        let found = files::resume_look_up(position, read, opener, wanted(&look_up.lookup));
        course.look_up = Some(look_up);
        self.carry(incoming, course, Some(found))
    }

    /// The file of a response turned out to have been rewritten: makes another response, about what
    /// is there now. If that was the second time, the host's own.
    pub fn look_again(&mut self, incoming: Incoming<'_>, course: &mut Course) -> Handled {
        if course.has_looked_again || course.look_up.is_none() {
            return course.page(ErrorPage::InternalServerError);
        }
        course.has_looked_again = true;
        self.carry(incoming, course, None)
    }

    /// Carries a request to a response, or to where a directory has to be read. A guest that fails
    /// may be followed by another one, once.
    fn carry(
        &mut self,
        incoming: Incoming<'_>,
        course: &mut Course,
        mut found: Option<files::Resolution>,
    ) -> Handled {
        let head = octets_as_text(incoming.head);
        let context = context(incoming.peer, self.common.seconds());
        let question = Question { head: &head, context };
        loop {
            let asked = self.ask(&question, course, found.take(), &incoming);
            self.site.guest(course.by).finish(asked.is_err());
            let failure = match asked {
                Ok(handled) => return handled,
                Err(failure) => failure,
            };
            if !self.is_tried_again(&failure, course, &incoming, context) {
                return course.page(failure.page());
            }
        }
    }

    /// Logs a failure. False: no other guest is asked.
    #[cold]
    fn is_tried_again(
        &mut self,
        failure: &Failure,
        course: &mut Course,
        incoming: &Incoming<'_>,
        context: Context,
    ) -> bool {
        let Failure { error, found } = failure;
        self.site.log(error, found.as_deref(), incoming, context);
        self.site.is_tried_again(error, course, incoming, context.now)
    }

    /// Has the guest of `course` answer: from the head on, or, if it is known what it wants looked
    /// up, from there, or with what was `found`.
    fn ask(
        &mut self,
        question: &Question<'_>,
        course: &mut Course,
        found: Option<files::Resolution>,
        incoming: &Incoming<'_>,
    ) -> Result<Handled, Failure> {
        let look_up = match &mut course.look_up {
            Some(look_up) => look_up,
            none => {
                let begun = question.begin(self.site.guest(course.by), incoming.now);
                self.site.log_stderr(course.by);
                match begun.map_err(|error| Failure { error, found: None })? {
                    Begun::Answer { response, persistence } => {
                        return Ok(respond(response, None, persistence, incoming));
                    }
                    Begun::LookUp(look_up) => none.insert(look_up),
                }
            }
        };
        let found = match found {
            Some(found) => found,
            None => {
                let mut opener = self.roots.opener(&look_up.lookup.site, self.common.seconds());
                if course.has_looked_again {
                    opener = opener.map(Opener::anew);
                }
                files::look_up(opener, wanted(&look_up.lookup))
            }
        };
        let persistence = look_up.persistence;
        let (found, file) = match convert::looked(found) {
            Looked::Found { found, file } => (found, file),
            Looked::Unread { position, directory } => {
                return Ok(self.pause(course, position, directory));
            }
        };
        course.seen = Seen::of(&found);
        let response = question.found(&found, self.site.guest(course.by), incoming.now);
        self.site.log_stderr(course.by);
        match response {
            Ok(response) => Ok(respond(response, file, persistence, incoming)),
            Err(error) => Err(Failure { error, found: Some(Box::new(found)) }),
        }
    }

    /// Leaves a request until the directory has been read.
    fn pause(&mut self, course: &mut Course, position: Position, directory: Directory) -> Handled {
        let look_up = course.look_up.take().expect("a directory is looked up");
        let generation = Arc::clone(self.site.guest(course.by).generation());
        let began = self.site.began(course);
        let paused = Box::new(Paused { began, generation, look_up, position });
        Handled::Read { directory, paused }
    }

    /// The response that came about in this `course` is being sent: remembers the request, for
    /// those who ask for it or listen.
    pub fn responded(&mut self, incoming: Incoming<'_>, course: &Course) {
        if !course.has_failed {
            self.site.record(incoming, course, self.common.seconds());
        }
    }
}

/// The answer of a guest about `file`, and what becomes of the connection.
#[inline]
fn respond(
    response: contract::Response,
    file: Option<OpenFile>,
    persistence: Persistence,
    incoming: &Incoming<'_>,
) -> Handled {
    let after = match incoming.stopping {
        true => After::Close,
        false => After::agreed(convert::skip(&persistence), incoming.request.content),
    };
    Handled::Respond { response: convert::response(response, file), after }
}

impl Failure {
    /// What the client gets.
    fn page(&self) -> ErrorPage {
        match &self.error {
            CallError::Failed(CallFailed { call, .. }) if *call != START => {
                ErrorPage::InternalServerError
            }
            CallError::Failed(_) | CallError::Waiting => ErrorPage::ServiceUnavailable,
        }
    }
}
