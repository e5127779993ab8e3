//! Answers about a file: in full, in part, or that the client has it.
//!
//! Every answer is written once, into one string of its fields.

use crate::conditional::Validators;
use crate::contract::{Content, Datetime, Part, Response, Slice};
use crate::date;
use crate::field;
use crate::negotiation::Coding;
use crate::octet;
use crate::page::VARY_ENCODING;
use crate::range::ByteRange;
use alloc::string::String;
use alloc::vec::Vec;

/// For this long after a change, another one could leave no trace in the time of modification:
/// until then a tag is weak (RFC 9110, section 8.8.1).
pub const TAG_SETTLES_SECONDS: u64 = 2;

/// Enough for the fields of nearly every response, so that they are written without moving.
const FIELDS_OCTETS: usize = 320;

/// A file as it is sent to a client (RFC 9110, section 3.2).
#[derive(Debug, Clone, Copy)]
pub struct Representation<'a> {
    /// In octets.
    pub size: u64,
    /// When it was last changed.
    pub modified: Datetime,
    /// Its media type, without its coding.
    pub content_type: &'a str,
    /// Its coding.
    pub coding: Coding,
    /// Whether another client may get it in another coding.
    pub varies: bool,
    /// The Cache-Control field; empty for none.
    pub cache_control: &'a str,
}

/// The fields of an answer about a file, as far as they are written.
#[derive(Debug)]
pub struct FileFields<'a> {
    representation: &'a Representation<'a>,
    fields: String,
    /// Where the entity tag stands in them.
    tag: (usize, usize),
    modified: u64,
}

impl<'a> FileFields<'a> {
    /// Begins with what every answer about a file has, 304 as well (RFC 9110, section 15.4.5): the
    /// validators, Cache-Control and Vary. There is room for so many octets of other fields.
    pub fn new(representation: &'a Representation<'a>, now: Option<u64>, others: usize) -> Self {
        let Representation { modified, cache_control, varies, .. } = *representation;
        let mut fields = String::with_capacity(FIELDS_OCTETS + cache_control.len() + others);
        // Few pieces: each one costs as much as a dozen octets.
        let is_young =
            now.is_some_and(|now| now.saturating_sub(modified.seconds) < TAG_SETTLES_SECONDS);
        fields.push_str(if is_young { "ETag: W/\"" } else { "ETag: \"" });
        push_opaque_tag(&mut fields, representation);
        let tag = ("ETag: ".len(), fields.len() + 1);
        // 8.8.2.1: not later than the time of the answer.
        let modified = modified.seconds.min(now.unwrap_or(u64::MAX));
        fields.push_str("\"\r\nLast-Modified: ");
        date::push_line(&mut fields, modified);
        if !cache_control.is_empty() {
            push_field(&mut fields, "Cache-Control: ", cache_control);
        }
        if varies {
            fields.push_str(VARY_ENCODING);
        }
        Self { representation, fields, tag, modified }
    }

    /// The validators that were written.
    pub fn validators(&self) -> Validators<'_> {
        Validators { tag: &self.fields[self.tag.0..self.tag.1], modified: Some(self.modified) }
    }

    /// 304: the client has it.
    pub fn not_modified(self) -> Response {
        Response { status: 304, fields: self.fields, content: Content::Empty }
    }

    /// 200: the whole file.
    pub fn whole(mut self) -> Response {
        push_field(&mut self.fields, "Content-Type: ", self.representation.content_type);
        self.push_rest();
        let content = whole(self.representation.size);
        Response { status: 200, fields: self.fields, content }
    }

    /// 206: some octets (RFC 9110, section 15.3.7.1).
    pub fn part(mut self, range: ByteRange) -> Response {
        push_field(&mut self.fields, "Content-Type: ", self.representation.content_type);
        push_content_range(&mut self.fields, range, self.representation.size);
        self.push_rest();
        Response { status: 206, fields: self.fields, content: Content::Slice(slice(range)) }
    }

    /// 206: several runs of octets, each with fields of its own (RFC 9110, sections 14.6 and
    /// 15.3.7.2). `request` is what the boundary is made from, so that nobody who writes a file
    /// knows it.
    pub fn parts(mut self, ranges: &[ByteRange], request: &[u8]) -> Response {
        /// Enough for the boundary and the fields before a part, nearly always.
        const PART_OCTETS: usize = 160;
        let tag = &self.fields.as_bytes()[self.tag.0..self.tag.1];
        let mut boundary = String::from("wasmhttpd-");
        field::push_hexadecimal(&mut boundary, octet::hash(octet::hash(0, tag), request));

        let Representation { content_type, size, .. } = *self.representation;
        let mut parts = Vec::with_capacity(2 * ranges.len() + 1);
        for (number, &range) in ranges.iter().enumerate() {
            let mut text = String::with_capacity(PART_OCTETS);
            text.push_str(if number == 0 { "--" } else { "\r\n--" });
            text.push_str(&boundary);
            push_field(&mut text, "\r\nContent-Type: ", content_type);
            push_content_range(&mut text, range, size);
            text.push_str("\r\n");
            parts.push(Part::Text(text));
            parts.push(Part::Slice(slice(range)));
        }
        parts.push(Part::Text(["\r\n--", &boundary, "--\r\n"].concat()));

        push_field(&mut self.fields, "Content-Type: multipart/byteranges; boundary=", &boundary);
        self.push_rest();
        Response { status: 206, fields: self.fields, content: Content::Parts(parts) }
    }

    #[inline]
    fn push_rest(&mut self) {
        if self.representation.coding != Coding::Identity {
            push_field(&mut self.fields, "Content-Encoding: ", self.representation.coding.name());
        }
        self.fields.push_str("Accept-Ranges: bytes\r\n");
    }
}

#[inline]
fn push_field(fields: &mut String, name: &str, value: &str) {
    fields.push_str(name);
    fields.push_str(value);
    fields.push_str("\r\n");
}

fn push_content_range(fields: &mut String, range: ByteRange, size: u64) {
    fields.push_str("Content-Range: bytes ");
    field::push_decimal(fields, range.first);
    fields.push('-');
    field::push_decimal(fields, range.last);
    fields.push('/');
    field::push_decimal(fields, size);
    fields.push_str("\r\n");
}

/// `SIZE-NANOSECONDS` in hexadecimal, and the coding where there is one, since its file may be as
/// large and as old as another's. The time wraps around in the year 2554, which no tag minds.
fn push_opaque_tag(fields: &mut String, representation: &Representation<'_>) {
    const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
    let Representation { size, modified, coding, .. } = *representation;
    field::push_hexadecimal(fields, size);
    fields.push('-');
    let time = modified
        .seconds
        .wrapping_mul(NANOSECONDS_PER_SECOND)
        .wrapping_add(u64::from(modified.nanoseconds));
    field::push_hexadecimal(fields, time);
    if coding != Coding::Identity {
        fields.push('-');
        fields.push_str(coding.name());
    }
}

/// The content that is all of a file.
pub fn whole(size: u64) -> Content {
    if size == 0 { Content::Empty } else { Content::Slice(Slice { start: 0, length: size }) }
}

fn slice(range: ByteRange) -> Slice {
    Slice { start: range.first, length: range.last - range.first + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::ToString;

    const MODIFIED: Datetime = Datetime { seconds: 784_111_777, nanoseconds: 1 };

    const FILE: Representation<'_> = Representation {
        size: 255,
        modified: MODIFIED,
        content_type: "a/b",
        coding: Coding::Identity,
        varies: false,
        cache_control: "",
    };

    fn at(now: Option<u64>) -> FileFields<'static> {
        FileFields::new(&FILE, now, 0)
    }

    #[test]
    fn rfc9110_8_8_3_tags_are_weak_while_a_file_is_young() {
        let tag = |now| at(now).validators().tag.to_string();
        assert_eq!(tag(None), "\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_776)), "W/\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_777)), "W/\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_778)), "W/\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_779)), "\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_780)), "\"ff-ae1b981bc490a01\"");
        let far = Datetime { seconds: u64::MAX, nanoseconds: 999_999_999 };
        let far = Representation { size: u64::MAX, modified: far, ..FILE };
        let far = FileFields::new(&far, None, 0);
        assert!(far.validators().tag.starts_with("\"ffffffffffffffff-"));
    }

    #[test]
    fn rfc9110_8_8_3_3_each_coding_has_a_tag_of_its_own() {
        let tag = |coding| {
            FileFields::new(&Representation { coding, ..FILE }, None, 0)
                .validators()
                .tag
                .to_string()
        };
        assert_eq!(tag(Coding::Brotli), "\"ff-ae1b981bc490a01-br\"");
        assert_eq!(tag(Coding::Zstandard), "\"ff-ae1b981bc490a01-zstd\"");
        assert_eq!(tag(Coding::Gzip), "\"ff-ae1b981bc490a01-gzip\"");
    }

    #[test]
    fn rfc9110_8_8_2_1_last_modified_is_not_later_than_date() {
        let early = at(Some(784_111_776));
        assert!(early.fields.contains("Last-Modified: Sun, 06 Nov 1994 08:49:36 GMT\r\n"));
        assert_eq!(early.validators().modified, Some(784_111_776));
        let late = at(Some(784_111_778));
        assert!(late.fields.contains("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    }

    #[test]
    fn rfc9110_15_4_5_fields_of_304_are_those_of_200() {
        let cached = Representation { cache_control: "max-age=1", varies: true, ..FILE };
        let response = FileFields::new(&cached, None, 0).not_modified();
        assert_eq!(response.content, Content::Empty);
        let whole = FileFields::new(&cached, None, 0).whole();
        assert!(whole.fields.starts_with(&response.fields));
        assert!(response.fields.ends_with("Cache-Control: max-age=1\r\nVary: Accept-Encoding\r\n"));
        let plain = at(None).not_modified().fields;
        assert!(!plain.contains("Cache-Control") && !plain.contains("Vary"));
    }

    #[test]
    fn rfc9110_8_4_a_coding_is_named() {
        let coded = Representation { coding: Coding::Gzip, varies: true, ..FILE };
        for response in [
            FileFields::new(&coded, None, 0).whole(),
            FileFields::new(&coded, None, 0).part(ByteRange { first: 0, last: 0 }),
        ] {
            assert!(response.fields.contains("Content-Type: a/b\r\n"));
            assert!(response.fields.contains("Content-Encoding: gzip\r\n"));
        }
        assert!(!at(None).whole().fields.contains("Content-Encoding"));
    }

    #[test]
    fn rfc9110_15_3_7_1_a_part_says_where_it_belongs() {
        let response = at(None).part(ByteRange { first: 2, last: 4 });
        assert_eq!(response.content, Content::Slice(Slice { start: 2, length: 3 }));
        assert!(response.fields.contains("Content-Range: bytes 2-4/255\r\n"));
    }

    #[test]
    fn rfc9110_15_3_7_2_parts_stand_between_boundaries() {
        let ranges = [ByteRange { first: 0, last: 0 }, ByteRange { first: 250, last: 254 }];
        let response = at(None).parts(&ranges, b"GET / HTTP/1.1");
        let boundary = response.fields.split("boundary=").nth(1).unwrap();
        let boundary = boundary.split("\r\n").next().unwrap();
        assert_eq!(response.status, 206);
        assert!(response.fields.contains("Content-Type: multipart/byteranges; boundary="));
        assert!(!response.fields.contains("Content-Range"));
        let text = |before: &str, range: &str| {
            Part::Text(format!(
                "{before}--{boundary}\r\nContent-Type: a/b\r\nContent-Range: bytes {range}/255\r\n\r\n"
            ))
        };
        let expected = [
            text("", "0-0"),
            Part::Slice(Slice { start: 0, length: 1 }),
            text("\r\n", "250-254"),
            Part::Slice(Slice { start: 250, length: 5 }),
            Part::Text(format!("\r\n--{boundary}--\r\n")),
        ];
        assert_eq!(response.content, Content::Parts(expected.into()));
        // RFC 2046, section 5.1.1: at most 70 characters, which need no quotes.
        assert!(boundary.len() <= 70 && boundary.bytes().all(octet::is_token));
        let other = at(None).parts(&ranges, b"GET / HTTP/1.0").fields;
        assert!(!other.contains(boundary), "another request has another boundary");
    }

    #[test]
    fn the_fields_of_a_file_fit() {
        let coded = Representation {
            size: u64::MAX,
            content_type: "text/html; charset=utf-8",
            coding: Coding::Zstandard,
            ..FILE
        };
        let range = ByteRange { first: u64::MAX - 2, last: u64::MAX - 1 };
        let fields = FileFields::new(&coded, Some(0), 0).part(range).fields;
        assert!(fields.len() <= FIELDS_OCTETS, "{}", fields.len());
    }
}
