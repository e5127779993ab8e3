//! Trying the candidates of a lookup, in order.

use super::entries::{Directory, Entries};
use super::open::{OpenFile, Trouble};
use super::opener::Opener;

/// What to look for. Every path starts with `/`.
#[derive(Debug)]
pub struct Wanted<'a, F> {
    /// Tried in order; one that ends in `/` is a directory, any other a regular file.
    pub candidates: &'a [String],
    /// Files to serve instead, by trouble: pairs, tried in order.
    pub fallbacks: F,
    /// What becomes of a directory that matches.
    pub directories: Directories,
}

/// What becomes of a directory that matches a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directories {
    /// It is found, without its entries.
    Find,
    /// It is found, with its entries.
    Read,
    /// It is forbidden.
    Forbid,
}

/// What there is.
#[derive(Debug)]
pub enum Resolution {
    /// A regular file.
    File {
        /// Ready to be read.
        file: OpenFile,
        /// Index into the candidates, or into the fallbacks where `after` is set.
        candidate: usize,
        /// The trouble that led to a fallback.
        after: Option<Trouble>,
    },
    /// A directory.
    Directory {
        /// Index into the candidates.
        candidate: usize,
        /// None, and complete, unless the lookup asks for them.
        entries: Entries,
    },
    /// A directory whose entries the lookup asks for: once they have been read,
    /// [`resume_look_up`] goes on.
    Unread {
        /// Where to go on.
        position: Position,
        /// Ready to be read.
        directory: Directory,
    },
    /// Neither.
    Nothing(Trouble),
}

/// How far a lookup has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Index of the candidate that is being tried.
    candidate: usize,
    /// What it comes to if no other candidate is there.
    trouble: Trouble,
}

/// Looks beneath a root for the first candidate that there is, else for the first fallback.
pub fn look_up<'a, F>(opener: Option<Opener<'_>>, wanted: Wanted<'_, F>) -> Resolution
where
    F: Iterator<Item = (Trouble, &'a str)>,
{
    look_from(Ok(Position::START), opener, wanted)
}

/// Goes on with a lookup that came to a directory, which has been `read`.
pub fn resume_look_up<'a, F>(
    position: Position,
    read: Result<Entries, Trouble>,
    mut opener: Option<Opener<'_>>,
    wanted: Wanted<'_, F>,
) -> Resolution
where
    F: Iterator<Item = (Trouble, &'a str)>,
{
    match read {
        Ok(entries) => Resolution::Directory { candidate: position.candidate, entries },
        Err(Trouble::Busy) if opener.as_mut().is_some_and(Opener::release_descriptors) => {
            look_from(Ok(position), opener, wanted)
        }
        Err(trouble) => look_from(position.after(trouble), opener, wanted),
    }
}

fn look_from<'a, F>(
    position: Result<Position, Trouble>,
    opener: Option<Opener<'_>>,
    wanted: Wanted<'_, F>,
) -> Resolution
where
    F: Iterator<Item = (Trouble, &'a str)>,
{
    let Some(mut opener) = opener else { return Resolution::Nothing(Trouble::Missing) };
    let mut found = position.and_then(|position| try_candidates(position, &mut opener, &wanted));
    // What is kept open may be what there is too much of.
    if let (Err(Trouble::Busy), Ok(position)) = (&found, position)
        && opener.release_descriptors()
    {
        found = try_candidates(position, &mut opener, &wanted);
    }
    let trouble = match found {
        Ok(found) => return found,
        Err(trouble) => trouble,
    };
    for (candidate, (after, path)) in wanted.fallbacks.enumerate() {
        if after == trouble
            && let Ok(file) = opener.file(beneath(path))
        {
            return Resolution::File { file, candidate, after: Some(after) };
        }
    }
    Resolution::Nothing(trouble)
}

fn try_candidates<F>(
    mut position: Position,
    opener: &mut Opener<'_>,
    wanted: &Wanted<'_, F>,
) -> Result<Resolution, Trouble> {
    // Where there is nothing at all, there is no directory either: most lookups ask for that next.
    let mut absent = None;
    while let Some(path) = wanted.candidates.get(position.candidate) {
        let candidate = position.candidate;
        let tried = match path.strip_suffix('/') {
            None => {
                let file = opener.file(beneath(path));
                file.map(|file| Resolution::File { file, candidate, after: None })
            }
            Some(name) if absent == Some(name) => Err(Trouble::Absent),
            Some(_) => open_directory(opener, beneath(path), position, wanted.directories),
        };
        match tried {
            Ok(found) => return Ok(found),
            Err(trouble) => {
                absent = (trouble == Trouble::Absent).then_some(path);
                position = position.after(trouble)?;
            }
        }
    }
    Err(position.trouble)
}

fn open_directory(
    opener: &mut Opener<'_>,
    path: &str,
    position: Position,
    directories: Directories,
) -> Result<Resolution, Trouble> {
    match directories {
        Directories::Read => {
            opener.open_directory(path).map(|directory| Resolution::Unread { position, directory })
        }
        Directories::Find => opener.find_directory(path).map(|()| Resolution::Directory {
            candidate: position.candidate,
            entries: Entries { list: Vec::new(), complete: true },
        }),
        Directories::Forbid => opener.find_directory(path).and(Err(Trouble::Forbidden)),
    }
}

impl Position {
    const START: Position = Position { candidate: 0, trouble: Trouble::Missing };

    /// The next candidate, after one that met `trouble`. One that is missing leads to the next one,
    /// and so does one that is forbidden, though it is remembered. When the disk or the system
    /// fails, nothing further is tried.
    fn after(self, trouble: Trouble) -> Result<Position, Trouble> {
        let candidate = self.candidate + 1;
        match trouble {
            Trouble::Absent | Trouble::Missing => Ok(Position { candidate, ..self }),
            Trouble::Forbidden => Ok(Position { candidate, trouble }),
            worse => Err(worse),
        }
    }
}

/// The path relative to the root. A second slash would make it absolute again, which the kernel
/// refuses.
fn beneath(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::cache::Keep;
    use super::super::roots::Roots;
    use super::*;

    #[test]
    fn where_there_is_nothing_no_directory_is_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let keep = Keep::of_worker(1, 1 << 20, 1);
        let sites = [("default", folder.path())];
        let mut roots = Roots::open(sites.into_iter(), "default", keep).expect("a root");
        let mut look = |candidates: &[&str]| {
            let candidates: Vec<String> = candidates.iter().map(ToString::to_string).collect();
            let wanted = Wanted {
                candidates: &candidates,
                fallbacks: std::iter::empty(),
                directories: Directories::Find,
            };
            match look_up(roots.opener("", 7), wanted) {
                Resolution::Directory { candidate, .. } => Ok(candidate),
                Resolution::Nothing(trouble) => Err(trouble),
                other => panic!("{other:?}"),
            }
        };
        fs::create_dir(folder.path().join("there")).expect("a folder");
        assert_eq!(look(&["/none", "/there", "/there/"]), Ok(2));
        assert_eq!(look(&["/none", "/none/"]), Err(Trouble::Missing));
        // What was asked for would be believed now.
        fs::create_dir(folder.path().join("none")).expect("a folder");
        assert_eq!(look(&["/none", "/none/"]), Err(Trouble::Missing));
        assert_eq!(look(&["/none/"]), Ok(0));
    }
}
