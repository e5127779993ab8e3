//! The media type of a file, by its extension (RFC 9110, section 8.3): a table, and the operator's
//! `media` lines over it.

use crate::contract::{Problem, Setting};
use crate::field;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The type of a file about which nothing is known.
pub const DEFAULT: &str = "application/octet-stream";

/// The longest extension that can have a type.
pub const EXTENSION_OCTETS_MAX: usize = 16;

/// The longest media type, so that it fits into an answer beside its other fields.
pub const MEDIA_TYPE_OCTETS_MAX: usize = 1_024;

/// What `text` types get when they do not name a charset: a file served by us is taken for UTF-8.
const CHARSET: &str = "; charset=utf-8";

/// Extensions and their types, sorted by [`key`].
const TABLE: [(&str, &str); 76] = [
    ("3gp", "video/3gpp"),
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("apng", "image/apng"),
    ("atom", "application/atom+xml"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("br", "application/x-brotli"),
    ("bz2", "application/x-bzip2"),
    ("css", "text/css; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("eot", "application/vnd.ms-fontobject"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("htm", "text/html; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/vnd.microsoft.icon"),
    ("ics", "text/calendar; charset=utf-8"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("jsonld", "application/ld+json"),
    ("jxl", "image/jxl"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("map", "application/json"),
    ("md", "text/markdown; charset=utf-8"),
    ("mid", "audio/midi"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("otf", "font/otf"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("rss", "application/rss+xml"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ttf", "font/ttf"),
    ("txt", "text/plain; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webmanifest", "application/manifest+json"),
    ("webp", "image/webp"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("xhtml", "application/xhtml+xml"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "text/xml; charset=utf-8"),
    ("yaml", "application/yaml"),
    ("zip", "application/zip"),
    ("zst", "application/zstd"),
];

/// An extension in lower case as one number, in whose order the tables are: one comparison a step
/// instead of one an octet.
type Key = u128;

const KEYS: [Key; TABLE.len()] = keys();

const fn keys() -> [Key; TABLE.len()] {
    let mut keys = [0; TABLE.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = match key(TABLE[i].0.as_bytes()) {
            Some(key) => key,
            None => panic!("an extension is too long"),
        };
        assert!(i == 0 || keys[i - 1] < keys[i], "the table is not sorted");
        i += 1;
    }
    keys
}

const fn key(extension: &[u8]) -> Option<Key> {
    if extension.len() > EXTENSION_OCTETS_MAX {
        return None;
    }
    let mut octets = [0; EXTENSION_OCTETS_MAX];
    let mut i = 0;
    while i < extension.len() {
        if extension[i] == 0 {
            // The padding.
            return None;
        }
        octets[i] = extension[i].to_ascii_lowercase();
        i += 1;
    }
    Some(Key::from_be_bytes(octets))
}

/// The media types of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaTypes {
    /// What the operator wrote, sorted.
    written: Vec<(Key, String)>,
}

impl MediaTypes {
    /// Reads `media EXT TYPE` lines; of several lines for one extension the last one holds.
    pub fn read(lines: &[Setting], problems: &mut Vec<Problem>) -> Self {
        let mut written: Vec<(Key, String)> = Vec::new();
        for line in lines {
            match read_line(line) {
                Ok((key, value)) => match written.binary_search_by_key(&key, |entry| entry.0) {
                    Ok(at) => written[at].1 = value,
                    Err(at) => written.insert(at, (key, value)),
                },
                Err(reason) => problems.push(Problem { line: line.line, reason }),
            }
        }
        Self { written }
    }

    /// The Content-Type of a file, by the text after the last dot of its name, in any case.
    pub fn of(&self, path: &str) -> &str {
        let path = path.as_bytes();
        let end = path.iter().rposition(|&o| o == b'.' || o == b'/');
        let Some(dot) = end.filter(|&at| path[at] == b'.') else { return DEFAULT };
        let Some(key) = key(&path[dot + 1..]) else { return DEFAULT };
        if let Ok(at) = self.written.binary_search_by_key(&key, |entry| entry.0) {
            return &self.written[at].1;
        }
        KEYS.binary_search(&key).map_or(DEFAULT, |at| TABLE[at].1)
    }
}

fn read_line(line: &Setting) -> Result<(Key, String), String> {
    let extension = line.name.strip_prefix('.').unwrap_or(&line.name);
    if line.name.starts_with('.') {
        return Err(
            ["write the extension without its dot: media ", extension, " ", &line.value].concat()
        );
    }
    if extension.contains('.') || !field::is_token(extension.as_bytes()) {
        let reason =
            ["\"", extension, "\" is no file name extension: letters and digits, such as html"];
        return Err(reason.concat());
    }
    let key = key(extension.as_bytes()).ok_or_else(|| {
        ["the extension \"", extension, "\" is too long: 16 characters at most"].concat()
    })?;
    if !is_media_type(&line.value) {
        return Err(
            ["\"", &line.value, "\" is no media type: TYPE/SUBTYPE, such as text/html"].concat()
        );
    }
    if line.value.len() > MEDIA_TYPE_OCTETS_MAX {
        return Err("the media type is too long: 1,024 octets at most".to_string());
    }
    let mut value = line.value.clone();
    let is_text = value.get(..5).is_some_and(|t| t.eq_ignore_ascii_case("text/"));
    if is_text && !value.contains(';') {
        value.push_str(CHARSET);
    }
    Ok((key, value))
}

/// `type "/" subtype *( OWS ";" OWS token "=" ( token / quoted-string ) )` (RFC 9110, section
/// 8.3.1).
fn is_media_type(text: &str) -> bool {
    if !field::is_field_value(text.as_bytes()) {
        return false;
    }
    let (essence, mut rest) =
        text.split_once(';').map_or((text, ""), |(essence, rest)| (essence, rest));
    let Some((kind, subtype)) = essence.trim_end_matches([' ', '\t']).split_once('/') else {
        return false;
    };
    if !field::is_token(kind.as_bytes()) || !field::is_token(subtype.as_bytes()) {
        return false;
    }
    if rest.is_empty() {
        return !text.ends_with(';');
    }
    loop {
        let Some((name, value)) = rest.split_once('=') else { return false };
        if !field::is_token(field::trim(name.as_bytes())) || name.ends_with([' ', '\t']) {
            return false;
        }
        let Some(length) = parameter_value_length(value) else { return false };
        let behind = value[length..].trim_start_matches([' ', '\t']);
        match behind.strip_prefix(';') {
            Some(next) => rest = next,
            None => return behind.is_empty(),
        }
    }
}

/// The length of the token or quoted string that a text begins with.
fn parameter_value_length(text: &str) -> Option<usize> {
    let octets = text.as_bytes();
    if octets.first() != Some(&b'"') {
        let length = text.find([';', ' ', '\t']).unwrap_or(text.len());
        return field::is_token(&octets[..length]).then_some(length);
    }
    let mut at = 1;
    loop {
        match octets.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn line(name: &str, value: &str) -> Setting {
        Setting { line: 7, name: name.to_string(), value: value.to_string() }
    }

    fn read(name: &str, value: &str) -> Result<MediaTypes, Vec<Problem>> {
        let mut problems = Vec::new();
        let types = MediaTypes::read(&[line(name, value)], &mut problems);
        if problems.is_empty() { Ok(types) } else { Err(problems) }
    }

    #[test]
    fn rfc9110_8_3_types_by_extension() {
        let types = MediaTypes::default();
        for (path, expected) in [
            ("/a.html", "text/html; charset=utf-8"),
            ("/a.HTML", "text/html; charset=utf-8"),
            ("/a.tar.gz", "application/gzip"),
            ("index.html", "text/html; charset=utf-8"),
            ("/a.webmanifest", "application/manifest+json"),
            ("/a", DEFAULT),
            ("/a.", DEFAULT),
            ("/a.html/b", DEFAULT),
            ("/a.unknown", DEFAULT),
            ("/a.b/c.png", "image/png"),
            ("/", DEFAULT),
            ("", DEFAULT),
            ("/a.zst", "application/zstd"),
            ("/a.3gp", "video/3gpp"),
            ("/a.html\0", DEFAULT),
            ("/a.htm", "text/html; charset=utf-8"),
        ] {
            assert_eq!(types.of(path), expected, "{path}");
        }
        for (extension, value) in TABLE {
            assert_eq!(types.of(&["/x.", extension].concat()), value);
            assert!(is_media_type(value), "{value}");
            assert_eq!(value.starts_with("text/"), value.ends_with(CHARSET), "{value}");
        }
    }

    #[test]
    fn a_type_has_1024_octets_at_most() {
        let value = |length: usize| ["a/", &"x".repeat(length - 2)].concat();
        assert!(read("x", &value(MEDIA_TYPE_OCTETS_MAX)).is_ok());
        assert!(read("x", &value(MEDIA_TYPE_OCTETS_MAX + 1)).is_err());
    }

    #[test]
    fn the_operators_types_go_before_the_table() {
        let mut problems = vec![];
        let lines = [
            line("html", "text/plain"),
            line("x", "a/b"),
            line("X", "a/c; d=e"),
            line("txt", "text/plain; charset=latin1"),
        ];
        let types = MediaTypes::read(&lines, &mut problems);
        assert_eq!(problems, []);
        assert_eq!(types.of("/a.HtMl"), "text/plain; charset=utf-8");
        assert_eq!(types.of("/a.x"), "a/c; d=e");
        assert_eq!(types.of("/a.txt"), "text/plain; charset=latin1");
        assert_eq!(types.of("/a.css"), "text/css; charset=utf-8");
    }

    #[test]
    fn extensions_end_at_16_octets() {
        for (length, right) in [(15, true), (16, true), (17, false)] {
            let extension = "x".repeat(length);
            assert_eq!(read(&extension, "a/b").is_ok(), right, "{length}");
            let path = ["/a.", &extension].concat();
            let types = read(&"x".repeat(16), "a/b").unwrap();
            assert_eq!(types.of(&path), if length == 16 { "a/b" } else { DEFAULT });
        }
    }

    #[test]
    fn bad_lines_are_complained_about() {
        for name in ["", ".html", "a.b", "a/b", "a b", "\u{e4}"] {
            assert_eq!(read(name, "a/b").unwrap_err()[0].line, 7, "{name:?}");
        }
        for value in [
            "",
            "text",
            "text/",
            "/html",
            "text/html;",
            "text/html; ",
            "text/html; a",
            "text/html; a=",
            "text/html; =a",
            "a/b/c",
            "a b/c",
            "a/b\r\nX: y",
            "a/b; c=\"d",
            "a/b; c=d e",
            "a/b; c =d",
            "a/b; c=d;",
            "a/\u{e4}",
            " a/b",
        ] {
            assert!(read("x", value).is_err(), "{value:?}");
        }
        for value in ["a/b", "a/b; c=d", "a/b;c=d;e=\"f;g\\\"\" ; h=i", "application/ld+json"] {
            assert!(read("x", value).is_ok(), "{value:?}");
        }
    }
}
