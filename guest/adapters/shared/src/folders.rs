//! The folders that the host lends, and opening one path beneath them.
//!
//! The host keeps every path beneath its folder: whatever leads out of it, by `..` or by a symbolic
//! link, is an error.

use wasip2::filesystem::preopens;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

use crate::bindings::handler::{Datetime, Trouble};

/// Where files come from.
pub struct Folders {
    /// With the names that the host gives them.
    lent: Vec<(Descriptor, String)>,
}

/// The folder that paths of a site are resolved beneath.
#[derive(Clone, Copy)]
pub struct Root<'a> {
    folder: &'a Descriptor,
}

/// A regular file, to be read.
pub struct OpenFile {
    /// Open.
    pub descriptor: Descriptor,
    /// In octets, when it was opened.
    pub size: u64,
    /// When it was last modified before it was opened.
    pub modified: Datetime,
}

impl Folders {
    /// All that the host lends.
    pub fn lent() -> Folders {
        Folders { lent: preopens::get_directories() }
    }

    /// The folder `/NAME` for the site of that name, else the folder `/`. A single folder serves
    /// every site, whatever it is called.
    pub fn root(&self, site: &str) -> Option<Root<'_>> {
        if let [(folder, _)] = self.lent.as_slice() {
            return Some(Root { folder });
        }
        let called = |wanted: &str| {
            self.lent.iter().find(|(_, name)| name.strip_prefix('/').is_some_and(|n| n == wanted))
        };
        let (folder, _) = called(site).or_else(|| called(""))?;
        Some(Root { folder })
    }
}

impl Root<'_> {
    /// Opens the regular file at `path`, relative to the folder.
    ///
    /// # Errors
    /// Why there is none to read.
    pub fn open_file(self, path: &str) -> Result<OpenFile, Trouble> {
        // Before it is opened: opening a FIFO would last until somebody writes to it.
        regular(&self.stat(path)?)?;
        let (follow, read) = (PathFlags::SYMLINK_FOLLOW, DescriptorFlags::READ);
        let opened = self.folder.open_at(follow, path, OpenFlags::empty(), read);
        let descriptor = opened.map_err(trouble)?;
        let stat = descriptor.stat().map_err(trouble)?;
        regular(&stat)?;
        Ok(OpenFile { descriptor, size: stat.size, modified: modified(&stat) })
    }

    /// Opens the directory at `path`, to be read.
    ///
    /// # Errors
    /// Why there is none to read.
    pub fn open_directory(self, path: &str) -> Result<Descriptor, Trouble> {
        let (follow, read) = (PathFlags::SYMLINK_FOLLOW, DescriptorFlags::READ);
        self.folder.open_at(follow, or_itself(path), OpenFlags::DIRECTORY, read).map_err(trouble)
    }

    /// Whether there is a directory at `path`.
    ///
    /// # Errors
    /// Why not.
    pub fn find_directory(self, path: &str) -> Result<(), Trouble> {
        match self.stat(or_itself(path))?.type_ {
            DescriptorType::Directory => Ok(()),
            _ => Err(Trouble::Missing),
        }
    }

    /// Looks at what is at `path`, or at what a link there leads to.
    ///
    /// # Errors
    /// Why there is nothing.
    pub fn stat(self, path: &str) -> Result<DescriptorStat, Trouble> {
        self.folder.stat_at(PathFlags::SYMLINK_FOLLOW, path).map_err(trouble)
    }
}

/// When something was last modified; before 1970, or unknown, counts as 0.
pub fn modified(stat: &DescriptorStat) -> Datetime {
    match stat.data_modification_timestamp {
        Some(at) => Datetime { seconds: at.seconds, nanoseconds: at.nanoseconds },
        None => Datetime { seconds: 0, nanoseconds: 0 },
    }
}

/// What an error of the file system means for the answer.
pub fn trouble(error: ErrorCode) -> Trouble {
    match error {
        // What leads out of the folder is "not permitted", or a "cross-device link".
        ErrorCode::NoEntry
        | ErrorCode::NotDirectory
        | ErrorCode::IsDirectory
        | ErrorCode::NotPermitted
        | ErrorCode::CrossDevice
        | ErrorCode::Loop
        | ErrorCode::NameTooLong
        | ErrorCode::NoSuchDevice
        | ErrorCode::NoDevice
        | ErrorCode::Invalid
        | ErrorCode::IllegalByteSequence => Trouble::Missing,
        ErrorCode::Access => Trouble::Forbidden,
        ErrorCode::InsufficientMemory | ErrorCode::Busy | ErrorCode::WouldBlock => Trouble::Busy,
        _ => Trouble::Failed,
    }
}

fn regular(stat: &DescriptorStat) -> Result<(), Trouble> {
    match stat.type_ {
        DescriptorType::RegularFile => Ok(()),
        _ => Err(Trouble::Missing),
    }
}

fn or_itself(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}
