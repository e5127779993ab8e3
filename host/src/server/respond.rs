//! A response on its way out: its head and small content go into the protocol's output, larger
//! content is left to be sent from its file.
//!
//! A file is looked at behind the guest's answer: it may have been rewritten since it was opened.
//! Then what was written is taken back.

use wasmhttpd_http::{After, Body, CommonFields, Content, Piece, Request, Response, Writer};

use crate::files::OpenFile;

/// Content of an open file up to this size is read into the output and goes out with its head in
/// one call; larger content is streamed from the file, in bytes.
const SMALL_CONTENT_OCTETS_MAX: u64 = 32 << 10;

/// Content in memory is copied into the output up to this size, and else sent from where it is, in
/// bytes.
const COPIED_CONTENT_OCTETS_MAX: u64 = 4 << 10;

/// A response that is in the output, but for its body.
pub struct Written {
    /// What is sent behind the output.
    pub body: Option<Body<OpenFile>>,
    /// Bytes of content, those of the body included.
    pub content_octets: u64,
    /// The file that the body comes from has just been looked at.
    pub looked_at: bool,
}

/// The file of a response is not what the response says.
#[derive(Debug)]
pub struct Changed;

/// Writes `response` to `request`, and its content if that is small.
///
/// A file that was opened for this request alone, since the first one had been rewritten, is not
/// looked at again (`is_second`): it may be rewritten all the time, and there is a response all the
/// same.
///
/// # Errors
/// When the file has changed. What was written has been taken back.
pub fn write(
    response: Response<OpenFile>,
    request: &Request,
    after: After,
    is_second: bool,
    common: &CommonFields,
    mut writer: impl Writer,
) -> Result<Written, Changed> {
    let length = writer.head(request, &response, after, common);
    let written = content(response, length, is_second, &mut writer);
    if written.is_err() {
        writer.take_back();
    }
    written
}

/// Appends `length` bytes of content to the output, if that is small.
fn content(
    response: Response<OpenFile>,
    length: u64,
    is_second: bool,
    writer: &mut impl Writer,
) -> Result<Written, Changed> {
    let mut written = Written { body: None, content_octets: length, looked_at: false };
    if length == 0 {
        return Ok(written);
    }
    let Response { content, file, .. } = response;
    let fits = length <= writer.content_octets_max();
    let output = writer.content();
    match file {
        Some(file) if !fits || length > copied_octets_max(&file) => {
            written.looked_at = look_at(&file, is_second)?;
            written.body = body(file, content, fits, output);
        }
        Some(file) => {
            copy(content, Some(&file), output)?;
            look_at(&file, is_second)?;
        }
        None if !fits => written.body = Some(Body::in_memory(pieces(content))),
        None => copy(content, None, output)?,
    }
    Ok(written)
}

fn copied_octets_max(file: &OpenFile) -> u64 {
    match file.is_in_memory() {
        true => COPIED_CONTENT_OCTETS_MAX,
        false => SMALL_CONTENT_OCTETS_MAX,
    }
}

/// Whether the file was looked at, and is what it was when it was opened.
fn look_at(file: &OpenFile, is_second: bool) -> Result<bool, Changed> {
    match is_second || file.is_unchanged() {
        true => Ok(!is_second),
        false => Err(Changed),
    }
}

/// Appends the whole content to `output`.
fn copy(content: Content, file: Option<&OpenFile>, output: &mut Vec<u8>) -> Result<(), Changed> {
    match content {
        Content::Empty => {}
        Content::Octets(octets) => output.extend_from_slice(&octets),
        Content::Slice { offset, length } => read(file, offset, length, output)?,
        Content::Pieces(pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Octets(octets) => output.extend_from_slice(&octets),
                    Piece::Slice { offset, length } => read(file, offset, length, output)?,
                }
            }
        }
    }
    Ok(())
}

/// A slice without a file, or one larger than any buffer, has not passed the checks.
fn read(
    file: Option<&OpenFile>,
    offset: u64,
    length: u64,
    output: &mut Vec<u8>,
) -> Result<(), Changed> {
    let file = file.ok_or(Changed)?;
    let length = usize::try_from(length).map_err(|_| Changed)?;
    file.read(offset, length, output).map_err(|_| Changed)
}

/// Content to be streamed from `file`; content that names no slice goes to the output as it is, if it
/// fits there.
fn body(
    file: OpenFile,
    content: Content,
    fits: bool,
    output: &mut Vec<u8>,
) -> Option<Body<OpenFile>> {
    match content {
        Content::Empty => None,
        Content::Octets(octets) if fits => {
            output.extend_from_slice(&octets);
            None
        }
        Content::Slice { offset, length } => Some(Body::slice(file, offset, length)),
        content => Some(Body::new(file, pieces(content))),
    }
}

/// Content, piece by piece.
fn pieces(content: Content) -> Vec<Piece> {
    match content {
        Content::Empty => Vec::new(),
        Content::Octets(octets) => vec![Piece::Octets(octets)],
        Content::Slice { offset, length } => vec![Piece::Slice { offset, length }],
        Content::Pieces(pieces) => pieces,
    }
}
