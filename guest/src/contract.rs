//! The types of `wit/handler.wit`, in its words.
//!
//! The core of the guest is written against these, so that it compiles and is tested on any target;
//! the SDK alone knows the generated types and moves values from one to the other.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

/// One line of web.conf that is the guest's to understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Line of web.conf, from 1; 0 when the setting was not read from a file.
    pub line: u32,
    /// The parameter's name, or a file name extension without its dot.
    pub name: String,
    /// The rest of the line, unquoted.
    pub value: String,
}

/// What is wrong with one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the setting complained about.
    pub line: u32,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Everything that web.conf tells the guest, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// `media EXT TYPE` lines.
    pub media: Vec<Setting>,
    /// `parameter NAME VALUE` lines that the host does not know itself.
    pub parameters: Vec<Setting>,
}

/// A parameter of this guest, for help and documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingHelp {
    /// The name in web.conf.
    pub name: String,
    /// What to write as the value.
    pub value: String,
    /// The value in force when the parameter is not set; empty when there is none.
    pub default: String,
    /// One sentence.
    pub summary: String,
}

/// An IP address as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpAddress {
    /// Most significant octet first.
    Ipv4(u32),
    /// The upper and the lower 64 bits.
    Ipv6((u64, u64)),
}

impl From<IpAddress> for IpAddr {
    fn from(from: IpAddress) -> Self {
        match from {
            IpAddress::Ipv4(address) => Self::V4(address.into()),
            IpAddress::Ipv6((upper, lower)) => {
                Self::V6((u128::from(upper) << 64 | u128::from(lower)).into())
            }
        }
    }
}

/// What the host knows of a request besides its octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The other end of the connection.
    pub peer: IpAddress,
    /// Whether the request came over TLS.
    pub secure: bool,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// Why no candidate was found.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fallback {
    /// The trouble it is for.
    pub after: Trouble,
    /// A decoded path below the document root, starting with `/`.
    pub path: String,
}

/// What becomes of a directory that matches a candidate.
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

/// What follows from a request head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Look for a file, then call `respond`.
    LookUp(Lookup),
    /// The answer needs no file.
    Answer(Response),
}

/// What becomes of the connection after the answer (RFC 9112, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It goes on, after this many octets of request content are skipped.
    KeepAlive(u64),
    /// It ends.
    Close,
}

/// The answer of `parse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// What to do for the request.
    pub action: Action,
    /// What to do with the connection.
    pub persistence: Persistence,
}

/// A point in time, since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datetime {
    /// Whole seconds.
    pub seconds: u64,
    /// The rest.
    pub nanoseconds: u32,
}

/// A regular file that the host holds open.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// A file.
    File(File),
    /// A directory.
    Directory(Listing),
    /// Nothing to serve.
    Nothing(Trouble),
}

/// A run of octets of the file found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    /// Where it starts.
    pub start: u64,
    /// How long it is.
    pub length: u64,
}

/// A piece of composed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Sent as UTF-8.
    Text(String),
    /// Octets of the file found.
    Slice(Slice),
}

/// The content of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// None.
    Empty,
    /// Sent as UTF-8.
    Text(String),
    /// Sent as they are.
    Octets(Vec<u8>),
    /// Octets of the file found.
    Slice(Slice),
    /// Sent one after another.
    Parts(Vec<Part>),
}

/// The answer of `respond`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// The header section as it goes on the wire, without the fields of the host.
    pub fields: String,
    /// As for GET: on HEAD the host leaves it out by itself.
    pub content: Content,
}
