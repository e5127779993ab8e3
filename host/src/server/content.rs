//! Content of an answer: how long it is, and its way into the output or into a body to stream.

use crate::files::{self, OpenFile};
use crate::http::{Body, Piece};
use crate::sandbox::contract::{Content, Part, Slice};

/// Octets of content; the check has seen that they can be added up.
pub fn length(content: &Content) -> u64 {
    match content {
        Content::Empty => 0,
        Content::Text(text) => text.len() as u64,
        Content::Octets(octets) => octets.len() as u64,
        Content::Slice(slice) => slice.length,
        Content::Parts(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.len() as u64,
                Part::Slice(slice) => slice.length,
            })
            .sum(),
    }
}

/// Appends the whole content to `output`.
pub fn write(
    content: Content,
    file: Option<&OpenFile>,
    output: &mut Vec<u8>,
) -> Result<(), files::Trouble> {
    match content {
        Content::Empty => {}
        Content::Text(text) => output.extend_from_slice(text.as_bytes()),
        Content::Octets(octets) => output.extend_from_slice(&octets),
        Content::Slice(slice) => read_slice(file, &slice, output)?,
        Content::Parts(parts) => {
            for part in parts {
                match part {
                    Part::Text(text) => output.extend_from_slice(text.as_bytes()),
                    Part::Slice(slice) => read_slice(file, &slice, output)?,
                }
            }
        }
    }
    Ok(())
}

/// A slice without a file, or one larger than any buffer, has not passed the checks.
fn read_slice(
    file: Option<&OpenFile>,
    slice: &Slice,
    output: &mut Vec<u8>,
) -> Result<(), files::Trouble> {
    let file = file.ok_or(files::Trouble::Failed)?;
    let length = usize::try_from(slice.length).map_err(|_| files::Trouble::Failed)?;
    file.read(slice.start, length, output)
}

/// Content to be streamed from `file`; content that names no slice goes to the output as it is.
pub fn body(file: OpenFile, content: Content, output: &mut Vec<u8>) -> Option<Body<OpenFile>> {
    match content {
        Content::Empty => None,
        Content::Text(text) => {
            output.extend_from_slice(text.as_bytes());
            None
        }
        Content::Octets(octets) => {
            output.extend_from_slice(&octets);
            None
        }
        Content::Slice(slice) => Some(Body::slice(file, slice.start, slice.length)),
        Content::Parts(parts) => {
            let pieces = parts.into_iter().map(|part| match part {
                Part::Text(text) => Piece::Octets(text.into_bytes()),
                Part::Slice(slice) => Piece::Slice { offset: slice.start, length: slice.length },
            });
            Some(Body::new(file, pieces.collect()))
        }
    }
}
