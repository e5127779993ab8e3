//! Opening what lies beneath one document root, or knowing already what that comes to.
//!
//! What the cache has is used while it is fresh, without a question to the file system. What is not
//! fresh is opened anew, and that confirms what is kept or replaces it. So is what turned out to
//! have been rewritten: whoever sends from an open file looks at it first.
//!
//! With a freshness of 0 a content is used only after the kernel has said that its path still
//! leads to the same inode, unchanged: one call in place of open, stat, read and close. That call
//! resolves the path outside the guard of `openat2`, which gives nobody's octets away: only the
//! very inode that was opened beneath the root gives a yes. Whether the path still lies beneath
//! the root is asked once a second, by opening it anew.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, OFlags};

use super::cache::{Cache, Known};
use super::entries::Directory;
use super::open::{OpenFile, Trouble, open_beneath};
use super::version::Version;

/// Largest file whose content is kept, in octets; a larger one is kept open.
const CONTENT_OCTETS_MAX: u64 = 32 << 10;

/// See the module. Paths are relative to the root.
#[derive(Debug)]
pub struct Opener<'a> {
    root: &'a Arc<OwnedFd>,
    /// The root's number in the cache.
    number: usize,
    cache: &'a mut Cache,
    now_seconds: u64,
    /// What is fresh is not believed either.
    anew: bool,
}

impl<'a> Opener<'a> {
    /// Opens beneath `root`, which the cache knows as `number`.
    pub(super) fn new(
        root: &'a Arc<OwnedFd>,
        number: usize,
        cache: &'a mut Cache,
        now_seconds: u64,
    ) -> Opener<'a> {
        Opener { root, number, cache, now_seconds, anew: false }
    }

    /// Asks the file system about everything, whatever is known.
    pub fn anew(self) -> Opener<'a> {
        Opener { anew: true, ..self }
    }

    /// The regular file at `path`. One that was kept open may have been rewritten since.
    ///
    /// # Errors
    /// Why there is none to read.
    pub fn file(&mut self, path: &str) -> Result<OpenFile, Trouble> {
        // What is kept of such a path is of the directory.
        if path.is_empty() || path.ends_with('/') {
            return Err(Trouble::Missing);
        }
        if let Some(known) = self.recall(path) {
            return known;
        }
        let opened = self.open_anew(path);
        if let Err(trouble @ (Trouble::Absent | Trouble::Missing | Trouble::Forbidden)) = opened {
            self.keep(path, Err(trouble));
        }
        opened
    }

    /// Whether there is a directory at `path`, which ends in `/`, or is empty: the root itself.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find_directory(&mut self, path: &str) -> Result<(), Trouble> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        self.directory(path, |root, path| open_beneath(root.as_fd(), path, flags).map(drop))
    }

    /// The directory at `path`, as for [`Opener::find_directory`], to be read.
    ///
    /// # Errors
    /// Why there is none to read.
    pub fn open_directory(&mut self, path: &str) -> Result<Directory, Trouble> {
        self.directory(path, Directory::open)
    }

    /// Closes what all roots of the worker keep open, so that there are descriptors to be had.
    /// False: there was nothing to close.
    pub fn release_descriptors(&mut self) -> bool {
        self.cache.release_descriptors()
    }

    /// What is known of the file at `path`, if that may be believed.
    fn recall(&mut self, path: &str) -> Option<Known> {
        let known = self.known(path)?;
        let holds = match &known {
            Ok(file) if self.cache.believes_nothing() => self.leads_to(path, file.version()),
            _ => true,
        };
        holds.then_some(known)
    }

    fn known(&mut self, path: &str) -> Option<Known> {
        if self.anew {
            return None;
        }
        self.cache.get(self.number, path, self.now_seconds)
    }

    fn leads_to(&self, path: &str, version: &Version) -> bool {
        let stat = rustix::fs::statat(self.root, path, AtFlags::empty());
        stat.is_ok_and(|stat| Version::of(&stat) == *version)
    }

    fn open_anew(&mut self, path: &str) -> Result<OpenFile, Trouble> {
        let file = OpenFile::open(self.root.as_fd(), path)?;
        let version = file.version();
        if let Some(kept) = self.cache.confirm(self.number, path, version, self.now_seconds) {
            return Ok(kept);
        }
        if file.size() > CONTENT_OCTETS_MAX {
            self.keep(path, Ok(file.clone()));
        } else if version.is_settled(self.now_seconds)
            && self.cache.could_keep_content(path, file.size())
            && let Some(content) = file.load()?
        {
            self.keep(path, Ok(content.clone()));
            return Ok(content);
        }
        Ok(file)
    }

    fn directory<T>(
        &mut self,
        path: &str,
        open: impl FnOnce(&Arc<OwnedFd>, &str) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        if let Some(Err(trouble)) = self.known(path) {
            return Err(trouble);
        }
        let opened = open(self.root, path.strip_suffix('/').unwrap_or(path));
        // Not that it is forbidden: one that may not be read may be found all the same.
        if let Err(trouble @ (Trouble::Absent | Trouble::Missing)) = opened {
            self.keep(path, Err(trouble));
        }
        opened
    }

    fn keep(&mut self, path: &str, known: Known) {
        self.cache.keep(self.number, path, known, self.now_seconds);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use tempfile::TempDir;

    use super::super::cache::Keep;
    use super::super::roots::Roots;
    use super::*;
    use crate::clock::unix_seconds;

    const LARGE: usize = CONTENT_OCTETS_MAX as usize + 1;

    /// A document root, and a second in which all that was written to it is settled.
    struct Site {
        folder: TempDir,
        roots: Roots,
        now: u64,
    }

    impl Site {
        fn new(freshness_seconds: u64, files: &[(&str, usize)]) -> Site {
            let folder = tempfile::tempdir().expect("a folder");
            let keep = Keep::of_worker(freshness_seconds, 1 << 20, 1);
            let sites = [("default", folder.path())];
            let roots = Roots::open(sites.into_iter(), "default", keep).expect("a root");
            let site = Site { folder, roots, now: 0 };
            files.iter().for_each(|(name, size)| site.write(name, *size));
            Site { now: unix_seconds() + 2, ..site }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn write(&self, name: &str, size: usize) {
            fs::write(self.path(name), vec![b'a'; size]).expect("a file");
        }

        /// So many seconds later.
        fn opener(&mut self, later: u64) -> Opener<'_> {
            self.roots.opener("any", self.now + later).expect("a root")
        }

        /// Size of a file, so many seconds later.
        fn size(&mut self, name: &str, later: u64) -> Result<u64, Trouble> {
            self.opener(later).file(name).map(|file| file.size())
        }
    }

    /// Any call with the path would find that it leads nowhere.
    #[test]
    fn a_content_that_is_fresh_takes_no_call() {
        for freshness in [1, 3600] {
            let mut site = Site::new(freshness, &[("a", 7)]);
            assert!(site.opener(0).file("a").is_ok_and(|file| file.is_in_memory()));
            fs::remove_dir_all(site.folder.path()).expect("a folder to remove");
            assert_eq!(site.size("a", freshness - 1), Ok(7));
            assert_eq!(site.size("a", freshness), Err(Trouble::Absent));
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_takes_no_call_while_that_is_fresh() {
        let mut site = Site::new(1, &[]);
        assert_eq!(site.size("a", 0), Err(Trouble::Absent));
        assert_eq!(site.opener(0).find_directory("b/"), Err(Trouble::Absent));
        site.write("a", 7);
        fs::create_dir(site.path("b")).expect("a folder");
        assert_eq!(site.size("a", 0), Err(Trouble::Absent));
        assert_eq!(site.opener(0).find_directory("b/"), Err(Trouble::Absent));
        assert_eq!(site.opener(0).open_directory("b/").err(), Some(Trouble::Absent));
        assert_eq!(site.size("a", 1), Ok(7));
        assert_eq!(site.opener(1).find_directory("b/"), Ok(()));
        assert!(site.opener(1).open_directory("b/").is_ok());
    }

    #[test]
    fn without_freshness_every_change_is_seen() {
        let mut site = Site::new(0, &[("a", 7), ("large", LARGE)]);
        assert_eq!(site.size("b", 0), Err(Trouble::Absent));
        for (name, size) in [("a", 7), ("large", LARGE)] {
            assert_eq!(site.size(name, 0), Ok(size as u64));
            fs::rename(site.path(name), site.path("b")).expect("a file to rename");
            assert_eq!(site.size(name, 0), Err(Trouble::Absent));
            assert_eq!(site.size("b", 0), Ok(size as u64));
            site.write(name, 3);
            assert_eq!(site.size(name, 0), Ok(3));
        }
    }

    /// The same kept content, not read again; a file opened anew would be another one.
    #[test]
    fn what_is_unchanged_is_confirmed_and_not_read_again() {
        for (freshness, later) in [(0, 0), (0, 1), (1, 1), (3600, 3600)] {
            let mut site = Site::new(freshness, &[("a", 7)]);
            let first = site.opener(0).file("a").expect("a file");
            let again = site.opener(later).file("a").expect("a file");
            assert!(first.shares(&again), "{freshness}: {later}");
        }
    }

    #[test]
    fn only_what_is_settled_and_small_is_read_into_memory() {
        let mut site = Site::new(1, &[("a", LARGE - 1), ("large", LARGE)]);
        site.now = unix_seconds() - 1;
        assert!(!site.opener(0).file("a").expect("a file").is_in_memory());
        site.now = unix_seconds() + 2;
        assert!(site.opener(0).file("a").expect("a file").is_in_memory());
        assert!(!site.opener(0).file("large").expect("a file").is_in_memory());
    }

    #[test]
    fn a_large_file_is_kept_open_and_opened_anew_once_it_is_another() {
        let mut site = Site::new(1, &[("large", LARGE), ("next", LARGE + 2)]);
        let first = site.opener(0).file("large").expect("a file");
        assert!(site.opener(0).file("large").expect("a file").shares(&first));
        // In position: that is noticed by whoever sends from it.
        site.write("large", LARGE + 1);
        assert!(!first.is_unchanged());
        let anew = site.opener(0).anew().file("large").expect("a file");
        assert_eq!(anew.size(), LARGE as u64 + 1);
        assert!(site.opener(0).file("large").expect("a file").shares(&anew));
        // By another one: that is what the path leads to a second later.
        fs::rename(site.path("next"), site.path("large")).expect("a file to rename");
        assert_eq!(site.size("large", 0), Ok(LARGE as u64 + 1));
        assert_eq!(site.size("large", 1), Ok(LARGE as u64 + 2));
        fs::remove_file(site.path("large")).expect("a file to remove");
        assert_eq!(site.size("large", 2), Err(Trouble::Absent));
    }

    #[test]
    fn a_file_that_is_kept_open_is_closed_when_nobody_asks_for_it() {
        let (interval, mut site) = (Duration::from_secs(2), Site::new(3600, &[("large", LARGE)]));
        let start = Instant::now();
        site.roots.end_turn(start);
        assert_eq!(site.roots.due(), None);
        let first = site.opener(0).file("large").expect("a file");
        site.roots.end_turn(start);
        assert_eq!(site.roots.due(), Some(start + interval));
        assert!(site.opener(0).file("large").expect("a file").shares(&first));
        // Asked for in this time, and not in the next.
        site.roots.end_turn(start + interval);
        site.roots.end_turn(start + interval * 2 - Duration::from_nanos(1));
        assert_eq!(site.roots.due(), Some(start + interval * 2));
        site.roots.end_turn(start + interval * 2);
        assert_eq!(site.roots.due(), None);
        assert!(!site.roots.release_descriptors());
        assert!(!site.opener(0).file("large").expect("a file").shares(&first));
        assert!(site.roots.release_descriptors());
    }

    /// As a fallback may ask for: a file of that name would hide the directory.
    #[test]
    fn a_path_that_ends_as_a_directory_s_is_no_file() {
        let mut site = Site::new(1, &[("a", 7)]);
        fs::create_dir(site.path("b")).expect("a folder");
        for path in ["", "a/", "b/"] {
            assert_eq!(site.size(path, 0), Err(Trouble::Missing), "{path:?}");
        }
        assert_eq!(site.opener(0).find_directory(""), Ok(()));
        assert_eq!(site.opener(0).find_directory("b/"), Ok(()));
        assert_eq!(site.opener(0).find_directory("a/"), Err(Trouble::Missing));
        assert_eq!(site.size("a", 0), Ok(7));
    }

    #[test]
    fn nothing_of_a_root_that_was_replaced_is_believed() {
        let mut site = Site::new(3600, &[("a", 7), ("large", LARGE)]);
        for path in ["a", "large", "b"] {
            let _ = site.size(path, 0);
        }
        let root = site.folder.path().to_path_buf();
        fs::rename(&root, root.with_extension("old")).expect("a folder to rename");
        fs::create_dir(&root).expect("a folder");
        site.write("b", 3);
        assert_eq!(site.size("a", 0), Ok(7));
        for (path, found) in [("a", None), ("large", None), ("b", Some(3))] {
            assert_eq!(site.size(path, 1).ok(), found, "{path}");
        }
        fs::remove_dir_all(root.with_extension("old")).expect("a folder to remove");
    }
}
