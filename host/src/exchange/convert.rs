//! Between the words of the contract and those of the file system and of HTTP.

use wasmhttpd_http::{self as http, Piece};

use crate::files::{self, Directory, OpenFile, Position};
use crate::sandbox::contract;

/// What a guest asks the file system for.
pub fn wanted(
    lookup: &contract::Lookup,
) -> files::Wanted<'_, impl Iterator<Item = (files::Trouble, &str)>> {
    files::Wanted {
        candidates: &lookup.candidates,
        fallbacks: lookup
            .fallbacks
            .iter()
            .map(|fallback| (trouble_asked(fallback.after), fallback.path.as_str())),
        directories: match lookup.directories {
            contract::Directories::Find => files::Directories::Find,
            contract::Directories::Read => files::Directories::Read,
            contract::Directories::Forbid => files::Directories::Forbid,
        },
    }
}

/// How far a lookup came.
pub enum Looked {
    /// To its end.
    Found {
        /// As the guest is told.
        found: contract::Found,
        /// The file, if that is what was found.
        file: Option<OpenFile>,
    },
    /// To a directory whose entries have to be read; [`files::resume_look_up`] goes on from there.
    Unread {
        /// Where to go on.
        position: Position,
        /// Ready to be read.
        directory: Directory,
    },
}

/// What a lookup found, in the contract's words.
#[inline]
pub fn looked(found: files::Resolution) -> Looked {
    let (found, file) = match found {
        files::Resolution::File { file, candidate, after } => {
            (contract::Found::File(file_found(&file, candidate, after)), Some(file))
        }
        files::Resolution::Directory { candidate, entries } => {
            (directory(candidate, entries), None)
        }
        files::Resolution::Nothing(met) => (nothing(met), None),
        files::Resolution::Unread { position, directory } => {
            return Looked::Unread { position, directory };
        }
    };
    Looked::Found { found, file }
}

fn file_found(file: &OpenFile, candidate: usize, after: Option<files::Trouble>) -> contract::File {
    contract::File {
        candidate: candidate as u32,
        size: file.size(),
        modified: datetime(file.modified()),
        after: after.map(trouble),
    }
}

fn directory(candidate: usize, entries: files::Entries) -> contract::Found {
    contract::Found::Directory(contract::Listing {
        candidate: candidate as u32,
        complete: entries.complete,
        entries: entries.list.into_iter().map(entry).collect(),
    })
}

/// Nothing was found.
pub fn nothing(met: files::Trouble) -> contract::Found {
    contract::Found::Nothing(trouble(met))
}

/// The answer of a guest about `file`, as HTTP calls it.
#[inline]
pub fn response(response: contract::Response, file: Option<OpenFile>) -> http::Response<OpenFile> {
    let contract::Response { status, fields, content } = response;
    let content = match content {
        contract::Content::Empty => http::Content::Empty,
        contract::Content::Text(text) => http::Content::Octets(text.into_bytes()),
        contract::Content::Octets(octets) => http::Content::Octets(octets),
        contract::Content::Slice(slice) => {
            http::Content::Slice { offset: slice.start, length: slice.length }
        }
        contract::Content::Parts(parts) => {
            http::Content::Pieces(parts.into_iter().map(piece).collect())
        }
    };
    http::Response { status, fields, content, file }
}

fn piece(part: contract::Part) -> Piece {
    match part {
        contract::Part::Text(text) => Piece::Octets(text.into_bytes()),
        contract::Part::Slice(slice) => Piece::Slice { offset: slice.start, length: slice.length },
    }
}

/// Octets of request content that a guest wants skipped before the next request; none if it wants
/// the connection to end.
#[inline]
pub fn skip(persistence: &contract::Persistence) -> Option<u64> {
    match persistence {
        contract::Persistence::KeepAlive(skip) => Some(*skip),
        contract::Persistence::Close => None,
    }
}

fn entry(entry: files::Entry) -> contract::Entry {
    contract::Entry {
        name: entry.name,
        directory: entry.is_directory,
        size: entry.size,
        modified: datetime(entry.modified),
    }
}

fn trouble(trouble: files::Trouble) -> contract::Trouble {
    match trouble {
        files::Trouble::Absent | files::Trouble::Missing => contract::Trouble::Missing,
        files::Trouble::Forbidden => contract::Trouble::Forbidden,
        files::Trouble::Failed => contract::Trouble::Failed,
        files::Trouble::Busy => contract::Trouble::Busy,
    }
}

fn trouble_asked(trouble: contract::Trouble) -> files::Trouble {
    match trouble {
        contract::Trouble::Missing => files::Trouble::Missing,
        contract::Trouble::Forbidden => files::Trouble::Forbidden,
        contract::Trouble::Failed => files::Trouble::Failed,
        contract::Trouble::Busy => files::Trouble::Busy,
    }
}

fn datetime(modified: files::Modified) -> contract::Datetime {
    contract::Datetime { seconds: modified.seconds, nanoseconds: modified.nanoseconds }
}
