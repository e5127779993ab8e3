//! The command line and web.conf: what is wrong is said at once, with the line and a way out.

use std::net::TcpListener;

use crate::harness::{Finished, Site};

/// Every parameter of the host and of the default guest.
const PARAMETERS: [&str; 18] = [
    "listen",
    "timeout",
    "head-timeout",
    "send-timeout",
    "drain",
    "workers",
    "guest",
    "guest-imports",
    "guest-deadline",
    "guest-memory",
    "isolation",
    "recycle-after",
    "head-limit",
    "connections",
    "server-name",
    "access-log",
    "index",
    "cache-control",
];

fn site() -> Site {
    Site::new().file("www/index.html", "front\n")
}

/// Runs the server on exactly this web.conf, which must be refused.
fn refused(text: &str) -> Finished {
    let finished = site().configure_exactly(text).run(&["-c", "web.conf"]);
    assert_eq!(finished.stdout, "", "nothing is served");
    finished
}

/// The diagnostics begin with the path as given, the line, and a colon.
#[test]
fn every_bad_line_is_reported_at_once() {
    let text = "# a comment\n\
                host default www\n\
                hots b www\n\
                host nowhere missing-folder\n\
                \n\
                media\n\
                parameter timeout soon\n\
                parameter\n\
                parameter workers 0\n\
                parameter guest-memory 12Q\n\
                parameter isolation sometimes\n\
                parameter listen here\n";
    let finished = refused(text);
    let lines = [3, 4, 6, 7, 8, 9, 10, 11, 12].map(|line| format!("web.conf:{line}: "));
    finished.complains(1, &lines.each_ref().map(String::as_str));
    for (number, line) in finished.stderr.lines().enumerate() {
        assert!(!line.contains("web.conf:2:"), "{number}: {line}");
        assert!(!line.contains("web.conf:1:"), "{number}: {line}");
    }
    finished.complains(1, &["missing-folder", "soon", "12Q", "sometimes", "here"]);
}

/// A misspelt word is answered with the right one.
#[test]
fn misspelt_words_get_suggestions() {
    let lines = [
        ("hots default www", "host"),
        ("medai html text/html", "media"),
        ("paramter timeout 1", "parameter"),
        ("parameter timeuot 1", "timeout"),
        ("parameter head-timout 1", "head-timeout"),
        ("parameter gest-memory 1M", "guest-memory"),
        ("parameter isolation wroker", "worker"),
        ("parameter indx index.html", "index"),
    ];
    let text: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let finished = refused(&format!("host default www\n{text}"));
    for (number, (line, wanted)) in (2..).zip(lines) {
        let start = format!("web.conf:{number}: ");
        let diagnostic = finished.stderr.lines().find(|line| line.starts_with(&start));
        let diagnostic = diagnostic.unwrap_or_else(|| panic!("{line}: {}", finished.stderr));
        let suggestion = diagnostic.split([' ', '(', ')', '`', ',']).any(|word| word == wanted);
        assert!(suggestion, "{wanted} is not suggested: {diagnostic}");
    }
}

/// The path is printed as it was given, so that an editor can jump there.
#[test]
fn diagnostics_name_the_file_as_given() {
    let site = site().file("conf/web.conf", "nonsense\n");
    site.run(&["-c", "conf/web.conf"]).complains(1, &["conf/web.conf:1: "]);
    let path = site.path("conf/web.conf");
    let path = path.to_str().expect("a path that is text");
    site.run(&["-c", path]).complains(1, &[&format!("{path}:1: ")]);
    site.run(&["-c", "conf/missing.conf"]).complains(1, &["conf/missing.conf"]);
}

/// Text of any kind is read, and complained about.
#[test]
fn a_web_conf_of_any_octets_is_refused_in_words() {
    for octets in
        [&b"\xff\xfe\0h\0o"[..], b"host \"unfinished www\n", b"\0\0\0\0", &[b'a'; 100_000]]
    {
        let site = site().file("web.conf", octets);
        site.run(&["-c", "web.conf"]).complains(1, &["web.conf"]);
    }
}

/// Limits of limits: neither too small nor too large to count.
#[test]
fn numbers_out_of_range_are_refused() {
    for lines in [
        &[
            "timeout -1",
            "head-timeout 0",
            "workers 99999999999999999999",
            "guest-memory 99999999999G",
            "guest-deadline 0",
            "head-limit 0",
            "connections 0",
            "recycle-after many",
            "listen 127.0.0.1:65536",
            "listen localhost:http",
        ][..],
        &[
            "timeout nan",
            "send-timeout 1e300",
            "drain inf",
            "workers -1",
            "guest-memory 0",
            "listen",
        ],
    ] {
        let text: String = lines.iter().map(|line| format!("parameter {line}\n")).collect();
        let finished = refused(&format!("host default www\n{text}"));
        for number in 2..lines.len() + 2 {
            finished.complains(1, &[&format!("web.conf:{number}: ")]);
        }
    }
}

/// Comments, quoted paths, blanks of all kinds: what the original read is read.
#[test]
fn comments_quotes_and_blanks_are_understood() {
    let site = Site::new().file("my files/index.html", "front\n");
    let text = "# the site\n\n\t host   default \t\"my files\"  # with a blank\n\
                media html text/html\r\n\
                parameter listen 127.0.0.1:0\n  # done";
    site.configure_exactly(text);
    let server = site.start(&["-c", "web.conf"], 1);
    assert_eq!(server.get("/").expect(200).text(), "front\n");
}

/// The course's own file.
#[test]
fn the_original_web_conf_is_understood() {
    let text = "host default www\nmedia txt text/plain\nmedia html text/html\n\
                media jpg image/jpeg\nmedia gif image/gif\nmedia png image/png\n\
                media pdf application/pdf\nparameter timeout 1\n";
    let site = site();
    site.configure_exactly(text);
    let server = site.start(&["-p", "0"], 1);
    let answer = server.get("/").expect(200);
    assert!(answer.needs("Content-Type").starts_with("text/html"), "{answer:?}");
}

/// Fault 37: two servers on one address, although workers share theirs among themselves.
#[test]
fn a_port_in_use_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port to take");
    let address = taken.local_addr().expect("an address").to_string();
    let first = site().serve("parameter workers 2");
    for address in [address, first.address().to_string()] {
        let second = site();
        second.configure(&format!("parameter listen {address}"));
        let finished = second.run(&["-c", "web.conf"]);
        finished.complains(1, &[&address]);
        assert_eq!(finished.stdout, "");
    }
    first.get("/").expect(200);
}

/// `-p` beats web.conf, with a port that is taken or with 0, which is any free one.
#[test]
fn the_port_option_beats_web_conf() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port to take");
    let address = taken.local_addr().expect("an address");
    let port = address.port().to_string();
    let site = site();
    site.configure("parameter listen 127.0.0.1:1");
    site.run(&["-c", "web.conf", "-p", &port]).complains(1, &[&address.to_string()]);
    let server = site.start(&["-c", "web.conf", "-p", "0"], 1);
    assert_ne!(server.address().port(), 1);
    server.get("/").expect(200);
}

/// A folder is all it takes.
#[test]
fn a_folder_can_be_served_without_a_web_conf() {
    let server = site().start(&["-p", "0", "www"], 1);
    let mut client =
        crate::harness::Client::connect(([127, 0, 0, 1], server.address().port()).into());
    let answer = client.get("/").expect(200);
    assert_eq!(answer.text(), "front\n");
    assert!(answer.needs("Content-Type").starts_with("text/html"), "{answer:?}");
    let status = client.get("/../web.conf").status;
    assert!(matches!(status, 400 | 404), "outside the folder: {status}");
    site().run(&["-p", "0", "no-such-folder"]).complains(1, &["no-such-folder"]);
}

/// `--check` says whether web.conf is good, and binds nothing.
#[test]
fn check_only_checks() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port to take");
    let address = taken.local_addr().expect("an address");
    let site = site();
    site.configure(&format!("parameter listen {address}"));
    let finished = site.run(&["-c", "web.conf", "--check"]).succeeds();
    assert!(!finished.stdout.contains("listening"), "{:?}", finished.stdout);
    site.configure("parameter timeuot 1");
    site.run(&["-c", "web.conf", "--check"]).complains(1, &["web.conf:1: ", "timeout"]);
}

/// Mistakes on the command line are of another kind: status 2.
#[test]
fn usage_errors_are_status_2() {
    let site = site();
    for arguments in [
        &["--no-such-option"][..],
        &["-p"],
        &["-p", "http"],
        &["-p", "65536"],
        &["-c"],
        &["www", "www"],
        &["guest", "more"],
    ] {
        let finished = site.run(arguments);
        finished.complains(2, &[]);
        assert!(!finished.stderr.is_empty(), "{arguments:?} is not explained");
    }
}

/// The version is the package's.
#[test]
fn the_version_is_printed() {
    let finished = site().run(&["--version"]).succeeds();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(finished.stdout.trim(), format!("wasmhttpd {version}"));
}

/// `--help` speaks for the host and for the guest.
#[test]
fn help_mentions_every_parameter() {
    let finished = site().run(&["--help"]).succeeds();
    for parameter in PARAMETERS {
        let told = finished.stdout.split_whitespace().any(|word| word == parameter);
        assert!(told, "{parameter} is missing in {}", finished.stdout);
    }
    for option in ["-c", "-p", "-d", "--check", "--version"] {
        assert!(finished.stdout.contains(option), "{option} in {}", finished.stdout);
    }
}

/// The guest that is built in: the same octets each time, and it imports nothing.
#[test]
fn the_guest_command_writes_a_component_without_imports() {
    let site = site();
    let write = || {
        let output = site.command(&["guest"]).output().expect("the program runs");
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let component = write();
    assert!(component == write(), "another component the second time");
    assert!(component.starts_with(b"\0asm\x0d\0\x01\0"), "no component");
    let contains = |word: &[u8]| component.windows(word.len()).any(|octets| octets == word);
    assert!(contains(b"wasmhttpd:guest/handler"), "the contract is not exported");
    assert!(!contains(b"wasi:"), "WASI is imported");
    assert!(!contains(b"wasi_snapshot"), "WASI is imported");
}

/// The name in `Server`, on answers of the guest and of the host itself.
#[test]
fn the_server_name_can_be_set() {
    let server = site().serve("parameter server-name Example\nparameter head-limit 1K");
    assert_eq!(server.get("/").expect(200).needs("Server"), "Example");
    let long = format!("A: {}\r\n", "a".repeat(2_000));
    let answer = server.client().get_with("/", &long).expect(431);
    assert_eq!(answer.needs("Server"), "Example");
}

/// The default guest's parameters reach it.
#[test]
fn parameters_of_the_guest_reach_it() {
    let site = site().file("www/folder/start.html", "start\n");
    let server = site.serve("parameter index start.html\nparameter cache-control max-age=7");
    let answer = server.get("/folder/").expect(200);
    assert_eq!(answer.text(), "start\n");
    assert_eq!(answer.needs("Cache-Control"), "max-age=7");
}
