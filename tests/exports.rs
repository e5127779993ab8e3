//! What `wasmhttpd ctl` takes out of a server that serves: its next requests as calls, and its guest.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Output, Stdio};

use serde_json::json;

use crate::control::{connect, controlled, generation, swap};
use crate::harness::{Server, Site, wait_until};

fn site() -> Site {
    Site::new().file("www/index.html", "front\n")
}

/// Runs `ctl capture` while requests with a secret are made.
fn captured(server: &Server, arguments: &[&str]) -> Output {
    let arguments = [&["ctl", "-c", "web.conf", "capture"], arguments].concat();
    let mut command = server.site.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut client = server.client();
    wait_until("enough requests were shown", || {
        client.get_with("/?captured", "Authorization: Bearer hush\r\n").expect(200);
        child.try_wait().expect("a child").is_some()
    });
    child.wait_with_output().expect("its output")
}

/// Live requests, as calls that the stock wasmtime makes; secrets only for who asks for them.
#[test]
fn capture_shows_calls_and_masks_credentials() {
    let server = controlled(site());
    for (arguments, secret) in [(&["-n", "2"][..], false), (&["--whole", "-n", "2"], true)] {
        let output = captured(&server, arguments);
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
