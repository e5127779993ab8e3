//! The adapters by what is theirs: folders, streams, what they refuse to believe, and the command.

use std::fs::{self, File};
use std::path::Path;
use std::time::Instant;

use fixtures::{HOSTILE, adapters};
use wasmhttpd::compose::{WASI_CLI, WASI_HTTP};

use crate::harness::{
    Composed, ComposedCommand, DEADLINE, KIB, MIB, Site, find_wasmtime, missing, pattern,
    without_file_privileges,
};
use crate::hostile;
use crate::hostile_lookups::{ESCAPES, ROOT_ITSELF, add_ways_out};

fn site() -> Site {
    Site::new().file("www/index.html", "front\n").file("www/a.txt", "0123456789")
}

fn request(line: &str, fields: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

/// The program has the adapters from `host/adapters`, so that nobody's first build has to wait for
/// them.
#[test]
fn the_committed_adapters_are_what_their_sources_make() {
    for (file, committed, built) in [
        ("wasi-cli.wasm", WASI_CLI, adapters::WASI_CLI),
        ("wasi-http.wasm", WASI_HTTP, adapters::WASI_HTTP),
    ] {
        let octets = fs::read(built).expect("an adapter that was built");
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters").join(file);
        assert!(octets == committed, "try cp '{built}' '{}'", place.display());
    }
}

/// A folder called like a host name is that site's, and `/` is everybody else's.
#[test]
fn a_folder_is_picked_by_the_name_of_the_site() {
    if find_wasmtime().is_none() {
        return;
    }
    let site = site().file("one/index.html", "one\n");
    let (www, one) = (site.root(), site.path("one"));
    let folders = [format!("{}::/", www.display()), format!("{}::/one.example", one.display())];
    let server = Composed::serve_folders(site, &[], &folders.each_ref().map(String::as_str));
    for (host, content) in [
        ("one.example", "one\n"),
        ("ONE.example:80", "one\n"),
        ("two.example", "front\n"),
        ("one.example.evil", "front\n"),
        ("example", "front\n"),
    ] {
        let answer = server.client().ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(answer.expect(200).text(), content, "{host}");
    }
}

/// Without a folder for everybody else there is nothing for them, unless it is the only one.
#[test]
fn without_a_folder_for_all_names_others_are_missing() {
    if find_wasmtime().is_none() {
        return;
    }
    let site = site().file("one/index.html", "one\n").file("two/index.html", "two\n");
    let folders = [
        format!("{}::/one.example", site.path("one").display()),
        format!("{}::/two.example", site.path("two").display()),
    ];
    let server = Composed::serve_folders(site, &[], &folders.each_ref().map(String::as_str));
    let get = |host| server.client().ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    assert_eq!(get("one.example").expect(200).text(), "one\n");
    assert_eq!(get("two.example").expect(200).text(), "two\n");
    get("three.example").expect(404);
    let single = Composed::serve_folders(self::site(), &[], &["www::/one.example"]);
    assert_eq!(single.get("/").expect(200).text(), "front\n");
    Composed::serve_folders(self::site(), &[], &[]).get("/").expect(404);
}

/// However large a file is, it goes through in pieces, each at its place.
#[test]
fn a_large_file_is_streamed() {
    if find_wasmtime().is_none() {
        return;
    }
    let content = pattern(16 * MIB);
    let server =
        Composed::serve(site().file("www/large.bin", &content).hole("www/hole", 1 << 30), &[]);
    let mut client = server.client();
    client.send(request("GET /large.bin", ""));
    let head = client.try_head(Instant::now() + DEADLINE).expect("a head");
    assert_eq!(head.length(), content.len() as u64);
    let received = client.stream_content(head.length(), |position, piece| {
        assert!(content[position as usize..].starts_with(piece), "at {position}");
    });
    assert_eq!(received, head.length());
    assert_eq!(client.get("/").expect(200).text(), "front\n");

    let before = server.process().resident_octets();
    client.send(request("GET /hole", "Range: bytes=5-268435460\r\n"));
    let head = client.try_head(Instant::now() + DEADLINE).expect("a head");
    assert_eq!((head.status, head.length()), (206, 256 << 20));
    assert_eq!(client.stream_content(head.length(), |_, _| {}), 256 << 20);
    let grown = server.process().resident_octets().saturating_sub(before);
    assert!(grown < 64 * MIB, "{grown} octets more for a file of 1 GiB");
}

/// What is announced and cannot be sent ends the connection: nobody takes a part for the whole.
#[test]
fn a_file_that_shrinks_ends_the_connection() {
    if find_wasmtime().is_none() {
        return;
    }
    let server = Composed::serve(site().hole("www/hole", 1 << 30), &[]);
    let mut client = server.client();
    client.send(request("GET /hole", ""));
    let head = client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
    let file = File::options().write(true).open(server.site.path("www/hole"));
    file.and_then(|file| file.set_len(0)).expect("a file that shrinks");
    let received = client.stream_content(head.length(), |_, _| {});
    assert!(received < head.length(), "{received} octets");
    server.get("/").expect(200);
}

#[test]
fn head_has_the_fields_of_get_and_the_connection_goes_on() {
    if find_wasmtime().is_none() {
        return;
    }
    let server = Composed::serve(site(), &[]);
    let mut client = server.client();
    for _ in 0..3 {
        let head = client.head("/a.txt").expect(200);
        assert_eq!(head.length(), 10);
        let get = client.get("/a.txt").expect(200).without_date();
        assert_eq!(head.without_date().fields, get.fields);
        assert_eq!(get.text(), "0123456789");
    }
}

/// The same limits as those of wasmhttpd, on both sides of the edge.
#[test]
fn a_head_too_long_is_431_or_414() {
    if find_wasmtime().is_none() {
        return;
    }
    let server = Composed::serve(site(), &[]);
    // What is handed on has names in small letters and a Host of its own, as here.
    let head = |octets: usize| {
        let rest = "GET / HTTP/1.1\r\nHost: localhost\r\nx: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nx: {}\r\n\r\n", "a".repeat(octets - rest))
    };
    server.client().ask(head(16 * KIB)).expect(200);
    let answer = server.client().ask(head(16 * KIB + 1)).expect(431);
    assert!(answer.text().contains("431") && answer.text().contains("more header fields"));
    let long = request(&format!("GET /{}", "a".repeat(17 * KIB)), "");
    server.client().ask(long).expect(414);
}

/// A file that may not be read is 403, or 404 for who cannot tell the difference.
#[test]
fn a_file_that_may_not_be_read_is_forbidden() {
    if find_wasmtime().is_none() {
        return;
    }
    let Some(under) = without_file_privileges() else {
        return missing("setpriv, for root to give up its privileges");
    };
    let server = Composed::serve(site().under(under), &[]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o000);
    fs::set_permissions(server.site.path("www/a.txt"), mode).expect("a file of our own");
    server.get("/a.txt").expect(403);
}

/// No path that a guest can name leads out of its folder, nor waits for somebody to write.
#[test]
fn no_candidate_leaves_the_folder() {
    if find_wasmtime().is_none() {
        return;
    }
    let site = hostile::site();
    add_ways_out(&site);
    let server = Composed::serve(site, &[HOSTILE]);
    for way in ["escape", "escape-by-fallback"] {
        for name in ESCAPES {
            let target = format!("/{way}/{name}");
            let answer = server.client().try_answer_to(&target, DEADLINE / 2);
            let answer = answer.unwrap_or_else(|lost| panic!("{target}: {lost:?}"));
            let inside = ROOT_ITSELF.contains(name) && answer.text() == "directory\n";
            assert!(matches!(answer.status, 404 | 500) || inside, "{target}: {answer:?}");
            assert!(!answer.text().contains("secret"), "{target}: {answer:?}");
        }
    }
    assert_eq!(server.get("/file").expect(200).text(), "front\n");
}

/// What breaks the contract is a 500, said on standard error, and not an octet of it is sent.
#[test]
fn answers_that_break_the_contract_are_refused() {
    if find_wasmtime().is_none() {
        return;
    }
    let server = Composed::serve(hostile::site(), &[HOSTILE]);
    for target in [
        "/fields/end-inside",
        "/fields/line-feed",
        "/fields/nul",
        "/fields/no-colon",
        "/fields/space-before-colon",
        "/fields/above-ff",
        "/fields/status-line",
        "/fields/unfinished",
        "/fields/long",
        "/field/Connection/close",
        "/field/Transfer-Encoding/chunked",
        "/field/content-length/8",
        "/status/0",
        "/status/199",
        "/status/600",
        "/status/304",
        "/slice/one-over",
        "/slice/overflow",
        "/slice/of-nothing",
        "/parts/one-over",
        "/parts/texts-65",
        "/candidates/17",
        "/fallbacks/17",
    ] {
        let answer = server.get(target);
        assert_eq!(answer.status, 500, "{target}: {answer:?}");
        assert!(answer.text().contains("failed to handle"), "{target}: {answer:?}");
        assert_eq!(answer.field("X-A"), None, "{target}");
    }
    server.logs(&["the guest broke the contract"]);
    assert_eq!(server.get("/parts/mixed").expect(200).text(), "<front\n>");
    assert_eq!(server.get("/fields/latin-1").expect(200).needs("X-A"), "\u{e9}\u{ff}");
}

/// A trap ends the instance, and with it what the host asked of it; others go on.
#[test]
fn a_trap_costs_its_request() {
    if find_wasmtime().is_none() {
        return;
    }
    let server = Composed::serve(hostile::site(), &[HOSTILE]);
    server.get("/trap").expect(500);
    assert_eq!(server.get("/ok").expect(200).text(), "ok\n");
}

#[test]
fn the_command_writes_the_whole_answer() {
    if find_wasmtime().is_none() {
        return;
    }
    let command = ComposedCommand::new(site(), &[]);
    let text = |input: &str| {
        let ran = command.run(input.as_bytes());
        assert!(ran.succeeded && ran.stderr.is_empty(), "{}", ran.stderr);
        String::from_utf8(ran.stdout).expect("text")
    };
    let get = text(&request("GET /a.txt", ""));
    let (head, content) = get.split_once("\r\n\r\n").expect("an empty line");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nETag: "), "{head}");
    assert!(head.contains("\r\nContent-Type: text/plain"), "{head}");
    assert_eq!(content, "0123456789");
    assert_eq!(text(&request("HEAD /a.txt", "")), format!("{head}\r\n\r\n"));
    let part = text(&request("GET /a.txt", "Range: bytes=2-4\r\n"));
    assert!(part.starts_with("HTTP/1.1 206 Partial Content\r\n") && part.ends_with("\r\n\r\n234"));
    // The same each time: nothing in it depends on the time.
    assert_eq!(text(&request("GET /a.txt", "")), get);
    // Empty lines before a head, and whatever follows it.
    assert_eq!(text(&format!("\r\n\n{}GET /", request("GET /a.txt", ""))), get);
    assert!(text("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

#[test]
fn the_command_wants_a_whole_head() {
    if find_wasmtime().is_none() {
        return;
    }
    let command = ComposedCommand::new(site(), &[]);
    for input in ["", "GET / HTTP/1.1\r\nHost: x\r\n", "\r\n\r\n"] {
        let ran = command.run(input.as_bytes());
        assert!(!ran.succeeded && ran.stdout.is_empty(), "{input:?}");
        assert!(ran.stderr.contains("no empty line ends the request head"), "{}", ran.stderr);
    }
    let long = command.run(format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(17 * KIB)).as_bytes());
    assert!(long.succeeded && long.stdout.starts_with(b"HTTP/1.1 431 "));
}
