//! What the operator says of a site: error pages, fallbacks, redirects, fields, precompressed
//! files.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Client, Response, Server, Site, wait_until, without_file_privileges};

fn ask(client: &mut Client, target: &str, accepted: &str) -> Response {
    client.get_with(target, &format!("Accept-Encoding: {accepted}\r\n"))
}

#[test]
fn error_pages_by_cause() {
    let site = Site::new()
        .file("www/404.html", "own missing\n")
        .file("www/errors/403.txt", "own forbidden\n")
        .file("www/folder/a", "a");
    let Some(under) = without_file_privileges() else { return };
    let server = site
        .file("www/locked.txt", "x")
        .under(under)
        .serve("parameter error-page 404 /404.html\nparameter error-page 403 /errors/403.txt");
    let locked = server.site.path("www/locked.txt");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("a locked file");
    let mut client = server.client();
    for target in ["/missing", "/a/b/c", "/.git/config", "/a%2fb", "/%ff"] {
        let answer = client.get(target).expect(404);
        assert_eq!(answer.text(), "own missing\n", "{target}");
        assert_eq!(answer.needs("Content-Type"), "text/html; charset=utf-8");
        assert_eq!(answer.field("ETag"), None, "no validator of a page that was not asked for");
    }
    for target in ["/folder/", "/locked.txt"] {
        let answer = client.get(target).expect(403);
        assert_eq!(answer.text(), "own forbidden\n", "{target}");
        assert_eq!(answer.needs("Content-Type"), "text/plain; charset=utf-8");
    }
    client.get("/404.html").expect(200);
    assert_eq!(client.head("/missing").expect(404).length(), 12);
    // Conditions and ranges are about what was asked for (RFC 9110, 13.2.1).
    client.get_with("/missing", "If-None-Match: *\r\nRange: bytes=0-1\r\n").expect(404);
    // 412 and 416 keep the page that is built in, and so does 405.
    client.get_with("/404.html", "If-Match: \"x\"\r\n").expect(412);
    client.get_with("/404.html", "Range: bytes=99-\r\n").expect(416);
    fs::remove_file(server.site.path("www/404.html")).expect("the page removed");
    wait_until("that is seen", || client.get("/404.html").text() != "own missing\n");
    assert!(client.get("/missing").expect(404).text().contains("<h1>Not Found</h1>"));
}

#[test]
fn a_single_page_application_has_an_answer_for_every_path() {
    let server = Site::new()
        .file("www/index.html", "the application\n")
        .file("www/app.js", "js\n")
        .serve("parameter fallback /index.html");
    let mut client = server.client();
    for target in ["/", "/users/3?tab=1", "/deep/er/", "/missing.js"] {
        let answer = client.get(target).expect(200);
        assert_eq!(answer.text(), "the application\n", "{target}");
        assert_eq!(answer.needs("Content-Type"), "text/html; charset=utf-8");
        let condition = format!("If-None-Match: {}\r\n", answer.needs("ETag"));
        client.get_with(target, &condition).expect(304);
        let part = client.get_with(target, "Range: bytes=0-2\r\n").expect(206);
        assert_eq!(part.text(), "the");
    }
    assert_eq!(client.get("/app.js").expect(200).text(), "js\n");
}

#[test]
fn redirects_keep_what_was_asked() {
    let server = Site::new().file("www/new/a b", "x").serve(
        "parameter redirect /old/* /new/*\n\
         parameter redirect /gone https://example.org/?q=1 308\n\
         parameter redirect /old/special /elsewhere 302",
    );
    let mut client = server.client();
    for (target, status, location) in [
        ("/old/a%20b?c=d", 301, "/new/a%20b?c=d"),
        ("/old/special?x", 302, "/elsewhere?x"),
        ("/gone?x", 308, "https://example.org/?q=1"),
        ("/old//evil.example/", 301, "/new/evil.example/"),
        ("/./old/../old/x", 301, "/new/x"),
    ] {
        let answer = client.get(target).expect(status);
        assert_eq!(answer.needs("Location"), location, "{target}");
    }
    client.get("/old").expect(404);
    client.get("/new/a%20b").expect(200);
    client.head("/old/x").expect(301);
}

/// A query that makes a Location longer than an answer's fields may be is refused in time.
#[test]
fn a_redirect_to_an_overlong_address_is_414() {
    let server = Site::new().file("www/folder/a", "a").serve("");
    let mut client = server.client();
    client.get(&format!("/folder?{}", "a".repeat(8_000))).expect(301);
    client.get(&format!("/folder?{}", "a".repeat(15_000))).expect(414);
    client.get(&format!("/folder?{}", "|".repeat(8_000))).expect(414);
    client.get("/folder/a").expect(200);
}

#[test]
fn fields_by_path() {
    let server = Site::new()
        .file("www/index.html", "front\n")
        .file("www/assets/a.css", "css\n")
        .file("www/raw/x", "x\n")
        .serve(
            "parameter cache-control no-cache\n\
             parameter cache-control /assets/* max-age=31536000, immutable\n\
             parameter header Referrer-Policy: no-referrer\n\
             parameter header *.html Content-Security-Policy: default-src 'self'\n\
             parameter header /raw/* X-Content-Type-Options:",
        );
    let mut client = server.client();
    let front = client.get("/").expect(200);
    assert_eq!(front.needs("Cache-Control"), "no-cache");
    assert_eq!(front.needs("Content-Security-Policy"), "default-src 'self'");
    assert_eq!(front.needs("Referrer-Policy"), "no-referrer");
    let css = client.get("/assets/a.css").expect(200);
    assert_eq!(css.needs("Cache-Control"), "max-age=31536000, immutable");
    assert_eq!(css.field("Content-Security-Policy"), None);
    let same = format!("If-None-Match: {}\r\n", css.needs("ETag"));
    let unchanged = client.get_with("/assets/a.css", &same).expect(304);
    assert_eq!(unchanged.needs("Cache-Control"), "max-age=31536000, immutable");
    assert_eq!(client.get("/raw/x").expect(200).field("X-Content-Type-Options"), None);
    let missing = client.get("/assets/missing").expect(404);
    assert_eq!(missing.needs("Referrer-Policy"), "no-referrer");
    assert_eq!(missing.needs("X-Content-Type-Options"), "nosniff");
    assert_eq!(missing.field("Cache-Control"), None, "an error is not kept for a year");
}

fn precompressed(lines: &str) -> Server {
    Site::new()
        .file("www/app.js", "plain javascript\n")
        .file("www/app.js.gz", "gzip octets")
        .file("www/app.js.br", "brotli")
        .file("www/index.html", "plain front\n")
        .file("www/index.html.zst", "zstandard front")
        .file("www/docs.tar.gz", "an archive")
        .file("www/docs/a.txt", "a")
        .serve(&format!("parameter precompressed on\n{lines}"))
}

#[test]
fn rfc9110_12_5_3_a_client_gets_the_form_that_it_likes_best() {
    let server = precompressed("");
    let mut client = server.client();
    for (target, accepted, coding, content) in [
        ("/app.js", "gzip, deflate, br, zstd", Some("br"), "brotli"),
        ("/app.js", "gzip", Some("gzip"), "gzip octets"),
        ("/app.js", "br;q=0.1, gzip", Some("gzip"), "gzip octets"),
        ("/app.js", "zstd", None, "plain javascript\n"),
        ("/app.js", "identity, gzip;q=0.5", None, "plain javascript\n"),
        ("/app.js", "gzip;q=0", None, "plain javascript\n"),
        ("/app.js", "*", Some("br"), "brotli"),
        ("/app.js", "", None, "plain javascript\n"),
        ("/", "gzip, zstd", Some("zstd"), "zstandard front"),
        ("/", "gzip", None, "plain front\n"),
    ] {
        let answer = ask(&mut client, target, accepted).expect(200);
        assert_eq!(answer.field("Content-Encoding"), coding, "{target} {accepted}");
        assert_eq!(answer.text(), content, "{target} {accepted}");
        assert_eq!(answer.needs("Vary"), "Accept-Encoding");
        let media = if target == "/" { "text/html" } else { "text/javascript" };
        assert!(answer.needs("Content-Type").starts_with(media), "{answer:?}");
    }
    // By its own name it is a file like any other.
    let archive = ask(&mut client, "/docs.tar.gz", "gzip, br").expect(200);
    assert_eq!(archive.field("Content-Encoding"), None);
    assert_eq!(archive.needs("Content-Type"), "application/gzip");
    assert_eq!(archive.field("Vary"), None);
    ask(&mut client, "/docs", "gzip").expect(301);
    ask(&mut client, "/missing.js", "gzip").expect(404);
    ask(&mut client, "/app.js", "identity;q=0, zstd").expect(406);
    ask(&mut client, "/app.js", "*;q=0").expect(406);
}

#[test]
fn rfc9110_8_8_3_3_conditions_and_ranges_are_about_the_form() {
    let server = precompressed("");
    let mut client = server.client();
    let tags: Vec<String> = ["gzip", "br", ""]
        .iter()
        .map(|accepted| ask(&mut client, "/app.js", accepted).expect(200).needs("ETag").to_owned())
        .collect();
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    let mut fields = |fields: &str| {
        client.get_with("/app.js", &format!("Accept-Encoding: gzip\r\n{fields}\r\n"))
    };
    let unchanged = fields(&format!("If-None-Match: {}", tags[0])).expect(304);
    assert_eq!(unchanged.needs("Vary"), "Accept-Encoding");
    fields(&format!("If-None-Match: {}", tags[2])).expect(200);
    let part = fields(&format!("Range: bytes=5-\r\nIf-Range: {}", tags[0])).expect(206);
    assert_eq!((part.text().as_str(), part.needs("Content-Encoding")), ("octets", "gzip"));
    assert_eq!(part.needs("Content-Range"), "bytes 5-10/11");
    fields(&format!("Range: bytes=5-\r\nIf-Range: {}", tags[2])).expect(200);
    assert_eq!(fields("Range: bytes=11-").expect(416).needs("Content-Range"), "bytes */11");
}

#[test]
fn the_page_of_an_application_has_forms_as_well() {
    let server = precompressed("parameter fallback /index.html");
    let answer = ask(&mut server.client(), "/any/path", "zstd").expect(200);
    assert_eq!(answer.needs("Content-Encoding"), "zstd");
    assert_eq!(answer.text(), "zstandard front");
}

#[test]
fn without_the_parameter_nothing_is_negotiated() {
    let server = Site::new().file("www/a.js", "plain\n").file("www/a.js.gz", "gzip").serve("");
    let answer = ask(&mut server.client(), "/a.js", "gzip").expect(200);
    assert_eq!((answer.text().as_str(), answer.field("Vary")), ("plain\n", None));
}

/// All that is wrong is told at once, each with its line.
#[test]
fn bad_parameters_of_the_guest_are_told_by_line() {
    let site = Site::new();
    site.configure_exactly(
        "host default www\n\
         parameter redirect /a\n\
         parameter error-page 412 /x.html\n\
         parameter header Server: x\n\
         parameter cache-control /a*\n\
         parameter fallback index.html\n\
         parameter listing yes\n\
         parameter precompressed on\n\
         parameter index a b c d\n",
    );
    let words = [
        "web.conf:2: redirect takes FROM TO",
        "web.conf:3: error-page takes 403, 404, 500 or 503",
        "web.conf:4: header cannot set Server: use parameter server-name",
        "web.conf:5: cache-control takes directives",
        "web.conf:6: \"index.html\" is no path of a file",
        "web.conf:7: \"yes\" is neither on nor off",
        "web.conf:9: too many index names",
    ];
    let finished = site.run(&["-c", "web.conf", "--check"]);
    let status = finished.status.code().expect("an exit");
    finished.complains(status, &words);
    assert_ne!(status, 0);
}
