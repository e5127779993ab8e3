//! The entries of a directory.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir, FileType};

use super::cache::Version;
use super::open::{Modified, Trouble, trouble};

/// Names that are looked at in one directory.
pub const ENTRIES_MAX: usize = 10_000;

/// A file or directory in a directory.
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

/// Reads a directory opened for reading. What is neither file nor directory is left out, and so
/// are links: where they lead is seen only when they are opened. The second value is false when
/// there are more names than are looked at.
pub fn read(directory: OwnedFd) -> Result<(Vec<Entry>, bool), Trouble> {
    let mut entries = Vec::new();
    let mut names = Dir::read_from(&directory).map_err(trouble)?;
    for looked_at in 0.. {
        let Some(next) = names.read() else { break };
        if looked_at == ENTRIES_MAX {
            return Ok((entries, false));
        }
        let next = next.map_err(trouble)?;
        let Ok(name) = next.file_name().to_str() else { continue };
        if matches!(name, "." | "..") {
            continue;
        }
        // Gone since it was read: not an entry any more.
        let Ok(stat) = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let is_directory = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => false,
            FileType::Directory => true,
            _ => continue,
        };
        let version = Version::of(&stat);
        entries.push(Entry {
            name: name.into(),
            is_directory,
            size: if is_directory { 0 } else { version.size() },
            modified: version.modified(),
        });
    }
    Ok((entries, true))
}
