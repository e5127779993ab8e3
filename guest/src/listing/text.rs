//! Text for people and programs: names without their teeth, sizes, times.

use crate::field;
use alloc::string::String;

/// Appends a name to HTML, between tags or in a quoted value.
pub fn push_html(text: &mut String, name: &str) {
    let mut plain = 0;
    for (at, octet) in name.bytes().enumerate() {
        let replacement = match octet {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            // HTML has no control characters; what a line break is in a name is none on the page.
            0..0x20 | 0x7f => "\u{fffd}",
            _ => continue,
        };
        text.push_str(&name[plain..at]);
        text.push_str(replacement);
        plain = at + 1;
    }
    text.push_str(&name[plain..]);
}

/// Appends a name to JSON, with its quotes (RFC 8259, section 7).
pub fn push_json(text: &mut String, name: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.push('"');
    let mut plain = 0;
    for (at, octet) in name.bytes().enumerate() {
        if !matches!(octet, b'"' | b'\\' | 0..0x20 | 0x7f) {
            continue;
        }
        text.push_str(&name[plain..at]);
        plain = at + 1;
        match octet {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            _ => {
                text.push_str("\\u00");
                text.push(char::from(DIGITS[usize::from(octet >> 4)]));
                text.push(char::from(DIGITS[usize::from(octet & 15)]));
            }
        }
    }
    text.push_str(&name[plain..]);
    text.push('"');
}

/// Appends a size as a person reads it, in powers of 1,000: `999 B`, `1.2 kB`, `35 MB`.
pub fn push_size(text: &mut String, octets: u64) {
    const UNITS: [&str; 7] = [" B", " kB", " MB", " GB", " TB", " PB", " EB"];
    let octets = u128::from(octets);
    let (mut unit, mut scale) = (0, 1);
    // What would be rounded to 1000 is 1.0 of the next unit.
    while 10 * octets >= 9_995 * scale {
        unit += 1;
        scale *= 1_000;
    }
    let rounded = |numerator: u128| u64::try_from((numerator + scale / 2) / scale).unwrap_or(0);
    let tenths = rounded(10 * octets);
    if unit > 0 && tenths < 100 {
        field::push_decimal(text, tenths / 10);
        text.push('.');
        field::push_decimal(text, tenths % 10);
    } else {
        field::push_decimal(text, rounded(octets));
    }
    text.push_str(UNITS[unit]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(push: impl FnOnce(&mut String)) -> String {
        let mut text = String::new();
        push(&mut text);
        text
    }

    #[test]
    fn names_do_no_harm_in_html() {
        let html = |name| made(|text| push_html(text, name));
        assert_eq!(html("a b.html"), "a b.html");
        assert_eq!(html("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(html("\u{e4}\n\u{7f}\u{4f60}"), "\u{e4}\u{fffd}\u{fffd}\u{4f60}");
    }

    #[test]
    fn names_do_no_harm_in_json() {
        let json = |name| made(|text| push_json(text, name));
        assert_eq!(json("a b"), "\"a b\"");
        assert_eq!(json("\"\\\n\u{7f}\u{e4}"), "\"\\\"\\\\\\u000a\\u007f\u{e4}\"");
    }

    #[test]
    fn sizes_have_two_or_three_digits() {
        for (octets, expected) in [
            (0, "0 B"),
            (1, "1 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_049, "1.0 kB"),
            (1_050, "1.1 kB"),
            (9_949, "9.9 kB"),
            (9_950, "10 kB"),
            (10_264, "10 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (1_500_000, "1.5 MB"),
            (2_147_483_648, "2.1 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(made(|text| push_size(text, octets)), expected);
        }
    }
}
