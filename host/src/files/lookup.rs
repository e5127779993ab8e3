//! Trying the candidates of a lookup, in order.

use std::os::fd::BorrowedFd;

use rustix::fs::OFlags;

use super::entries::{self, Entry};
use super::open::{OpenFile, Trouble, open_beneath};

/// What to look for. Every path starts with `/`.
#[derive(Debug)]
pub struct Wanted<'a, F> {
    /// Tried in order; one that ends in `/` is a directory, any other a regular file.
    pub candidates: &'a [String],
    /// Files to serve instead, by trouble: pairs, tried in order.
    pub fallbacks: F,
    /// Whether the entries of a directory are wanted.
    pub entries: bool,
}

/// What there is.
#[derive(Debug)]
pub enum Found {
    /// A regular file.
    File {
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
        entries: Vec<Entry>,
        /// False when there are more entries.
        complete: bool,
    },
    /// Neither.
    Nothing(Trouble),
}

/// Looks beneath `root` for the first candidate that there is, else for the first fallback.
pub fn look_up<'a, F>(root: Option<BorrowedFd<'_>>, wanted: Wanted<'_, F>) -> Found
where
    F: Iterator<Item = (Trouble, &'a str)>,
{
    let Some(root) = root else { return Found::Nothing(Trouble::Missing) };
    let trouble = match try_candidates(root, &wanted) {
        Ok(found) => return found,
        Err(trouble) => trouble,
    };
    for (candidate, (after, path)) in wanted.fallbacks.enumerate() {
        if after == trouble
            && let Ok(file) = OpenFile::open(root, beneath(path))
        {
            return Found::File { file, candidate, after: Some(after) };
        }
    }
    Found::Nothing(trouble)
}

/// A candidate that is missing leads to the next one, and so does one that is forbidden, though it
/// is remembered. When the disk or the system fails, nothing further is tried.
fn try_candidates<F>(root: BorrowedFd<'_>, wanted: &Wanted<'_, F>) -> Result<Found, Trouble> {
    let mut trouble = Trouble::Missing;
    for (candidate, path) in wanted.candidates.iter().enumerate() {
        let tried = match path.strip_suffix('/') {
            None => OpenFile::open(root, beneath(path)).map(|file| Found::File {
                file,
                candidate,
                after: None,
            }),
            Some(path) => open_directory(root, beneath(path), candidate, wanted.entries),
        };
        match tried {
            Ok(found) => return Ok(found),
            Err(Trouble::Missing) => {}
            Err(Trouble::Forbidden) => trouble = Trouble::Forbidden,
            Err(worse) => return Err(worse),
        }
    }
    Err(trouble)
}

fn open_directory(
    root: BorrowedFd<'_>,
    path: &str,
    candidate: usize,
    with_entries: bool,
) -> Result<Found, Trouble> {
    let access = if with_entries { OFlags::RDONLY } else { OFlags::PATH };
    let directory = open_beneath(root, path, access | OFlags::DIRECTORY)?;
    let (entries, complete) = match with_entries {
        true => entries::read(directory)?,
        false => (Vec::new(), true),
    };
    Ok(Found::Directory { candidate, entries, complete })
}

/// The path relative to the root. A second slash would make it absolute again, which the kernel
/// refuses.
fn beneath(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}
