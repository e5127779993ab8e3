//! Two guests and the same request: what each answers, and in what they differ.
//!
//! A guest is a pure function, so that a request can be asked again, of any guest and at any time.
//! Owns the instances and document roots for that, which no worker shares. Rehearsals and shadows are
//! made of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::files::{self, Roots, Trouble};
use crate::sandbox::contract::{
    Action, Content, Context, Datetime, Directories, Entry, File, Found, Listing, Lookup, Parsed,
    Part, Response,
};
use crate::sandbox::{Generation, GuestError, Instance, START, Sandbox, Unavailable};
use crate::server::words::{self, octets_as_text, wanted};
use crate::server::{Recorded, Seen};

/// How often a call may be late before that counts: the machine may have been busy with others.
const LATE_MAX: u32 = 3;

/// Octets of a request line that are shown.
const SHOWN_OCTETS_MAX: usize = 200;

/// What is found for a request.
#[derive(Debug, Clone, Copy)]
pub enum Finding<'a> {
    /// What is there now.
    Real,
    /// What was there then, for the lookup of the serving guest.
    Kept(&'a Found),
    /// A file of so many octets, where a lookup asks for files.
    File(u64),
    /// A folder of one file, where a lookup asks for folders.
    Directory,
    /// Nothing.
    Nothing(Trouble),
}

/// How the answers of two guests to the same requests differed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Requests asked.
    pub requests: u64,
    /// Answers with another status.
    pub status: u64,
    /// Answers with other fields.
    pub fields: u64,
    /// Answers with other content.
    pub content: u64,
    /// Requests that the serving guest failed at, so that there was nothing to compare.
    pub serving_failed: u64,
    /// Requests that the candidate failed at.
    pub failed: u64,
    /// The first request that was answered otherwise, and how.
    pub example: Option<String>,
}

/// A candidate beside the serving guest.
pub struct Comparison {
    serving: Sandbox,
    candidate: Sandbox,
    roots: Roots,
    report: Report,
}

/// A call that failed.
#[derive(Debug)]
pub struct CallFailed {
    /// The function.
    pub call: &'static str,
    /// How it failed.
    pub error: GuestError,
}

impl fmt::Display for CallFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.call, self.error)
    }
}

/// How a guest answered.
struct Played {
    /// What it looked for, and what there was.
    look: Option<(Lookup, Found)>,
    response: Response,
    /// The file that slices are of.
    file: Option<String>,
}

impl Comparison {
    /// Compares `candidate` with `serving` on the files beneath `roots`.
    pub fn new(serving: &Arc<Generation>, candidate: &Arc<Generation>, roots: Roots) -> Comparison {
        let sandbox = |generation| Sandbox::new(Arc::clone(generation), false, 0);
        Comparison {
            serving: sandbox(serving),
            candidate: sandbox(candidate),
            roots,
            report: Report::default(),
        }
    }

    /// What came out so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Asks both guests the same. `number` is the generation that serves.
    pub fn ask_recorded(&mut self, recorded: &Recorded, number: u64) -> Result<(), CallFailed> {
        let finding = match &recorded.seen {
            Seen::Found(found) if recorded.number == number => Finding::Kept(found),
            _ => Finding::Real,
        };
        self.ask(&recorded.head, recorded.context(), finding)
    }

    /// Asks both guests the same.
    ///
    /// # Errors
    /// When the candidate failed, and the serving guest did not.
    pub fn ask(
        &mut self,
        head: &[u8],
        context: Context,
        finding: Finding<'_>,
    ) -> Result<(), CallFailed> {
        self.report.requests += 1;
        let text = octets_as_text(head);
        let mut ask = |sandbox: &mut Sandbox, known| {
            Player { sandbox, roots: &mut self.roots, head: &text, context, finding }.play(known)
        };
        let serving = ask(&mut self.serving, None);
        let known = serving.as_ref().ok().and_then(|played| played.look.as_ref());
        let candidate = ask(&mut self.candidate, known);
        match (serving, candidate) {
            (Ok(serving), Ok(candidate)) => self.compare(head, &serving, &candidate),
            (Err(_), Ok(_)) => self.report.serving_failed += 1,
            (Err(_), Err(_)) => {
                self.report.serving_failed += 1;
                self.report.failed += 1;
            }
            (Ok(_), Err(failed)) => {
                self.report.failed += 1;
                return Err(failed);
            }
        }
        Ok(())
    }

    fn compare(&mut self, head: &[u8], serving: &Played, candidate: &Played) {
        let (old, new) = (&serving.response, &candidate.response);
        let status = old.status != new.status;
        let fields = old.fields != new.fields;
        let content = !is_same_content(&old.content, &new.content)
            || has_slices(&new.content) && serving.file != candidate.file;
        let report = &mut self.report;
        report.status += u64::from(status);
        report.fields += u64::from(fields);
        report.content += u64::from(content);
        if report.example.is_none() && (status || fields || content) {
            let what = match () {
                () if status => format!("{} becomes {}", old.status, new.status),
                () if fields => "other fields".into(),
                () => "other content".into(),
            };
            report.example = Some(format!("`{}`: {what}", request_line(head)));
        }
    }
}

impl Report {
    /// Whether anything was answered otherwise.
    pub fn is_different(&self) -> bool {
        self.status + self.fields + self.content > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} requests", self.requests)?;
        match (&self.example, self.is_different()) {
            (Some(example), true) => write!(
                formatter,
                ", differences: {} in status, {} in fields, {} in content, such as {example}",
                self.status, self.fields, self.content
            )?,
            _ => formatter.write_str(", no difference")?,
        }
        if self.failed > 0 {
            write!(formatter, ", {} failed", self.failed)?;
        }
        if self.serving_failed > 0 {
            write!(formatter, ", {} at which the serving guest fails", self.serving_failed)?;
        }
        Ok(())
    }
}

/// A guest that is asked one request.
struct Player<'a> {
    sandbox: &'a mut Sandbox,
    roots: &'a mut Roots,
    head: &'a str,
    context: Context,
    finding: Finding<'a>,
}

impl Player<'_> {
    /// What was found for a lookup that is `known` holds for the same lookup again.
    fn play(&mut self, known: Option<&(Lookup, Found)>) -> Result<Played, CallFailed> {
        let (head, context) = (self.head, Some(self.context));
        let Parsed { action, .. } = self.call("parse", |guest| guest.parse(head, context))?;
        let lookup = match action {
            Action::Answer(response) => return Ok(Played { look: None, response, file: None }),
            Action::LookUp(lookup) => lookup,
        };
        let found = match known {
            Some((asked, found)) if is_same_lookup(asked, &lookup) => found.clone(),
            Some(_) if matches!(self.finding, Finding::Kept(_)) => self.look_up(&lookup),
            _ => self.find(&lookup),
        };
        let file = file_name(&lookup, &found);
        let response = self.call("respond", |guest| guest.respond(head, &found, context))?;
        Ok(Played { look: Some((lookup, found)), response, file })
    }

    /// Calls the guest, on a fresh instance if the last call failed.
    fn call<T>(
        &mut self,
        name: &'static str,
        call: impl Fn(&mut Instance) -> Result<T, GuestError>,
    ) -> Result<T, CallFailed> {
        let mut late = 0;
        loop {
            self.sandbox.begin_turn();
            let result = match self.sandbox.instance(Instant::now()) {
                Ok(instance) => call(instance).map_err(|error| CallFailed { call: name, error }),
                Err(Unavailable::Failed(error)) => Err(CallFailed { call: START, error }),
                Err(Unavailable::Waiting) => {
                    let error = GuestError::Trap("it could not be started a moment ago".into());
                    Err(CallFailed { call: START, error })
                }
            };
            self.sandbox.finish(result.is_err());
            self.sandbox.end_turn();
            match result {
                Err(CallFailed { error: GuestError::Deadline, .. }) if late + 1 < LATE_MAX => {
                    late += 1;
                }
                result => return result,
            }
        }
    }

    fn find(&mut self, lookup: &Lookup) -> Found {
        let at = |directory: bool| {
            lookup.candidates.iter().position(|path| path.ends_with('/') == directory)
        };
        let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
        match (self.finding, at(false), at(true)) {
            (Finding::Kept(found), ..) => found.clone(),
            (Finding::Nothing(trouble), ..) => words::nothing(trouble),
            (Finding::File(size), Some(candidate), _) => {
                let candidate = candidate as u32;
                Found::File(File { candidate, size, modified, after: None })
            }
            (Finding::Directory, _, Some(candidate)) => {
                let entry = Entry { name: "a.txt".into(), directory: false, size: 1, modified };
                let entries = match lookup.directories {
                    Directories::Read => vec![entry],
                    Directories::Find | Directories::Forbid => Vec::new(),
                };
                Found::Directory(Listing { candidate: candidate as u32, entries, complete: true })
            }
            _ => self.look_up(lookup),
        }
    }

    /// Looks on the disk, as a worker does, but waits for directories to be read.
    fn look_up(&mut self, lookup: &Lookup) -> Found {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_secs());
        let mut found = files::look_up(self.roots.root(&lookup.site, now), wanted(lookup), now);
        loop {
            match found {
                files::Found::File { file, candidate, after } => {
                    return words::file(&file, candidate, after);
                }
                files::Found::Directory { candidate, entries } => {
                    return words::directory(candidate, entries);
                }
                files::Found::Nothing(trouble) => return words::nothing(trouble),
                files::Found::Unread { place, directory } => {
                    let read = directory.read(ENTRIES_MAX, || true);
                    let root = self.roots.root(&lookup.site, now);
                    found = files::look_on(place, read, root, wanted(lookup), now);
                }
            }
        }
    }
}

/// Entries of a directory that are read for a comparison.
const ENTRIES_MAX: usize = 1000;

fn is_same_lookup(one: &Lookup, other: &Lookup) -> bool {
    let fallbacks = |lookup: &Lookup| -> Vec<(u8, String)> {
        let pairs = lookup.fallbacks.iter();
        pairs.map(|fallback| (fallback.after as u8, fallback.path.clone())).collect()
    };
    one.site == other.site
        && one.candidates == other.candidates
        && one.directories as u8 == other.directories as u8
        && fallbacks(one) == fallbacks(other)
}

fn is_same_content(one: &Content, other: &Content) -> bool {
    let is_same_slice = |one: &crate::sandbox::contract::Slice,
                         other: &crate::sandbox::contract::Slice| {
        (one.start, one.length) == (other.start, other.length)
    };
    match (one, other) {
        (Content::Empty, Content::Empty) => true,
        (Content::Text(one), Content::Text(other)) => one == other,
        (Content::Octets(one), Content::Octets(other)) => one == other,
        (Content::Slice(one), Content::Slice(other)) => is_same_slice(one, other),
        (Content::Parts(one), Content::Parts(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|pair| match pair {
                    (Part::Text(one), Part::Text(other)) => one == other,
                    (Part::Slice(one), Part::Slice(other)) => is_same_slice(one, other),
                    _ => false,
                })
        }
        _ => false,
    }
}

fn has_slices(content: &Content) -> bool {
    match content {
        Content::Slice(_) => true,
        Content::Parts(parts) => parts.iter().any(|part| matches!(part, Part::Slice(_))),
        Content::Empty | Content::Text(_) | Content::Octets(_) => false,
    }
}

/// The site and path of the file that was found.
fn file_name(lookup: &Lookup, found: &Found) -> Option<String> {
    let Found::File(file) = found else { return None };
    let index = file.candidate as usize;
    let path = match file.after {
        None => lookup.candidates.get(index),
        Some(_) => lookup.fallbacks.get(index).map(|fallback| &fallback.path),
    };
    Some(format!("{}{}", lookup.site, path?))
}

/// The first line of a head, to be shown.
pub fn request_line(head: &[u8]) -> String {
    let end = memchr::memchr2(b'\r', b'\n', head).unwrap_or(head.len()).min(SHOWN_OCTETS_MAX);
    head[..end].escape_ascii().to_string()
}
