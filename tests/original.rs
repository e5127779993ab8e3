//! Where the original of 2013 broke, row by row, and what its course asked of it.

use crate::harness::{Server, Site};

fn course_site() -> Server {
    Site::new()
        .file("www/index.html", "<p>front page</p>\n")
        .file("www/page.html", "page\n")
        .file("www/thousands.txt", "0123456789".repeat(1_000))
        .file("www/folder/index.html", "<p>of the folder</p>\n")
        .file("www/bare/note.txt", "note\n")
        .file("secret", "the secret\n")
        .serve("parameter timeout 20")
}

/// Any method but GET and HEAD killed the whole server.
#[test]
fn an_unknown_method_is_501_and_the_server_lives() {
    let server = course_site();
    for method in ["FROB", "get", "G", "BREW"] {
        server.ask(format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n")).expect(501);
    }
    for method in ["POST", "PUT", "DELETE"] {
        let answer = server
            .ask(format!("{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"));
        assert!(matches!(answer.status, 405 | 501), "{method}: {}", answer.status);
        if answer.status == 405 {
            assert!(answer.needs("Allow").contains("GET"), "{answer:?}");
        }
    }
    server.get("/").expect(200);
}

/// NUL in the path killed the whole server.
#[test]
fn a_nul_in_the_path_is_400_and_the_server_lives() {
    let server = course_site();
    server.get("/a%00b").expect(400);
    server.get("/index.html%00.txt").expect(400);
    server.ask("GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n").expect(400);
    server.get("/").expect(200);
}

/// A name that no `host` line has, without `host default`, killed the whole server.
#[test]
fn an_unknown_host_without_a_default_is_404_and_the_server_lives() {
    let site = Site::new().file("www/index.html", "example\n");
    let server = site.serve("host example www");
    server.ask("GET / HTTP/1.1\r\nHost: other\r\n\r\n").expect(404);
    server.ask("GET / HTTP/1.1\r\nHost: example\r\n\r\n").expect(200);
}

/// `GET /../secret` was served.
#[test]
fn nothing_outside_the_document_root_is_served() {
    let server = course_site();
    let targets = [
        "/../secret",
        "/../../secret",
        "/folder/../../secret",
        "/%2e%2e/secret",
        "/.%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "//../secret",
        "/..//secret",
        "/./../secret",
        "/..\\secret",
        "/%252e%252e/secret",
        "/folder/..%2f..%2fsecret",
        "/..;/secret",
        "../secret",
        "http://localhost/../secret",
    ];
    for target in targets {
        let answer = server.get(target);
        assert!(matches!(answer.status, 400 | 403 | 404), "{target}: {}", answer.status);
        assert!(!answer.text().contains("the secret"), "{target} shows the secret");
    }
}

/// A request in two segments, and a head over 1 KiB, closed the connection.
#[test]
fn a_request_in_two_segments_and_a_head_over_a_kibioctet_are_answered() {
    let server = course_site();
    let mut client = server.client();
    client.send("GET /page.html HTTP/1.1\r\nHo");
    // Once another client has its answer, the first segment has most likely been read.
    server.get("/").expect(200);
    assert_eq!(client.ask("st: localhost\r\n\r\n").expect(200).text(), "page\n");
    let cookie = format!("Cookie: a={}\r\n", "b".repeat(4_000));
    assert_eq!(client.get_with("/page.html", &cookie).expect(200).text(), "page\n");
}

/// Of two requests in one segment, the second waited for more input.
#[test]
fn two_requests_in_one_segment_are_both_answered() {
    let server = course_site();
    let mut client = server.client();
    client.send(
        "GET /page.html HTTP/1.1\r\nHost: localhost\r\n\r\n\
         GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    );
    assert_eq!(client.answer().expect(200).text(), "page\n");
    assert_eq!(client.answer().expect(200).text(), "<p>front page</p>\n");
}

/// A folder was a 500.
#[test]
fn a_folder_is_its_index_or_a_redirect_or_refused() {
    let server = course_site();
    assert_eq!(server.get("/folder/").expect(200).text(), "<p>of the folder</p>\n");
    let answer = server.get("/folder");
    assert!(matches!(answer.status, 301 | 302 | 307 | 308), "{}", answer.status);
    assert!(answer.needs("Location").ends_with("/folder/"), "{answer:?}");
    let status = server.get("/bare/").status;
    assert!(matches!(status, 403 | 404), "a folder without an index: {status}");
}

/// `?query` and percent-encoded letters were 404.
#[test]
fn a_query_and_percent_encoding_find_the_file() {
    let server = course_site();
    for target in ["/page.html?a=b&c", "/page.html?", "/%70age.html", "/page%2Ehtml?x=%20"] {
        assert_eq!(server.get(target).expect(200).text(), "page\n", "{target}");
    }
    assert_eq!(server.get("/%69ndex.html").expect(200).text(), "<p>front page</p>\n");
    assert_eq!(server.get("/?a").expect(200).text(), "<p>front page</p>\n");
}

/// `host:` in lower case and `Host:x` without a space were 400.
#[test]
fn a_field_name_has_any_case_and_its_value_any_space() {
    let server = course_site();
    for host in ["host: x", "Host:x", "HOST:\t x \t", "hOsT:  x"] {
        server.ask(format!("GET / HTTP/1.1\r\n{host}\r\n\r\n")).expect(200);
    }
}

/// `Connection: close` and HTTP/1.0 kept the connection open.
#[test]
fn a_connection_ends_when_the_client_wants_it() {
    let server = course_site();
    let requests = [
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nconnection: CLOSE\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: foo , close\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET /missing HTTP/1.0\r\n\r\n",
    ];
    for request in requests {
        let mut client = server.client();
        client.ask(request);
        client.ends();
    }
}

/// HEAD on an error sent a body.
#[test]
fn head_on_an_error_has_no_content() {
    let server = course_site();
    let mut client = server.client();
    let answer = client.head("/missing").expect(404);
    assert!(answer.length() > 0, "the entity's length is announced: {answer:?}");
    assert_eq!(client.get("/page.html").expect(200).text(), "page\n");
}

/// `Host: h:8080` never matched `host h`.
#[test]
fn a_host_is_found_without_its_port() {
    let site = Site::new().file("www/index.html", "default\n").file("h/index.html", "h\n");
    let server = site.serve("host default www\nhost h h");
    for (host, content) in [("h", "h\n"), ("h:8080", "h\n"), ("H:1", "h\n"), ("i", "default\n")] {
        let answer = server.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.expect(200).text(), content, "{host}");
    }
}

/// The idle client of the original was never closed, whatever `timeout 1` said.
#[test]
fn an_idle_client_is_closed() {
    let server = Site::new().file("www/index.html", "a").serve("parameter timeout 1");
    let mut client = server.client();
    client.get("/").expect(200);
    client.ends();
}

/// What every answer of the course had to have.
#[test]
fn every_answer_tells_date_server_type_and_length_and_errors_have_an_entity() {
    let server = course_site();
    let answer = server.get("/").expect(200);
    assert!(answer.needs("Content-Type").starts_with("text/html"), "{answer:?}");
    assert_eq!(answer.needs("Last-Modified"), "Tue, 14 Nov 2023 22:13:20 GMT");
    assert_eq!(answer.content.len() as u64, answer.length());
    let errors = [
        ("GET\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        ("FROB / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
        ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    ];
    for (request, status) in errors {
        let answer = server.ask(request).expect(status);
        assert!(answer.needs("Content-Type").starts_with("text/html"), "{request:?}");
        assert!(answer.text().contains('<'), "{request:?}: {:?}", answer.text());
        assert!(answer.text().contains(&status.to_string()), "{request:?}: {:?}", answer.text());
    }
}

/// `Range: bytes=0-999` was the course's extra.
#[test]
fn a_thousand_octets_are_a_range() {
    let server = course_site();
    let answer = server.client().get_with("/thousands.txt", "Range: bytes=0-999\r\n").expect(206);
    assert_eq!(answer.needs("Content-Range"), "bytes 0-999/10000");
    assert_eq!(answer.content, "0123456789".repeat(100).as_bytes());
}

/// The media types of web.conf; the original called anything else text/plain.
#[test]
fn media_lines_give_the_type() {
    let site = Site::new().file("www/a.zzz", "a").file("www/a.b.HTML", "b").file("www/plain", "c");
    let server = site.serve("media zzz application/x-zzz\nmedia html text/html");
    assert_eq!(server.get("/a.zzz").expect(200).needs("Content-Type"), "application/x-zzz");
    server.get("/a.b.HTML").expect(200).needs("Content-Type");
    server.get("/plain").expect(200);
}
