//! What RFC 9110 and RFC 9112 demand of every answer, seen from outside; each test is named for its
//! section, and `docs/http.md` has them all.

use crate::harness::{KIB, Response, Server, Site};

fn site() -> Server {
    Site::new()
        .file("www/index.html", "front\n")
        .file("www/folder/a.txt", "0123456789")
        .file("www/empty", "")
        .serve("")
}

fn request(line: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

/// One request of every kind of answer that there is.
fn one_of_each(server: &Server) -> Vec<Response> {
    let tag = server.get("/").needs("ETag").to_owned();
    let requests = [
        request("GET /", ""),
        request("GET /empty", ""),
        request("GET /", "Range: bytes=0-1\r\n"),
        request("GET /", "Range: bytes=0-0,2-2\r\n"),
        request("GET /", &format!("If-None-Match: {tag}\r\n")),
        request("GET /", "If-Match: \"x\"\r\n"),
        request("GET /", "Range: bytes=99-\r\n"),
        request("GET /", "Expect: miracles\r\n"),
        request("GET /folder", ""),
        request("GET /folder/", ""),
        request("GET /missing", ""),
        request("GET https://localhost/", ""),
        request("GET /%00", ""),
        request("POST /", ""),
        request("BREW /", ""),
        request("OPTIONS *", ""),
        request(&format!("GET /{}", "a".repeat(20 * KIB)), ""),
        request("GET /", &format!("X: {}\r\n", "a".repeat(20 * KIB))),
        request("GET /", "Transfer-Encoding: gzip, chunked\r\n"),
        "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n".to_owned(),
        "GET / HTTP/1.0\r\n\r\n".to_owned(),
    ];
    requests.iter().map(|request| server.ask(request)).collect()
}

#[test]
fn rfc9110_6_6_1_every_answer_has_a_date_and_names_its_content() {
    let answers = one_of_each(&site());
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let expected =
        [200, 204, 206, 301, 304, 400, 403, 404, 405, 412, 414, 416, 417, 421, 431, 501, 505];
    assert_eq!(statuses, expected);
    for answer in answers {
        // The client checks Date, Server and Content-Length of whatever it reads.
        assert_eq!(answer.field("Content-Type").is_some(), !matches!(answer.status, 204 | 304));
        assert!(
            !answer.content.is_empty() || answer.status < 400,
            "errors tell a person: {answer:?}"
        );
    }
}

/// RFC 9112, 6.1, 6.2 and 4.
#[test]
fn rfc9112_6_1_no_answer_has_transfer_encoding_nor_content_without_length() {
    for answer in one_of_each(&site()) {
        assert_eq!(answer.field("Transfer-Encoding"), None);
        let length = answer.field("Content-Length").map(|length| length.parse());
        match answer.status {
            204 | 304 => assert!(answer.content.is_empty()),
            _ => assert_eq!(length, Some(Ok(answer.content.len())), "{answer:?}"),
        }
    }
}

/// RFC 9110, 4.1: a target that is too long, on both sides of the limit.
#[test]
fn rfc9110_4_1_a_target_too_long_is_414() {
    let server = site();
    let line = |octets: usize| format!("GET /{}", "a".repeat(octets - "GET / HTTP/1.1\r\n".len()));
    // The limit is for the whole head; a request-line that alone exceeds it is 414.
    for (octets, status) in [(16 * KIB, 431), (16 * KIB + 1, 414)] {
        assert_eq!(server.ask(request(&line(octets), "")).status, status, "{octets}");
    }
    let fields = "Host: localhost\r\n\r\n".len();
    let (fits, too_long) = (16 * KIB - fields, 16 * KIB - fields + 1);
    server.ask(request(&line(fits), "")).expect(404);
    server.ask(request(&line(too_long), "")).expect(431);
}

#[test]
fn rfc9110_5_3_nothing_is_answered_before_the_whole_head_is_there() {
    let server = site();
    let mut client = server.client();
    let head = request("GET /missing", "Connection: close\r\n");
    for octet in head[..head.len() - 1].bytes() {
        client.send([octet]);
        assert!(client.is_open(), "an answer to half a head");
    }
    client.send("\n").answer().expect(404);
    client.ends();
}

#[test]
fn rfc9110_10_1_1_an_expected_continue_gets_the_final_answer_at_once() {
    let server = site();
    for fields in
        ["Content-Length: 5\r\n", "Content-Length: 99999999\r\n", "Transfer-Encoding: chunked\r\n"]
    {
        let fields = format!("Expect: 100-continue\r\n{fields}");
        let mut client = server.client();
        // The content stays away, as the client waits for our word.
        client.send(request("GET /", &fields));
        assert!(client.answer().expect(200).closes());
        client.half_close().ends();
    }
    // Without content there is nothing to wait for.
    let mut client = server.client();
    client.get_with("/", "Expect: 100-continue\r\n").expect(200);
    client.get("/").expect(200);
}

#[test]
fn rfc9110_15_2_http_1_0_gets_no_interim_answer() {
    let server = site();
    let mut client = server.client();
    client.send("GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");
    let all = String::from_utf8(client.rest()).expect("text");
    assert!(all.starts_with("HTTP/1.1 200 OK\r\n"), "{all}");
    assert_eq!(all.matches("HTTP/1.1").count(), 1);
}

/// RFC 9112, 7.1: chunks are never taken for a request, however they look.
#[test]
fn rfc9112_7_1_chunked_content_is_no_request() {
    let server = site();
    for content in [
        "0\r\n\r\nGET /folder/a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
        "ffffffffffffffffff\r\nGET /folder/a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /folder/a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
        "0;a=\"b\r\nX: y\r\n\r\nGET /folder/a.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let mut client = server.client();
        client.send(request("GET /", "Transfer-Encoding: chunked\r\n") + content);
        assert!(client.answer().expect(200).closes());
        client.half_close().ends();
    }
}

/// RFC 9112, 6.3 and 11.2: whatever could be read in two ways is answered once, and nothing behind
/// it is.
#[test]
fn rfc9112_11_2_nothing_is_smuggled_behind_doubtful_framing() {
    const SMUGGLED: &str = "GET /folder/a.txt HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let server = site();
    for fields in [
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 51\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
        "X: y\rTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding\0: chunked\r\n",
        "TRANSFER-ENCODING: Chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\nContent-Length: 51\r\n",
        "Content-Length: 51\r\nContent-Length: 51\r\n",
        "Content-Length: 51, 51\r\n",
        "Content-Length: +51\r\n",
        "Content-Length: 0x33\r\n",
        "Content-Length: 5 1\r\n",
        "Content-Length: 51\x0b\r\n",
        "Content-Length:\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 18446744073709551667\r\n",
        "Content-Length : 51\r\n",
        "Content-Length\t: 51\r\n",
        "Content-Length: 0\r\n Content-Length: 51\r\n",
    ] {
        let mut client = server.client();
        client.send(request("GET /", fields) + SMUGGLED);
        let answer = client.answer();
        assert!(answer.closes(), "{fields:?}: {answer:?}");
        client.half_close().ends();
    }
}

/// RFC 9112, 9.3: on both sides of what is skipped for the sake of the connection.
#[test]
fn rfc9112_9_3_content_is_discarded_up_to_65536_octets() {
    let server = site();
    for (octets, goes_on) in [(65_535, true), (65_536, true), (65_537, false)] {
        let mut client = server.client();
        let answer = client
            .send(request("GET /", &format!("Content-Length: {octets}\r\n")))
            .send("x".repeat(octets))
            .answer()
            .expect(200);
        assert_eq!(answer.closes(), !goes_on, "{octets}");
        if goes_on {
            client.get("/folder/a.txt").expect(200);
        } else {
            client.half_close().ends();
        }
    }
}

/// RFC 9110, 12.5.5: where nothing is negotiated, nothing is said to vary.
#[test]
fn rfc9110_12_5_5_vary_names_what_the_answer_depended_on() {
    let plain = site();
    assert_eq!(plain.get("/").field("Vary"), None);
    let server = Site::new()
        .file("www/a.css", "a")
        .file("www/b/c", "c")
        .serve("parameter precompressed on\nparameter listing on");
    assert_eq!(server.get("/a.css").needs("Vary"), "Accept-Encoding");
    assert_eq!(server.get("/b/").needs("Vary"), "Accept");
    assert_eq!(server.get("/b/c").field("Vary"), None);
}
