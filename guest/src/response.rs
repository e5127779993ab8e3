//! Responses: the ones about a file, and those with an entity that tells a person what happened.
//!
//! Every response is written once, into one string of its fields and, for errors, one of its
//! content.

use crate::conditional::Validators;
use crate::contract::{Content, Datetime, Response, Slice, Trouble};
use crate::date;
use crate::field;
use crate::path;
use alloc::string::String;

/// The methods that are allowed on every resource (RFC 9110, section 10.2.1).
const ALLOW: &str = "Allow: GET, HEAD, OPTIONS\r\n";

/// When a client may try again after a 503 (RFC 9110, section 10.2.3).
const BUSY: &str = "Retry-After: 1\r\n";

/// For this long after a change, another one could leave no trace in the time of modification:
/// until then a tag is weak (RFC 9110, section 8.8.1).
pub const TAG_SETTLES_SECONDS: u64 = 2;

/// Enough for the fields of nearly every response, so that they are written without moving.
const FIELDS_OCTETS: usize = 320;

/// The page of every error, filled in by the host as well for the answers that are its own.
pub const TEMPLATE: &str = include_str!("error.html");

/// What a status code is explained with.
#[derive(Debug)]
pub struct Explanation {
    /// The status code.
    pub status: u16,
    /// Its reason phrase (RFC 9110, section 15).
    pub reason: &'static str,
    /// A sentence for the person who reads the page.
    pub text: &'static str,
}

const fn explanation(status: u16, reason: &'static str, text: &'static str) -> Explanation {
    Explanation { status, reason, text }
}

/// Every status that comes with a page.
pub const EXPLANATIONS: [Explanation; 16] = [
    explanation(301, "Moved Permanently", "This is a directory: its address ends with a slash."),
    explanation(400, "Bad Request", "The server could not make sense of the request."),
    explanation(403, "Forbidden", "This page is not open to the public."),
    explanation(404, "Not Found", "There is nothing at this address."),
    explanation(405, "Method Not Allowed", "This address can only be read."),
    explanation(408, "Request Timeout", "The request took too long to arrive."),
    explanation(
        412,
        "Precondition Failed",
        "The page is not, or no longer, the one that was asked for.",
    ),
    explanation(414, "URI Too Long", "The address is longer than the server reads."),
    explanation(416, "Range Not Satisfiable", "The file has no such part."),
    explanation(417, "Expectation Failed", "The request expects what the server does not offer."),
    explanation(421, "Misdirected Request", "This connection is not for that address."),
    explanation(
        431,
        "Request Header Fields Too Large",
        "The request is longer than the server reads.",
    ),
    explanation(500, "Internal Server Error", "The server failed to answer. It is not your fault."),
    explanation(501, "Not Implemented", "The server does not know what the request wants done."),
    explanation(503, "Service Unavailable", "The server is busy. Please try again in a moment."),
    explanation(505, "HTTP Version Not Supported", "The server speaks HTTP/1.1 here."),
];

/// The explanation of a status; of one without a page, that of 500.
pub fn explain(status: u16) -> &'static Explanation {
    const INTERNAL: usize = 12;
    const { assert!(EXPLANATIONS[INTERNAL].status == 500) }
    EXPLANATIONS
        .iter()
        .find(|explanation| explanation.status == status)
        .unwrap_or(&EXPLANATIONS[INTERNAL])
}

/// An answer with a page.
pub fn error(status: u16) -> Response {
    let extra = match status {
        405 => ALLOW,
        503 => BUSY,
        _ => "",
    };
    page(status, String::from(extra))
}

/// The answer to a directory whose address lacks the slash at its end (RFC 9110, section 15.4.2).
pub fn redirect(path: &str, query: Option<&[u8]>) -> Response {
    let mut fields = String::with_capacity(FIELDS_OCTETS);
    fields.push_str("Location: ");
    path::push_escaped(&mut fields, path);
    fields.push('/');
    if let Some(query) = query {
        fields.push('?');
        path::push_query(&mut fields, query);
    }
    fields.push_str("\r\n");
    page(301, fields)
}

/// The answer to a range that the file does not have (RFC 9110, section 15.5.17).
pub fn unsatisfiable(size: u64) -> Response {
    let mut fields = String::with_capacity(FIELDS_OCTETS);
    fields.push_str("Content-Range: bytes */");
    field::push_decimal(&mut fields, size);
    fields.push_str("\r\n");
    page(416, fields)
}

/// The answer to OPTIONS (RFC 9110, section 9.3.7).
pub fn options() -> Response {
    Response { status: 204, fields: String::from(ALLOW), content: Content::Empty }
}

/// The status that a trouble is told with.
pub fn trouble_status(trouble: Trouble) -> u16 {
    match trouble {
        Trouble::Missing => 404,
        Trouble::Forbidden => 403,
        Trouble::Failed => 500,
        Trouble::Busy => 503,
    }
}

/// An answer to a trouble with a file of the operator's as its content.
pub fn fallback(after: Trouble, size: u64) -> Response {
    let fields = if after == Trouble::Busy { BUSY } else { "" };
    let mut response = Response {
        status: trouble_status(after),
        fields: String::from(fields),
        content: whole(size),
    };
    response.fields.push_str(PAGE_FIELDS);
    response
}

const PAGE_FIELDS: &str =
    "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n";

fn page(status: u16, mut fields: String) -> Response {
    fields.push_str(PAGE_FIELDS);
    let mut text = String::with_capacity(TEMPLATE.len() + 128);
    let Explanation { reason, text: sentence, .. } = explain(status);
    for &(start, end, blank) in &CUTS {
        text.push_str(&TEMPLATE[start..end]);
        match blank {
            Blank::Status => field::push_decimal(&mut text, u64::from(status)),
            Blank::Reason => text.push_str(reason),
            Blank::Text => text.push_str(sentence),
            Blank::End => {}
        }
    }
    Response { status, fields, content: Content::Text(text) }
}

/// What stands behind a piece of the template.
#[derive(Debug, Clone, Copy)]
enum Blank {
    Status,
    Reason,
    Text,
    End,
}

/// The template, cut at its blanks when it is compiled: pieces from one position to another.
const CUTS: [(usize, usize, Blank); CUT_COUNT] = cut::<CUT_COUNT>().0;
const CUT_COUNT: usize = cut::<0>().1;

const fn cut<const N: usize>() -> ([(usize, usize, Blank); N], usize) {
    let octets = TEMPLATE.as_bytes();
    let mut cuts = [(0, 0, Blank::End); N];
    let (mut count, mut start, mut at) = (0, 0, 0);
    while at <= octets.len() {
        let (blank, length) = blank_at(octets, at);
        if length > 0 || at == octets.len() {
            if count < N {
                cuts[count] = (start, at, blank);
            }
            count += 1;
            start = at + length;
        }
        at += if length > 0 { length } else { 1 };
    }
    (cuts, count)
}

const fn blank_at(octets: &[u8], at: usize) -> (Blank, usize) {
    let blanks: [(&[u8], Blank); 3] =
        [(b"{status}", Blank::Status), (b"{reason}", Blank::Reason), (b"{text}", Blank::Text)];
    let mut i = 0;
    while i < blanks.len() {
        let (word, blank) = blanks[i];
        let mut matched = 0;
        while matched < word.len()
            && at + matched < octets.len()
            && octets[at + matched] == word[matched]
        {
            matched += 1;
        }
        if matched == word.len() {
            return (blank, matched);
        }
        i += 1;
    }
    (Blank::End, 0)
}

/// The fields of an answer about a file, as far as they are written.
#[derive(Debug)]
pub struct FileFields {
    fields: String,
    /// Where the entity tag stands in them.
    tag: (usize, usize),
    modified: u64,
}

impl FileFields {
    /// Begins with what every answer about a file has, 304 as well (RFC 9110, section 15.4.5): the
    /// validators and Cache-Control.
    pub fn new(size: u64, modified: Datetime, now: Option<u64>, cache_control: &str) -> Self {
        let mut fields = String::with_capacity(FIELDS_OCTETS + cache_control.len());
        fields.push_str("ETag: ");
        let start = fields.len();
        push_tag(&mut fields, size, modified, now);
        let tag = (start, fields.len());
        // 8.8.2.1: not later than the time of the answer.
        let modified = modified.seconds.min(now.unwrap_or(u64::MAX));
        fields.push_str("\r\nLast-Modified: ");
        date::push(&mut fields, modified);
        fields.push_str("\r\n");
        if !cache_control.is_empty() {
            push_field(&mut fields, "Cache-Control: ", cache_control);
        }
        Self { fields, tag, modified }
    }

    /// The validators that were written.
    pub fn validators(&self) -> Validators<'_> {
        Validators { tag: &self.fields[self.tag.0..self.tag.1], modified: self.modified }
    }

    /// 304: the client has it.
    pub fn not_modified(self) -> Response {
        Response { status: 304, fields: self.fields, content: Content::Empty }
    }

    /// 200: the whole file.
    pub fn whole(mut self, content_type: &str, size: u64) -> Response {
        self.push_representation(content_type);
        Response { status: 200, fields: self.fields, content: whole(size) }
    }

    /// 206: the octets from `first` to `last` (RFC 9110, section 15.3.7.1).
    pub fn part(mut self, content_type: &str, first: u64, last: u64, size: u64) -> Response {
        self.push_representation(content_type);
        self.fields.push_str("Content-Range: bytes ");
        field::push_decimal(&mut self.fields, first);
        self.fields.push('-');
        field::push_decimal(&mut self.fields, last);
        self.fields.push('/');
        field::push_decimal(&mut self.fields, size);
        self.fields.push_str("\r\n");
        let slice = Slice { start: first, length: last - first + 1 };
        Response { status: 206, fields: self.fields, content: Content::Slice(slice) }
    }

    fn push_representation(&mut self, content_type: &str) {
        push_field(&mut self.fields, "Content-Type: ", content_type);
        self.fields.push_str("Accept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n");
    }
}

fn push_field(fields: &mut String, name: &str, value: &str) {
    fields.push_str(name);
    fields.push_str(value);
    fields.push_str("\r\n");
}

/// `"SIZE-NANOSECONDS"` in hexadecimal. The time wraps around in the year 2554, which no tag minds.
fn push_tag(fields: &mut String, size: u64, modified: Datetime, now: Option<u64>) {
    const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;
    if now.is_some_and(|now| now.saturating_sub(modified.seconds) < TAG_SETTLES_SECONDS) {
        fields.push_str("W/");
    }
    fields.push('"');
    field::push_hexadecimal(fields, size);
    fields.push('-');
    let time = modified
        .seconds
        .wrapping_mul(NANOSECONDS_PER_SECOND)
        .wrapping_add(u64::from(modified.nanoseconds));
    field::push_hexadecimal(fields, time);
    fields.push('"');
}

fn whole(size: u64) -> Content {
    if size == 0 { Content::Empty } else { Content::Slice(Slice { start: 0, length: size }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const MODIFIED: Datetime = Datetime { seconds: 784_111_777, nanoseconds: 1 };

    #[test]
    fn the_template_is_filled_in_everywhere() {
        assert!(CUT_COUNT > 3 && TEMPLATE.len() < 1_024);
        for Explanation { status, reason, text } in &EXPLANATIONS {
            let plain = TEMPLATE
                .replace("{status}", &status.to_string())
                .replace("{reason}", reason)
                .replace("{text}", text);
            let response = error(*status);
            assert_eq!(response.status, *status);
            assert_eq!(response.content, Content::Text(plain));
        }
        for blank in ["{status}", "{reason}", "{text}"] {
            assert!(TEMPLATE.contains(blank));
        }
    }

    #[test]
    fn errors_have_a_type_and_what_their_status_demands() {
        assert_eq!(error(404).fields, PAGE_FIELDS);
        assert!(error(503).fields.contains("Retry-After: 1\r\n"));
        assert_eq!(explain(499).status, 500);
    }

    #[test]
    fn rfc9110_10_2_1_405_has_allow() {
        assert!(error(405).fields.starts_with("Allow: GET, HEAD, OPTIONS\r\n"));
        assert_eq!(options().fields, ALLOW);
    }

    #[test]
    fn rfc9110_15_4_2_redirects_stay_on_this_host() {
        let location = |path: &str, query: Option<&[u8]>| {
            let fields = redirect(path, query).fields;
            fields.split("\r\n").next().unwrap().strip_prefix("Location: ").unwrap().to_string()
        };
        assert_eq!(location("/a", None), "/a/");
        assert_eq!(
            location("/a b/\u{e4}\r\n\\", Some(b"c=[d]&e=%41")),
            "/a%20b/%C3%A4%0D%0A%5C/?c=%5Bd%5D&e=%41"
        );
        assert_eq!(location("/a", Some(b"")), "/a/?");
    }

    #[test]
    fn rfc9110_8_8_3_tags_are_weak_while_a_file_is_young() {
        let tag = |now| FileFields::new(255, MODIFIED, now, "").validators().tag.to_string();
        assert_eq!(tag(None), "\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_776)), "W/\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_777)), "W/\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_778)), "W/\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_779)), "\"ff-ae1b981bc490a01\"");
        assert_eq!(tag(Some(784_111_780)), "\"ff-ae1b981bc490a01\"");
        let far = Datetime { seconds: u64::MAX, nanoseconds: 999_999_999 };
        assert!(
            FileFields::new(u64::MAX, far, None, "")
                .validators()
                .tag
                .starts_with("\"ffffffffffffffff-")
        );
    }

    #[test]
    fn rfc9110_8_8_2_1_last_modified_is_not_later_than_date() {
        let at = |now| FileFields::new(1, MODIFIED, now, "");
        assert!(
            at(Some(784_111_776))
                .fields
                .contains("Last-Modified: Sun, 06 Nov 1994 08:49:36 GMT\r\n")
        );
        assert!(
            at(Some(784_111_778))
                .fields
                .contains("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n")
        );
        assert_eq!(at(Some(784_111_776)).validators().modified, 784_111_776);
    }

    #[test]
    fn rfc9110_15_4_5_fields_of_304_are_those_of_200() {
        let fields = |cache| FileFields::new(1, MODIFIED, None, cache);
        let response = fields("max-age=1").not_modified();
        assert_eq!(response.content, Content::Empty);
        let whole = fields("max-age=1").whole("a/b", 1);
        assert!(whole.fields.starts_with(&response.fields));
        assert!(response.fields.contains("Cache-Control: max-age=1\r\n"));
        assert!(!fields("").not_modified().fields.contains("Cache-Control"));
    }

    #[test]
    fn rfc9110_15_3_7_1_a_part_says_where_it_belongs() {
        let response = FileFields::new(10, MODIFIED, None, "").part("a/b", 2, 4, 10);
        assert_eq!(response.content, Content::Slice(Slice { start: 2, length: 3 }));
        assert!(response.fields.contains("Content-Range: bytes 2-4/10\r\n"));
    }

    #[test]
    fn the_fields_of_a_file_fit() {
        let response = FileFields::new(u64::MAX, MODIFIED, Some(0), "").part(
            "text/html; charset=utf-8",
            u64::MAX - 2,
            u64::MAX - 1,
            u64::MAX,
        );
        assert!(response.fields.len() <= FIELDS_OCTETS, "{}", response.fields.len());
    }
}
