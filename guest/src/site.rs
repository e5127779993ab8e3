//! A site: a configuration, and the answers to requests under it.
//!
//! `parse`, then `respond`:
//!
//! 1. the head is read, or remembered (`memo`, `request`);
//! 2. a refusal, OPTIONS or a redirect needs no file (`refusal`, `redirects`);
//! 3. a path gives its candidates, and pages for when there are none (`candidates`); the host looks
//!    for them;
//! 4. what it found gives the answer: a page for a trouble, a redirect, a listing (`page`,
//!    `listing`), or a file with its conditions and its range (`conditional`, `range`,
//!    `representation`);
//! 5. the fields of the operator's are added (`extra`).

mod question;

use self::question::{Decision, Question, Role};
use crate::candidates::{self, Candidate, Candidates};
use crate::conditional::{self, Outcome};
use crate::contract::{
    Action, Configuration, Context, Directories, Fallback, File, Found, Listing, Lookup, Parsed,
    Problem, Response, SettingHelp, Trouble,
};
use crate::head::{Method, Name};
use crate::listing;
use crate::media::MediaTypes;
use crate::memo::{Memo, Spare, View};
use crate::negotiation::{Coding, Codings, SUFFIX_OCTETS_MAX};
use crate::octet;
use crate::page;
use crate::path::CANDIDATE_OCTETS_MAX;
use crate::range::{self, Selection};
use crate::refusal::Refusal;
use crate::representation::{self, FileFields, Representation};
use crate::request::{Request, Wish};
use crate::settings::{self, INDEX_NAME_OCTETS_MAX, Settings};
use alloc::string::String;
use alloc::vec::Vec;

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

/// Whatever a candidate appends to a path that is no longer, it is within the contract's limit.
const ALWAYS_NAMEABLE_OCTETS_MAX: usize =
    CANDIDATE_OCTETS_MAX - INDEX_NAME_OCTETS_MAX - SUFFIX_OCTETS_MAX;

impl Policy {
    fn parse(&self, view: &View<'_>, context: Option<Context>) -> Parsed {
        match self.decide(view, context) {
            Decision::Answer(parsed) => parsed,
            Decision::Ask(question) => {
                let action = Action::LookUp(self.lookup(&question));
                Parsed { action, persistence: question.request.persistence }
            }
        }
    }

    fn respond(&self, view: &View<'_>, found: &Found, context: Option<Context>) -> Response {
        let question = match self.decide(view, context) {
            Decision::Ask(question) => question,
            // Nobody was to look: whatever was found, the answer stands.
            Decision::Answer(Parsed { action: Action::Answer(response), .. }) => return response,
            Decision::Answer(_) => return self.finish(page::error(500), ""),
        };
        let response = match found {
            Found::File(file) => match self.role(&question, file) {
                Some(Role::Resource(candidate)) => {
                    return self.resource(&question, candidate, file, context);
                }
                Some(Role::ErrorPage(trouble, path)) => {
                    let content = representation::whole(file.size);
                    page::own_error(trouble, self.media.of(path), content)
                }
                // A file that was not asked for.
                None => page::error(500),
            },
            Found::Directory(_) if !question.is_nameable => page::error(500),
            Found::Directory(listing) => self.directory(&question, listing, context),
            Found::Nothing(trouble) => page::error(page::trouble_status(*trouble)),
        };
        self.finish(response, question.path)
    }

    fn decide<'a>(&'a self, view: &View<'a>, context: Option<Context>) -> Decision<'a> {
        let path = view.path();
        let answer = |response, persistence| {
            let action = Action::Answer(self.finish(response, path));
            Decision::Answer(Parsed { action, persistence })
        };
        let request = match view.reading {
            Ok(request) => request,
            Err(refused) => {
                return answer(page::error(refused.refusal.status()), refused.persistence);
            }
        };
        // RFC 9110, section 7.4; by hand, without a context, nothing is secure.
        if request.target.secure && !context.is_some_and(|context| context.secure) {
            return answer(page::error(Refusal::Misdirected.status()), request.persistence);
        }
        if request.wish == Wish::Options {
            return answer(page::options(), request.persistence);
        }
        let (octets, host) = (view.octets, view.text(request.host));
        let is_nameable = request.wish == Wish::Resource;
        let mut question = Question { octets, path, host, request, is_nameable };
        if let Some(response) = self.redirect(&question) {
            return answer(response, request.persistence);
        }
        // The contract's limit. No file has so long a name.
        question.is_nameable &= path.len() <= ALWAYS_NAMEABLE_OCTETS_MAX
            || self.candidates(&question).octets_max() <= CANDIDATE_OCTETS_MAX;
        let has_fallbacks =
            self.settings.fallback.is_some() || !self.settings.error_pages.is_empty();
        if !question.is_nameable && !has_fallbacks {
            return answer(page::error(404), request.persistence);
        }
        Decision::Ask(question)
    }

    /// Where the operator sends a path.
    fn redirect(&self, question: &Question<'_>) -> Option<Response> {
        let Question { octets, path, request, .. } = *question;
        let redirect = self.settings.redirects.iter().rfind(|redirect| redirect.covers(path))?;
        let (location, with_query) = redirect.location(path);
        let query = request.target.query.filter(|_| with_query);
        Some(page::redirect(redirect.status, location, query.map(|query| query.of(octets))))
    }

    fn candidates<'a>(&'a self, question: &Question<'a>) -> Candidates<'a> {
        Candidates::new(question.path, &self.settings.index, self.codings(question))
    }

    /// The codings that the client takes, where there may be any.
    #[inline]
    fn codings(&self, question: &Question<'_>) -> Codings {
        match self.settings.precompressed {
            true => question.codings(),
            false => Codings::IDENTITY,
        }
    }

    fn lookup(&self, question: &Question<'_>) -> Lookup {
        let is_directory = question.path.ends_with('/');
        Lookup {
            site: lower_case(question.host),
            candidates: match question.is_nameable {
                true => self.candidates(question).list(),
                false => Vec::new(),
            },
            fallbacks: self.fallbacks(question),
            directories: match (is_directory, self.settings.listing) {
                (true, true) => Directories::Read,
                (true, false) => Directories::Forbid,
                // It is there to be redirected to.
                (false, _) => Directories::Find,
            },
        }
    }

    /// The page for whatever is missing in each of its forms, then the pages that tell of a
    /// trouble.
    fn fallbacks(&self, question: &Question<'_>) -> Vec<Fallback> {
        let mut fallbacks = Vec::new();
        if let Some(candidates) = self.fallback(question) {
            let after = Trouble::Missing;
            let forms = candidates.list_files().into_iter();
            fallbacks.extend(forms.map(|path| Fallback { after, path }));
        }
        let pages = self.settings.error_pages.iter();
        fallbacks.extend(pages.map(|(after, path)| Fallback { after: *after, path: path.clone() }));
        fallbacks
    }

    fn fallback(&self, question: &Question<'_>) -> Option<Candidates<'_>> {
        let path = self.settings.fallback.as_deref()?;
        Some(Candidates::new(path, &[], self.codings(question)))
    }

    fn role<'a>(&'a self, question: &Question<'a>, file: &File) -> Option<Role<'a>> {
        let Some(after) = file.after else {
            let candidates = Some(self.candidates(question)).filter(|_| question.is_nameable);
            return Some(Role::Resource(candidates?.get(file.candidate)?));
        };
        let mut number = file.candidate as usize;
        if let Some(candidates) = self.fallback(question) {
            if let Some(candidate) = candidates.get(file.candidate) {
                return (after == Trouble::Missing).then_some(Role::Resource(candidate));
            }
            number -= candidates.list_files().len();
        }
        let (trouble, path) = self.settings.error_pages.get(number)?;
        (after == *trouble).then_some(Role::ErrorPage(after, path))
    }

    /// The answer with a file of the site.
    fn resource(
        &self,
        question: &Question<'_>,
        candidate: Candidate<'_>,
        file: &File,
        context: Option<Context>,
    ) -> Response {
        let precompressed = self.settings.precompressed;
        let is_refused = precompressed
            && candidate.coding == Coding::Identity
            && !self.codings(question).identity;
        let mut response = if is_refused {
            page::not_acceptable()
        } else {
            let representation = Representation {
                size: file.size,
                modified: file.modified,
                content_type: self.media.of(candidate.name),
                coding: candidate.coding,
                varies: precompressed && candidates::may_vary(candidate.name),
                cache_control: self.settings.cache_control(|| candidate.path()),
            };
            let now = context.map(|context| context.now);
            let fields = FileFields::new(&representation, now, self.settings.header.octets());
            represent(question, fields, file.size, now)
        };
        self.settings.header.push(&mut response.fields, || candidate.path());
        response
    }

    /// The answer about a directory: its address ends with a slash, and its entries are shown or
    /// not.
    fn directory(
        &self,
        question: &Question<'_>,
        found: &Listing,
        context: Option<Context>,
    ) -> Response {
        let Question { octets, path, request, .. } = *question;
        if !path.ends_with('/') {
            return page::slash(path, request.target.query.map(|query| query.of(octets)));
        }
        match self.settings.listing {
            true => listing::respond(octets, path, request, found, context),
            false => page::error(403),
        }
    }

    /// Adds the operator's fields.
    fn finish(&self, mut response: Response, path: &str) -> Response {
        self.settings.header.push(&mut response.fields, || path.into());
        response
    }
}

/// A host name in lower case, which it is in already, nearly always.
fn lower_case(host: &str) -> String {
    let mut lower = String::from(host);
    if octet::has_upper_case(host.as_bytes()) {
        lower.make_ascii_lowercase();
    }
    lower
}

/// The answer about a file under the request's conditions, and then its range (RFC 9110, section
/// 13.2.2). Only GET has a range (section 14.2), and only one Range field is one.
fn represent(
    question: &Question<'_>,
    fields: FileFields<'_>,
    size: u64,
    now: Option<u64>,
) -> Response {
    let Question { octets, request: Request { head, .. }, .. } = question;
    match conditional::evaluate(head, octets, fields.validators(), now) {
        Outcome::Failed => return page::error(412),
        Outcome::NotModified => return fields.not_modified(),
        Outcome::Proceed => {}
    }
    let range = head.only(Name::Range).filter(|_| {
        head.method == Method::Get
            && conditional::range_applies(head, octets, fields.validators(), now)
    });
    match range.map_or(Selection::Whole, |value| range::select(value.of(octets), size)) {
        Selection::Whole => fields.whole(),
        Selection::Part(range) => fields.part(range),
        Selection::Parts(ranges) => fields.parts(&ranges, octets),
        Selection::Unsatisfiable => page::unsatisfiable(size),
    }
}

#[cfg(test)]
mod tests;
