//! `openat2` where there is none, for counting instructions alone: valgrind does not know it.
//! Nothing is guarded here, and nothing of this is in a program that serves.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::{Errno, Result};

/// As [`rustix::fs::openat2`]; where that is missing, `openat`.
pub fn openat2<Fd: AsFd>(
    folder: Fd,
    path: &str,
    flags: OFlags,
    mode: Mode,
    resolve: ResolveFlags,
) -> Result<OwnedFd> {
    match rustix::fs::openat2(folder.as_fd(), path, flags, mode, resolve) {
        Err(Errno::NOSYS) => rustix::fs::openat(folder, path, flags, mode),
        other => other,
    }
}
