//! Document roots, by host name.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::cache::Cache;
use super::open::{OpenFile, Trouble};

/// The folder that paths of a site are resolved beneath.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    directory: Arc<OwnedFd>,
    /// Device and inode of `directory`.
    identity: (u64, u64),
    /// The second in which `path` was last looked at.
    checked: u64,
    cache: Cache,
    roots: usize,
}

impl Root {
    /// Opens the folder at `path`.
    ///
    /// # Errors
    /// As the file system says.
    pub fn open(path: &Path) -> io::Result<Root> {
        Root::one_of(path, 1)
    }

    /// Opens the folder at `path`; with so many roots it shares the memory for contents.
    fn one_of(path: &Path, roots: usize) -> io::Result<Root> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open(path, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&directory)?;
        Ok(Root {
            path: path.to_path_buf(),
            directory: Arc::new(directory),
            identity: (stat.st_dev, stat.st_ino),
            checked: 0,
            cache: Cache::new(roots),
            roots,
        })
    }

    /// At most once a second the path is looked at anew, since a site may be deployed by pointing a
    /// symbolic link at another folder. While the path leads nowhere, the folder it last led to
    /// goes on.
    fn refresh(&mut self, now_seconds: u64) {
        if self.checked != now_seconds {
            self.checked = now_seconds;
            let replaced = rustix::fs::stat(&self.path)
                .is_ok_and(|stat| (stat.st_dev, stat.st_ino) != self.identity);
            if replaced && let Ok(root) = Root::one_of(&self.path, self.roots) {
                *self = Root { checked: now_seconds, ..root };
            }
        }
    }

    /// Opens the regular file at `path` beneath the folder.
    ///
    /// # Errors
    /// Why there is none to read.
    pub fn open_file(&mut self, path: &str, now_seconds: u64) -> Result<OpenFile, Trouble> {
        OpenFile::open(self.directory.as_fd(), path, &mut self.cache, now_seconds)
    }

    /// The folder.
    pub fn directory(&self) -> &Arc<OwnedFd> {
        &self.directory
    }
}

/// The document roots of a worker.
#[derive(Debug)]
pub struct Roots {
    by_name: HashMap<String, Root>,
    default: Option<Root>,
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
    ) -> io::Result<Roots> {
        let mut roots = Roots { by_name: HashMap::new(), default: None };
        let count = sites.len();
        for (name, path) in sites {
            let root = Root::one_of(path, count)?;
            if name == default {
                roots.default = Some(root);
            } else {
                roots.by_name.insert(name.into(), root);
            }
        }
        Ok(roots)
    }

    /// The root of `site`, if there is one.
    pub fn root(&mut self, site: &str, now_seconds: u64) -> Option<&mut Root> {
        let root = match self.by_name.is_empty() {
            true => None,
            false => self.by_name.get_mut(site),
        };
        let root = root.or(self.default.as_mut())?;
        root.refresh(now_seconds);
        Some(root)
    }
}

/// Whether the kernel can keep paths beneath a root.
///
/// # Errors
/// What to do, where it cannot.
pub fn check_kernel() -> Result<(), &'static str> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    match rustix::fs::openat2(rustix::fs::CWD, ".", flags, Mode::empty(), ResolveFlags::BENEATH) {
        Err(Errno::NOSYS) => Err("this kernel has no openat2 (wasmhttpd needs Linux 5.6 or newer)"),
        Err(Errno::PERM) => {
            Err("openat2 is not permitted here (let the container's seccomp profile allow it)")
        }
        _ => Ok(()),
    }
}
