//! What a file was at one moment, to tell whether it still is.

use rustix::fs::Stat;

/// A file that was changed so recently may change again without another time stamp, in seconds.
const SETTLED_SECONDS: u64 = 2;

/// Tells whether a file is the same one, unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    device: u64,
    inode: u64,
    size: i64,
    modified: (i64, u64),
    changed: (i64, u64),
}

/// When a file was last modified, since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modified {
    /// Before 1970 counts as 0.
    pub seconds: u64,
    /// Below a thousand million.
    pub nanoseconds: u32,
}

impl Version {
    /// What a stat says.
    pub fn of(stat: &Stat) -> Version {
        Version {
            device: stat.st_dev,
            inode: stat.st_ino,
            size: stat.st_size,
            modified: (stat.st_mtime, stat.st_mtime_nsec),
            changed: (stat.st_ctime, stat.st_ctime_nsec),
        }
    }

    /// Octets in the file; a file system that says less than 0 has none.
    pub fn size(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(0)
    }

    /// When the file was last modified.
    pub fn modified(&self) -> Modified {
        let (seconds, nanoseconds) = self.modified;
        match u64::try_from(seconds) {
            Ok(seconds) => Modified { seconds, nanoseconds: nanoseconds as u32 },
            Err(_) => Modified { seconds: 0, nanoseconds: 0 },
        }
    }

    /// Whether both are the same file with the same content. Being renamed or unlinked changes an
    /// inode, too, but not what is in it.
    pub fn has_same_content(&self, other: &Version) -> bool {
        Version { changed: self.changed, ..*other } == *self
    }

    /// Whether any later change shows in the time stamps.
    pub fn is_settled(&self, now_seconds: u64) -> bool {
        let last = self.modified.0.max(self.changed.0);
        u64::try_from(last).is_ok_and(|last| last.saturating_add(SETTLED_SECONDS) <= now_seconds)
    }
}
