//! Which octets of a file a request asks for (RFC 9110, section 14).

use crate::field;
use alloc::vec::Vec;

/// How many ranges are sent in one answer: with their boundaries they fill the 64 parts that an
/// answer may have.
pub const RANGES_MAX: usize = 31;

/// The octets from `first` to `last`, both inside the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// The position of the first octet.
    pub first: u64,
    /// The position of the last octet.
    pub last: u64,
}

/// What a Range field selects of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The field is to be ignored.
    Whole,
    /// One range.
    Part(ByteRange),
    /// At least two, none of which touches another, in the order that they were asked for.
    Parts(Vec<ByteRange>),
    /// Nothing that the file has.
    Unsatisfiable,
}

/// Reads a Range field for a file of `size` octets.
///
/// An unknown unit and an invalid set are ignored (section 14.2). Ranges that overlap or touch
/// become one, so that no octet is sent twice (section 15.3.7.2); a set that leaves more than
/// [`RANGES_MAX`] of them is ignored (section 17.15).
pub fn select(value: &[u8], size: u64) -> Selection {
    const UNIT: &[u8] = b"bytes=";
    let Some((unit, set)) = value.split_at_checked(UNIT.len()) else { return Selection::Whole };
    if !unit.eq_ignore_ascii_case(UNIT) {
        return Selection::Whole;
    }
    let mut ranges = field::members(set);
    let (Some(first), second) = (ranges.next(), ranges.next()) else { return Selection::Whole };
    match second {
        None => match Asked::read(first, size) {
            Some(Asked::Octets(range)) => Selection::Part(range),
            Some(Asked::Beyond) => Selection::Unsatisfiable,
            Some(Asked::EndOfNothing) | None => Selection::Whole,
        },
        Some(second) => select_several([first, second].into_iter().chain(ranges), size),
    }
}

fn select_several<'a>(members: impl Iterator<Item = &'a [u8]>, size: u64) -> Selection {
    let mut ranges = Vec::new();
    for member in members {
        match Asked::read(member, size) {
            Some(Asked::Octets(range)) => insert(&mut ranges, range),
            Some(Asked::Beyond) => {}
            Some(Asked::EndOfNothing) | None => return Selection::Whole,
        }
        if ranges.len() > RANGES_MAX {
            return Selection::Whole;
        }
    }
    match *ranges {
        [] => Selection::Unsatisfiable,
        [range] => Selection::Part(range),
        _ => Selection::Parts(ranges),
    }
}

/// Adds a range, which takes in all that it touches, at the place of the first of them.
fn insert(ranges: &mut Vec<ByteRange>, mut range: ByteRange) {
    let touch = |a: ByteRange, b: ByteRange| {
        a.first <= b.last.saturating_add(1) && b.first <= a.last.saturating_add(1)
    };
    let mut place = None;
    let mut at = 0;
    while at < ranges.len() {
        let other = ranges[at];
        if !touch(other, range) {
            at += 1;
            continue;
        }
        range.first = range.first.min(other.first);
        range.last = range.last.max(other.last);
        ranges.remove(at);
        // It may touch now what it did not before.
        place = Some(place.map_or(at, |place: usize| place.min(at)));
        at = 0;
    }
    ranges.insert(place.unwrap_or(ranges.len()), range);
}

/// One range of a set, against the size of the file.
enum Asked {
    Octets(ByteRange),
    Beyond,
    /// The last octets of an empty file: satisfiable, says the RFC, but no Content-Range can name
    /// them.
    EndOfNothing,
}

impl Asked {
    /// `first-pos "-" [ last-pos ]` or `"-" suffix-length` (section 14.1.2); none when it is
    /// neither. Positions beyond 64 bits are beyond every file.
    fn read(range: &[u8], size: u64) -> Option<Self> {
        let dash = range.iter().position(|&o| o == b'-')?;
        let (start, end) = (&range[..dash], &range[dash + 1..]);
        if start.is_empty() {
            let length = field::decimal_saturating(end)?;
            return Some(match (length, size) {
                (0, _) => Self::Beyond,
                (_, 0) => Self::EndOfNothing,
                _ => Self::Octets(ByteRange { first: size.saturating_sub(length), last: size - 1 }),
            });
        }
        let first = field::decimal_saturating(start)?;
        let last = if end.is_empty() { u64::MAX } else { field::decimal_saturating(end)? };
        if last < first {
            return None;
        }
        Some(if first < size {
            Self::Octets(ByteRange { first, last: last.min(size - 1) })
        } else {
            Self::Beyond
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Selection::{Parts, Unsatisfiable, Whole};
    use super::*;
    use std::format;
    use std::string::String;

    fn part(first: u64, last: u64) -> Selection {
        Selection::Part(ByteRange { first, last })
    }

    fn parts(ranges: &[(u64, u64)]) -> Selection {
        Parts(ranges.iter().map(|&(first, last)| ByteRange { first, last }).collect())
    }

    #[track_caller]
    fn selects(value: &str, size: u64, expected: Selection) {
        assert_eq!(select(value.as_bytes(), size), expected, "{value:?} of {size}");
    }

    #[test]
    fn rfc9110_14_1_2_positions() {
        selects("bytes=0-4", 11, part(0, 4));
        selects("bytes=2-", 11, part(2, 10));
        selects("bytes=5-1000", 11, part(5, 10));
        selects("BYTES=0-9", 11, part(0, 9));
        selects("bytes=0-10", 11, part(0, 10));
        selects("bytes=0-11", 11, part(0, 10));
        selects("bytes=10-", 11, part(10, 10));
        selects("bytes=,0-4 ,", 11, part(0, 4));
    }

    #[test]
    fn rfc9110_14_1_2_suffixes() {
        selects("bytes=-5", 11, part(6, 10));
        selects("bytes=-10", 11, part(1, 10));
        selects("bytes=-11", 11, part(0, 10));
        selects("bytes=-12", 11, part(0, 10));
        selects("bytes=-1", 0, Whole);
    }

    #[test]
    fn rfc9110_15_5_17_unsatisfiable() {
        selects("bytes=11-", 11, Unsatisfiable);
        selects("bytes=11-11", 11, Unsatisfiable);
        selects("bytes=12-100", 11, Unsatisfiable);
        selects("bytes=-0", 11, Unsatisfiable);
        selects("bytes=0-", 0, Unsatisfiable);
        selects("bytes=0-0", 0, Unsatisfiable);
    }

    #[test]
    fn rfc9110_14_1_2_no_overflow() {
        let huge = "99999999999999999999999999999999";
        selects(&format!("bytes=0-{huge}"), 11, part(0, 10));
        selects(&format!("bytes={huge}-"), 11, Unsatisfiable);
        selects(&format!("bytes=-{huge}"), 11, part(0, 10));
        selects("bytes=0-18446744073709551615", u64::MAX, part(0, u64::MAX - 1));
        selects("bytes=18446744073709551614-", u64::MAX, part(u64::MAX - 1, u64::MAX - 1));
        selects("bytes=18446744073709551615-", u64::MAX, Unsatisfiable);
        selects(
            "bytes=-9223372036854775809",
            u64::MAX,
            part(9_223_372_036_854_775_806, u64::MAX - 1),
        );
    }

    #[test]
    fn rfc9110_14_2_unknown_units_and_invalid_sets_are_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes= , ",
            "foo=0-1",
            "bytes 0-1",
            "bytes=7",
            "bytes=5-4",
            "bytes=--5",
            "bytes=A-",
            "bytes=5-Z",
            "bytes=0x1-0x2",
            "bytes=-",
            "bytes=0--",
            "bytes=-2-3",
            "bytes=1 -2",
            "bytes=+1-2",
            "bytes =0-1",
        ] {
            selects(value, 10, Whole);
        }
    }

    #[test]
    fn rfc9110_15_3_7_2_several_ranges() {
        selects("bytes=0-0,-1", 10, parts(&[(0, 0), (9, 9)]));
        selects("bytes=-1, 0-0", 10, parts(&[(9, 9), (0, 0)]));
        selects("bytes=1-2 ,, 4-5,", 10, parts(&[(1, 2), (4, 5)]));
        selects("bytes=0-1,20-,4-5", 10, parts(&[(0, 1), (4, 5)]));
        selects("bytes=20-,4-5", 10, part(4, 5));
        selects("bytes=20-,30-40,-0", 10, Unsatisfiable);
    }

    #[test]
    fn rfc9110_15_3_7_2_ranges_that_touch_become_one() {
        selects("bytes=0-4,5-9", 20, part(0, 9));
        selects("bytes=5-9,0-4", 20, part(0, 9));
        selects("bytes=0-4,6-9", 20, parts(&[(0, 4), (6, 9)]));
        selects("bytes=0-4,3-9", 20, part(0, 9));
        selects("bytes=0-,1-,2-,3-", 10, part(0, 9));
        selects("bytes=8-9,0-0,2-2,1-1", 20, parts(&[(8, 9), (0, 2)]));
        selects("bytes=0-0,8-9,2-2,1-1", 20, parts(&[(0, 2), (8, 9)]));
        selects("bytes=0-0,5-5,9-9,1-8", 20, part(0, 9));
        selects(
            "bytes=18446744073709551613-,0-18446744073709551612",
            u64::MAX,
            part(0, u64::MAX - 1),
        );
    }

    #[test]
    fn rfc9110_14_2_a_set_with_an_invalid_range_is_ignored() {
        for value in ["bytes=0-0,5-4", "bytes=0-0,x", "bytes=--5,4--3", "bytes=0-0,-"] {
            selects(value, 10, Whole);
        }
        selects("bytes=0-0,-1", 0, Whole);
    }

    #[test]
    fn rfc9110_17_15_sets_end_at_31_ranges() {
        let set = |count: u64| {
            let set: String = (0..count).map(|n| format!("{}-{},", 2 * n, 2 * n)).collect();
            select(format!("bytes={set}").as_bytes(), 1_000)
        };
        for (count, right) in [(30, true), (31, true), (32, false), (200, false)] {
            match set(count) {
                Parts(parts) => assert!(right && parts.len() == count as usize),
                other => assert_eq!((other, right), (Whole, false)),
            }
        }
    }

    /// The ranges sent are the octets asked for, whatever the set, and none twice.
    #[test]
    fn coalescing_loses_and_adds_nothing() {
        const SIZE: u64 = 12;
        let all: Vec<_> =
            (0..SIZE).flat_map(|first| (first..SIZE).map(move |last| (first, last))).collect();
        for a in &all {
            for b in &all {
                for c in all.iter().step_by(9) {
                    let set = [a, b, c];
                    let value = format!("bytes={}-{},{}-{},{}-{}", a.0, a.1, b.0, b.1, c.0, c.1);
                    let sent = match select(value.as_bytes(), SIZE) {
                        Selection::Part(range) => std::vec![range],
                        Parts(ranges) => ranges,
                        other => panic!("{other:?}"),
                    };
                    for octet in 0..SIZE {
                        let times = sent.iter().filter(|r| r.first <= octet && octet <= r.last);
                        let asked = set.iter().any(|r| r.0 <= octet && octet <= r.1);
                        assert_eq!(times.count(), usize::from(asked), "{octet} of {value}");
                    }
                }
            }
        }
    }
}
