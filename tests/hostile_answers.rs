//! Answers that break the contract are refused: a 500, a log line, and not an octet of them sent.

use crate::harness::{DEADLINE, Server};
use crate::hostile::hostile;

/// Asserts that each of these answers is refused, and what is not hostile goes on.
fn refused(server: &Server, targets: &[&str]) {
    let mut bystander = server.client();
    for target in targets {
        let mut client = server.client();
        let answer = client.get(target);
        assert_eq!(answer.status, 500, "{target}: {answer:?}");
        for name in ["X-A", "X-B", "Upgrade", "TE", "Trailer"] {
            assert_eq!(answer.field(name), None, "{target}");
        }
        // Behind the answer is nothing, or the answer to the next request.
        if answer.closes() {
            client.ends();
        } else {
            assert_eq!(client.get("/ok").expect(200).text(), "ok\n", "after {target}");
        }
        assert_eq!(bystander.get("/ok").expect(200).text(), "ok\n", "after {target}");
    }
    server.logs(&["guest failed", "breach"]);
}

/// Fault 6: nothing gets out of the header section.
#[test]
fn malformed_fields_are_refused() {
    let server = hostile("");
    let names = [
        "end-inside",
        "ends-twice",
        "empty-line-only",
        "carriage-return",
        "line-feed",
        "line-feed-at-the-end",
        "folded",
        "nul",
        "control",
        "delete",
        "no-colon",
        "no-name",
        "space-in-name",
        "space-before-colon",
        "space-before-name",
        "letter-beyond-ascii-in-name",
        "above-ff",
        "line-end-when-cast",
        "status-line",
        "unfinished",
        "unfinished-carriage-return",
        "long",
        "many",
    ];
    let targets = names.map(|name| format!("/fields/{name}"));
    refused(&server, &targets.each_ref().map(String::as_str));
}

/// Fault 6, the other side: characters up to U+00FF are octets.
#[test]
fn latin_1_in_a_value_is_an_octet_each() {
    let server = hostile("");
    let answer = server.get("/fields/latin-1").expect(200);
    assert_eq!(answer.needs("X-A"), "\u{e9}\u{ff}");
    assert_eq!(server.get("/fields/none").expect(200).text(), "content\n");
    let answer = server.get("/field/X-Anything/a:b,c").expect(200);
    assert_eq!(answer.needs("X-Anything"), "a:b,c");
}

/// Fault 7: framing is the host's.
#[test]
fn framing_fields_are_refused() {
    let server = hostile("");
    refused(
        &server,
        &[
            "/field/Connection/close",
            "/field/connection/upgrade",
            "/field/Keep-Alive/timeout=5",
            "/field/Proxy-Connection/keep-alive",
            "/field/Transfer-Encoding/chunked",
            "/field/tRANSFER-eNCODING/chunked",
            "/field/TE/trailers",
            "/field/Trailer/X-A",
            "/field/Upgrade/h2c",
            "/field/Content-Length/3",
            "/field/content-length/8",
            "/field/Date/now",
            "/field/Server/other",
        ],
    );
}

/// Fault 6: a status is 200 to 599.
#[test]
fn an_impossible_status_is_refused() {
    let server = hostile("");
    refused(
        &server,
        &[
            "/status/0",
            "/status/1",
            "/status/99",
            "/status/100",
            "/status/101",
            "/status/199",
            "/status/600",
            "/status/999",
            "/status/1000",
            "/status/65535",
        ],
    );
    for status in [200, 299, 404, 499, 599] {
        server.get(&format!("/status/{status}")).expect(status);
    }
}

/// Fault 7: what must not have content has none, whatever the guest says.
#[test]
fn a_status_without_content_has_none() {
    let server = hostile("");
    for status in [204, 304] {
        let mut client = server.client();
        let answer = client.get(&format!("/status/{status}"));
        assert!(answer.status == 500 || answer.status == status, "{status}: {answer:?}");
        if answer.closes() {
            client.ends();
        } else {
            assert_eq!(client.get("/ok").expect(200).text(), "ok\n", "behind {status}");
        }
    }
    // The fault of an answer is one on HEAD, too.
    let mut client = server.client();
    client.head("/fields/nul").expect(500);
    client = server.client();
    client.head("/ok").expect(200);
    assert_eq!(client.get("/ok").expect(200).text(), "ok\n");
}

/// RFC 9112, 6.3: only 204 and 304 end with their fields; all others have to tell their length.
#[test]
fn an_answer_without_content_says_so() {
    let server = hostile("");
    let mut client = server.client();
    for status in [200, 205, 404, 204, 304, 500] {
        let answer = client.get(&format!("/empty/{status}")).expect(status);
        assert_eq!(answer.length(), 0, "{answer:?}");
        assert!(!answer.closes(), "{answer:?}");
    }
    client.get("/ok").expect(200);
}

/// Faults 9 and 11: slices of what is there, and of nothing else.
#[test]
fn slices_outside_the_file_are_refused() {
    let server = hostile("");
    refused(
        &server,
        &[
            "/slice/one-over",
            "/slice/overflow",
            "/slice/far",
            "/slice/in-parse",
            "/slice/in-directory",
            "/slice/of-nothing",
            "/parts/one-over",
        ],
    );
    assert_eq!(server.get("/parts/mixed").expect(200).text(), "<front\n>");
    assert_eq!(server.client().head("/parts/mixed").expect(200).length(), 8);
}

/// Fault 11: so many parts, and not one more.
#[test]
fn too_many_parts_are_refused() {
    let server = hostile("parameter guest-memory 128M");
    refused(&server, &["/parts/texts-65", "/parts/slices-65", "/parts/texts-1000000"]);
    assert_eq!(server.get("/parts/texts-64").expect(200).text(), "a".repeat(64));
    assert_eq!(server.get("/parts/slices-64").expect(200).text(), "front\n".repeat(64));
}

/// Fault 10: strings that are none, or longer than the guest's memory.
#[test]
fn strings_that_are_none_are_refused() {
    let server = hostile("");
    let mut bystander = server.client();
    for target in ["/lie/length", "/lie/utf-8"] {
        server.get(target).expect(500);
        bystander.get("/ok").expect(200);
    }
    server.logs(&["guest failed"]);
    let answer = server.get("/text/12-mebioctets");
    assert!(matches!(answer.status, 200 | 500), "{}", answer.status);
    bystander.get("/ok").expect(200);
}

/// The guest's word on persistence counts only where the head says the same.
#[test]
fn a_lie_about_persistence_ends_the_connection() {
    let server = hostile("");
    for (target, fields, content) in [
        ("/persistence/5", "", ""),
        ("/persistence/18446744073709551615", "", ""),
        ("/persistence/0", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("/persistence/5", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ("/persistence/0", "Content-Length: 5\r\n", "hello"),
        ("/persistence/4", "Content-Length: 5\r\n", "hello"),
        ("/persistence/5", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
        ("/persistence/5", "Content-Length: 5, 5\r\n", "hello"),
        ("/persistence/5", "Content-Length: 5x\r\n", "hello"),
        ("/persistence/5", "content-length:5\r\nTRANSFER-ENCODING:chunked\r\n", "0\r\n\r\n"),
        ("/persistence/close", "", ""),
    ] {
        let mut client = server.client();
        let smuggled = "GET /state HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        let answer = client.ask(head + content + smuggled);
        assert!(answer.closes(), "{target} {fields:?}: {answer:?}");
        client.ends();
    }
    let mut client = server.client();
    let head = "GET /persistence/5 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
    assert!(!client.ask(head).expect(200).closes());
    client.get("/ok").expect(200);
}

/// Fault 2 and the trust section: WASI is linked, and there is nothing behind it.
#[test]
fn nothing_is_behind_wasi() {
    let server = hostile("");
    let mut bystander = server.client();
    for (target, wanted) in [
        ("/outside/stdin", "done: 0"),
        ("/outside/file", "refused"),
        ("/outside/environment", "0 variables, 0 arguments"),
        ("/outside/connect", "refused"),
    ] {
        let answer = server.get(target);
        let tolerable = answer.status == 500 || answer.text().starts_with(wanted);
        assert!(tolerable, "{target}: {} {:?}", answer.status, answer.text());
        assert!(!answer.text().contains("root:"), "{target}");
        bystander.get("/ok").expect(200);
    }
    // Fixed, so that an answer can be repeated.
    for target in ["/outside/clock", "/outside/random"] {
        let answers = [(); 3].map(|()| {
            server.get("/trap").expect(500);
            server.get(target).text()
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{target}: {answers:?}");
    }
}

/// Fault 2: an epoch does not interrupt a host call, so no host call may take long.
#[test]
fn no_call_to_wasi_takes_long() {
    let server = hostile("");
    let mut bystander = server.client();
    bystander.get("/ok").expect(200);
    let before = server.process().resident_octets();
    for target in ["/outside/sleep", "/outside/random-1-gibioctet", "/outside/handles"] {
        let answer = server.client().try_answer_to(target, DEADLINE / 3);
        let answer = answer.unwrap_or_else(|lost| panic!("{target}: {lost:?}"));
        assert!(matches!(answer.status, 200 | 500), "{target}: {}", answer.status);
        assert_ne!(answer.text(), "slept\n", "the guest could sleep");
        bystander.get("/ok").expect(200);
    }
    let after = server.process().resident_octets();
    assert!(after < before + (64 << 20), "the host grew from {before} to {after} octets");
}

/// What a guest says on standard error is a bounded matter of the log.
#[test]
fn a_flood_of_standard_error_is_bounded() {
    let server = hostile("");
    for _ in 0..2 {
        let answer = server.get("/outside/stderr");
        assert!(matches!(answer.status, 200 | 500), "{answer:?}");
        server.get("/ok").expect(200);
    }
    server.logs(&["the guest floods standard error"]);
    let logged = server.stderr.text().len();
    assert!(logged < 1 << 20, "{logged} octets in the log");
}
