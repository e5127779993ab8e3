//! What field values are made of (RFC 9110, section 5.6): tokens, optional whitespace, lists,
//! numbers.

use crate::octet;
use alloc::string::String;

/// Whether the text is a token (RFC 9110, section 5.6.2).
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&o| octet::is_token(o))
}

/// Whether the text may be sent as a field value (RFC 9110, section 5.5): visible, blank or HTAB,
/// no whitespace at either end. An octet above 0x7F would be obs-text, which nobody should
/// generate.
pub fn is_field_value(text: &[u8]) -> bool {
    text.iter().all(|&o| o.is_ascii_graphic() || o == b' ' || o == b'\t')
        && trim(text).len() == text.len()
}

/// The text without optional whitespace around it (RFC 9110, section 5.6.3).
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The members of a list (RFC 9110, section 5.6.1), trimmed, empty ones skipped. A comma inside a
/// quoted string parts nothing.
pub fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    core::iter::from_fn(move || {
        loop {
            let text = rest?;
            let end = member_end(text);
            rest = text.get(end + 1..);
            let member = trim(&text[..end]);
            if !member.is_empty() {
                return Some(member);
            }
        }
    })
}

fn member_end(text: &[u8]) -> usize {
    let mut quoted = false;
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => quoted = !quoted,
            b'\\' if quoted => at += 1,
            b',' if !quoted => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// The value of `1*DIGIT`; none when it is anything else or more than 64 bits hold.
pub fn decimal(digits: &[u8]) -> Option<u64> {
    number(digits, |value, digit| value.checked_mul(10)?.checked_add(digit))
}

/// The value of `1*DIGIT`, where all that is too large counts as the largest number.
pub fn decimal_saturating(digits: &[u8]) -> Option<u64> {
    number(digits, |value, digit| Some(value.saturating_mul(10).saturating_add(digit)))
}

fn number(digits: &[u8], add: impl Fn(u64, u64) -> Option<u64>) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |value, &digit| match digit {
        b'0'..=b'9' => add(value, u64::from(digit - b'0')),
        _ => None,
    })
}

/// Appends a number in decimal: `core::fmt` would take 0.1 us for each.
pub fn push_decimal(text: &mut String, mut number: u64) {
    /// The decimal digits of `u64::MAX`.
    const DIGITS_MAX: usize = 20;
    let mut digits = [b'0'; DIGITS_MAX];
    let mut start = DIGITS_MAX;
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.push_str(octet::text(&mut digits).get(start..).unwrap_or_default());
}

/// Appends a number in lower-case hexadecimal.
pub fn push_hexadecimal(text: &mut String, number: u64) {
    const DIGITS: usize = 16;
    let zeros = (number.leading_zeros() as usize / 4).min(DIGITS - 1);
    // The digits that count come first.
    let number = number << (4 * zeros);
    let mut digits = [0; DIGITS];
    digits[..8].copy_from_slice(&hexadecimal((number >> 32) as u32));
    digits[8..].copy_from_slice(&hexadecimal(number as u32));
    // So many octets at once that a compiler knows how many are in one piece.
    let end = text.len() + DIGITS - zeros;
    text.push_str(octet::text(&mut digits));
    text.truncate(end);
}

/// All eight digits at once, each in an octet of a word.
fn hexadecimal(number: u32) -> [u8; 8] {
    // The upper half of each piece goes to its lower end, the other as far up as there is room.
    let mut digits = u64::from(number);
    digits = digits >> 16 | (digits & 0xffff) << 32;
    digits = digits >> 8 & 0x0000_00ff_0000_00ff | (digits & 0x0000_00ff_0000_00ff) << 16;
    digits = digits >> 4 & 0x000f_000f_000f_000f | (digits & 0x000f_000f_000f_000f) << 8;
    // Above nine it takes 39 more from `0` to the letters.
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (digits + 0x3030_3030_3030_3030 + letters * 39).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn rfc9110_5_6_1_2_empty_members_are_skipped() {
        let list: Vec<_> = members(b" , a,, \t b ,\"c,d\", \"e\\\",f\" ,").collect();
        assert_eq!(list, [&b"a"[..], b"b", b"\"c,d\"", b"\"e\\\",f\""]);
        assert_eq!(members(b"").count(), 0);
        assert_eq!(members(b" , ,").count(), 0);
        assert_eq!(members(b"\"\\").count(), 1);
    }

    #[test]
    fn rfc9110_5_6_3_whitespace_is_trimmed() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b" \t "), b"");
    }

    #[test]
    fn rfc9110_8_6_numbers_do_not_overflow() {
        assert_eq!(decimal(b"18446744073709551614"), Some(u64::MAX - 1));
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(decimal(b"99999999999999999999999"), None);
        assert_eq!(decimal(b"0003"), Some(3));
        for wrong in [&b""[..], b"+1", b"-1", b"1 ", b"1,1", b"0x1", b"1.0"] {
            assert_eq!(decimal(wrong), None);
            assert_eq!(decimal_saturating(wrong), None);
        }
        assert_eq!(decimal_saturating(b"18446744073709551616"), Some(u64::MAX));
        assert_eq!(decimal_saturating(b"184467440737095516150000001"), Some(u64::MAX));
    }

    #[test]
    fn numbers_are_written_as_the_standard_library_does() {
        for number in
            [0, 1, 9, 10, 15, 16, 99, 100, 255, 256, 1_234_567_890, u64::MAX - 1, u64::MAX]
        {
            let (mut ten, mut sixteen) = (String::new(), String::new());
            push_decimal(&mut ten, number);
            push_hexadecimal(&mut sixteen, number);
            assert_eq!(ten, number.to_string());
            assert_eq!(sixteen, std::format!("{number:x}"));
        }
    }

    #[test]
    fn rfc9110_5_5_field_values() {
        for right in [&b""[..], b"no-cache", b"max-age=60, public", b"a\tb"] {
            assert!(is_field_value(right));
        }
        for wrong in [&b" a"[..], b"a ", b"a\r\nb", b"a\0", b"\x7f", b"\xe4"] {
            assert!(!is_field_value(wrong));
        }
    }
}
