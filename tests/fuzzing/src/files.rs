//! A file system without a disk: what is at a path follows from its octets.

use wasmhttpd_guest::contract::{
    Datetime, Directories, Entry, File, Found, Listing, Lookup, Trouble,
};

/// Long before any test.
const MODIFIED: Datetime = Datetime { seconds: 1_700_000_000, nanoseconds: 123_456_789 };

/// Sizes of files, from those that go out with their head to one that is streamed.
const SIZES: [u64; 4] = [0, 1, 1_000, 40_000];

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeFile {
    size: u64,
}

impl FakeFile {
    /// Octets of the file, each of which tells where it is.
    pub fn read(&self, offset: u64, length: u64) -> Vec<u8> {
        assert!(offset.checked_add(length).is_some_and(|end| end <= self.size), "outside the file");
        (offset..offset + length).map(|at| (at * 131 + (at >> 8)) as u8).collect()
    }
}

/// Does what the host does for a lookup.
pub fn look_up(lookup: &Lookup) -> (Found, Option<FakeFile>) {
    let mut trouble = Trouble::Missing;
    for (candidate, path) in (0..).zip(&lookup.candidates) {
        match (there_is(path), lookup.directories) {
            (There::File(size), _) => {
                return found(File { candidate, size, modified: MODIFIED, after: None });
            }
            (There::Directory, Directories::Forbid) | (There::Forbidden, _) => {
                trouble = Trouble::Forbidden;
            }
            (There::Directory, directories) => {
                let entries = match directories {
                    Directories::Read => entries(),
                    Directories::Find | Directories::Forbid => Vec::new(),
                };
                let listing = Listing { candidate, entries, complete: true };
                return (Found::Directory(listing), None);
            }
            (There::Nothing, _) => {}
        }
    }
    for (candidate, fallback) in (0..).zip(&lookup.fallbacks) {
        if let There::File(size) = there_is(&fallback.path)
            && fallback.after == trouble
        {
            return found(File { candidate, size, modified: MODIFIED, after: Some(trouble) });
        }
    }
    (Found::Nothing(trouble), None)
}

fn found(file: File) -> (Found, Option<FakeFile>) {
    (Found::File(file), Some(FakeFile { size: file.size }))
}

enum There {
    Nothing,
    Forbidden,
    File(u64),
    Directory,
}

/// Half of the directories are there; of the files six in eight, one of them forbidden.
fn there_is(path: &str) -> There {
    let sum = path.bytes().map(usize::from).sum::<usize>();
    if path.ends_with('/') {
        return if sum % 2 == 0 { There::Directory } else { There::Nothing };
    }
    match sum % 8 {
        0 | 1 => There::Nothing,
        2 => There::Forbidden,
        _ => There::File(SIZES[sum / 8 % SIZES.len()]),
    }
}

fn entries() -> Vec<Entry> {
    let entry = |name: &str, directory, size| Entry {
        name: name.to_owned(),
        directory,
        size,
        modified: MODIFIED,
    };
    vec![entry("b", true, 0), entry("a.txt", false, 10), entry("A&B", false, 1 << 40)]
}
