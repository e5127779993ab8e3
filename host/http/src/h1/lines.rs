//! The lines of a head, found in one pass.
//!
//! Lines are short: to look for the end of each by itself costs more than the look. So sixty-four
//! octets at a time are asked which of them may end a line, and the answer is a mask, whose lowest
//! bit is the first octet's.

use memchr::memchr;
use wide::u8x16;

/// A line of a head.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Without its end.
    pub octets: &'a [u8],
    /// Where the next line starts in the input.
    pub end: usize,
    /// It ends in CRLF, and has neither CR nor NUL inside.
    pub is_clean: bool,
}

/// The lines of an input whose ends have arrived. A line ends in LF, with or without CR.
#[derive(Debug)]
pub struct Lines<'a> {
    start: usize,
    marks: Marks<'a>,
}

impl<'a> Lines<'a> {
    /// Those from offset `start` on.
    pub fn new(input: &'a [u8], start: usize) -> Lines<'a> {
        Lines { start, marks: Marks::new(input, start) }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline]
    fn next(&mut self) -> Option<Line<'a>> {
        let (input, start) = (self.marks.input, self.start);
        let mark = self.marks.next()?;
        let (octets, feed, is_clean) = match &input[mark..] {
            [b'\r', b'\n', ..] => (&input[start..mark], self.marks.next()?, true),
            rest => {
                // Of CR and NUL there may be thousands, each a mark: they are passed over, and
                // marks begin anew.
                let feed = mark + memchr(b'\n', rest)?;
                self.marks = Marks::new(input, feed + 1);
                let octets = &input[start..feed];
                (octets.strip_suffix(b"\r").unwrap_or(octets), feed, false)
            }
        };
        self.start = feed + 1;
        Some(Line { octets, end: self.start, is_clean })
    }
}

/// Octets in a block.
const BLOCK_OCTETS: usize = u64::BITS as usize;

/// The places of CR, LF and NUL.
#[derive(Debug)]
struct Marks<'a> {
    input: &'a [u8],
    /// Where the block starts that is to be looked at next.
    next: usize,
    /// What was found in the one before it, and has not been given out.
    found: u64,
}

impl<'a> Marks<'a> {
    /// Those from offset `start` on.
    #[inline]
    fn new(input: &'a [u8], start: usize) -> Marks<'a> {
        debug_assert!(start <= input.len(), "a line starts in the input, or where it ends");
        Marks { input, next: start, found: 0 }
    }
}

impl Iterator for Marks<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            self.found = marks_at(self.input, self.next)?;
            self.next += BLOCK_OCTETS;
        }
        let place = self.next - BLOCK_OCTETS + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        Some(place)
    }
}

/// Which of the octets from `start` on are CR, LF or NUL, of as many as a block has. None: there
/// are no octets.
#[inline]
fn marks_at(input: &[u8], start: usize) -> Option<u64> {
    let rest = input.get(start..).filter(|rest| !rest.is_empty())?;
    if let Some(block) = rest.first_chunk() {
        return Some(marks(block));
    }
    // The last octets, in a block that starts before them if there is so much.
    Some(match input.last_chunk() {
        Some(block) => marks(block) >> (BLOCK_OCTETS - rest.len()),
        None => {
            let mut block = [b' '; BLOCK_OCTETS];
            block[..rest.len()].copy_from_slice(rest);
            marks(&block)
        }
    })
}

#[inline]
fn marks(block: &[u8; BLOCK_OCTETS]) -> u64 {
    let (vectors, _) = block.as_chunks();
    vectors.iter().rev().fold(0, |all, &vector| {
        let vector = u8x16::new(vector);
        let is = |octet| vector.simd_eq(u8x16::splat(octet));
        let found = is(b'\r') | is(b'\n') | is(0);
        all << u8x16::LANES | u64::from(found.to_bitmask())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same, one octet after the other.
    fn plainly(input: &[u8], mut start: usize) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        while let Some(length) = input[start..].iter().position(|octet| *octet == b'\n') {
            let (line, end) = (&input[start..start + length], start + length + 1);
            let octets = line.strip_suffix(b"\r").unwrap_or(line);
            let is_clean =
                octets.len() < line.len() && !octets.iter().any(|octet| matches!(octet, b'\r' | 0));
            lines.push(Line { octets, end, is_clean });
            start = end;
        }
        lines
    }

    #[track_caller]
    fn check(input: &[u8]) {
        for start in 0..=input.len() {
            let lines: Vec<_> = Lines::new(input, start).collect();
            assert_eq!(lines, plainly(input, start), "{:?}", input[start..].escape_ascii());
        }
    }

    #[test]
    fn a_line_ends_in_lf_with_or_without_cr() {
        for input in
            ["", "a", "a\r", "a\n", "a\r\n", "\r\n\n\r\r\n", "a\rb\r\n", "a\0\r\nb", "a\r\0\nb\n"]
        {
            check(input.as_bytes());
        }
    }

    #[test]
    fn each_octet_counts_wherever_it_is() {
        for place in 0..3 * BLOCK_OCTETS {
            for mark in [b"\r\n".as_slice(), b"\n", b"\r", b"\0", b"\x0b", b"\x8d", b"\x8a\x80"] {
                let mut input = vec![b'x'; place];
                input.extend(mark);
                check(&input);
                input.extend(b"yy\r\n");
                check(&input);
            }
        }
    }

    #[test]
    fn many_ends_close_together_are_told_apart() {
        let mut state = 1_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % below
        };
        for _ in 0..500 {
            let octets = b"\r\r\n\n\n\0abcdefgh \t:\x8a\x8d";
            let input: Vec<u8> = (0..random(200)).map(|_| octets[random(octets.len())]).collect();
            check(&input);
        }
    }
}
