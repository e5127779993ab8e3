//! Contents of small files, kept in memory and never out of date.
//!
//! A content is used only after the kernel has said that its path still leads to the same inode,
//! unchanged: one call in place of open, stat, read and close. That call resolves the path outside
//! the guard of `openat2`, which gives nobody's octets away: only the very inode that was opened
//! beneath the root gives a yes. Whether the path still lies beneath the root is asked once a
//! second, by opening it anew.
//!
//! Memory is bounded by two halves: when the young one is full it becomes the old one, and what
//! was in the old one and not used since is forgotten.

use std::collections::HashMap;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use rustix::fs::AtFlags;

use super::version::Version;

/// Largest file whose content is kept, in octets.
pub const FILE_OCTETS_MAX: u64 = 32 << 10;

/// Octets of paths and contents in each half, shared by the document roots of a worker.
const HALF_OCTETS_MAX: usize = 4 << 20;

/// Files in each half, shared likewise.
const HALF_FILES_MAX: usize = 4096;

/// The contents of one document root.
#[derive(Debug)]
pub struct Cache {
    young: Half,
    old: Half,
    half_octets_max: usize,
    half_files_max: usize,
}

#[derive(Debug, Default)]
struct Half {
    files: HashMap<Box<str>, Kept>,
    octets: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    content: Arc<Content>,
    /// The second in which the path was last seen to lie beneath the root.
    confirmed: u64,
}

/// What a file holds, and what it was at that time.
#[derive(Debug)]
pub struct Content {
    /// All of the file.
    pub octets: Vec<u8>,
    /// What the file was, before and after it was read.
    pub version: Version,
}

impl Cache {
    /// An empty cache, for one of so many roots.
    pub fn new(roots: usize) -> Cache {
        Cache {
            young: Half::default(),
            old: Half::default(),
            half_octets_max: HALF_OCTETS_MAX / roots.max(1),
            half_files_max: HALF_FILES_MAX / roots.max(1),
        }
    }

    /// The content of the file at `path` beneath `root`, if it is here, unchanged, and confirmed in
    /// this second.
    pub fn get(
        &mut self,
        root: BorrowedFd<'_>,
        path: &str,
        now_seconds: u64,
    ) -> Option<Arc<Content>> {
        let (kept, is_old) = match self.young.files.get(path) {
            Some(kept) => (kept, false),
            None => (self.old.files.get(path)?, true),
        };
        if kept.confirmed != now_seconds {
            return None;
        }
        let stat = rustix::fs::statat(root, path, AtFlags::empty()).ok()?;
        if Version::of(&stat) != kept.content.version {
            return None;
        }
        let kept = kept.clone();
        let content = Arc::clone(&kept.content);
        if is_old {
            self.old.remove(path);
            self.put(path, kept);
        }
        Some(content)
    }

    /// The content of the file at `path`, which was just opened beneath the root and is `version`,
    /// if it is here. Anything else that was kept of that path is forgotten.
    pub fn confirm(
        &mut self,
        path: &str,
        version: Version,
        now_seconds: u64,
    ) -> Option<Arc<Content>> {
        let kept = self.young.remove(path).or_else(|| self.old.remove(path))?;
        if kept.content.version != version {
            return None;
        }
        let content = Arc::clone(&kept.content);
        self.put(path, Kept { confirmed: now_seconds, ..kept });
        Some(content)
    }

    /// Keeps the content of a file that was `version` before and after it was read.
    pub fn insert(&mut self, path: &str, content: Content, now_seconds: u64) -> Arc<Content> {
        let content = Arc::new(content);
        self.put(path, Kept { content: Arc::clone(&content), confirmed: now_seconds });
        content
    }

    fn put(&mut self, path: &str, kept: Kept) {
        let octets = path.len() + kept.content.octets.len();
        if octets > self.half_octets_max || self.half_files_max == 0 {
            return;
        }
        let is_full = self.young.octets + octets > self.half_octets_max
            || self.young.files.len() >= self.half_files_max;
        if is_full {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.remove(path);
        self.young.octets += octets;
        self.young.files.insert(path.into(), kept);
    }
}

impl Half {
    fn remove(&mut self, path: &str) -> Option<Kept> {
        let removed = self.files.remove(path)?;
        self.octets -= path.len() + removed.content.octets.len();
        Some(removed)
    }
}
