//! Which connections go on after an answer, and what HEAD leaves out (RFC 9112, section 9.3).

use crate::harness::{Server, Site};

fn site() -> Server {
    Site::new()
        .file("www/index.html", "front page\n")
        .file("www/note.txt", "note\n")
        .file("www/empty.txt", "")
        .serve("")
}

/// HTTP/1.1 goes on by itself, errors of the site included.
#[test]
fn rfc9112_9_3_http_1_1_goes_on() {
    let server = site();
    let mut client = server.client();
    for (target, status) in [("/", 200), ("/missing", 404), ("/empty.txt", 200), ("/", 200)] {
        assert!(!client.get(target).expect(status).closes(), "{target}");
    }
    client.get_with("/", "Connection: keep-alive\r\n").expect(200);
    client.get_with("/", "Connection: upgrade\r\nUpgrade: h2c\r\n").expect(200);
    client.get("/").expect(200);
}

/// RFC 9112, C.2.2: HTTP/1.0 goes on when it asks to, and has to be told that it may.
#[test]
fn rfc9112_c_2_2_http_1_0_goes_on_when_asked() {
    let server = site();
    let mut client = server.client();
    for _ in 0..3 {
        let answer = client.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").expect(200);
        assert!(answer.needs("Connection").eq_ignore_ascii_case("keep-alive"), "{answer:?}");
    }
    client.ask("GET / HTTP/1.0\r\n\r\n").expect(200);
    client.ends();
}

/// RFC 9112, 9.3: `close` wins.
#[test]
fn rfc9112_9_3_close_wins_over_keep_alive() {
    let server = site();
    for fields in ["Connection: keep-alive, close\r\n", "Connection: close\r\nConnection: a\r\n"] {
        let mut client = server.client();
        assert!(client.get_with("/", fields).expect(200).closes());
        client.ends();
    }
}

/// RFC 9110, 9.3.2: the fields of GET, and no content; the next answer follows at once.
#[test]
fn rfc9110_9_3_2_head_has_the_fields_of_get_and_no_content() {
    let server = site();
    let mut client = server.client();
    for target in ["/", "/note.txt", "/empty.txt", "/missing", "/?a"] {
        let got = client.get(target).without_date();
        let asked = client.head(target).without_date();
        assert_eq!(asked.status, got.status, "{target}");
        assert_eq!(asked.fields, got.fields, "{target}");
    }
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3));
    for _ in 0..3 {
        client.answer_to_head().expect(200);
    }
    assert_eq!(client.get("/note.txt").expect(200).text(), "note\n");
}

/// RFC 9110, 9.3.2: HEAD over HTTP/1.0 ends after the fields.
#[test]
fn rfc9110_9_3_2_head_over_http_1_0_ends_after_the_fields() {
    let server = site();
    let mut client = server.client();
    client.send("HEAD / HTTP/1.0\r\n\r\n");
    assert_eq!(client.answer_to_head().expect(200).length(), 11);
    client.ends();
}

/// A method is `HEAD` and nothing that looks like it: content must not be left out for others.
#[test]
fn what_only_looks_like_head_is_not_head() {
    let server = site();
    for method in ["HEADS", "head", "HEA"] {
        let mut client = server.client();
        let answer = client.ask(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).expect(501);
        assert_eq!(answer.content.len() as u64, answer.length());
    }
    // Found behind empty lines, too.
    let mut client = server.client();
    client.send("\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n").answer_to_head().expect(200);
    client.get("/").expect(200);
}
