//! Document roots, by host name.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// The folder that paths of a site are resolved beneath.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    directory: OwnedFd,
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
            directory,
            identity: (stat.st_dev, stat.st_ino),
            checked: 0,
        })
    }

    /// The folder's descriptor. At most once a second the path is looked at anew, since a site may be
    /// deployed by pointing a symbolic link at another folder. While the path leads nowhere, the
    /// folder it last led to goes on.
    fn directory(&mut self, now_seconds: u64) -> BorrowedFd<'_> {
        if self.checked != now_seconds {
            self.checked = now_seconds;
            let replaced = rustix::fs::stat(&self.path)
                .is_ok_and(|stat| (stat.st_dev, stat.st_ino) != self.identity);
            if replaced && let Ok(root) = Root::open(&self.path) {
                *self = Root { checked: now_seconds, ..root };
            }
        }
        self.directory.as_fd()
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
        sites: impl Iterator<Item = (&'a str, &'a Path)>,
        default: &str,
    ) -> io::Result<Roots> {
        let mut roots = Roots { by_name: HashMap::new(), default: None };
        for (name, path) in sites {
            let root = Root::open(path)?;
            if name == default {
                roots.default = Some(root);
            } else {
                roots.by_name.insert(name.into(), root);
            }
        }
        Ok(roots)
    }

    /// The folder of `site`, if there is one.
    pub fn directory(&mut self, site: &str, now_seconds: u64) -> Option<BorrowedFd<'_>> {
        let root = match self.by_name.is_empty() {
            true => None,
            false => self.by_name.get_mut(site),
        };
        Some(root.or(self.default.as_mut())?.directory(now_seconds))
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
