//! What values mean that are neither numbers nor times.

use std::net::SocketAddr;
use std::path::PathBuf;

/// An address to listen on, and the line that asked for it (0: a default).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// Line of web.conf.
    pub line: u32,
}

/// Where the access log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLog {
    /// Standard output.
    Output,
    /// Appended to, and reopened on SIGUSR1.
    File {
        /// Where it is.
        path: PathBuf,
        /// Line of web.conf.
        line: u32,
    },
}

/// What a guest may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestImports {
    /// WASI, with nothing behind it.
    Wasi,
    /// Nothing at all.
    None,
}

/// A file, and the line that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Line of web.conf.
    pub line: u32,
}

/// Where something is kept that can be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptIn {
    /// In the user's folder for such things.
    Default,
    /// In this folder.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// Line of web.conf.
        line: u32,
    },
    /// Nowhere.
    Off,
}

/// What becomes of a new guest that answers otherwise than the serving one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differences {
    /// It serves; the differences are told.
    Allow,
    /// It is refused.
    Refuse,
}

/// How calls that failed are shown in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// Without the values of fields that carry credentials.
    Masked,
    /// As they were.
    Whole,
    /// Not at all.
    Off,
}

/// How long an instance of the guest lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// One instance serves all requests of a worker, until it fails or is recycled.
    Worker,
    /// Every request gets an instance of its own.
    Request,
}
