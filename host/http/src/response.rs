//! A response as a value, before a version of HTTP has framed it.

/// A response: what a guest, or the host itself, wants to be sent.
///
/// The protocol adds what is the host's own (Date, Server), and what frames it on the wire
/// (Content-Length, Connection).
#[derive(Debug)]
pub struct Response<F> {
    /// 200 to 599.
    pub status: u16,
    /// Lines of `Name: value` CRLF, each character a byte; no field of the host's own.
    pub fields: String,
    /// What follows the fields, if the request and the status allow it.
    pub content: Content,
    /// The file that the response is about, and that slices are taken from.
    pub file: Option<F>,
}

/// Content of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// None.
    Empty,
    /// These bytes.
    Octets(Vec<u8>),
    /// Bytes of the file.
    Slice {
        /// Where they start.
        offset: u64,
        /// How many they are.
        length: u64,
    },
    /// One after the other.
    Pieces(Vec<Piece>),
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Octets(Vec<u8>),
    /// Bytes of the file.
    Slice {
        /// Where they start.
        offset: u64,
        /// How many they are.
        length: u64,
    },
}

impl Content {
    /// Bytes of the content. It has passed [`check::response`], so that they can be added up.
    ///
    /// [`check::response`]: crate::check::response
    #[inline]
    pub fn length(&self) -> u64 {
        match self {
            Content::Empty => 0,
            Content::Octets(octets) => octets.len() as u64,
            Content::Slice { length, .. } => *length,
            Content::Pieces(pieces) => pieces.iter().map(Piece::length).sum(),
        }
    }
}

impl Piece {
    /// Bytes of the piece.
    pub fn length(&self) -> u64 {
        match self {
            Piece::Octets(octets) => octets.len() as u64,
            Piece::Slice { length, .. } => *length,
        }
    }
}
