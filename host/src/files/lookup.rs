//! Trying the candidates of a lookup, in order.

use std::os::fd::AsFd;

use rustix::fs::OFlags;

use super::entries::{Directory, Entries, NAMES_MAX};
use super::open::{OpenFile, Trouble, open_beneath};
use super::roots::Root;

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
pub enum Found {
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
        /// None, and complete, unless the directory is read.
        entries: Entries,
    },
    /// Neither.
    Nothing(Trouble),
}

/// Looks beneath `root` for the first candidate that there is, else for the first fallback.
pub fn look_up<'a, F>(root: Option<&mut Root>, wanted: Wanted<'_, F>, now_seconds: u64) -> Found
where
    F: Iterator<Item = (Trouble, &'a str)>,
{
    let Some(root) = root else { return Found::Nothing(Trouble::Missing) };
    let trouble = match try_candidates(root, &wanted, now_seconds) {
        Ok(found) => return found,
        Err(trouble) => trouble,
    };
    for (candidate, (after, path)) in wanted.fallbacks.enumerate() {
        if after == trouble
            && let Ok(file) = root.open_file(beneath(path), now_seconds)
        {
            return Found::File { file, candidate, after: Some(after) };
        }
    }
    Found::Nothing(trouble)
}

/// A candidate that is missing leads to the next one, and so does one that is forbidden, though it
/// is remembered. When the disk or the system fails, nothing further is tried.
fn try_candidates<F>(
    root: &mut Root,
    wanted: &Wanted<'_, F>,
    now_seconds: u64,
) -> Result<Found, Trouble> {
    let mut trouble = Trouble::Missing;
    for (candidate, path) in wanted.candidates.iter().enumerate() {
        let tried = match path.strip_suffix('/') {
            None => root.open_file(beneath(path), now_seconds).map(|file| Found::File {
                file,
                candidate,
                after: None,
            }),
            Some(path) => open_directory(root, beneath(path), candidate, wanted.directories),
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
    root: &Root,
    path: &str,
    candidate: usize,
    directories: Directories,
) -> Result<Found, Trouble> {
    let root = root.directory();
    let entries = match directories {
        Directories::Read => Directory::open(root, path)?.read(NAMES_MAX)?,
        Directories::Find | Directories::Forbid => {
            open_beneath(root.as_fd(), path, OFlags::PATH | OFlags::DIRECTORY)?;
            Entries { list: Vec::new(), complete: true }
        }
    };
    match directories {
        Directories::Forbid => Err(Trouble::Forbidden),
        Directories::Find | Directories::Read => Ok(Found::Directory { candidate, entries }),
    }
}

/// The path relative to the root. A second slash would make it absolute again, which the kernel
/// refuses.
fn beneath(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}
