//! What a guest wants looked up, and what was found.

use alloc::string::String;
use alloc::vec::Vec;

/// Why no candidate was found.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let status = match Found::Nothing(Trouble::Missing) {
///     Found::Nothing(Trouble::Missing) => 404,
///     Found::Nothing(Trouble::Forbidden) => 403,
///     _ => 500,
/// };
/// assert_eq!(status, 404);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No candidate names a file or directory of its kind, or the site is unknown.
    Missing,
    /// The server's user may not read what a candidate names, or the lookup forbids it.
    Forbidden,
    /// The file system reported an error.
    Failed,
    /// The host ran out of descriptors or memory.
    Busy,
}

/// A file to serve in place of a candidate that was not found.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let fallback = Fallback { after: Trouble::Missing, path: "/404.html".into() };
/// assert!(fallback.path.starts_with('/'));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// The trouble it is for.
    pub after: Trouble,
    /// A decoded path below the document root, starting with `/`.
    pub path: String,
}

/// What becomes of a directory that matches a candidate.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let listed = |listing: bool| if listing { Directories::Read } else { Directories::Find };
/// assert_eq!(listed(true), Directories::Read);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directories {
    /// It is found, without its entries.
    Find,
    /// It is found, with its entries.
    Read,
    /// It is forbidden: not to be shown, though it exists.
    Forbid,
}

/// What to look for in the file system.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let lookup = Lookup {
///     site: "example.org".into(),
///     candidates: vec!["/a".into(), "/a.html".into(), "/a/".into()],
///     fallbacks: vec![Fallback { after: Trouble::Missing, path: "/404.html".into() }],
///     directories: Directories::Find,
/// };
/// assert_eq!(lookup.candidates.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The host name asked for, lower case, no port; empty when there was none.
    pub site: String,
    /// Decoded paths below the document root, tried in order.
    pub candidates: Vec<String>,
    /// Tried when no candidate matches.
    pub fallbacks: Vec<Fallback>,
    /// What becomes of a directory that matches.
    pub directories: Directories,
}

/// A point in time, since the Unix epoch.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 500_000_000 };
/// assert!(modified.nanoseconds < 1_000_000_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datetime {
    /// Whole seconds.
    pub seconds: u64,
    /// The rest.
    pub nanoseconds: u32,
}

/// A regular file that the host holds open.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
/// let file = File { candidate: 0, size: 12, modified, after: None };
/// let whole = Slice { start: 0, length: file.size };
/// assert_eq!(whole.length, 12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Index into the candidates, or into the fallbacks where `after` is set.
    pub candidate: u32,
    /// In octets.
    pub size: u64,
    /// When the file was last changed.
    pub modified: Datetime,
    /// The trouble that made the host use a fallback.
    pub after: Option<Trouble>,
}

/// One entry of a directory.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
/// let entry = Entry { name: "a.txt".into(), directory: false, size: 12, modified };
/// assert!(!entry.directory);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name within the directory.
    pub name: String,
    /// Whether it is itself a directory.
    pub directory: bool,
    /// In octets; 0 for a directory.
    pub size: u64,
    /// When it was last changed.
    pub modified: Datetime,
}

/// A directory.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let listing = Listing { candidate: 2, entries: Vec::new(), complete: true };
/// assert!(listing.complete && listing.entries.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Index into the candidates.
    pub candidate: u32,
    /// In no particular order; empty unless the lookup asked to read it.
    pub entries: Vec<Entry>,
    /// False when there are more entries than the host was willing to read.
    pub complete: bool,
}

/// What the host found for a lookup.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
/// let found = Found::File(File { candidate: 0, size: 12, modified, after: None });
/// assert!(matches!(found, Found::File(file) if file.size == 12));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file.
    File(File),
    /// A directory.
    Directory(Listing),
    /// Nothing to serve.
    Nothing(Trouble),
}
