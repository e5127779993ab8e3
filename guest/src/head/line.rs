//! The lines of a head, and where their names and values are.

use crate::block::{Long, Short};
use crate::octet;

/// A run of octets of the head, by its positions, so that it outlives any one copy of the head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The position of its first octet.
    pub start: usize,
    /// The position behind its last octet.
    pub end: usize,
}

impl Span {
    /// The octets themselves.
    #[inline]
    pub fn of(self, octets: &[u8]) -> &[u8] {
        octets.get(self.start..self.end).unwrap_or_default()
    }
}

/// How many field lines are looked at together: as many as browsers send.
pub(super) const LINES_AT_ONCE: usize = 16;

/// The positions of the CRs that end the lines from `start` on: up to that of the empty line, or as
/// many as there is room for; none where a line does not end.
///
/// LF must stand behind CR, and before it no control octet but HTAB: no NUL, and no bare CR or LF
/// (RFC 9110, section 5.5; RFC 9112, section 2.2).
#[inline(never)]
pub(super) fn line_ends<'a>(
    octets: &[u8],
    mut start: usize,
    ends: &'a mut [u32; LINES_AT_ONCE],
) -> Option<&'a [u32]> {
    // The last octets are looked at together with some before them, or with blanks behind them.
    let mut filled = [b' '; Long::OCTETS];
    let looked_at = match octets.len() < filled.len() {
        true => {
            filled[..octets.len()].copy_from_slice(octets);
            &filled
        }
        false => octets,
    };
    let last = looked_at.len() - Long::OCTETS;
    let (mut at, mut count) = (start, 0);
    while at < octets.len() {
        let from = at.min(last);
        let mut controls = Long::at(looked_at, from)?.controls() & u64::MAX << (at - from);
        while controls != 0 {
            let bit = controls.trailing_zeros();
            let end = from + bit as usize;
            let control = octets.get(end..)?;
            if !control.starts_with(b"\r\n") {
                // Hardly ever is there an HTAB.
                if control.first() != Some(&b'\t') {
                    return None;
                }
                controls &= controls - 1;
                continue;
            }
            // The LF may be the first octet of the next block.
            controls &= !(0b11 << bit);
            ends[count] = end as u32;
            count += 1;
            if end == start || count == LINES_AT_ONCE {
                return Some(&ends[..count]);
            }
            start = end + 2;
        }
        at = start.max(from + Long::OCTETS);
    }
    None
}

/// One field line: `field-name ":" OWS field-value OWS CRLF` (RFC 9112, section 5).
pub(super) struct Line {
    pub(super) name: Span,
    /// The position of its CR.
    pub(super) end: usize,
}

impl Line {
    /// The line between `start` and the CR at `end`.
    ///
    /// A name that is no token covers most of what is refused: whitespace before the colon (5.1), a
    /// folded line (5.2), whitespace before the first field (2.2), a line without a colon.
    #[inline]
    pub(super) fn read(octets: &[u8], start: usize, end: usize) -> Option<Self> {
        // Nearly every name is few letters and hyphens.
        let words = Short::at(octets, start).map_or(0, |block| block.words().trailing_ones());
        let mut name = Span { start, end: start + words as usize };
        if octets.get(name.end) != Some(&b':') {
            name.end = octet::token_end(octets, name.end);
        }
        let is_named = name.start < name.end && octets.get(name.end) == Some(&b':');
        is_named.then_some(Self { name, end })
    }

    /// The lines from `start` on of a head that was read before.
    pub(super) fn all(octets: &[u8], mut start: usize) -> impl Iterator<Item = Self> + use<'_> {
        core::iter::from_fn(move || {
            let next = octet::next_line(octets, start);
            let line = Self::read(octets, start, next.checked_sub(2)?)?;
            start = next;
            Some(line)
        })
    }

    /// The value, without the whitespace around it.
    pub(super) fn value(&self, octets: &[u8]) -> Span {
        let mut value = Span { start: self.name.end + 1, end: self.end };
        while value.start < value.end && matches!(octets[value.start], b' ' | b'\t') {
            value.start += 1;
        }
        while value.end > value.start && matches!(octets[value.end - 1], b' ' | b'\t') {
            value.end -= 1;
        }
        value
    }
}
