//! A site: a configuration, and the answers to requests under it.
//!
//! `parse`, then `respond`:
//!
//! 1. the head is read, or remembered (`memo`, `request`);
//! 2. a refusal, or the answer to OPTIONS, needs no file;
//! 3. a path gives its candidates; the host looks for them;
//! 4. what it found gives the answer: trouble, a redirect, or a file with its conditions
//!    (`conditional`), and
//!    then its range (`range`).

use crate::conditional::{self, Outcome};
use crate::contract::{
    Action, Configuration, Context, Directories, File, Found, Listing, Lookup, Parsed, Problem,
    Response, SettingHelp,
};
use crate::head::{Method, Name};
use crate::media::MediaTypes;
use crate::memo::{Memo, Spare, View};
use crate::path::CANDIDATE_OCTETS_MAX;
use crate::range::{self, Selection};
use crate::refusal::Refusal;
use crate::request::{Refused, Request, Wish};
use crate::response::{self, FileFields};
use crate::settings::{self, Settings};
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

/// A configured site.
#[derive(Debug, Default)]
pub struct Site {
    policy: Policy,
    memo: Memo,
}

/// What does not change from request to request.
#[derive(Debug, Default)]
struct Policy {
    settings: Settings,
    media: MediaTypes,
}

impl Site {
    /// A site as web.conf describes it, or everything that is wrong with the description.
    pub fn configure(configuration: &Configuration) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let media = MediaTypes::read(&configuration.media, &mut problems);
        let settings = Settings::read(&configuration.parameters, &mut problems);
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.line);
            return Err(problems);
        }
        Ok(Self { policy: Policy { settings, media }, memo: Memo::new() })
    }

    /// Every parameter that [`Site::configure`] takes.
    pub fn settings() -> Vec<SettingHelp> {
        settings::help()
    }

    /// What to do for a request.
    pub fn parse(&mut self, head: &str, context: Option<Context>) -> Parsed {
        let mut spare = Spare::default();
        self.policy.parse(&self.memo.read(head, &mut spare), context)
    }

    /// What to answer, now that the host has looked.
    pub fn respond(&mut self, head: &str, found: &Found, context: Option<Context>) -> Response {
        let mut spare = Spare::default();
        self.policy.respond(&self.memo.read(head, &mut spare), found, context)
    }
}

impl Policy {
    fn parse(&self, view: &View<'_>, context: Option<Context>) -> Parsed {
        match self.decide(view, context) {
            Ok(request) => {
                let site = str::from_utf8(request.host.of(view.octets))
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                let candidates = self.candidates(view.path);
                // A directory is there to be redirected to, or else is not shown.
                let directories = match view.path.ends_with('/') {
                    true => Directories::Forbid,
                    false => Directories::Find,
                };
                let lookup = Lookup { site, candidates, fallbacks: Vec::new(), directories };
                Parsed { action: Action::LookUp(lookup), persistence: request.persistence }
            }
            Err(answered) => answered,
        }
    }

    fn respond(&self, view: &View<'_>, found: &Found, context: Option<Context>) -> Response {
        let request = match self.decide(view, context) {
            Ok(request) => request,
            // Nobody was to look: whatever was found, the answer stands.
            Err(Parsed { action: Action::Answer(response), .. }) => return response,
            Err(_) => return response::error(500),
        };
        match found {
            Found::Nothing(trouble) => response::error(response::trouble_status(*trouble)),
            Found::Directory(listing) => directory(view, request, listing),
            Found::File(file) => self.file(view, request, file, context),
        }
    }

    /// The request, if a look at the files is needed; else its answer.
    fn decide<'a>(&self, view: &View<'a>, context: Option<Context>) -> Result<&'a Request, Parsed> {
        let refused = |Refused { refusal, persistence }| Parsed {
            action: Action::Answer(response::error(refusal.status())),
            persistence,
        };
        let request = view.reading.as_ref().map_err(|refusal| refused(*refusal))?;
        let refuse = |refusal| Err(refused(Refused { refusal, persistence: request.persistence }));
        // RFC 9110, section 7.4; by hand, without a context, nothing is secure.
        if request.target.secure && !context.is_some_and(|context| context.secure) {
            return refuse(Refusal::Misdirected);
        }
        match request.wish {
            Wish::Options => Err(Parsed {
                action: Action::Answer(response::options()),
                persistence: request.persistence,
            }),
            // The contract's limit on candidates. No file has so long a name.
            Wish::Resource
                if view.path.len() + self.longest_suffix(view.path) > CANDIDATE_OCTETS_MAX =>
            {
                refuse(Refusal::Unnameable)
            }
            Wish::Resource => Ok(request),
        }
    }

    /// The longest that a candidate appends to a path.
    fn longest_suffix(&self, path: &str) -> usize {
        if path.ends_with('/') {
            self.settings.index.iter().map(String::len).max().unwrap_or(0)
        } else {
            1
        }
    }

    /// The names that a path may stand for: the index files of a directory and then itself, or a
    /// file and then a directory.
    fn candidates(&self, path: &str) -> Vec<String> {
        let joined = |suffix: &str| [path, suffix].concat();
        if path.ends_with('/') {
            let mut candidates = Vec::with_capacity(self.settings.index.len() + 1);
            candidates.extend(self.settings.index.iter().map(|name| joined(name)));
            candidates.push(joined(""));
            candidates
        } else {
            [joined(""), joined("/")].into()
        }
    }

    /// The file name of a candidate; none for a directory, and for what is no candidate.
    fn file_name<'a>(&'a self, path: &'a str, candidate: u32) -> Option<&'a str> {
        if path.ends_with('/') {
            self.settings.index.get(candidate as usize).map(String::as_str)
        } else {
            (candidate == 0).then_some(path)
        }
    }

    /// The answer about a file.
    fn file(
        &self,
        view: &View<'_>,
        request: &Request,
        file: &File,
        context: Option<Context>,
    ) -> Response {
        if let Some(trouble) = file.after {
            return response::fallback(trouble, file.size);
        }
        // A file that was not asked for.
        let Some(name) = self.file_name(view.path, file.candidate) else {
            return response::error(500);
        };
        let now = context.map(|context| context.now);
        let fields = FileFields::new(file.size, file.modified, now, &self.settings.cache_control);
        match conditional::evaluate(&request.head, view.octets, fields.validators(), now) {
            Outcome::Failed => return response::error(412),
            Outcome::NotModified => return fields.not_modified(),
            Outcome::Proceed => {}
        }
        let content_type = self.media.of(name);
        match selection(view, request, file.size) {
            Selection::Whole => fields.whole(content_type, file.size),
            Selection::Part { first, last } => fields.part(content_type, first, last, file.size),
            Selection::Unsatisfiable => response::unsatisfiable(file.size),
        }
    }
}

/// The range asked for. Only GET has one (RFC 9110, section 14.2), and not under a condition that
/// is not evaluated yet (section 13.1.5): the whole file is always a right answer.
fn selection(view: &View<'_>, request: &Request, size: u64) -> Selection {
    if request.head.method != Method::Get || request.head.count(Name::IfRange) > 0 {
        return Selection::Whole;
    }
    match request.head.only(Name::Range) {
        Some(value) => range::select(value.of(view.octets), size),
        None => Selection::Whole,
    }
}

/// The answer about a directory: its address ends with a slash, and its entries are not shown.
fn directory(view: &View<'_>, request: &Request, _listing: &Listing) -> Response {
    if view.path.ends_with('/') {
        return response::error(403);
    }
    response::redirect(view.path, request.target.query.map(|query| query.of(view.octets)))
}

#[cfg(test)]
mod tests;
