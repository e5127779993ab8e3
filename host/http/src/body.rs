//! Content that is too large for the output, sent piece by piece.

use std::vec;

use crate::Piece;

/// Content that is sent piece by piece from a file.
#[derive(Debug)]
pub struct Body<F> {
    /// Where slices are taken from; none where all is in memory.
    file: Option<F>,
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
        Body { file: Some(file), offset: 0, left: 0, rest: pieces.into_iter() }
    }

    /// Content in memory, for frames.
    pub fn in_memory(pieces: Vec<Piece>) -> Body<F> {
        Body { file: None, offset: 0, left: 0, rest: pieces.into_iter() }
    }

    /// One slice of `file`.
    pub fn slice(file: F, offset: u64, length: u64) -> Body<F> {
        Body { file: Some(file), offset, left: length, rest: Vec::new().into_iter() }
    }

    /// What is to be sent next; none where only bytes in memory are left.
    pub(crate) fn range(&self) -> Option<FileRange<'_, F>> {
        if self.left == 0 {
            return None;
        }
        Some(FileRange { file: self.file.as_ref()?, offset: self.offset, length: self.left })
    }

    /// Whether nothing follows the slice that is being sent.
    pub(crate) fn is_last(&self) -> bool {
        self.rest.len() == 0
    }

    /// Bytes that are not in the output yet.
    pub(crate) fn octets_left(&self) -> u64 {
        self.left + self.rest.as_slice().iter().map(Piece::length).sum::<u64>()
    }

    /// So many bytes of the slice were sent.
    pub(crate) fn sent(&mut self, octets: u64) {
        self.offset += octets;
        self.left -= octets;
    }

    /// Takes the next pieces, up to a slice that has bytes; those in memory go to `output`. False:
    /// there is none, and nothing is left of the body.
    pub(crate) fn advance(&mut self, output: &mut Vec<u8>) -> bool {
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

/// A body that goes out in frames: one part after the other, each as long as a frame has room for.
#[derive(Debug)]
pub struct FramedBody<F> {
    body: Body<F>,
    /// The piece in memory that is being sent; bytes before `taken` are in the output.
    octets: Vec<u8>,
    taken: usize,
}

/// What goes into the next frame of a body.
#[derive(Debug)]
pub enum Part<'a, F> {
    /// These bytes.
    Octets(&'a [u8]),
    /// Bytes of the file.
    File(FileRange<'a, F>),
}

impl<F> FramedBody<F> {
    /// The whole of `body`.
    pub fn new(body: Body<F>) -> FramedBody<F> {
        FramedBody { body, octets: Vec::new(), taken: 0 }
    }

    /// What is next, at least one byte and at most `octets_max`; none: all of it has been taken.
    pub fn part(&mut self, octets_max: usize) -> Option<Part<'_, F>> {
        while self.taken == self.octets.len() && self.body.left == 0 {
            match self.body.rest.next()? {
                Piece::Octets(octets) => (self.octets, self.taken) = (octets, 0),
                Piece::Slice { offset, length } => {
                    (self.body.offset, self.body.left) = (offset, length);
                }
            }
        }
        if self.taken < self.octets.len() {
            let octets = &self.octets[self.taken..];
            return Some(Part::Octets(&octets[..octets.len().min(octets_max)]));
        }
        let range = self.body.range()?;
        Some(Part::File(FileRange { length: range.length.min(octets_max as u64), ..range }))
    }

    /// This many bytes of the part are in the output.
    pub fn took(&mut self, octets: usize) {
        if self.taken < self.octets.len() {
            self.taken += octets;
        } else {
            self.body.sent(octets as u64);
        }
    }

    /// Bytes that are not in the output yet.
    pub fn octets_left(&self) -> u64 {
        (self.octets.len() - self.taken) as u64 + self.body.octets_left()
    }
}
