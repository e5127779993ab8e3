//! Sending the content of an answer.

use std::io::{self, Write};

use wasip2::io::streams::{OutputStream, StreamError};

use crate::bindings::handler::{Content, Part, Slice};
use crate::folders::OpenFile;

/// Writes `content` to `output`. Octets of the file go from stream to stream, without ever being in
/// this component's memory.
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

fn send_slice(slice: Slice, file: Option<&OpenFile>, output: &OutputStream) -> io::Result<()> {
    let Slice { start, length: mut left } = slice;
    if left == 0 {
        return Ok(());
    }
    let Some(file) = file else { return Err(io::ErrorKind::NotFound.into()) };
    let failed = |error: &dyn std::fmt::Debug| io::Error::other(format!("{error:?}"));
    let input = file.descriptor.read_via_stream(start).map_err(|error| failed(&error))?;
    while left > 0 {
        match output.blocking_splice(&input, left) {
            Ok(octets) => left -= octets.min(left),
            // The file's end, or the client's.
            Err(StreamError::Closed) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => return Err(failed(&error)),
        }
    }
    Ok(())
}
