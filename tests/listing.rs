//! Directories without an index file, shown to people and to programs.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::harness::{Server, Site};

fn site() -> Server {
    Site::new()
        .file("www/index.html", "front\n")
        .file("www/docs/b.txt", "0123456789")
        .file("www/docs/a <b>&\"c\".txt", "a")
        .file("www/docs/.hidden", "hidden")
        .file("www/docs/deep/x", "x")
        .serve("parameter listing on")
}

#[test]
fn a_folder_is_shown_as_a_page_whose_links_work() {
    let server = site();
    let mut client = server.client();
    let page = client.get("/docs/").expect(200);
    assert_eq!(page.needs("Content-Type"), "text/html; charset=utf-8");
    assert_eq!(page.needs("X-Content-Type-Options"), "nosniff");
    let text = page.text();
    assert!(text.contains("<title>Index of /docs/</title>"), "{text}");
    assert!(!text.contains("hidden") && !text.contains("<b>"), "{text}");
    let links: Vec<&str> = text
        .split("href=\"./")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a closing quote"))
        .collect();
    assert_eq!(links, ["deep/", "a%20%3Cb%3E&%22c%22.txt", "b.txt"]);
    for link in links {
        client.get(&format!("/docs/{link}")).expect(200);
    }
    assert_eq!(client.get("/").expect(200).text(), "front\n", "an index file goes before");
    client.get("/docs").expect(301);
}

#[test]
fn programs_get_json() {
    let server = site();
    let mut client = server.client();
    let answer = client.get_with("/docs/", "Accept: application/json\r\n").expect(200);
    assert_eq!(answer.needs("Content-Type"), "application/json");
    assert_eq!(answer.needs("Vary"), "Accept");
    assert!(
        answer.text().contains(
            "{\"name\":\"b.txt\",\"type\":\"file\",\"size\":10,\"modified\":\"2023-11-14T22:13:20Z\"}"
        ),
        "{}",
        answer.text()
    );
}

#[test]
fn a_listing_is_revalidated() {
    let server = site();
    let mut client = server.client();
    let first = client.get("/docs/").expect(200);
    let condition = format!("If-None-Match: {}\r\n", first.needs("ETag"));
    client.get_with("/docs/", &condition).expect(304);
    fs::write(server.site.path("www/docs/new"), "new").expect("a file");
    assert!(client.get_with("/docs/", &condition).expect(200).text().contains("./new"));
    client.send(format!("HEAD /docs/ HTTP/1.1\r\nHost: localhost\r\n{condition}\r\n"));
    client.answer_to_head().expect(200);
    client.get("/").expect(200);
}

/// Names that are no UTF-8 cannot be told to the guest; all others come through whatever is in
/// them.
#[test]
fn odd_names_are_shown_or_left_out_and_never_break_the_page() {
    let server = site();
    let folder = server.site.path("www/docs");
    for name in
        [&b"line\nbreak"[..], b"\xff\xfe", b"100%", b"a:b", b"#", b"?", "\u{4f60}".as_bytes()]
    {
        fs::write(folder.join(std::ffi::OsStr::from_bytes(name)), "x").expect("a file");
    }
    let mut client = server.client();
    let text = client.get("/docs/").expect(200).text();
    for link in ["line%0Abreak", "100%25", "a:b", "%23", "%3F", "%E4%BD%A0"] {
        assert!(text.contains(&format!("href=\"./{link}\"")), "{link} in {text}");
        client.get(&format!("/docs/{link}")).expect(200);
    }
    assert!(text.contains("<p>1 folder, 8 files</p>"), "{text}");
}

/// The limit of what is read: 10,000 names.
#[test]
fn a_huge_folder_is_cut_and_says_so() {
    let server = site();
    let folder = server.site.path("www/many");
    fs::create_dir(&folder).expect("a folder");
    for number in 0..10_000 {
        fs::write(folder.join(format!("photograph-{number:05}.jpeg")), "").expect("a file");
    }
    let mut client = server.client();
    let page = client.get("/many/").expect(200).text();
    assert!(page.contains("<p>0 folders, 10000 files</p>"), "{}", &page[page.len() - 300..]);
    fs::write(folder.join("one more"), "").expect("a file");
    let page = client.get("/many/").expect(200).text();
    assert!(page.contains("There are more than are listed here."), "{}", &page[page.len() - 300..]);
}

#[test]
fn without_the_parameter_a_folder_is_not_shown() {
    let server = Site::new().file("www/docs/a", "a").serve("");
    server.client().get("/docs/").expect(403);
}
