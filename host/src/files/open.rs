//! Opening one path beneath a document root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::cache::{Cache, Content, FILE_OCTETS_MAX};
use super::version::{Modified, Version};

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

/// A regular file, to be read.
#[derive(Debug)]
pub struct OpenFile {
    source: Source,
    version: Version,
}

#[derive(Debug)]
enum Source {
    Descriptor(OwnedFd),
    Memory(Arc<Content>),
}

impl OpenFile {
    /// Opens the regular file at `path`, relative to `root`. A small one comes from `cache`, or
    /// goes there.
    pub fn open(
        root: BorrowedFd<'_>,
        path: &str,
        cache: &mut Cache,
        now_seconds: u64,
    ) -> Result<OpenFile, Trouble> {
        if let Some(content) = cache.get(root, path, now_seconds) {
            return Ok(OpenFile::from(content));
        }
        // Not waiting: opening a FIFO would otherwise last until somebody writes to it.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let descriptor = open_beneath(root, path, flags)?;
        let stat = rustix::fs::fstat(&descriptor).map_err(trouble)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Trouble::Missing);
        }
        let version = Version::of(&stat);
        if let Some(content) = cache.confirm(path, version, now_seconds) {
            return Ok(OpenFile::from(content));
        }
        let file = OpenFile { source: Source::Descriptor(descriptor), version };
        if file.size() <= FILE_OCTETS_MAX && version.is_settled(now_seconds) {
            let mut octets = Vec::new();
            file.read(0, file.size() as usize, &mut octets)?;
            if file.is_unchanged() {
                let content = Content { octets, version };
                return Ok(OpenFile::from(cache.insert(path, content, now_seconds)));
            }
        }
        Ok(file)
    }

    /// Octets in the file when it was opened.
    pub fn size(&self) -> u64 {
        self.version.size()
    }

    /// When it was last modified before it was opened.
    pub fn modified(&self) -> Modified {
        self.version.modified()
    }

    /// Whether the content is in memory, so that no descriptor can be sent from.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.source, Source::Memory(_))
    }

    /// The descriptor, and whether the file still is what it was when it was opened.
    ///
    /// # Errors
    /// [`Trouble::Failed`] when it is not.
    pub fn unchanged_descriptor(&self) -> Result<BorrowedFd<'_>, Trouble> {
        match &self.source {
            Source::Descriptor(descriptor) if self.is_unchanged() => Ok(descriptor.as_fd()),
            _ => Err(Trouble::Failed),
        }
    }

    fn is_unchanged(&self) -> bool {
        match &self.source {
            Source::Memory(_) => true,
            Source::Descriptor(descriptor) => rustix::fs::fstat(descriptor)
                .is_ok_and(|stat| self.version.has_same_content(&Version::of(&stat))),
        }
    }

    /// Appends `length` octets from `offset` to `output`.
    ///
    /// # Errors
    /// [`Trouble::Failed`] when they cannot be read, or are not there any more.
    pub fn read(&self, offset: u64, length: usize, output: &mut Vec<u8>) -> Result<(), Trouble> {
        match &self.source {
            Source::Memory(content) => {
                let start = usize::try_from(offset).map_err(|_| Trouble::Failed)?;
                let end = start.checked_add(length).ok_or(Trouble::Failed)?;
                output.extend_from_slice(content.octets.get(start..end).ok_or(Trouble::Failed)?);
                Ok(())
            }
            Source::Descriptor(descriptor) => read(descriptor, offset, length, output),
        }
    }
}

impl From<Arc<Content>> for OpenFile {
    fn from(content: Arc<Content>) -> OpenFile {
        OpenFile { version: content.version, source: Source::Memory(content) }
    }
}

fn read(
    descriptor: &OwnedFd,
    mut offset: u64,
    length: usize,
    output: &mut Vec<u8>,
) -> Result<(), Trouble> {
    let mut at = output.len();
    let end = at + length;
    // Filling with zeros first costs less than a page fault, and needs no unsafe.
    output.resize(end, 0);
    while at < end {
        match rustix::io::pread(descriptor, &mut output[at..], offset) {
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
