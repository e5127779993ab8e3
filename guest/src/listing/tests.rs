//! Listings as clients get them.

use super::*;
use crate::contract::Datetime;
use crate::memo::{Memo, Spare};
use base64::prelude::*;
use sha2::{Digest, Sha256};
use std::format;
use std::string::ToString;

fn entry(name: &str, size: u64) -> Entry {
    let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 5 };
    let directory = name.ends_with('/');
    Entry { name: name.trim_end_matches('/').to_string(), directory, size, modified }
}

fn listing(entries: Vec<Entry>, complete: bool) -> Listing {
    Listing { candidate: 1, entries, complete }
}

fn ask(target: &str, fields: &str, listing: &Listing) -> Response {
    let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let (mut memo, mut spare) = (Memo::new(), Spare::default());
    let view = memo.read(&head, &mut spare);
    respond(view.octets, view.path(), view.reading.as_ref().unwrap(), listing, None)
}

fn text(response: &Response) -> &str {
    match &response.content {
        Content::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

fn some() -> Listing {
    let names =
        [entry("b.txt", 1_234), entry("a<b>&\"c.txt", 1), entry("d e/", 0), entry(".git/", 0)];
    listing(names.into(), true)
}

#[test]
fn a_page_links_what_may_be_asked_for() {
    let response = ask("/x%20y/", "", &some());
    assert_eq!(response.status, 200);
    assert!(response.fields.contains("Content-Type: text/html; charset=utf-8\r\n"));
    assert!(response.fields.contains("Vary: Accept\r\n"));
    let page = text(&response);
    assert!(page.contains("<title>Index of /x y/</title>"));
    assert!(page.contains("<h1><a href=\"/\">Home</a> / <a href=\"/x%20y/\">x y</a></h1>"));
    assert!(page.contains("href=\"../\""));
    for row in [
        "<tr><td><a class=\"d\" href=\"./d%20e/\">d e</a></td><td></td><td>2023-11-14 22:13</td></tr>",
        "<tr><td><a href=\"./a%3Cb%3E&%22c.txt\">a&lt;b&gt;&amp;&quot;c.txt</a></td><td>1 B</td><td>2023-11-14 22:13</td></tr>",
        "<tr><td><a href=\"./b.txt\">b.txt</a></td><td>1.2 kB</td>",
        "<p>1 folder, 2 files</p>",
    ] {
        assert!(page.contains(row), "{row}");
    }
    assert!(!page.contains(".git"));
    assert!(!text(&ask("/", "", &some())).contains("../"));
}

/// Else browsers would not use it.
#[test]
fn the_style_is_the_one_that_the_policy_names() {
    let response = ask("/", "", &some());
    let (_, style) = text(&response).split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    let hash = BASE64_STANDARD.encode(Sha256::digest(style));
    assert!(response.fields.contains(&format!("style-src 'sha256-{hash}';")), "it is {hash}");
}

#[test]
fn headings_sort() {
    let page = ask("/?sort=size&order=asc", "", &some());
    let page = text(&page);
    assert!(page.contains("<th scope=\"col\"><a href=\"?sort=name&amp;order=asc\">Name</a>"));
    assert!(page.contains(
        "<th scope=\"col\" aria-sort=\"ascending\"><a href=\"?sort=size&amp;order=desc\">Size</a>"
    ));
    assert!(page.find("a&lt;b").unwrap() < page.find("b.txt").unwrap());
    let page = ask("/?sort=size&order=desc", "", &some());
    let page = text(&page);
    assert!(page.contains("aria-sort=\"descending\"><a href=\"?sort=size&amp;order=asc\">"));
    assert!(page.find("a&lt;b").unwrap() > page.find("./b.txt").unwrap());
}

#[test]
fn programs_get_json() {
    let response = ask("/x/", "Accept: application/json\r\n", &some());
    assert!(response.fields.contains("Content-Type: application/json\r\n"));
    assert_eq!(
        text(&response),
        "{\"path\":\"/x/\",\"entries\":[\n\
         {\"name\":\"d e\",\"type\":\"directory\",\"modified\":\"2023-11-14T22:13:20Z\"},\n\
         {\"name\":\"a<b>&\\\"c.txt\",\"type\":\"file\",\"size\":1,\"modified\":\"2023-11-14T22:13:20Z\"},\n\
         {\"name\":\"b.txt\",\"type\":\"file\",\"size\":1234,\"modified\":\"2023-11-14T22:13:20Z\"}],\n\
         \"complete\":true}\n"
    );
    assert_eq!(
        text(&ask("/", "Accept: application/json\r\n", &listing(Vec::new(), false))),
        "{\"path\":\"/\",\"entries\":[],\n\"complete\":false}\n"
    );
}

#[test]
fn a_listing_that_is_cut_says_so() {
    const MORE: &str = "There are more than are listed here.";
    assert!(!text(&ask("/", "", &some())).contains(MORE));
    let cut = listing([entry("a", 1)].into(), false);
    assert!(text(&ask("/", "", &cut)).contains(MORE));
    // Names that swell by their escapes must not make an answer that the host refuses.
    let names: Vec<_> =
        (0..10_000).map(|n| entry(&format!("{n}{}", "\"".repeat(250)), n)).collect();
    let huge = listing(names, true);
    let page = ask("/", "", &huge);
    assert!(text(&page).len() < LISTING_OCTETS_MAX + 8_192 && text(&page).contains(MORE));
    let json = ask("/", "Accept: application/json\r\n", &huge);
    assert!(text(&json).len() < LISTING_OCTETS_MAX + 8_192);
    assert!(text(&json).ends_with("\"complete\":false}\n"));
}

#[test]
fn ten_thousand_ordinary_entries_are_shown_all() {
    let names = (0..10_000).map(|n| entry(&format!("photograph-{n:05}.jpeg"), n)).collect();
    let page = ask("/", "", &listing(names, true));
    assert!(text(&page).contains("<p>0 folders, 10000 files</p>"));
}

#[test]
fn rfc9110_13_2_2_conditions_hold_for_listings() {
    let response = ask("/", "", &some());
    let tag = response.fields.split("\r\n").next().unwrap().strip_prefix("ETag: ").unwrap();
    assert!(tag.starts_with("W/\""));
    let again = ask("/", &format!("If-None-Match: {tag}\r\n"), &some());
    assert_eq!((again.status, &again.content), (304, &Content::Empty));
    assert!(response.fields.starts_with(&again.fields));
    assert_eq!(ask("/", "If-None-Match: *\r\n", &some()).status, 304);
    assert_eq!(ask("/", "If-Match: \"x\"\r\n", &some()).status, 412);
    assert_eq!(ask("/", "If-Match: *\r\n", &some()).status, 200);
    assert_eq!(
        ask("/?order=desc", &format!("If-None-Match: {tag}\r\n"), &some()).status,
        200,
        "another order is another representation"
    );
}
