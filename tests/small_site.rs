//! The small site among the examples, in each language, against one table of requests.
//!
//! A row is a request as a client sends it, with each octet as the character of the same number;
//! the status, fields (`null`: not there) and content that it is answered with; and whether the
//! connection goes on behind it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::harness::shell::root;
use crate::harness::{Response, Server, Site};

const TABLE: &str = include_str!("../guest/examples/small-site/requests.jsonl");

/// What the table is about.
const FILES: [(&str, &str); 13] = [
    ("www/index.html", "front\n"),
    ("www/404.html", "nothing here\n"),
    ("www/digits.txt", "0123456789"),
    ("www/empty.txt", ""),
    ("www/style.css", "body {}\n"),
    ("www/notes.md", "# notes\n"),
    ("www/photo.JPG", "jpg\n"),
    ("www/data.unknown", "data\n"),
    ("www/README", "read me\n"),
    ("www/\u{fc}.txt", "umlaut\n"),
    ("www/.hidden", "hidden\n"),
    ("www/docs/index.html", "docs\n"),
    ("www/docs/a b.txt", "with a blank\n"),
];

/// What web.conf says of it.
pub const LINES: &str = "host default www\nhost other.example other\nmedia md text/markdown\n\
                     parameter guest site.wasm\nparameter cache 60\nparameter compile-timeout 600";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: String,
    request: String,
    status: u16,
    fields: BTreeMap<String, Option<String>>,
    content: Option<String>,
    persists: bool,
}

/// The site with a component as its guest.
pub fn site(component: &[u8]) -> Site {
    let site = Site::new().file("site.wasm", component).file("other/index.html", "other\n");
    let site = FILES.iter().fold(site, |site, (name, content)| site.file(name, content));
    site.folder("www/folder");
    site
}

/// Starts the server on such a site.
pub fn serve(site: Site) -> Server {
    site.serve(LINES)
}

/// Asserts that a server on such a site answers the whole table.
pub fn answers_the_table(server: &Server) {
    let rows: Vec<Row> =
        TABLE.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(rows.len() >= 100, "{} rows", rows.len());
    let failures: Vec<String> = rows.iter().filter_map(|row| check(server, row).err()).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn check(server: &Server, row: &Row) -> Result<(), String> {
    let octets: Vec<u8> = row.request.chars().map(|c| c as u8).collect();
    let mut client = server.client();
    client.send(&octets);
    let answer = match row.request.starts_with("HEAD ") {
        true => client.answer_to_head(),
        false => client.answer(),
    };
    let goes_on = !answer.closes();
    let next = goes_on.then(|| client.get("/digits.txt"));
    if !goes_on {
        client.ends();
    }
    let wrong = |what: &str| Err(format!("{}: {what}: {answer:?}", row.name));
    if answer.status != row.status {
        return wrong(&format!("status {} expected", row.status));
    }
    for (name, value) in &row.fields {
        if answer.field(name) != value.as_deref() {
            return wrong(&format!("{name}: {value:?} expected"));
        }
    }
    if row.content.as_ref().is_some_and(|content| answer.text() != *content) {
        return wrong(&format!("content {:?} expected", row.content));
    }
    if goes_on != row.persists {
        return wrong(&format!("whether the connection goes on, {} expected", row.persists));
    }
    match next {
        Some(Response { content, .. }) if content != b"0123456789" => wrong("the next one fails"),
        _ => Ok(()),
    }
}

#[test]
fn the_small_site_in_rust_answers_its_table() {
    let component = fs::read(fixtures::SMALL_SITE).expect("the component");
    answers_the_table(&serve(site(&component)));
}

#[test]
fn the_small_site_in_rust_serves_the_sample_site() {
    serves_the_sample_site(&fs::read(fixtures::SMALL_SITE).expect("the component"));
}

/// Asserts that a component serves the sample site: every file, its folders' index files, nothing
/// else.
pub fn serves_the_sample_site(component: &[u8]) {
    let www = root().join("www");
    let server = Site::new().file("site.wasm", component).serve(&format!(
        "host default \"{}\"\nparameter guest site.wasm\nparameter compile-timeout 600",
        www.display()
    ));
    let targets = targets(&www, "/");
    assert!(targets.len() > 5, "{targets:?}");
    for target in targets {
        let content = fs::read(www.join(&target[1..])).expect("a file of the sample site");
        assert!(server.get(&target).expect(200).content == content, "{target}");
        assert_eq!(server.client().head(&target).expect(200).length(), content.len() as u64);
        if let Some(folder) = target.strip_suffix("index.html") {
            assert!(server.get(folder).expect(200).content == content, "{folder}");
        }
    }
    assert_eq!(server.get("/docs").expect(301).needs("Location"), "/docs/");
    server.get("/none.html").expect(404);
}

/// What the files of a folder are asked for by.
fn targets(folder: &Path, above: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let of_entry = |entry: fs::DirEntry| {
        let target = format!("{above}{}", entry.file_name().into_string().expect("text"));
        match entry.path().is_dir() {
            true => targets(&entry.path(), &format!("{target}/")),
            false => vec![target],
        }
    };
    entries.flat_map(of_entry).collect()
}

/// What is wrong with web.conf is said of its line.
#[test]
fn the_small_site_in_rust_says_what_is_wrong_with_its_configuration() {
    let component = fs::read(fixtures::SMALL_SITE).expect("the component");
    complains_about_its_configuration(&site(&component));
}

/// Asserts that the guest of a site finds what is wrong.
pub fn complains_about_its_configuration(site: &Site) {
    site.configure(&format!("media md text\nparameter cache soon\n{LINES}"));
    site.run(&["--check"]).complains(
        1,
        &[
            "web.conf:1: media md: `text` is no media type (try text/plain)",
            "web.conf:2: cache: `soon` is no number of seconds (try 3600)",
        ],
    );
}
