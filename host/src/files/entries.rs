//! The entries of a directory.
//!
//! Reading them takes a system call or more for each name, and each may have to wait for the disk.
//! [`Directory::read`] makes every one of them, so that its caller can choose the thread.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, OFlags, RawDir, Stat};
use rustix::io::Errno;

use super::open::{Trouble, open_beneath, trouble};
use super::version::{Modified, Version};

/// Names that are looked at in one directory, be they entries or not.
const NAMES_MAX: usize = 10_000;

/// Room for the names that one call returns, in octets.
const NAMES_OCTETS: usize = 32 << 10;

/// A directory beneath a document root, open and not yet read.
#[derive(Debug)]
pub struct Directory {
    descriptor: OwnedFd,
    root: Arc<OwnedFd>,
    /// Relative to the root: symbolic links are resolved from there.
    path: String,
}

/// What a directory holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// In no particular order.
    pub list: Vec<Entry>,
    /// False when there are more.
    pub complete: bool,
}

/// A file or directory in a directory, or a symbolic link to one beneath the document root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names that are not UTF-8 are left out.
    pub name: String,
    /// Whether it is a directory, or a link to one.
    pub is_directory: bool,
    /// In octets; 0 for a directory.
    pub size: u64,
    /// When it was last modified.
    pub modified: Modified,
}

impl Directory {
    /// Opens the directory at `path` beneath `root`.
    ///
    /// # Errors
    /// Why there is none to read.
    pub fn open(root: &Arc<OwnedFd>, path: &str) -> Result<Directory, Trouble> {
        let descriptor = open_beneath(root.as_fd(), path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        Ok(Directory { descriptor, root: Arc::clone(root), path: path.into() })
    }

    /// Reads up to `entries_max` entries. What is neither file nor directory is left out, and so
    /// are links that lead to neither or out of the document root. What has been read is given up
    /// when nobody wants it any more.
    ///
    /// # Errors
    /// When the directory cannot be read, or something in it cannot be looked at.
    pub fn read(
        &self,
        entries_max: usize,
        is_wanted: impl Fn() -> bool,
    ) -> Result<Entries, Trouble> {
        let mut entries = Entries { list: Vec::new(), complete: false };
        let mut room = Vec::with_capacity(NAMES_OCTETS);
        let mut names = RawDir::new(&self.descriptor, room.spare_capacity_mut());
        let mut looked_at = 0;
        while let Some(next) = names.next() {
            let next = match next {
                Err(Errno::INTR) => continue,
                // Removed since it was opened.
                Err(Errno::NOENT) => break,
                next => next.map_err(trouble)?,
            };
            if matches!(next.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            if looked_at == NAMES_MAX || !is_wanted() {
                return Ok(entries);
            }
            looked_at += 1;
            let Ok(name) = next.file_name().to_str() else { continue };
            let Some(entry) = self.entry(name)? else { continue };
            if entries.list.len() == entries_max {
                return Ok(entries);
            }
            entries.list.push(entry);
        }
        entries.complete = true;
        Ok(entries)
    }

    /// What `name` is here; none when it is no entry.
    fn entry(&self, name: &str) -> Result<Option<Entry>, Trouble> {
        let stat = rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW);
        let Some(mut stat) = unless_missing(stat.map_err(trouble))? else { return Ok(None) };
        if file_type(&stat) == FileType::Symlink {
            let Some(target) = unless_missing(self.follow(name))? else { return Ok(None) };
            stat = target;
        }
        let version = Version::of(&stat);
        let (is_directory, size) = match file_type(&stat) {
            FileType::RegularFile => (false, version.size()),
            FileType::Directory => (true, 0),
            _ => return Ok(None),
        };
        let modified = version.modified();
        Ok(Some(Entry { name: name.into(), is_directory, size, modified }))
    }

    /// Looks at what the link `name` leads to, beneath the document root.
    fn follow(&self, name: &str) -> Result<Stat, Trouble> {
        let path = match self.path.as_str() {
            "" => name.into(),
            folder => format!("{folder}/{name}"),
        };
        match open_beneath(self.root.as_fd(), &path, OFlags::PATH) {
            Ok(target) => rustix::fs::fstat(target).map_err(trouble),
            // Where it leads is out of reach, for a request as well.
            Err(Trouble::Forbidden) => Err(Trouble::Missing),
            Err(other) => Err(other),
        }
    }
}

fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// A name that has gone since it was read, or leads nowhere, is no trouble.
fn unless_missing<T>(result: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Trouble::Absent | Trouble::Missing) => Ok(None),
        Err(other) => Err(other),
    }
}
