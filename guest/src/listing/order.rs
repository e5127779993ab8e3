//! The order of entries: directories before files, then by what the query says.

use crate::contract::Entry;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// What entries are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The name, without regard to the case of ASCII letters.
    Name,
    /// The size.
    Size,
    /// The time of the last change.
    Modified,
}

impl Key {
    /// All of them, as columns.
    pub const ALL: [Self; 3] = [Self::Name, Self::Size, Self::Modified];

    /// The word for it in the query.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Modified => "modified",
        }
    }
}

/// An order of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// What they are sorted by.
    pub key: Key,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Order {
    /// Reads `sort=name|size|modified` and `order=asc|desc` from a query; whatever else is there is
    /// passed over.
    pub fn read(query: &[u8]) -> Self {
        let mut order = Self { key: Key::Name, descending: false };
        for parameter in query.split(|&o| o == b'&') {
            match parameter {
                b"order=asc" => order.descending = false,
                b"order=desc" => order.descending = true,
                [b's', b'o', b'r', b't', b'=', word @ ..] => {
                    let key = Key::ALL.into_iter().find(|key| key.word().as_bytes() == word);
                    order.key = key.unwrap_or(order.key);
                }
                _ => {}
            }
        }
        order
    }

    /// Sorts entries. No two have the same name, so that the order is the same each time.
    ///
    /// Ten thousand names are compared more than a hundred thousand times: nearly always two
    /// numbers decide, made from each entry once.
    pub fn sort<'a>(self, entries: impl Iterator<Item = &'a Entry> + Clone) -> Vec<&'a Entry> {
        let prefix = common_prefix(entries.clone().map(|entry| &*entry.name));
        let numbered = entries.map(|entry| Numbered {
            number: self.number(entry),
            start: name_start(&entry.name, prefix),
            entry,
        });
        let mut sorted: Vec<_> = numbered.collect();
        sorted.sort_unstable_by(|a, b| self.compare(a, b));
        sorted.into_iter().map(|numbered| numbered.entry).collect()
    }

    /// A sort has many places that compare: they share one piece of code.
    #[inline(never)]
    fn compare(self, a: &Numbered<'_>, b: &Numbered<'_>) -> Ordering {
        let order = (a.number, a.start)
            .cmp(&(b.number, b.start))
            .then_with(|| compare_names(&a.entry.name, &b.entry.name));
        let order = if self.descending { order.reverse() } else { order };
        b.entry.directory.cmp(&a.entry.directory).then(order)
    }

    /// What goes before the name.
    fn number(self, entry: &Entry) -> (u64, u32) {
        match self.key {
            Key::Name => (0, 0),
            // A directory has no size.
            Key::Size => (entry.size, 0),
            Key::Modified => (entry.modified.seconds, entry.modified.nanoseconds),
        }
    }
}

/// An entry, and the numbers that nearly always decide where it goes.
struct Numbered<'a> {
    number: (u64, u32),
    /// How its name goes on behind what all names begin with.
    start: u64,
    entry: &'a Entry,
}

/// How many octets all names begin with, but for the case of letters.
fn common_prefix<'a>(mut names: impl Iterator<Item = &'a str>) -> usize {
    let Some(first) = names.next() else { return 0 };
    names.fold(first.len(), |length, name| {
        let same = lower(first).zip(lower(name)).take(length).take_while(|(a, b)| a == b);
        same.count()
    })
}

/// The octets of a name behind what all names begin with, as far as a number holds them, in the
/// order of `compare_names`.
fn name_start(name: &str, prefix: usize) -> u64 {
    let mut start = [0; 8];
    for (octet, place) in lower(name).skip(prefix).zip(&mut start) {
        *place = octet;
    }
    u64::from_be_bytes(start)
}

fn compare_names(a: &str, b: &str) -> Ordering {
    lower(a).cmp(lower(b)).then_with(|| a.cmp(b))
}

fn lower(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().map(|octet| octet.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Datetime;
    use std::string::ToString;

    fn sorted(query: &str) -> Vec<&'static str> {
        let entry = |(name, size, seconds): (&'static str, u64, u64)| Entry {
            name: name.trim_end_matches('/').to_string(),
            directory: name.ends_with('/'),
            size,
            modified: Datetime { seconds, nanoseconds: 0 },
        };
        let names =
            [("b", 1, 30), ("B", 3, 20), ("z/", 0, 5), ("a", 2, 20), ("10", 1, 10), ("y/", 0, 9)];
        let entries = names.map(entry);
        Order::read(query.as_bytes())
            .sort(entries.iter())
            .iter()
            .map(|entry| {
                names.iter().find(|name| name.0.trim_end_matches('/') == entry.name).unwrap().0
            })
            .collect()
    }

    #[test]
    fn by_name_unless_the_query_says_otherwise() {
        let by_name = ["y/", "z/", "10", "a", "B", "b"];
        for query in ["", "sort=name", "order=asc", "sort=colour", "x&sort=name&", "sort", "%"] {
            assert_eq!(sorted(query), by_name, "{query}");
        }
        assert_eq!(sorted("order=desc"), ["z/", "y/", "b", "B", "a", "10"]);
    }

    #[test]
    fn by_size_and_time_and_then_by_name() {
        assert_eq!(sorted("sort=size"), ["y/", "z/", "10", "b", "a", "B"]);
        assert_eq!(sorted("order=desc&sort=size"), ["z/", "y/", "B", "a", "b", "10"]);
        assert_eq!(sorted("sort=modified"), ["z/", "y/", "10", "a", "B", "b"]);
        assert_eq!(sorted("sort=modified&order=desc"), ["y/", "z/", "b", "B", "a", "10"]);
    }

    /// What the numbers leave open, and what they decide, is the order of the names.
    #[test]
    fn long_common_beginnings_do_not_matter() {
        let names =
            ["photo-000000001", "Photo-00000000", "photo-00000002", "photo-0000000a", "photo-0"];
        for beginning in ["", "b", "a long beginning of a name "] {
            let entries = names.map(|name| Entry {
                name: [beginning, name].concat(),
                directory: false,
                size: 0,
                modified: Datetime { seconds: 0, nanoseconds: 0 },
            });
            let sorted = Order::read(b"").sort(entries.iter());
            let mut expected: Vec<_> = entries.iter().collect();
            expected.sort_by(|a, b| compare_names(&a.name, &b.name));
            assert_eq!(sorted, expected);
        }
        assert_eq!(common_prefix(["aB1", "Ab2", "ab"].into_iter()), 2);
        assert_eq!(common_prefix([].into_iter()), 0);
    }
}
