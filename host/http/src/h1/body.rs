//! Content that is too large for the output, sent piece by piece.

use std::vec;

use crate::Piece;

/// Content that is sent piece by piece from a file.
#[derive(Debug)]
pub struct Body<F> {
    file: F,
    /// The slice being sent.
    offset: u64,
    left: u64,
    rest: vec::IntoIter<Piece>,
}

/// Octets of a file that are to be sent.
#[derive(Debug)]
pub struct FileRange<'a, F> {
    /// Where they come from.
    pub file: &'a F,
    /// Where they start.
    pub offset: u64,
    /// How many are left of the slice; at least one.
    pub length: u64,
}

impl<F> Body<F> {
    /// The `pieces` of content, slices taken from `file`.
    pub fn new(file: F, pieces: Vec<Piece>) -> Body<F> {
        Body { file, offset: 0, left: 0, rest: pieces.into_iter() }
    }

    /// One slice of `file`.
    pub fn slice(file: F, offset: u64, length: u64) -> Body<F> {
        Body { file, offset, left: length, rest: Vec::new().into_iter() }
    }

    /// What is to be sent next; none where only bytes in memory are left.
    pub(super) fn range(&self) -> Option<FileRange<'_, F>> {
        let range = FileRange { file: &self.file, offset: self.offset, length: self.left };
        (range.length > 0).then_some(range)
    }

    /// Whether nothing follows the slice that is being sent.
    pub(super) fn is_last(&self) -> bool {
        self.rest.len() == 0
    }

    /// Bytes that are not in the output yet.
    pub(super) fn octets_left(&self) -> u64 {
        self.left + self.rest.as_slice().iter().map(Piece::length).sum::<u64>()
    }

    /// Notes that this many bytes of the slice were sent.
    pub(super) fn sent(&mut self, octets: u64) {
        self.offset += octets;
        self.left -= octets;
    }

    /// Takes the next pieces, up to a slice that has bytes; those in memory go to `output`. False:
    /// there is none, and nothing is left of the body.
    pub(super) fn advance(&mut self, output: &mut Vec<u8>) -> bool {
        while self.left == 0 {
            match self.rest.next() {
                Some(Piece::Octets(octets)) => output.extend_from_slice(&octets),
                Some(Piece::Slice { offset, length }) => {
                    self.offset = offset;
                    self.left = length;
                }
                None => return false,
            }
        }
        true
    }
}
