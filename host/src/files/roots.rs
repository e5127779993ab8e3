//! Document roots, by host name.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(not(feature = "counting"))]
use rustix::fs::openat2;
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::cache::{Cache, Keep};
#[cfg(feature = "counting")]
use super::counting::openat2;
use super::opener::Opener;

/// A file that is kept open is closed when nobody asked for it in this time, or in twice as much.
const UNUSED_INTERVAL: Duration = Duration::from_secs(2);

/// The folder that paths of a site are resolved beneath.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    directory: Arc<OwnedFd>,
    /// Device and inode of `directory`.
    identity: (u64, u64),
    /// The second in which `path` was last looked at.
    checked: u64,
}

impl Root {
    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// As the file system says.
    pub fn open(path: &Path) -> io::Result<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&directory)?;
        Ok(Root {
            path: path.to_path_buf(),
            directory: Arc::new(directory),
            identity: (stat.st_dev, stat.st_ino),
            checked: 0,
        })
    }

    /// At most once a second the path is looked at anew, since a site may be deployed by pointing a
    /// symbolic link at another folder. While the path leads nowhere, the folder it last led to
    /// goes on. True: it is another folder now.
    fn refresh(&mut self, now_seconds: u64) -> bool {
        if self.checked == now_seconds {
            return false;
        }
        self.checked = now_seconds;
        let replaced = rustix::fs::stat(&self.path)
            .is_ok_and(|stat| (stat.st_dev, stat.st_ino) != self.identity);
        match replaced.then(|| Root::open(&self.path)) {
            Some(Ok(root)) => {
                *self = Root { checked: now_seconds, ..root };
                true
            }
            _ => false,
        }
    }
}

/// The document roots of a worker, and what it keeps of what lies beneath them.
#[derive(Debug)]
pub struct Roots {
    roots: Vec<Root>,
    /// Indices into the roots.
    by_name: HashMap<String, usize>,
    default: Option<usize>,
    /// Knows the roots by their indices.
    cache: Cache,
    /// While files are kept open: when those are closed that nobody asks for.
    due: Option<Instant>,
}

impl Roots {
    /// Opens every root of `sites`: pairs of a lower-case host name and a folder.
    /// The name `default` stands for every name that has no root of its own.
    ///
    /// # Errors
    /// The first folder that cannot be opened.
    pub fn open<'a>(
        sites: impl ExactSizeIterator<Item = (&'a str, &'a Path)>,
        default: &str,
        keep: Keep,
    ) -> io::Result<Roots> {
        let mut roots = Roots {
            roots: Vec::new(),
            by_name: HashMap::new(),
            default: None,
            cache: Cache::new(keep, sites.len()),
            due: None,
        };
        for (index, (name, path)) in sites.enumerate() {
            roots.roots.push(Root::open(path)?);
            if name == default {
                roots.default = Some(index);
            } else {
                roots.by_name.insert(name.into(), index);
            }
        }
        Ok(roots)
    }

    /// Opens beneath the root of `site`, if there is one.
    pub fn opener(&mut self, site: &str, now_seconds: u64) -> Option<Opener<'_>> {
        let index = match self.by_name.is_empty() {
            true => None,
            false => self.by_name.get(site).copied(),
        };
        let index = index.or(self.default)?;
        let root = &mut self.roots[index];
        if root.refresh(now_seconds) {
            self.cache.forget_root(index);
        }
        Some(Opener::new(&root.directory, index, &mut self.cache, now_seconds))
    }

    /// Closes every file that is kept open. False: there was none.
    pub fn release_descriptors(&mut self) -> bool {
        self.cache.release_descriptors()
    }

    /// Closes files that are kept open and were not asked for lately: neither one that was deleted
    /// nor a file system is held for long. Once for each turn of the loop.
    pub fn end_turn(&mut self, now: Instant) {
        match self.due {
            Some(at) if now < at => return,
            Some(_) => self.cache.let_go_of_unused(),
            None => {}
        }
        self.due = self.cache.keeps_open().then(|| now + UNUSED_INTERVAL);
    }

    /// When [`Roots::end_turn`] is due even if nothing happens.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// Whether the kernel can keep paths beneath a root.
///
/// # Errors
/// What to do, where it cannot.
pub fn check_kernel() -> Result<(), &'static str> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match openat2(rustix::fs::CWD, ".", flags, Mode::empty(), ResolveFlags::BENEATH) {
        Err(Errno::NOSYS) => Err("this kernel has no openat2 (wasmhttpd needs Linux 5.6 or newer)"),
        Err(Errno::PERM) => {
            Err("openat2 is not permitted here (let the container's seccomp profile allow it)")
        }
        _ => Ok(()),
    }
}
