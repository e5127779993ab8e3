//! What holds for every answer of the guest, whatever it was asked.

use wasmhttpd_guest::contract::{
    Action, Content, File, Found, Lookup, Parsed, Part, Response, Slice,
};

/// Candidates of a lookup, and fallbacks.
const CANDIDATES_MAX: usize = 16;

/// Octets of a path.
const PATH_OCTETS_MAX: usize = 4_096;

/// Octets of the header section.
const FIELDS_OCTETS_MAX: usize = 16_384;

/// Parts of a content.
const PARTS_MAX: usize = 64;

/// Fields that the host sets itself.
const HOST_FIELDS: [&str; 10] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Fields of which there is one line at most: they are no lists.
const SINGLE_FIELDS: [&str; 7] = [
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "Location",
    "Retry-After",
];

/// Checks what `parse` returned.
pub fn check_parsed(parsed: &Parsed) {
    match &parsed.action {
        Action::LookUp(lookup) => check_lookup(lookup),
        Action::Answer(response) => check_response(response, None),
    }
}

fn check_lookup(lookup: &Lookup) {
    let Lookup { site, candidates, fallbacks, .. } = lookup;
    assert!(!candidates.is_empty() || !fallbacks.is_empty(), "nothing to look for");
    assert!(candidates.len() <= CANDIDATES_MAX, "{} candidates", candidates.len());
    assert!(fallbacks.len() <= CANDIDATES_MAX, "{} fallbacks", fallbacks.len());
    for path in candidates.iter().chain(fallbacks.iter().map(|fallback| &fallback.path)) {
        assert!(path.starts_with('/'), "a path without a slash in front: {path:?}");
        assert!(!path.contains('\0'), "NUL in {path:?}");
        assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")), "{path:?}");
        assert!(path.len() <= PATH_OCTETS_MAX, "a path of {} octets", path.len());
    }
    let is_part = |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && c != '/';
    assert!(site.chars().all(is_part), "site {site:?}");
}

/// Checks what `respond` returned for what was found; or `parse`, which has nothing to go by.
pub fn check_response(response: &Response, found: Option<&Found>) {
    let Response { status, content, .. } = response;
    assert!((200..=599).contains(status), "status {status}");
    let fields = fields(&response.fields);
    let file = match found {
        Some(Found::File(file)) => Some(file),
        _ => None,
    };
    let length = content_length(content, file);
    if matches!(status, 204 | 205 | 304) {
        assert_eq!(length, 0, "content with status {status}");
    }
    check_fields(response, &fields, length);
    let Some(file) = file else { return };
    match (status, content) {
        (200, _) => assert_eq!(*content, whole(file), "not the whole file"),
        (206, Content::Slice(slice)) => {
            assert_eq!(needs(&fields, "Content-Range"), content_range(slice, file));
        }
        (206, Content::Parts(parts)) => check_multipart(parts, &fields, file),
        (206, _) => panic!("206 with {content:?}"),
        (416, _) => assert_eq!(needs(&fields, "Content-Range"), format!("bytes */{}", file.size)),
        _ => {}
    }
}

fn check_fields(response: &Response, fields: &[(&str, &str)], length: u64) {
    let status = response.status;
    match status {
        304 => assert!(has(fields, "ETag"), "304 without the tag of the 200"),
        301 | 302 | 307 | 308 => {
            // Neither is `//a` nor, to some browsers, `/\a` a path on this host.
            let location = needs(fields, "Location");
            let is_elsewhere = location.starts_with("//") || location.starts_with("/\\");
            assert!(!is_elsewhere, "Location: {location}");
        }
        405 => assert!(has(fields, "Allow"), "405 without Allow"),
        416 => assert!(has(fields, "Content-Range"), "416 without Content-Range"),
        _ => {}
    }
    assert!(has(fields, "Content-Type") || length == 0, "{status} without Content-Type");
    assert!(!has(fields, "Content-Range") || matches!(status, 206 | 416), "{status} of a range");
}

/// The fields of a header section that is well-formed: lines of `Name: value` CRLF.
fn fields(section: &str) -> Vec<(&str, &str)> {
    assert!(section.len() <= FIELDS_OCTETS_MAX, "fields of {} octets", section.len());
    let mut fields: Vec<(&str, &str)> = Vec::new();
    let mut rest = section;
    while !rest.is_empty() {
        let (line, tail) = rest.split_once("\r\n").expect("a line ends in CRLF");
        let (name, value) = line.split_once(": ").expect("a line has a colon");
        let is_token_part = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        assert!(!name.is_empty() && name.chars().all(is_token_part), "name {name:?}");
        let is_visible = |c: char| matches!(c, '\t' | ' '..='~' | '\u{80}'..='\u{ff}');
        assert!(value.chars().all(is_visible), "value {value:?}");
        assert!(!HOST_FIELDS.contains(&name.to_ascii_lowercase().as_str()), "the host's {name}");
        let is_single = SINGLE_FIELDS.iter().any(|single| single.eq_ignore_ascii_case(name));
        assert!(!is_single || !has(&fields, name), "{name} twice");
        fields.push((name, value));
        rest = tail;
    }
    fields
}

fn has(fields: &[(&str, &str)], name: &str) -> bool {
    fields.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
}

fn needs<'a>(fields: &[(&str, &'a str)], name: &str) -> &'a str {
    let field = fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
    field.unwrap_or_else(|| panic!("no {name} in {fields:?}")).1
}

/// Octets of content, whose slices lie in the file.
fn content_length(content: &Content, file: Option<&File>) -> u64 {
    let slice_length = |Slice { start, length }: &Slice| {
        let size = file.expect("a slice of a file that was found").size;
        assert!(start.checked_add(*length).is_some_and(|end| end <= size), "outside the file");
        *length
    };
    match content {
        Content::Empty => 0,
        Content::Text(text) => text.len() as u64,
        Content::Octets(octets) => octets.len() as u64,
        Content::Slice(slice) => slice_length(slice),
        Content::Parts(parts) => {
            assert!(parts.len() <= PARTS_MAX, "{} parts", parts.len());
            let lengths = parts.iter().map(|part| match part {
                Part::Text(text) => text.len() as u64,
                Part::Slice(slice) => slice_length(slice),
            });
            lengths.fold(0, |sum: u64, length| sum.checked_add(length).expect("a sum of parts"))
        }
    }
}

fn whole(file: &File) -> Content {
    match file.size {
        0 => Content::Empty,
        length => Content::Slice(Slice { start: 0, length }),
    }
}

fn content_range(slice: &Slice, file: &File) -> String {
    assert!(slice.length > 0, "an empty range");
    format!("bytes {}-{}/{}", slice.start, slice.start + slice.length - 1, file.size)
}

/// Each slice of a multipart content is announced in the text before it (RFC 9110, section 14.6).
fn check_multipart(parts: &[Part], fields: &[(&str, &str)], file: &File) {
    let media = needs(fields, "Content-Type");
    assert!(media.starts_with("multipart/byteranges"), "parts of {media}");
    assert!(!has(fields, "Content-Range"), "Content-Range is each part's own");
    let mut text = String::new();
    let mut slices = 0;
    for part in parts {
        match part {
            Part::Text(more) => text += more,
            Part::Slice(slice) => {
                let line = format!("Content-Range: {}\r\n", content_range(slice, file));
                assert!(text.contains(&line) && text.ends_with("\r\n\r\n"), "{text:?}");
                text.clear();
                slices += 1;
            }
        }
    }
    assert!(slices > 1, "one range alone is no multipart");
}
