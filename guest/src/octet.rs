//! Octets: their classes in the grammars of HTTP and URIs, and searching and comparing many at
//! once.

use crate::block::Long;
use alloc::vec::Vec;
use core::str;

/// May stand in a token (RFC 9110, section 5.6.2).
const TOKEN: u8 = 1;
/// May stand in the path of a target as it is.
const PATH: u8 = 2;
/// May stand in a path as it is, and neither begins a segment, nor an escape, nor a dot segment.
const PLAIN: u8 = 32;
/// May stand in the query of a target as it is.
const QUERY: u8 = 4;
/// May stand in a registered name.
const NAME: u8 = 8;
/// `pchar` without escapes (RFC 3986, section 3.3): may stand in a path that we write.
const SEGMENT: u8 = 16;

const CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 128 {
        let o = octet as u8;
        let alphanumeric = o.is_ascii_alphanumeric();
        if alphanumeric || contains(b"!#$%&'*+-.^_`|~", o) {
            table[octet] |= TOKEN;
        }
        // unreserved / sub-delims (RFC 3986, section 2)
        if alphanumeric || contains(b"-._~!$&'()*+,;=", o) {
            table[octet] |= NAME | SEGMENT | PATH | QUERY;
        }
        if table[octet] & PATH != 0 && o != b'.' {
            table[octet] |= PLAIN;
        }
        if contains(b":@", o) {
            table[octet] |= SEGMENT | PATH | QUERY;
        }
        if o == b'/' {
            table[octet] |= SEGMENT | PATH | QUERY;
        }
        if o == b'?' {
            table[octet] |= QUERY;
        }
        // Not in the grammar, but browsers send them as they are (the percent-encode sets of the
        // URL standard), and nobody reads them in two ways. All else outside the grammar is
        // refused.
        if contains(b"[]|", o) {
            table[octet] |= PATH | QUERY;
        }
        if contains(b"\\^`{}", o) {
            table[octet] |= QUERY;
        }
        octet += 1;
    }
    table
}

const fn contains(set: &[u8], octet: u8) -> bool {
    let mut i = 0;
    while i < set.len() {
        if set[i] == octet {
            return true;
        }
        i += 1;
    }
    false
}

/// Whether an octet may stand in a token (RFC 9110, section 5.6.2).
#[inline]
pub fn is_token(octet: u8) -> bool {
    CLASSES[usize::from(octet)] & TOKEN != 0
}

/// Whether an octet may stand unescaped in the path of a request target: RFC 3986, section 3.3, and
/// what browsers add.
#[inline]
pub fn is_path(octet: u8) -> bool {
    CLASSES[usize::from(octet)] & PATH != 0
}

/// Whether an octet says nothing about a path but what it is: not a slash, a dot, an escape, nor
/// one of those that hardly ever occur.
#[inline]
pub fn is_plain(octet: u8) -> bool {
    CLASSES[usize::from(octet)] & PLAIN != 0
}

/// Whether an octet may stand unescaped in the query of a request target: RFC 3986, section 3.4,
/// and what browsers add.
#[inline]
pub fn is_query(octet: u8) -> bool {
    CLASSES[usize::from(octet)] & QUERY != 0
}

/// Whether an octet may stand in a registered name (RFC 3986, section 3.2.2, without escapes: no
/// host name needs one, and one that has them could be read in two ways).
#[inline]
pub fn is_name(octet: u8) -> bool {
    CLASSES[usize::from(octet)] & NAME != 0
}

/// Whether an octet may stand unescaped in a path that we write (RFC 3986, section 3.3).
#[inline]
pub fn is_segment(octet: u8) -> bool {
    CLASSES[usize::from(octet)] & SEGMENT != 0
}

/// The value of a hexadecimal digit.
pub fn hex_value(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'a'..=b'f' => Some(octet - b'a' + 10),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

/// The position of the first octet at or after `from` that is a blank or below, else the length.
pub fn next_blank(octets: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = Long::at(octets, at) {
        let hits = block.up_to_blank();
        if hits != 0 {
            return at + hits.trailing_zeros() as usize;
        }
        at += Long::OCTETS;
    }
    while at < octets.len() && octets[at] > b' ' {
        at += 1;
    }
    at
}

/// Where the token that begins at `from` ends (RFC 9110, section 5.6.2).
pub fn token_end(octets: &[u8], from: usize) -> usize {
    let rest = octets.get(from..).unwrap_or_default();
    rest.iter().position(|&o| !is_token(o)).map_or(octets.len(), |length| from + length)
}

/// Whether all octets are below 0x80; then they are what `copy` holds.
pub fn copy_ascii(octets: &[u8], copy: &mut Vec<u8>) -> bool {
    copy.clear();
    if octets.len() < Long::OCTETS {
        copy.extend_from_slice(octets);
        return octets.is_ascii();
    }
    in_long_blocks(octets.len(), |at| {
        copy.truncate(at);
        copy.extend_from_slice(&octets[at..at + Long::OCTETS]);
        Long::at(octets, at).is_some_and(|block| block.is_ascii())
    })
}

/// Octets that are ASCII, as text; what is not is made so. Their number is known to the compiler,
/// so that they are appended in one piece.
#[allow(unsafe_code, reason = "what was just made ASCII is not looked at again")]
pub fn text<const OCTETS: usize>(octets: &mut [u8; OCTETS]) -> &str {
    for octet in &mut *octets {
        *octet &= 0x7f;
    }
    // SAFETY: every octet is below 0x80, and so a character of its own.
    unsafe { str::from_utf8_unchecked(octets) }
}

/// The position behind the first LF at or after `from`, else the length.
pub fn next_line(octets: &[u8], from: usize) -> usize {
    let rest = octets.get(from..).unwrap_or_default();
    rest.iter().position(|&o| o == b'\n').map_or(octets.len(), |length| from + length + 1)
}

/// A number that depends on every octet and on the number before it: no secret, and no two texts
/// that meet by chance have the same (multiplied as in FNV-1a, eight octets at a time).
pub fn hash(before: u64, octets: &[u8]) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    let mix = |hash: u64, word: u64| {
        let mixed = (hash ^ word).wrapping_mul(PRIME);
        mixed ^ (mixed >> 32)
    };
    let (words, rest) = octets.as_chunks::<8>();
    let hash = words.iter().fold(before ^ BASIS, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let hash = rest.iter().fold(hash, |hash, &octet| mix(hash, u64::from(octet)));
    mix(hash, octets.len() as u64)
}

/// Whether two runs of octets are the same. In WebAssembly the comparison of slices goes octet by
/// octet.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    if left.len() < Long::OCTETS {
        return left.iter().zip(right).all(|(one, other)| one == other);
    }
    in_long_blocks(left.len(), |at| {
        let blocks = Long::at(left, at).zip(Long::at(right, at));
        blocks.is_some_and(|(one, other)| one.is_same(&other))
    })
}

/// Whether something holds for all blocks of so many octets, which are enough for one. The last
/// block has some octets of the one before it, too.
#[inline]
fn in_long_blocks(octets: usize, mut holds: impl FnMut(usize) -> bool) -> bool {
    let last = octets - Long::OCTETS;
    let mut at = 0;
    while at < last {
        if !holds(at) {
            return false;
        }
        at += Long::OCTETS;
    }
    holds(last)
}

/// Whether there is an upper-case letter among octets below 0x80.
pub fn has_upper_case(octets: &[u8]) -> bool {
    let (words, rest) = octets.as_chunks();
    let has = |word: &[u8; 4]| {
        let word = u32::from_le_bytes(*word);
        // With so much added the highest bit of an octet tells whether it is below A, or not above
        // Z.
        word.wrapping_add(0x3f3f_3f3f) & !word.wrapping_add(0x2525_2525) & 0x8080_8080 != 0
    };
    words.iter().any(has) || rest.iter().any(u8::is_ascii_uppercase)
}

/// Whether a text without CR is `spelling`, letters and hyphens in lower case, but for the case of
/// letters. With the bit 0x20 set no other octet becomes a letter, and none but CR a hyphen.
pub fn is_spelt(text: &[u8], spelling: &[u8]) -> bool {
    let (words, rest) = text.as_chunks::<4>();
    let (other_words, other_rest) = spelling.as_chunks::<4>();
    let same_words = |(one, other): (&[u8; 4], &[u8; 4])| {
        (u32::from_le_bytes(*one) | 0x2020_2020) == u32::from_le_bytes(*other)
    };
    text.len() == spelling.len()
        && words.iter().zip(other_words).all(same_words)
        && rest.iter().zip(other_rest).all(|(one, other)| (one | 0x20) == *other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn rfc9110_5_6_2_token_octets() {
        for octet in 0..=255u8 {
            let expected = octet.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&octet);
            assert_eq!(is_token(octet), expected, "{octet:#x}");
        }
    }

    #[test]
    fn rfc3986_3_3_path_octets() {
        for octet in 0..=255u8 {
            let grammar = octet.is_ascii_graphic() && !b"\"#%<>?[\\]^`{|}".contains(&octet);
            assert_eq!(is_segment(octet), grammar, "{octet:#x}");
            assert_eq!(is_path(octet), grammar || b"[]|".contains(&octet), "{octet:#x}");
            let query = grammar || b"?[\\]^`{|}".contains(&octet);
            assert_eq!(is_query(octet), query, "{octet:#x}");
        }
    }

    #[test]
    fn a_blank_is_found_at_every_offset() {
        for octet in 0..=255u8 {
            for length in [1, 2, 15, 16, 63, 64, 65, 130] {
                for position in 0..length {
                    let mut octets = vec![b'!'; length];
                    octets[position] = octet;
                    let expected = if octet <= b' ' { position } else { length };
                    assert_eq!(next_blank(&octets, 0), expected, "{octet:#x} at {position}");
                    assert_eq!(next_blank(&octets, position + 1), length);
                }
            }
        }
    }

    #[test]
    fn a_token_is_spelt_in_any_case() {
        for octet in (0..=255u8).filter(|&octet| is_token(octet)) {
            for (at, letter) in b"if-xy".iter().enumerate() {
                let mut token = *b"IF-Xy";
                token[at] = octet;
                let expected = octet.eq_ignore_ascii_case(letter);
                assert_eq!(is_spelt(&token, b"if-xy"), expected, "{octet:#x}");
            }
        }
        assert!(!is_spelt(b"ifx", b"if-xy"));
    }

    #[test]
    fn a_token_ends_before_the_first_octet_that_is_none() {
        for octet in 0..=255u8 {
            for length in 1..20 {
                for position in 0..length {
                    for filler in [b'a', b'Z', b'-', b'9', b'~'] {
                        let mut octets = vec![filler; length];
                        octets[position] = octet;
                        let expected = if is_token(octet) { length } else { position };
                        assert_eq!(token_end(&octets, 0), expected, "{octet:#x} at {position}");
                        assert_eq!(token_end(&octets, length), length);
                    }
                }
            }
        }
        assert_eq!(token_end(b"User-Agent: x", 0), 10);
        assert_eq!(token_end(b"x: User-Agent:", 3), 13);
    }

    #[test]
    fn ascii_is_copied_and_all_else_is_told_at_every_offset() {
        let mut copy = vec![1, 2, 3];
        for length in 0..200u8 {
            let mut octets: Vec<_> = (0..length).map(|octet| octet & 0x7f).collect();
            assert!(copy_ascii(&octets, &mut copy));
            assert_eq!(copy, octets);
            for position in 0..octets.len() {
                octets[position] ^= 0x80;
                assert!(!copy_ascii(&octets, &mut copy), "{position} of {length}");
                octets[position] ^= 0x80;
            }
        }
    }

    #[test]
    fn one_octet_apart_is_not_the_same() {
        for length in 0..200 {
            let octets = vec![7u8; length];
            assert!(same(&octets, &octets));
            for position in 0..length {
                let mut other = octets.clone();
                other[position] = 8;
                assert!(!same(&octets, &other), "{position} of {length}");
            }
            assert!(!same(&octets, &vec![7u8; length + 1]));
        }
    }

    #[test]
    fn hex_digits() {
        assert_eq!(hex_value(b'a'), Some(10));
        assert_eq!(hex_value(b'F'), Some(15));
        for octet in [b'g', b'G', b'/', b':', b'@', b'`', b' ', b'-'] {
            assert_eq!(hex_value(octet), None);
        }
    }

    #[test]
    fn a_hash_depends_on_every_octet_and_on_what_came_before() {
        let text = b"GET /index.html HTTP/1.1";
        let one = hash(0, text);
        for at in 0..text.len() {
            let mut other = *text;
            other[at] ^= 1;
            assert_ne!(hash(0, &other), one, "{at}");
            assert_ne!(hash(0, &text[..at]), one, "{at}");
        }
        assert_ne!(hash(1, text), one);
        assert_eq!(hash(0, text), one);
    }
}
