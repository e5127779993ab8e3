//! The access log: a line in common log format for every request.

use std::fs;
use std::time::Instant;

use fixtures::HOSTILE;

use crate::harness::{Client, DEADLINE, KIB, Server, Site, wait_until};

fn site(lines: &str) -> Server {
    Site::new()
        .file("www/index.html", "front\n")
        .hole("www/large.bin", 64 << 20)
        .serve(&format!("parameter access-log access.log\n{lines}"))
}

/// The line that a request with this word in it has left.
fn line(server: &Server, word: &str) -> String {
    let log = server.site.path("access.log");
    let mut found = None;
    wait_until("the request is logged", || {
        let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        found = lines.find(|line| line.contains(word)).map(|line| line.trim_end().to_owned());
        found.is_some()
    });
    found.expect("just found")
}

/// What stands in front of the request-line: peer, two dashes, and the time.
fn check_start(line: &str) {
    let rest = line.strip_prefix("127.0.0.1 - - [").unwrap_or_else(|| panic!("{line:?}"));
    let (time, rest) = rest.split_once("] \"").unwrap_or_else(|| panic!("{line:?}"));
    let words: Vec<&str> = time.split(['/', ':', ' ']).collect();
    assert!(matches!(words[..], [_, _, _, _, _, _, "+0000"]), "time {time:?}");
    assert!((words[0].len(), words[1].len(), words[2].len()) == (2, 3, 4), "time {time:?}");
    assert!(rest.contains("\" "), "{line:?}");
}

/// One line for each request, with the octets of content that were sent.
#[test]
fn requests_are_logged_in_common_log_format() {
    let server = site("");
    let mut client = server.client();
    client.get("/?get").expect(200);
    client.head("/?head").expect(200);
    let missing = client.get("/missing").expect(404);
    client.get_with("/?range", "Range: bytes=1-2\r\n").expect(206);
    client.ask("GET /?old HTTP/1.0\r\n\r\n").expect(200);
    let lines = [
        ("/?get", "\"GET /?get HTTP/1.1\" 200 6".to_owned()),
        ("/missing", format!("\"GET /missing HTTP/1.1\" 404 {}", missing.content.len())),
        ("/?range", "\"GET /?range HTTP/1.1\" 206 2".to_owned()),
        ("/?old", "\"GET /?old HTTP/1.0\" 200 6".to_owned()),
    ];
    for (word, end) in lines {
        let line = line(&server, word);
        check_start(&line);
        assert!(line.contains(&end), "{end:?} is not in {line:?}");
    }
    let head = line(&server, "/?head");
    let none = head.contains("HTTP/1.1\" 200 0") || head.contains("HTTP/1.1\" 200 -");
    assert!(none, "HEAD sends no content: {head:?}");
    let text = fs::read_to_string(server.site.path("access.log")).expect("a log");
    assert_eq!(text.lines().count(), 5, "{text}");
}

/// What is sent in pieces, text between octets of a file, is counted as a whole.
#[test]
fn the_octets_of_all_parts_are_counted() {
    let content = "0123456789".repeat(10_000);
    let site = Site::new().file("www/index.html", content);
    let server = site.serve(&format!("parameter guest {HOSTILE}\nparameter access-log access.log"));
    let mut client = server.client();
    for (target, octets) in [
        ("/text/after-lookup", 100_000),
        ("/parts/mixed", 100_002),
        ("/parts/slices-64", 6_400_000),
    ] {
        assert_eq!(client.get(target).expect(200).content.len(), octets);
        let line = line(&server, target);
        assert!(line.ends_with(&format!(" 200 {octets}")), "{octets} octets: {line:?}");
    }
}

/// Who writes to the log through a request cannot forge lines or paint on terminals.
#[test]
fn what_clients_send_is_escaped() {
    let server = site("");
    for target in [
        "/quote\"200\"",
        "/back\\slash",
        "/escape\x1b[31m",
        "/bell\x07",
        "/delete\x7f",
        "/return\rforged",
        "/latin\u{e9}",
    ] {
        server.ask(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    server.ask("forged\" 200 1\r\n\r\n");
    server.ask("GET /the-last HTTP/1.1\r\nHost: localhost\r\n\r\n");
    line(&server, "/the-last");
    let octets = fs::read(server.site.path("access.log")).expect("a log");
    let clean = octets.iter().all(|octet| matches!(octet, b'\n' | b' '..=b'~'));
    assert!(clean, "{}", String::from_utf8_lossy(&octets).escape_debug());
    for text in String::from_utf8_lossy(&octets).lines() {
        check_start(text);
        let escaped = text.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(escaped.matches('"').count() % 2, 0, "an open quotation: {text}");
    }
    assert!(!line(&server, "quote").contains("\"200\""), "a quotation mark as it came");
    assert!(!line(&server, "forged\\").starts_with("forged"));
}

/// Fault 23: an answer that was cut off is logged with what was sent of it.
#[test]
fn an_aborted_answer_is_logged_with_what_was_sent() {
    let server = site("");
    let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
    client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.try_head(Instant::now() + DEADLINE).expect("a head");
    drop(client);
    let line = line(&server, "/large.bin");
    check_start(&line);
    let (_, octets) = line.rsplit_once("\" 200 ").unwrap_or_else(|| panic!("{line:?}"));
    let octets = octets.split(' ').next().and_then(|word| word.parse::<u64>().ok());
    assert!(octets.is_some_and(|octets| octets < 64 << 20), "{line:?}");
}

/// What never became a request of the guest's is logged by the host.
#[test]
fn refusals_of_the_host_are_logged() {
    let server = site("parameter head-limit 1K");
    let long = format!("A: {}\r\n", "a".repeat(5_000));
    server.client().get_with("/?long-head", &long).expect(431);
    let line = line(&server, " 431 ");
    check_start(&line);
}

/// `-` is standard output.
#[test]
fn a_dash_is_standard_output() {
    let server = Site::new().file("www/index.html", "front\n").serve("parameter access-log -");
    server.get("/?dash").expect(200);
    let line = server.stdout.wait_for(DEADLINE, |line| line.contains("/?dash"));
    check_start(&line.expect("a line on standard output"));
}

/// Fault 34: nobody reads the log any more; the service goes on.
#[test]
fn a_closed_log_does_not_stop_the_service() {
    let site = Site::new().file("www/index.html", "front\n").deaf();
    let server = site.serve("parameter access-log -");
    let mut client = server.client();
    for _ in 0..500 {
        client.get("/").expect(200);
    }
}

/// Fault 34: the disk is full; the service goes on.
#[test]
fn a_full_disk_does_not_stop_the_service() {
    let site = Site::new().file("www/index.html", "front\n");
    let server = site.serve("parameter access-log /dev/full");
    let mut client = server.client();
    for _ in 0..500 {
        client.get("/").expect(200);
    }
}

/// A log that cannot be opened is said before anything is served.
#[test]
fn a_log_that_cannot_be_opened_is_an_error() {
    let site = Site::new().file("www/index.html", "front\n");
    site.configure("parameter access-log no/such/folder/access.log");
    let finished = site.run(&["-c", "web.conf"]);
    finished.complains(1, &["no/such/folder/access.log"]);
    assert_eq!(finished.stdout, "");
}
