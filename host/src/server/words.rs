//! Between the words of the contract and those of the file system.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::files::{self, OpenFile};
use crate::sandbox::contract::{self, IpAddress};

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

/// A file was found.
pub fn file(file: &OpenFile, candidate: usize, after: Option<files::Trouble>) -> contract::Found {
    contract::Found::File(contract::File {
        candidate: candidate as u32,
        size: file.size(),
        modified: datetime(file.modified()),
        after: after.map(trouble),
    })
}

/// A directory was found.
pub fn directory(candidate: usize, entries: files::Entries) -> contract::Found {
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

/// An address as numbers.
pub fn ip_address(address: IpAddr) -> IpAddress {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddress::Ipv4(address.to_bits()),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            IpAddress::Ipv6(((bits >> 64) as u64, bits as u64))
        }
    }
}

/// Each octet as the character of the same number; nearly every head is ASCII and stays in place.
pub fn octets_as_text(octets: &[u8]) -> Cow<'_, str> {
    match simdutf8::basic::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(octets.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_cross_as_the_characters_of_the_same_number() {
        assert!(matches!(octets_as_text(b"GET / HTTP/1.1"), Cow::Borrowed(_)));
        assert_eq!(octets_as_text(&[b'a', 0xc3, 0xa9, 0xff]), "a\u{c3}\u{a9}\u{ff}");
    }

    #[test]
    fn addresses_cross_as_numbers() {
        let ipv4 = |address: &str| ip_address(address.parse().unwrap());
        assert!(matches!(ipv4("127.0.0.1"), IpAddress::Ipv4(0x7f00_0001)));
        assert!(matches!(ipv4("::ffff:127.0.0.1"), IpAddress::Ipv4(0x7f00_0001)));
        assert!(matches!(ipv4("1::2"), IpAddress::Ipv6((0x0001_0000_0000_0000, 2))));
    }
}
