//! The site as its callers see it.

use super::*;
use crate::contract::{Content, Datetime, IpAddress, Persistence, Setting, Slice, Trouble};
use alloc::string::String;
use std::borrow::ToOwned;
use std::{format, vec};

const NOW: u64 = 1_700_000_000;
const CONTEXT: Option<Context> =
    Some(Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now: NOW });

fn get(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: Example.org.:80\r\n{fields}\r\n")
}

fn file(candidate: u32, size: u64) -> Found {
    let modified = Datetime { seconds: 784_111_777, nanoseconds: 1 };
    Found::File(File { candidate, size, modified, after: None })
}

fn listing(candidate: u32) -> Found {
    Found::Directory(Listing { candidate, entries: Vec::new(), complete: true })
}

fn setting(line: u32, name: &str, value: &str) -> Setting {
    Setting { line, name: name.to_owned(), value: value.to_owned() }
}

fn candidates(site: &mut Site, target: &str) -> Vec<String> {
    match site.parse(&get(target, ""), CONTEXT).action {
        Action::LookUp(lookup) => lookup.candidates,
        Action::Answer(response) => panic!("{response:?}"),
    }
}

fn status(parsed: Parsed) -> (u16, Persistence) {
    match parsed.action {
        Action::LookUp(lookup) => panic!("{lookup:?}"),
        Action::Answer(response) => (response.status, parsed.persistence),
    }
}

#[test]
fn a_request_is_looked_up() {
    let parsed = Site::default().parse(&get("/a.html?b", ""), CONTEXT);
    let lookup = Lookup {
        site: "example.org".to_owned(),
        candidates: vec!["/a.html".to_owned(), "/a.html/".to_owned()],
        fallbacks: vec![],
        directories: Directories::Find,
    };
    assert_eq!(
        parsed,
        Parsed { action: Action::LookUp(lookup), persistence: Persistence::KeepAlive(0) }
    );
}

#[test]
fn a_directory_stands_for_its_index_files() {
    assert_eq!(candidates(&mut Site::default(), "/"), ["/index.html", "/"]);
    let configuration =
        Configuration { media: vec![], parameters: vec![setting(1, "index", "a b.htm")] };
    let mut site = Site::configure(&configuration).unwrap();
    assert_eq!(candidates(&mut site, "/x//"), ["/x/a", "/x/b.htm", "/x/"]);
    let response = site.respond(&get("/x/", ""), &file(1, 1), CONTEXT);
    assert!(response.fields.contains("Content-Type: text/html; charset=utf-8\r\n"));
}

#[test]
fn candidates_end_at_4096_octets() {
    let mut site = Site::default();
    for (suffix, overhead) in [("", 1), ("/", "index.html".len())] {
        for (length, right) in [(4_095, true), (4_096, true), (4_097, false)] {
            let target = format!("/{}{suffix}", "a".repeat(length - overhead - 1 - suffix.len()));
            match site.parse(&get(&target, ""), CONTEXT).action {
                Action::LookUp(lookup) => {
                    assert!(right);
                    assert_eq!(lookup.candidates.iter().map(String::len).max(), Some(length));
                }
                Action::Answer(response) => assert_eq!((response.status, right), (404, false)),
            }
        }
    }
}

#[test]
fn a_file_is_sent_whole() {
    let response = Site::default().respond(&get("/a.html", ""), &file(0, 5), CONTEXT);
    assert_eq!(response.status, 200);
    assert_eq!(response.content, Content::Slice(Slice { start: 0, length: 5 }));
    assert_eq!(
        response.fields,
        "ETag: \"5-ae1b981bc490a01\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: text/html; charset=utf-8\r\nAccept-Ranges: bytes\r\nX-Content-Type-Options: nosniff\r\n"
    );
    assert_eq!(
        Site::default().respond(&get("/a", ""), &file(0, 0), CONTEXT).content,
        Content::Empty
    );
}

#[test]
fn rfc9110_9_3_2_head_is_answered_like_get() {
    let mut site = Site::default();
    for found in [file(0, 5), listing(1), Found::Nothing(Trouble::Missing)] {
        let get = get("/a", "");
        let head = get.replace("GET", "HEAD");
        assert_eq!(site.respond(&get, &found, CONTEXT), site.respond(&head, &found, CONTEXT));
    }
}

#[test]
fn rfc9110_14_2_range_is_for_get_only() {
    let mut site = Site::default();
    let text = get("/a", "Range: bytes=1-2\r\n");
    let response = site.respond(&text, &file(0, 5), CONTEXT);
    assert_eq!(
        (response.status, response.content),
        (206, Content::Slice(Slice { start: 1, length: 2 }))
    );
    assert!(response.fields.contains("Content-Range: bytes 1-2/5\r\n"));
    assert_eq!(site.respond(&text.replace("GET", "HEAD"), &file(0, 5), CONTEXT).status, 200);
}

#[test]
fn rfc9110_15_5_17_unsatisfiable_range_is_416() {
    let response = Site::default().respond(&get("/a", "Range: bytes=5-\r\n"), &file(0, 5), CONTEXT);
    assert_eq!(response.status, 416);
    assert!(response.fields.contains("Content-Range: bytes */5\r\n"));
    assert!(matches!(response.content, Content::Text(_)));
}

#[test]
fn rfc9110_13_1_5_if_range_decides_between_a_part_and_the_whole() {
    let mut site = Site::default();
    let mut status = |if_range: &str| {
        let text = get("/a", &format!("Range: bytes=1-2\r\nIf-Range: {if_range}\r\n"));
        site.respond(&text, &file(0, 5), CONTEXT).status
    };
    assert_eq!(status("\"5-ae1b981bc490a01\""), 206);
    assert_eq!(status("Sun, 06 Nov 1994 08:49:37 GMT"), 206);
    assert_eq!(status("\"another\""), 200);
    let twice = get("/a", "Range: bytes=1-2\r\nRange: bytes=1-2\r\n");
    assert_eq!(site.respond(&twice, &file(0, 5), CONTEXT).status, 200);
}

#[test]
fn rfc9110_13_2_2_conditions_come_before_the_range() {
    let mut site = Site::default();
    let mut answer = |fields: &str| site.respond(&get("/a", fields), &file(0, 5), CONTEXT);
    let not_modified = answer("Range: bytes=9-\r\nIf-None-Match: \"5-ae1b981bc490a01\"\r\n");
    assert_eq!((not_modified.status, not_modified.content), (304, Content::Empty));
    assert_eq!(answer("Range: bytes=9-\r\nIf-Match: \"x\"\r\n").status, 412);
    assert_eq!(answer("Range: bytes=9-\r\nIf-None-Match: \"x\"\r\n").status, 416);
}

#[test]
fn rfc9110_13_2_1_conditions_are_ignored_when_the_answer_is_no_200() {
    let mut site = Site::default();
    let text = get("/a", "If-Match: \"x\"\r\nIf-None-Match: *\r\nRange: bytes=0-0\r\n");
    assert_eq!(site.respond(&text, &Found::Nothing(Trouble::Missing), CONTEXT).status, 404);
    assert_eq!(site.respond(&text, &listing(1), CONTEXT).status, 301);
}

#[test]
fn troubles_have_their_status() {
    let mut site = Site::default();
    for (trouble, status) in [
        (Trouble::Missing, 404),
        (Trouble::Forbidden, 403),
        (Trouble::Failed, 500),
        (Trouble::Busy, 503),
    ] {
        let text = get("/a", "If-None-Match: *\r\nRange: bytes=0-0\r\n");
        let nothing = site.respond(&text, &Found::Nothing(trouble), CONTEXT);
        assert_eq!(nothing.status, status);
    }
}

#[test]
fn directories_redirect_to_their_slash_and_are_not_listed() {
    let mut site = Site::default();
    let response = site.respond(&get("//a%20b?c=d", ""), &listing(1), CONTEXT);
    assert_eq!(response.status, 301);
    assert!(response.fields.starts_with("Location: /a%20b/?c=d\r\n"));
    assert_eq!(site.respond(&get("/a/", ""), &listing(1), CONTEXT).status, 403);
}

#[test]
fn an_answer_to_another_question() {
    let mut site = Site::default();
    assert_eq!(site.respond("nonsense", &file(0, 5), CONTEXT).status, 400);
    assert_eq!(
        site.respond(&get("/a", "").replace("GET", "POST"), &file(0, 5), CONTEXT).status,
        405
    );
    assert_eq!(
        site.respond(&get("/a", "").replace("GET", "OPTIONS"), &file(0, 5), CONTEXT).status,
        204
    );
    for candidate in [1, 2, u32::MAX] {
        assert_eq!(site.respond(&get("/a", ""), &file(candidate, 5), CONTEXT).status, 500);
        assert_eq!(site.respond(&get("/", ""), &file(candidate, 5), CONTEXT).status, 500);
    }
}

/// What the host finds for a question that was not asked is never taken for an answer.
#[test]
fn what_cannot_be_named_is_404_whatever_is_found() {
    let mut site = Site::default();
    let pages = Configuration {
        media: vec![],
        parameters: vec![setting(1, "error-page", "404 /404.html"), setting(2, "listing", "on")],
    };
    let mut with_pages = Site::configure(&pages).unwrap();
    let long = format!("/{}", "a".repeat(5_000));
    for target in ["/.git/", "/a%2fb", "/.git", &long] {
        let text = get(target, "");
        assert_eq!(status(site.parse(&text, CONTEXT)).0, 404);
        let Action::LookUp(lookup) = with_pages.parse(&text, CONTEXT).action else { panic!() };
        assert!(lookup.candidates.is_empty());
        assert_eq!(lookup.fallbacks[0].path, "/404.html");
        for found in [file(0, 5), listing(0), Found::Nothing(Trouble::Missing)] {
            assert_eq!(site.respond(&text, &found, CONTEXT).status, 404, "{target} {found:?}");
            let status = with_pages.respond(&text, &found, CONTEXT).status;
            assert_eq!(status, if matches!(found, Found::Nothing(_)) { 404 } else { 500 });
        }
    }
}

#[test]
fn rfc9110_7_4_https_over_a_plain_connection_is_421() {
    let mut site = Site::default();
    let text = get("https://example.org/", "");
    assert_eq!(status(site.parse(&text, CONTEXT)), (421, Persistence::KeepAlive(0)));
    assert_eq!(status(site.parse(&text, None)).0, 421);
    let secure = CONTEXT.map(|context| Context { secure: true, ..context });
    assert!(matches!(site.parse(&text, secure).action, Action::LookUp(_)));
    assert_eq!(status(site.parse(&text, CONTEXT)).0, 421, "the memo knows no context");
}

#[test]
fn rfc9110_9_3_7_options_says_what_is_allowed() {
    let parsed = Site::default().parse(&get("*", "").replace("GET", "OPTIONS"), CONTEXT);
    let Action::Answer(response) = parsed.action else { panic!() };
    assert_eq!(
        (response.status, &*response.fields),
        (204, "Allow: GET, HEAD, OPTIONS\r\nX-Content-Type-Options: nosniff\r\n")
    );
    assert_eq!((response.content, parsed.persistence), (Content::Empty, Persistence::KeepAlive(0)));
}

#[test]
fn octets_as_text() {
    let mut site = Site::default();
    assert!(matches!(
        site.parse(&get("/a", "X: \u{80}\u{ff}\r\n"), CONTEXT).action,
        Action::LookUp(_)
    ));
    assert_eq!(
        status(site.parse(&get("/a", "X: \u{100}\r\n"), CONTEXT)),
        (400, Persistence::Close)
    );
    assert_eq!(status(site.parse(&get("/\u{e4}", ""), CONTEXT)), (400, Persistence::Close));
    let text = get("/a", "X: \u{e4}\r\nIf-None-Match: \"5-ae1b981bc490a01\"\r\n");
    assert_eq!(site.respond(&text, &file(0, 5), CONTEXT).status, 304);
}

#[test]
fn every_problem_is_reported() {
    let configuration = Configuration {
        media: vec![setting(5, "a/b", "text/html"), setting(1, "html", "html")],
        parameters: vec![
            setting(4, "indx", "a"),
            setting(2, "index", ".a"),
            setting(3, "index", "a"),
        ],
    };
    let problems = Site::configure(&configuration).unwrap_err();
    // The host puts them in order.
    assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [5, 1, 4, 2]);
}

#[test]
fn pure_the_same_request_after_any_other_gives_the_same_answer() {
    let requests = [
        (get("/a.html", ""), file(0, 5)),
        (get("/a.html", "Range: bytes=0-0\r\n"), file(0, 5)),
        (get("/a.html", "Range: bytes=9-9\r\n"), file(0, 5)),
        (get("/", "If-None-Match: \"5-ae1b981bc490a01\"\r\n"), file(0, 5)),
        (get("/b", "X: \u{e4}\r\n"), listing(1)),
        (get("/a%2fb", ""), file(0, 5)),
        (get("/", &format!("X: {}\r\n", "x".repeat(20_000))), file(0, 1)),
        (get("/.git", ""), Found::Nothing(Trouble::Missing)),
        (String::from("nonsense"), Found::Nothing(Trouble::Busy)),
        (String::new(), Found::Nothing(Trouble::Failed)),
        (get("*", "").replace("GET", "OPTIONS"), listing(0)),
    ];
    let ask = |site: &mut Site, (head, found): &(String, Found)| {
        (
            site.parse(head, CONTEXT),
            site.respond(head, found, CONTEXT),
            site.respond(head, found, None),
        )
    };
    let mut site = Site::default();
    for first in &requests {
        for second in &requests {
            ask(&mut site, first);
            assert_eq!(
                ask(&mut site, second),
                ask(&mut Site::default(), second),
                "after {:?}",
                first.0
            );
            // Without its parse before it.
            site.parse(&first.0, CONTEXT);
            let response = site.respond(&second.0, &second.1, CONTEXT);
            assert_eq!(response, Site::default().respond(&second.0, &second.1, CONTEXT));
        }
    }
}
