//! Opening one path beneath a document root.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

#[cfg(not(feature = "counting"))]
use rustix::fs::openat2;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

#[cfg(feature = "counting")]
use super::counting::openat2;
use super::version::{Modified, Version};

/// How often an open that met a rename is tried again. The kernel gives up on `..` and links when
/// folders move while it looks.
const RETRIES: u32 = 8;

/// Why something could not be opened, in words that say what to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// There is nothing of that name, of whatever kind.
    Absent,
    /// There is nothing of that name and kind, or it lies outside the root.
    Missing,
    /// The server's user may not read it.
    Forbidden,
    /// The file system reported an error.
    Failed,
    /// The server or the system ran out of descriptors or memory.
    Busy,
}

/// A regular file, to be read; a copy is the same file. No position in it is anybody's: whatever
/// reads it says from where, so that many can at once.
#[derive(Debug, Clone)]
pub struct OpenFile {
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Descriptor(Arc<Descriptor>),
    Memory(Arc<Content>),
}

#[derive(Debug)]
struct Descriptor {
    descriptor: OwnedFd,
    /// What the file was when it was opened.
    version: Version,
}

#[derive(Debug)]
struct Content {
    /// All of the file.
    octets: Vec<u8>,
    /// What the file was, before and after it was read.
    version: Version,
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
        let version = Version::of(&stat);
        let source = Source::Descriptor(Arc::new(Descriptor { descriptor, version }));
        Ok(OpenFile { source })
    }

    /// The same file with its content in memory; none when it changed while it was read.
    pub fn load(&self) -> Result<Option<OpenFile>, Trouble> {
        let (version, mut octets) = (*self.version(), Vec::new());
        self.read(0, version.size() as usize, &mut octets)?;
        let source = Source::Memory(Arc::new(Content { octets, version }));
        Ok(self.is_unchanged().then_some(OpenFile { source }))
    }

    /// What the file was when it was opened.
    pub fn version(&self) -> &Version {
        match &self.source {
            Source::Descriptor(file) => &file.version,
            Source::Memory(content) => &content.version,
        }
    }

    /// Octets in the file when it was opened.
    pub fn size(&self) -> u64 {
        self.version().size()
    }

    /// When it was last modified before it was opened.
    pub fn modified(&self) -> Modified {
        self.version().modified()
    }

    /// Whether the content is in memory, so that no descriptor can be sent from.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.source, Source::Memory(_))
    }

    /// Octets of the content, if that is in memory and they are in it.
    pub fn in_memory(&self, offset: u64, length: u64) -> Option<&[u8]> {
        let Source::Memory(content) = &self.source else { return None };
        let start = usize::try_from(offset).ok()?;
        content.octets.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    }

    /// The descriptor; none where the content is in memory.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.source {
            Source::Descriptor(file) => Some(file.descriptor.as_fd()),
            Source::Memory(_) => None,
        }
    }

    /// Whether what can be read is what it was when it was opened. Content in memory always is.
    pub fn is_unchanged(&self) -> bool {
        match &self.source {
            Source::Memory(_) => true,
            Source::Descriptor(file) => rustix::fs::fstat(&file.descriptor)
                .is_ok_and(|stat| file.version.has_same_content(&Version::of(&stat))),
        }
    }

    /// Whether the other one is a copy of this, not the same file opened or read another time.
    #[cfg(test)]
    pub fn shares(&self, other: &OpenFile) -> bool {
        match (&self.source, &other.source) {
            (Source::Descriptor(this), Source::Descriptor(other)) => Arc::ptr_eq(this, other),
            (Source::Memory(this), Source::Memory(other)) => Arc::ptr_eq(this, other),
            _ => false,
        }
    }

    /// Appends `length` octets from `offset` to `output`.
    ///
    /// # Errors
    /// [`Trouble::Failed`] when they cannot be read, or are not there any more.
    pub fn read(&self, offset: u64, length: usize, output: &mut Vec<u8>) -> Result<(), Trouble> {
        match &self.source {
            Source::Memory(_) => {
                let octets = self.in_memory(offset, length as u64).ok_or(Trouble::Failed)?;
                output.extend_from_slice(octets);
                Ok(())
            }
            Source::Descriptor(file) => read(&file.descriptor, offset, length, output),
        }
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
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
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
        Errno::NOENT => Trouble::Absent,
        // XDEV: it leads out of the root. NXIO: a socket. INVAL: no name can be like that.
        Errno::NOTDIR
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
