//! Answers with an entity that tells a person what happened, and those without any.

use crate::contract::{Content, Response, Trouble};
use crate::field;
use crate::path;
use alloc::string::String;

/// Enough for the fields of nearly every page.
const FIELDS_OCTETS: usize = 160;

/// The longest Location that is sent, so that all fields are within the contract's limit.
pub const LOCATION_OCTETS_MAX: usize = 8_192;

/// The methods that are allowed on every resource (RFC 9110, section 10.2.1).
const ALLOW: &str = "Allow: GET, HEAD, OPTIONS\r\n";

/// What an answer depended on, besides its address (RFC 9110, section 12.5.5).
pub const VARY_ENCODING: &str = "Vary: Accept-Encoding\r\n";

/// When a client may try again after a 503 (RFC 9110, section 10.2.3).
const BUSY: &str = "Retry-After: 1\r\n";

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
pub const EXPLANATIONS: [Explanation; 21] = [
    explanation(301, "Moved Permanently", "This page is at another address now."),
    explanation(302, "Found", "This page is at another address for the moment."),
    explanation(303, "See Other", "What was asked for is told at another address."),
    explanation(307, "Temporary Redirect", "This page is at another address for the moment."),
    explanation(308, "Permanent Redirect", "This page is at another address now."),
    explanation(400, "Bad Request", "The server could not make sense of the request."),
    explanation(403, "Forbidden", "This page is not open to the public."),
    explanation(404, "Not Found", "There is nothing at this address."),
    explanation(405, "Method Not Allowed", "This address can only be read."),
    explanation(406, "Not Acceptable", "The page is not there in any coding that was asked for."),
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
    const INTERNAL: usize = 17;
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
pub fn slash(path: &str, query: Option<&[u8]>) -> Response {
    let mut location = String::with_capacity(FIELDS_OCTETS);
    path::push_escaped(&mut location, path);
    location.push('/');
    redirect(301, location, query)
}

/// The answer that sends to another address (RFC 9110, section 15.4), with the query that was
/// asked with.
pub fn redirect(status: u16, location: String, query: Option<&[u8]>) -> Response {
    let mut fields = String::with_capacity(FIELDS_OCTETS + location.len());
    fields.push_str("Location: ");
    fields.push_str(&location);
    if let Some(query) = query {
        fields.push('?');
        path::push_query(&mut fields, query);
    }
    if fields.len() > LOCATION_OCTETS_MAX {
        return error(414);
    }
    fields.push_str("\r\n");
    page(status, fields)
}

/// The answer to a client that takes the file in no form that there is (RFC 9110, section
/// 12.5.3).
pub fn not_acceptable() -> Response {
    page(406, String::from(VARY_ENCODING))
}

/// The answer to a range that the file does not have (RFC 9110, section 15.5.17).
pub fn unsatisfiable(size: u64) -> Response {
    let mut fields = String::with_capacity(FIELDS_OCTETS);
    fields.push_str("Content-Range: bytes */");
    field::push_decimal(&mut fields, size);
    fields.push_str("\r\n");
    page(416, fields)
}

/// The answer to a trouble with a page of the operator's.
pub fn own_error(trouble: Trouble, content_type: &str, content: Content) -> Response {
    let retry = if trouble == Trouble::Busy { BUSY } else { "" };
    let fields = [retry, "Content-Type: ", content_type, "\r\n"].concat();
    Response { status: trouble_status(trouble), fields, content }
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

const PAGE_FIELDS: &str = "Content-Type: text/html; charset=utf-8\r\n";

fn page(status: u16, fields: String) -> Response {
    let Explanation { reason, text, .. } = explain(status);
    explained(status, reason, text, fields)
}

/// An answer with a page in one's own words, which are HTML, and with these fields before those of
/// the page.
pub fn explained(status: u16, reason: &str, sentence: &str, mut fields: String) -> Response {
    fields.push_str(PAGE_FIELDS);
    let mut text = String::with_capacity(TEMPLATE.len() + 128);
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

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
            let fields = slash(path, query).fields;
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
    fn rfc9110_15_4_redirects_keep_the_query() {
        let to = |query| redirect(308, "https://a/b".into(), query);
        assert_eq!(to(None).status, 308);
        assert!(to(None).fields.starts_with("Location: https://a/b\r\n"));
        assert!(to(Some(b"c=d")).fields.starts_with("Location: https://a/b?c=d\r\n"));
        assert!(
            matches!(to(None).content, Content::Text(text) if text.contains("another address"))
        );
    }

    #[test]
    fn redirects_end_at_8192_octets() {
        let query = "a".repeat(LOCATION_OCTETS_MAX - "Location: /b?".len());
        for (extra, status) in [("", 301), ("c", 414)] {
            let query = [&*query, extra].concat();
            assert_eq!(redirect(301, "/b".into(), Some(query.as_bytes())).status, status);
        }
    }
}
