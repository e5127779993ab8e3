//! TOY/1: many requests of one connection at a time, each answered when it can be.
//!
//! A connection begins with [`PREFACE`]. A request is `ID LENGTH` LF and an HTTP/1.1 head of that
//! length; a response comes in frames `ID LENGTH` LF and that many bytes. One that has more than
//! one frame ends with a frame of length 0, or of length -1 if it is given up.

mod connection;
mod machine;
mod response;
mod streams;

pub use connection::Connection;
pub use response::ResponseWriter;

/// What a connection begins with.
pub const PREFACE: &[u8] = b"TOY/1\n";

/// Content of a frame, at most, in bytes.
const FRAME_CONTENT_OCTETS_MAX: usize = 16 << 10;
