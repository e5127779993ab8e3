//! Sending the content of an answer.

use std::io::{self, Write};

use wasip2::io::streams::OutputStream;

use crate::bindings::handler::{Content, Part, Slice};
use crate::folders::OpenFile;

/// What is held of a file at a time, in octets.
const PIECE_OCTETS: u64 = 64 << 10;

/// Writes `content` to `output`, octets of the file piece by piece.
///
/// # Errors
/// When nobody takes it, or the file is shorter than it was.
pub fn send(
    content: &Content,
    file: Option<&OpenFile>,
    output: &mut OutputStream,
) -> io::Result<()> {
    match content {
        Content::Empty => {}
        Content::Text(text) => output.write_all(text.as_bytes())?,
        Content::Octets(octets) => output.write_all(octets)?,
        Content::Slice(slice) => send_slice(*slice, file, output)?,
        Content::Parts(parts) => {
            for part in parts {
                match part {
                    Part::Text(text) => output.write_all(text.as_bytes())?,
                    Part::Slice(slice) => send_slice(*slice, file, output)?,
                }
            }
        }
    }
    Write::flush(output)
}

/// Not by `splice`, which some hosts let go beyond the length that they are told.
fn send_slice(slice: Slice, file: Option<&OpenFile>, output: &mut OutputStream) -> io::Result<()> {
    let Slice { start: mut at, length: mut left } = slice;
    while left > 0 {
        let Some(file) = file else { return Err(io::ErrorKind::NotFound.into()) };
        let read = file.descriptor.read(left.min(PIECE_OCTETS), at);
        let (piece, _) = read.map_err(|error| io::Error::other(error.name()))?;
        let octets = piece.len() as u64;
        if octets == 0 || octets > left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        output.write_all(&piece)?;
        (at, left) = (at + octets, left - octets);
    }
    Ok(())
}
