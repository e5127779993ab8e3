//! One guest that is asked one request, with what is found for it.

use std::time::Instant;

use crate::clock::unix_seconds;
use crate::exchange::convert::{self, Looked, wanted};
use crate::exchange::{Begun, LookUp, Question};
use crate::files::{self, Roots, Trouble};
use crate::sandbox::contract::{
    Context, Datetime, Directories, Entry, File, Found, Listing, Lookup, Response,
};
use crate::sandbox::{CallError, CallFailed, GuestError, Instance, Sandbox, mask};
use crate::text;

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

impl Finding<'_> {
    /// What it is for `lookup`; none where the disk has to be looked at, or where the lookup does
    /// not ask for such a thing.
    pub fn made_up(&self, lookup: &Lookup) -> Option<Found> {
        let at = |directory: bool| {
            lookup.candidates.iter().position(|path| path.ends_with('/') == directory)
        };
        let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
        match *self {
            Finding::Real => None,
            Finding::Kept(found) => Some(found.clone()),
            Finding::Nothing(trouble) => Some(convert::nothing(trouble)),
            Finding::File(size) => {
                let candidate = at(false)? as u32;
                Some(Found::File(File { candidate, size, modified, after: None }))
            }
            Finding::Directory => {
                let candidate = at(true)? as u32;
                let entry = Entry { name: "a.txt".into(), directory: false, size: 1, modified };
                let entries = match lookup.directories {
                    Directories::Read => vec![entry],
                    Directories::Find | Directories::Forbid => Vec::new(),
                };
                Some(Found::Directory(Listing { candidate, entries, complete: true }))
            }
        }
    }
}

/// How a guest answered.
pub struct Played {
    /// What it looked for, and what there was.
    pub look: Option<(Lookup, Found)>,
    pub response: Response,
    /// The file that slices are of.
    pub file: Option<String>,
}

/// A guest that is asked one request.
pub struct Player<'a> {
    pub sandbox: &'a mut Sandbox,
    pub roots: &'a mut Roots,
    pub head: &'a str,
    pub context: Context,
    pub finding: Finding<'a>,
}

impl Player<'_> {
    /// What was found for a lookup that is `known` holds for the same lookup again.
    pub fn play(&mut self, known: Option<&(Lookup, Found)>) -> Result<Played, CallFailed> {
        let question = Question { head: self.head, context: self.context };
        let lookup = match patiently(self.sandbox, |guest| question.begin(guest, Instant::now()))? {
            Begun::Answer { response, .. } => {
                return Ok(Played { look: None, response, file: None });
            }
            Begun::LookUp(LookUp { lookup, .. }) => lookup,
        };
        let found = match known {
            Some((asked, found)) if is_same_lookup(asked, &lookup) => found.clone(),
            Some(_) if matches!(self.finding, Finding::Kept(_)) => self.look_up(&lookup),
            _ => self.finding.made_up(&lookup).unwrap_or_else(|| self.look_up(&lookup)),
        };
        let file = file_name(&lookup, &found);
        let response =
            patiently(self.sandbox, |guest| question.found(&found, guest, Instant::now()))?;
        Ok(Played { look: Some((lookup, found)), response, file })
    }

    /// Looks on the disk, as a worker does, but waits for directories to be read.
    fn look_up(&mut self, lookup: &Lookup) -> Found {
        let now = unix_seconds();
        let mut found = files::look_up(self.roots.opener(&lookup.site, now), wanted(lookup));
        loop {
            match convert::looked(found) {
                Looked::Found { found, .. } => return found,
                Looked::Unread { position, directory } => {
                    let read = directory.read(ENTRIES_MAX, || true);
                    let opener = self.roots.opener(&lookup.site, now);
                    found = files::resume_look_up(position, read, opener, wanted(lookup));
                }
            }
        }
    }
}

/// Makes a call of an instance, which is a fresh one if the last call failed.
///
/// # Errors
/// When it failed; by being late, several times.
pub fn call<T>(
    sandbox: &mut Sandbox,
    name: &'static str,
    call: impl Fn(&mut Instance) -> Result<T, GuestError>,
) -> Result<T, CallFailed> {
    patiently(sandbox, |sandbox| {
        let result = call(sandbox.instance(Instant::now())?);
        result.map_err(|error| CallError::Failed(CallFailed { call: name, error }))
    })
}

/// Makes a call in a turn of its own.
///
/// # Errors
/// When it failed; by being late, several times.
fn patiently<T>(
    sandbox: &mut Sandbox,
    call: impl Fn(&mut Sandbox) -> Result<T, CallError>,
) -> Result<T, CallFailed> {
    let mut late = 0;
    loop {
        sandbox.begin_turn();
        let result = call(sandbox);
        sandbox.finish(result.is_err());
        sandbox.end_turn();
        match result {
            Err(CallError::Failed(CallFailed { error: GuestError::Deadline, .. }))
                if late + 1 < LATE_MAX =>
            {
                late += 1;
            }
            result => return Ok(result?),
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

/// The first line of a head, to be shown: without what is secret in it.
pub fn request_line(head: &[u8]) -> String {
    let end = memchr::memchr2(b'\r', b'\n', head).unwrap_or(head.len()).min(SHOWN_OCTETS_MAX);
    text::octets(&mask(&head[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_shown_without_its_secrets() {
        for (head, line) in [
            (&b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"[..], "GET /a HTTP/1.1"),
            (b"GET http://me:secret@a/ HTTP/1.1\n\n", "GET http://xx:xxxxxx@a/ HTTP/1.1"),
            (b"Cookie: secret\r\n\r\n", "Cookie: xxxxxx"),
            (b"\x1b[31m\xff", "\\x1b[31m\\xff"),
        ] {
            assert_eq!(request_line(head), line);
        }
    }
}
