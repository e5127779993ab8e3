//! What `wasmhttpd ctl` takes out of a server that serves: its next requests as calls, and its
//! guest.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Output, Stdio};

use serde_json::json;

use crate::control::{self, SOCKET, connect, controlled, generation, swap};
use crate::harness::{Server, Site, Tiny, wait_until};

fn site() -> Site {
    Site::new().file("www/index.html", "front\n")
}

/// Runs `ctl capture` while requests with a field are made.
fn captured(server: &Server, arguments: &[&str], field: &str) -> Output {
    let arguments = [&["ctl", "-c", "web.conf", "capture"], arguments].concat();
    let mut command = server.site.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut client = server.client();
    wait_until("enough requests were shown", || {
        client.get_with("/?captured", field).expect(200);
        child.try_wait().expect("a child").is_some()
    });
    child.wait_with_output().expect("its output")
}

/// Live requests, as calls that the stock wasmtime makes; secrets only for who asks for them.
#[test]
fn capture_shows_calls_and_masks_credentials() {
    let server = controlled(site());
    for (arguments, secret) in [(&["-n", "2"][..], false), (&["--whole", "-n", "2"], true)] {
        let output = captured(&server, arguments, "Authorization: Bearer hush\r\n");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        for call in ["parse", "respond"] {
            let start = format!("wasmtime run --invoke '{call}(\"GET /?captured HTTP/1.1");
            let count = text.lines().filter(|line| line.starts_with(&start)).count();
            assert_eq!(count, 2, "{call} in {text}");
        }
        assert_eq!(text.contains("hush"), secret, "{text}");
    }
}

/// A call that is longer than a program's arguments may be is not shown, and the others are. It
/// once ended the capture.
#[test]
fn a_call_that_no_shell_can_make_is_named() {
    let server = site().serve(&format!("parameter control {SOCKET}\nparameter head-limit 256K"));
    let output = captured(&server, &["-n", "2"], &format!("X: {}\r\n", "é".repeat(100_000)));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    for call in ["parse", "respond"] {
        let start = format!("# {call}: of 1");
        assert_eq!(text.lines().filter(|line| line.starts_with(&start)).count(), 2, "{text}");
    }
    assert!(text.contains("# requests shown: 2"), "{text}");
}

/// What `ctl guest` writes.
fn written(server: &Server) -> Vec<u8> {
    let output = server.site.command(&["ctl", "-c", "web.conf", "guest"]).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// The configuration inside is the one that serves. It once was the one of web.conf after a
/// rollback.
#[test]
fn a_guest_that_was_rolled_back_to_is_written_with_its_own_configuration() {
    let server = controlled(site());
    let first = written(&server);
    server.site.configure(&format!("parameter control {SOCKET}\nparameter index other.html"));
    assert!(control::reload(&server).contains("generation 2 serves"));
    let second = written(&server);
    assert!(second != first, "the same configuration");
    for expected in [&first, &second, &first] {
        control::ask(&server, &json!("rollback"));
        assert!(written(&server) == *expected, "another configuration");
    }
}

/// A guest may use as much when it is written as when it serves. It once could not be written.
#[test]
fn a_guest_that_needs_more_memory_than_most_is_written() {
    let site = site().file("tiny.wasm", Tiny::new().with("pages", "1100").component());
    let lines = "parameter guest tiny.wasm\nparameter guest-memory 128M";
    let server = site.serve(&format!("parameter control {SOCKET}\n{lines}"));
    assert!(!written(&server).is_empty());
}

/// `ctl guest` writes what serves, and a server serves what it wrote.
#[test]
fn the_guest_that_serves_can_be_written_to_a_file() {
    let server = controlled(site());
    let file = server.site.path("written.wasm");
    let mut command = server.site.command(&["ctl", "-c", "web.conf", "guest"]);
    command.stdout(File::create(&file).expect("a file")).stderr(Stdio::piped());
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let swapped = swap(&server, &file);
    assert!(
        swapped["done"].as_str().is_some_and(|done| done.contains("no difference")),
        "{swapped}"
    );
    assert_eq!(server.get("/").expect(200).text(), "front\n");
    server.get("/missing").expect(404);
}

/// Whoever gives up watching leaves nothing behind, whether requests come or not.
#[test]
fn a_capture_that_is_given_up_leaves_nothing() {
    let server = controlled(site());
    let (process, request) = (server.process(), json!({"capture": {"count": 100, "whole": false}}));
    generation(&server);
    let (descriptors, threads) = (process.descriptors(), process.threads());
    for round in 0..40 {
        let stream = connect(&server);
        writeln!(&stream, "{request}").expect("a request");
        if round % 10 == 0 {
            // It is shown something, or told that there are too many others.
            let mut reply = String::new();
            let _ = BufReader::new(&stream).read_line(&mut reply);
            assert!(round > 0 || !reply.is_empty(), "in round {round}");
        }
        server.get("/").expect(200);
    }
    server.frees_descriptors(descriptors);
    wait_until("threads have ended", || process.threads() <= threads);
    assert_eq!(generation(&server), 1);
    server.serves();
}
