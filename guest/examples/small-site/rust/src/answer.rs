//! From what was found to what is answered.

use std::ops::Range;

use crate::bindings::exports::wasmhttpd::guest::handler::{
    Content, File, Response, Slice, Trouble,
};
use crate::request::{Request, number};
use crate::settings::Settings;

/// A file: whole, in part, or only that the client has it already.
pub fn serve(request: &Request, file: &File, settings: &Settings) -> Response {
    let File { size, modified, .. } = *file;
    let tag = format!("\"{size:x}-{:x}-{:x}\"", modified.seconds, modified.nanoseconds);
    let validators = format!("ETag: {tag}\r\n{}", settings.cache);
    if request.field("if-none-match").is_some_and(|tags| is_match(&tags, &tag)) {
        return Response { status: 304, fields: validators, content: Content::Empty };
    }
    let candidate = request.candidates().swap_remove(file.candidate as usize);
    let extension = candidate.rsplit_once('.').map_or("", |(_, extension)| extension);
    let media_type = settings.media_type(extension);
    let fields = format!("Content-Type: {media_type}\r\nAccept-Ranges: bytes\r\n{validators}");

    let asked = request.field("range").filter(|_| {
        request.is_get && request.field("if-range").is_none_or(|validator| validator == tag)
    });
    match asked.and_then(|asked| select(&asked, size)) {
        None => {
            let content = Content::Slice(Slice { start: 0, length: size });
            Response { status: 200, fields, content }
        }
        Some(octets) if octets.is_empty() => {
            error(416, &format!("Content-Range: bytes */{size}\r\n"))
        }
        Some(Range { start, end }) => Response {
            status: 206,
            fields: format!("{fields}Content-Range: bytes {start}-{}/{size}\r\n", end - 1),
            content: Content::Slice(Slice { start, length: end - start }),
        },
    }
}

/// Whether a list of tags names this one, by weak comparison (RFC 9110, section 8.8.3.2).
fn is_match(tags: &str, tag: &str) -> bool {
    let mut each = tags.split(',').map(|each| each.trim_matches([' ', '\t']));
    tags == "*" || each.any(|each| each.strip_prefix("W/").unwrap_or(each) == tag)
}

/// The octets that one range asks for, none if there are none of them (RFC 9110, section 14).
///
/// `None` is for what may be ignored: other units, several ranges, nonsense, and an empty file.
fn select(asked: &str, size: u64) -> Option<Range<u64>> {
    let (unit, positions) = asked.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") || size == 0 {
        return None;
    }
    match positions.split_once('-')? {
        ("", length) => Some(size.saturating_sub(number(length)?)..size),
        (first, "") => Some(number(first)?..size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..size.min(last + 1))
        }
    }
}

/// The status of a request for whose file there was trouble.
pub fn status(trouble: Trouble) -> u16 {
    match trouble {
        Trouble::Missing => 404,
        Trouble::Forbidden => 403,
        Trouble::Failed => 500,
        Trouble::Busy => 503,
    }
}

/// An answer in a few words.
pub fn error(status: u16, fields: &str) -> Response {
    let reason = match status {
        301 => "Moved Permanently",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    };
    let allow = if status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
    Response {
        status,
        fields: format!("{fields}{allow}Content-Type: text/plain; charset=utf-8\r\n"),
        content: Content::Text(format!("{status} {reason}\n")),
    }
}
