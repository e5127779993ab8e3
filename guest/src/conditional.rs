//! Conditional requests (RFC 9110, section 13): is what the client has, or wants to have, still
//! there?

use crate::date;
use crate::field;
use crate::head::{Head, Name};
use core::cmp::Ordering;

/// The validators of the file that would be sent (RFC 9110, section 8.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validators<'a> {
    /// The entity tag as it is sent, with its quotes, and its `W/` if it is weak.
    pub tag: &'a str,
    /// Last-Modified, in seconds since the epoch, if there is one.
    pub modified: Option<u64>,
}

/// What the conditions of a request make of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// They hold, or there are none.
    Proceed,
    /// The client has what it asks for: 304.
    NotModified,
    /// The file is not the one that the client means: 412.
    Failed,
}

/// Evaluates the conditions of a GET or HEAD request whose answer would be 200 without them, in the
/// order of section 13.2.2.
pub fn evaluate(
    head: &Head,
    octets: &[u8],
    validators: Validators<'_>,
    now: Option<u64>,
) -> Outcome {
    let tags_match = |name, same: fn(&[u8], &[u8]) -> bool| {
        // `*` means any file, and there is one.
        head.only(name).is_some_and(|value| value.of(octets) == b"*")
            || head
                .values(octets, name)
                .any(|list| tags(list).any(|tag| same(tag, validators.tag.as_bytes())))
    };
    // Of a date that is invalid, or there more than once, nothing follows (13.1.3, 13.1.4).
    // Neither does anything from a date when there is none to compare it with.
    let date = |name| {
        let modified = i64::try_from(validators.modified?).unwrap_or(i64::MAX);
        let date = date::read(head.only(name)?.of(octets), now)?;
        Some(modified.cmp(&date))
    };

    if head.count(Name::IfMatch) > 0 {
        if !tags_match(Name::IfMatch, same_strongly) {
            return Outcome::Failed;
        }
    } else if date(Name::IfUnmodifiedSince).is_some_and(Ordering::is_gt) {
        return Outcome::Failed;
    }
    if head.count(Name::IfNoneMatch) > 0 {
        if tags_match(Name::IfNoneMatch, same_weakly) {
            return Outcome::NotModified;
        }
    } else if date(Name::IfModifiedSince).is_some_and(Ordering::is_le) {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

/// Whether a Range field counts, by the If-Range field beside it (section 13.1.5): the file must be
/// the very one that the client has a part of.
pub fn range_applies(
    head: &Head,
    octets: &[u8],
    validators: Validators<'_>,
    now: Option<u64>,
) -> bool {
    if head.count(Name::IfRange) == 0 {
        return true;
    }
    let Some(value) = head.only(Name::IfRange) else { return false };
    let value = value.of(octets);
    if value.ends_with(b"\"") {
        return same_strongly(value, validators.tag.as_bytes());
    }
    // A date is a strong validator (8.8.2.2) as soon as the tag is one: no change since then could
    // have left the date as it is.
    let is_strong = !validators.tag.starts_with("W/");
    let date = date::read(value, now).and_then(|date| u64::try_from(date).ok());
    is_strong && date.is_some() && date == validators.modified
}

/// Both strong, and the same (section 8.8.3.2).
fn same_strongly(left: &[u8], right: &[u8]) -> bool {
    left == right && !left.starts_with(b"W/")
}

/// The same, be they weak or strong (section 8.8.3.2).
fn same_weakly(left: &[u8], right: &[u8]) -> bool {
    opaque(left) == opaque(right)
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// The entity tags of a list (section 8.8.3), up to the first that is malformed: what comes behind
/// it cannot be told apart. A comma may be part of a tag, and a backslash escapes nothing.
fn tags(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    core::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', tail @ ..] = rest {
            rest = tail;
        }
        let quote = rest.len() - opaque(rest).len();
        let content = rest.get(quote..)?.strip_prefix(b"\"")?;
        let length = content.iter().position(|&o| o <= b' ' || o == b'"' || o == 0x7f)?;
        if content[length] != b'"' {
            rest = &[];
            return None;
        }
        let (tag, tail) = rest.split_at(quote + 1 + length + 1);
        rest = if matches!(field::trim(tail), [] | [b',', ..]) { tail } else { &[] };
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Failed, NotModified, Proceed};
    use super::*;
    use std::format;
    use std::vec::Vec;

    const STRONG: Validators<'_> = Validators { tag: "\"a-1\"", modified: Some(784_111_777) };
    const WEAK: Validators<'_> = Validators { tag: "W/\"a-1\"", modified: Some(784_111_777) };
    const AT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const BEHIND: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    #[track_caller]
    fn answers(validators: Validators<'_>, fields: &str, expected: Outcome) {
        let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
        let head = Head::read(text.as_bytes()).unwrap();
        assert_eq!(evaluate(&head, text.as_bytes(), validators, None), expected, "{fields:?}");
    }

    #[test]
    fn no_conditions() {
        answers(STRONG, "", Proceed);
    }

    #[test]
    fn rfc9110_13_1_1_if_match_compares_strongly() {
        answers(STRONG, "If-Match: \"a-1\"\r\n", Proceed);
        answers(STRONG, "If-Match: \"Z\", \"a-1\"\r\n", Proceed);
        answers(STRONG, "If-Match: \"Z\"\r\nIf-Match: \"a-1\"\r\n", Proceed);
        answers(STRONG, "If-Match: *\r\n", Proceed);
        answers(WEAK, "If-Match: *\r\n", Proceed);
        answers(STRONG, "If-Match: \"Z\"\r\n", Failed);
        answers(STRONG, "If-Match: W/\"a-1\"\r\n", Failed);
        answers(WEAK, "If-Match: W/\"a-1\"\r\n", Failed);
        answers(WEAK, "If-Match: \"a-1\"\r\n", Failed);
        answers(STRONG, "If-Match: a-1\r\n", Failed);
        answers(STRONG, "If-Match:\r\n", Failed);
    }

    #[test]
    fn rfc9110_13_1_2_if_none_match_compares_weakly() {
        for validators in [STRONG, WEAK] {
            answers(validators, "If-None-Match: \"a-1\"\r\n", NotModified);
            answers(validators, "If-None-Match: W/\"a-1\"\r\n", NotModified);
            answers(validators, "If-None-Match: \"b,\\\", W/\"a-1\"\r\n", NotModified);
            answers(validators, "If-None-Match: \"b\"\r\nIf-None-Match: \"a-1\"\r\n", NotModified);
            answers(validators, "If-None-Match: *\r\n", NotModified);
            answers(validators, "If-None-Match: \"b\"\r\n", Proceed);
            answers(validators, "If-None-Match: a-1\r\n", Proceed);
            answers(validators, "If-None-Match: ,\r\n", Proceed);
            answers(validators, "If-None-Match: w/\"a-1\"\r\n", Proceed);
        }
    }

    #[test]
    fn rfc9110_13_1_3_if_modified_since() {
        answers(STRONG, &format!("If-Modified-Since: {BEFORE}\r\n"), Proceed);
        answers(STRONG, &format!("If-Modified-Since: {AT}\r\n"), NotModified);
        answers(STRONG, &format!("If-Modified-Since: {BEHIND}\r\n"), NotModified);
        answers(STRONG, "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", NotModified);
        answers(STRONG, "If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", NotModified);
        answers(STRONG, "If-Modified-Since: Wed, 31 Dec 1969 23:59:59 GMT\r\n", Proceed);
    }

    #[test]
    fn rfc9110_13_1_3_and_13_1_4_invalid_or_several_dates_are_ignored() {
        for name in ["If-Modified-Since", "If-Unmodified-Since"] {
            for value in ["", "5", "\"a-1\"", "Sun, 06 Nov 1994", "Sun, 40 Nov 1994 08:49:37 GMT"] {
                answers(STRONG, &format!("{name}: {value}\r\n"), Proceed);
            }
        }
        answers(
            STRONG,
            &format!("If-Modified-Since: {AT}\r\nIf-Modified-Since: {AT}\r\n"),
            Proceed,
        );
        answers(
            STRONG,
            &format!("If-Unmodified-Since: {BEFORE}\r\nIf-Unmodified-Since: {BEFORE}\r\n"),
            Proceed,
        );
    }

    #[test]
    fn rfc9110_13_1_4_if_unmodified_since() {
        answers(STRONG, &format!("If-Unmodified-Since: {BEFORE}\r\n"), Failed);
        answers(STRONG, &format!("If-Unmodified-Since: {AT}\r\n"), Proceed);
        answers(STRONG, &format!("If-Unmodified-Since: {BEHIND}\r\n"), Proceed);
    }

    #[test]
    fn rfc9110_13_2_2_order() {
        answers(
            STRONG,
            &format!("If-Match: \"a-1\"\r\nIf-Unmodified-Since: {BEFORE}\r\n"),
            Proceed,
        );
        answers(STRONG, &format!("If-None-Match: \"b\"\r\nIf-Modified-Since: {AT}\r\n"), Proceed);
        answers(
            STRONG,
            &format!("If-None-Match: \"a-1\"\r\nIf-Modified-Since: {BEFORE}\r\n"),
            NotModified,
        );
        answers(STRONG, "If-Match: \"b\"\r\nIf-None-Match: \"a-1\"\r\n", Failed);
        answers(STRONG, "If-Match: \"a-1\"\r\nIf-None-Match: \"a-1\"\r\n", NotModified);
        answers(
            STRONG,
            &format!("If-Unmodified-Since: {BEFORE}\r\nIf-None-Match: \"a-1\"\r\n"),
            Failed,
        );
    }

    #[test]
    fn rfc9110_8_8_3_tags_are_told_apart() {
        let read = |list: &'static [u8]| tags(list).collect::<Vec<_>>();
        assert_eq!(read(b", \"a\" ,,W/\"b,c\",\"\"\t"), [&b"\"a\""[..], b"W/\"b,c\"", b"\"\""]);
        assert_eq!(read(b"\"a\\\", \"b\""), [&b"\"a\\\""[..], b"\"b\""]);
        assert_eq!(read(b"\"\x80\xff\""), [b"\"\x80\xff\""]);
        assert_eq!(read(b"\"a\" \"b\""), [b"\"a\""]);
        for none in
            [&b""[..], b",", b"a", b"\"", b"\"a", b"W/", b"W/a", b"*", b"\"a b\"", b"W/ \"a\""]
        {
            assert_eq!(tags(none).count(), 0, "{none:?}");
        }
    }

    #[test]
    fn rfc9110_13_1_5_if_range_wants_the_very_same_file() {
        let applies = |validators: Validators<'_>, fields: &str| {
            let text = format!("GET / HTTP/1.1\r\nRange: bytes=0-0\r\n{fields}\r\n");
            let head = Head::read(text.as_bytes()).unwrap();
            range_applies(&head, text.as_bytes(), validators, None)
        };
        for fields in ["", "If-Range: \"a-1\"\r\n", &format!("If-Range: {AT}\r\n")] {
            assert!(applies(STRONG, fields), "{fields}");
        }
        assert!(applies(STRONG, "If-Range: Sunday, 06-Nov-94 08:49:37 GMT\r\n"));
        for fields in [
            "If-Range: \"b\"\r\n",
            "If-Range: W/\"a-1\"\r\n",
            "If-Range: a-1\r\n",
            "If-Range: \"a-1\r\n",
            "If-Range: *\r\n",
            "If-Range: \"b\", \"a-1\"\r\n",
            "If-Range: \"a-1\"\r\nIf-Range: \"a-1\"\r\n",
            "If-Range:\r\n",
            &format!("If-Range: {BEFORE}\r\n"),
            &format!("If-Range: {BEHIND}\r\n"),
        ] {
            assert!(!applies(STRONG, fields), "{fields}");
        }
        for fields in
            ["If-Range: W/\"a-1\"\r\n", "If-Range: \"a-1\"\r\n", &format!("If-Range: {AT}\r\n")]
        {
            assert!(!applies(WEAK, fields), "{fields}");
        }
    }

    #[test]
    fn without_a_date_only_the_tag_counts() {
        let dateless = Validators { modified: None, ..WEAK };
        answers(dateless, &format!("If-Modified-Since: {BEHIND}\r\n"), Proceed);
        answers(dateless, &format!("If-Unmodified-Since: {BEFORE}\r\n"), Proceed);
        answers(dateless, "If-None-Match: \"a-1\"\r\n", NotModified);
    }
}
