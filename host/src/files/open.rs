//! Opening one path beneath a document root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

/// How often an open that met a rename is tried again. The kernel gives up on `..` and links when
/// folders move while it looks.
const RETRIES: u32 = 8;

/// Why something could not be opened, in words that say what to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is nothing of that name and kind, or it lies outside the root.
    Missing,
    /// The server's user may not read it.
    Forbidden,
    /// The file system reported an error.
    Failed,
    /// The server or the system ran out of descriptors or memory.
    Busy,
}

/// A regular file, open for reading.
#[derive(Debug)]
pub struct OpenFile {
    descriptor: OwnedFd,
    size: u64,
    modified: Modified,
}

/// When a file was last modified, since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modified {
    /// Before 1970 counts as 0.
    pub seconds: u64,
    /// Below a thousand million.
    pub nanoseconds: u32,
}

impl OpenFile {
    /// Opens the regular file at `path`, relative to `root`.
    pub fn open(root: BorrowedFd<'_>, path: &str) -> Result<OpenFile, Trouble> {
        // Not waiting: opening a FIFO would otherwise last until somebody writes to it.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let descriptor = open_beneath(root, path, flags)?;
        let stat = rustix::fs::fstat(&descriptor).map_err(trouble)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Trouble::Missing);
        }
        Ok(OpenFile { descriptor, size: size(&stat), modified: Modified::of(&stat) })
    }

    /// Octets in the file when it was opened.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// When it was last modified before it was opened.
    pub fn modified(&self) -> Modified {
        self.modified
    }

    /// Whether the file still is what it was when it was opened.
    pub fn is_unchanged(&self) -> bool {
        rustix::fs::fstat(&self.descriptor)
            .is_ok_and(|stat| size(&stat) == self.size && Modified::of(&stat) == self.modified)
    }

    /// Appends `length` octets from `offset` to `output`.
    ///
    /// # Errors
    /// [`Trouble::Failed`] when they cannot be read, or are not there any more.
    pub fn read(&self, offset: u64, length: usize, output: &mut Vec<u8>) -> Result<(), Trouble> {
        let end = output.len() + length;
        let mut offset = offset;
        // Filling with zeros first costs less than a page fault, and needs no unsafe.
        let mut at = output.len();
        output.resize(end, 0);
        while at < end {
            match rustix::io::pread(&self.descriptor, &mut output[at..], offset) {
                Ok(0) => return Err(Trouble::Failed),
                Ok(octets) => {
                    at += octets;
                    offset += octets as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(trouble(error)),
            }
        }
        Ok(())
    }
}

impl AsFd for OpenFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Modified {
    /// What a stat says.
    pub fn of(stat: &Stat) -> Modified {
        match u64::try_from(stat.st_mtime) {
            Ok(seconds) => Modified { seconds, nanoseconds: stat.st_mtime_nsec as u32 },
            Err(_) => Modified { seconds: 0, nanoseconds: 0 },
        }
    }
}

/// Size that a stat says; a file system that says less than 0 has no octets.
pub fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

/// Opens `path` such that nothing on the way leads out of `root`: no `..`, no absolute link, no
/// link of /proc, no rename at the wrong moment.
pub fn open_beneath(root: BorrowedFd<'_>, path: &str, flags: OFlags) -> Result<OwnedFd, Trouble> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let path = if path.is_empty() { "." } else { path };
    for _ in 0..RETRIES {
        match rustix::fs::openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Ok(descriptor) => return Ok(descriptor),
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(trouble(error)),
        }
    }
    Err(Trouble::Busy)
}

/// What an error of the file system means for the answer.
pub fn trouble(error: Errno) -> Trouble {
    match error {
        // XDEV: it leads out of the root. NXIO: a socket. INVAL: no name can be like that.
        Errno::NOENT
        | Errno::NOTDIR
        | Errno::ISDIR
        | Errno::XDEV
        | Errno::LOOP
        | Errno::NAMETOOLONG
        | Errno::NXIO
        | Errno::NODEV
        | Errno::INVAL => Trouble::Missing,
        Errno::ACCESS | Errno::PERM => Trouble::Forbidden,
        Errno::MFILE | Errno::NFILE | Errno::NOMEM => Trouble::Busy,
        _ => Trouble::Failed,
    }
}
