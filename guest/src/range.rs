//! Which octets of a file a request asks for (RFC 9110, section 14).

use crate::field;

/// What a Range field selects of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The field is to be ignored.
    Whole,
    /// The octets from `first` to `last`, both inside the file.
    Part {
        /// The position of the first octet.
        first: u64,
        /// The position of the last octet.
        last: u64,
    },
    /// Nothing that the file has.
    Unsatisfiable,
}

/// Reads a Range field for a file of `size` octets.
///
/// An unknown unit and an invalid set are ignored (section 14.2), and so is a set of several
/// ranges.
pub fn select(value: &[u8], size: u64) -> Selection {
    const UNIT: &[u8] = b"bytes=";
    let Some((unit, set)) = value.split_at_checked(UNIT.len()) else { return Selection::Whole };
    if !unit.eq_ignore_ascii_case(UNIT) {
        return Selection::Whole;
    }
    let mut ranges = field::members(set);
    match (ranges.next(), ranges.next()) {
        (Some(range), None) => select_one(range, size).unwrap_or(Selection::Whole),
        _ => Selection::Whole,
    }
}

/// `first-pos "-" [ last-pos ]` or `"-" suffix-length` (section 14.1.2); none when it is neither.
/// Positions beyond 64 bits are beyond every file.
fn select_one(range: &[u8], size: u64) -> Option<Selection> {
    let dash = range.iter().position(|&o| o == b'-')?;
    let (start, end) = (&range[..dash], &range[dash + 1..]);
    if start.is_empty() {
        let length = field::decimal_saturating(end)?;
        return Some(match (length, size) {
            (0, _) => Selection::Unsatisfiable,
            // Satisfiable, says the RFC, but no Content-Range can name the octets of an empty file.
            (_, 0) => Selection::Whole,
            _ => Selection::Part { first: size.saturating_sub(length), last: size - 1 },
        });
    }
    let first = field::decimal_saturating(start)?;
    let last = if end.is_empty() { u64::MAX } else { field::decimal_saturating(end)? };
    if last < first {
        return None;
    }
    Some(if first < size {
        Selection::Part { first, last: last.min(size - 1) }
    } else {
        Selection::Unsatisfiable
    })
}

#[cfg(test)]
mod tests {
    use super::Selection::{Part, Unsatisfiable, Whole};
    use super::*;

    #[track_caller]
    fn selects(value: &str, size: u64, expected: Selection) {
        assert_eq!(select(value.as_bytes(), size), expected, "{value:?} of {size}");
    }

    #[test]
    fn rfc9110_14_1_2_positions() {
        selects("bytes=0-4", 11, Part { first: 0, last: 4 });
        selects("bytes=2-", 11, Part { first: 2, last: 10 });
        selects("bytes=5-1000", 11, Part { first: 5, last: 10 });
        selects("BYTES=0-9", 11, Part { first: 0, last: 9 });
        selects("bytes=0-10", 11, Part { first: 0, last: 10 });
        selects("bytes=0-11", 11, Part { first: 0, last: 10 });
        selects("bytes=10-", 11, Part { first: 10, last: 10 });
        selects("bytes=,0-4 ,", 11, Part { first: 0, last: 4 });
    }

    #[test]
    fn rfc9110_14_1_2_suffixes() {
        selects("bytes=-5", 11, Part { first: 6, last: 10 });
        selects("bytes=-10", 11, Part { first: 1, last: 10 });
        selects("bytes=-11", 11, Part { first: 0, last: 10 });
        selects("bytes=-12", 11, Part { first: 0, last: 10 });
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
        selects(&std::format!("bytes=0-{huge}"), 11, Part { first: 0, last: 10 });
        selects(&std::format!("bytes={huge}-"), 11, Unsatisfiable);
        selects(&std::format!("bytes=-{huge}"), 11, Part { first: 0, last: 10 });
        selects("bytes=0-18446744073709551615", u64::MAX, Part { first: 0, last: u64::MAX - 1 });
        selects(
            "bytes=18446744073709551614-",
            u64::MAX,
            Part { first: u64::MAX - 1, last: u64::MAX - 1 },
        );
        selects("bytes=18446744073709551615-", u64::MAX, Unsatisfiable);
        selects(
            "bytes=-9223372036854775809",
            u64::MAX,
            Part { first: 9_223_372_036_854_775_806, last: u64::MAX - 1 },
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
    fn several_ranges_are_ignored() {
        selects("bytes=0-0,-1", 10, Whole);
        selects("bytes=0-,1-,2-,3-", 10, Whole);
    }
}
