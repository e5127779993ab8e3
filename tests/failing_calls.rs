//! A call of the serving guest that failed is in the log once, as a line that makes it again;
//! without what was secret, and not so often as to fill a disk.

use std::time::Instant;

use crate::harness::{Response, Server, editions, wait_until};

/// Fails in `t7p` and its like.
const FAILING: &str = "/page/1007";

const SECRET: &str = "Authorization: Bearer hush\r\n";

/// What the lines start with.
const CALL: &str = "the call that failed: wasmtime run --invoke '";

/// Lines about the guest that a worker may log in a second, and those of them that show a call.
const LINES_MAX: usize = 20;
const CALLS_MAX: usize = 10;

/// A guest that fails at one request in ten serves on one worker, and has nothing to prove.
fn serve(behaviour: &str, lines: &str) -> Server {
    let site = editions().edition("guest.wasm", 1, behaviour);
    site.serve_editions(&format!("parameter workers 1\n{lines}"))
}

fn ask(server: &Server) -> Response {
    server.client().get_with(FAILING, SECRET).expect(500)
}

/// In whichever way and function it fails.
#[test]
fn a_call_that_failed_is_logged_once_as_a_line_that_makes_it_again() {
    for (behaviour, call, cause) in [
        ("t7p", "parse", "trap"),
        ("t7r", "respond", "trap"),
        ("b7p", "parse", "breach"),
        ("l7r", "respond", "deadline"),
    ] {
        let server = serve(behaviour, "parameter guest-deadline 300");
        assert_eq!(server.get("/page/1006").edition(), 1);
        assert_eq!(server.count_logged(&[CALL]), 0);
        ask(&server);
        server.logs(&[&format!("guest failed in {call}: {cause}")]);
        let line = server.logs(&[CALL]);
        let start = format!("{CALL}{call}(\"GET {FAILING} HTTP/1.1\\r\\nHost: localhost\\r\\n");
        for words in [&start, "Authorization: ", "some({peer: ipv4(2130706433)", "configured.wasm"]
        {
            assert!(line.contains(words), "{words:?} in {line:?}");
        }
        assert_eq!(line.contains("file({candidate: 1, size: 13"), call == "respond", "{line:?}");
        assert!(!line.contains("hush"), "{line:?}");
        assert_eq!(server.get("/page/1006").edition(), 1);
        assert_eq!(server.count_logged(&["guest failed"]), 1);
        assert_eq!(server.count_logged(&[CALL]), 1);
    }
}

/// `capture whole`: for who wants it, the request as it was.
#[test]
fn secrets_are_logged_where_that_is_asked_for() {
    let server = serve("t7r", "parameter capture whole");
    ask(&server);
    server.logs(&[CALL, "Authorization: Bearer hush\\r\\n"]);
}

/// `capture off`: that it failed, and no more. A reload turns it on and off.
#[test]
fn nothing_of_a_request_is_logged_where_that_is_not_wanted() {
    let server = serve("t7r", "parameter capture off");
    ask(&server);
    server.logs(&["guest failed in respond"]);
    let text = std::fs::read_to_string(server.site.path("web.conf")).expect("web.conf");
    server.site.configure_exactly(&text.replace("capture off", "capture masked"));
    server.ctl(&["reload"]).succeeds();
    ask(&server);
    // It would have been in front of this one.
    server.logs(&[CALL]);
    assert_eq!(server.count_logged(&[CALL]), 1);
    assert!(!server.stderr.text().contains("hush"));
}

/// Whoever makes the guest fail hundreds of times gets a few lines a second, and how many more
/// there were.
#[test]
fn hundreds_of_failures_are_logged_at_a_bounded_rate() {
    let server = serve("t7r", "");
    let start = Instant::now();
    for _ in 0..300 {
        ask(&server);
    }
    let intervals = start.elapsed().as_secs() as usize + 1;
    let (failures, calls) = (server.count_logged(&["guest failed"]), server.count_logged(&[CALL]));
    assert!((1..=LINES_MAX * intervals).contains(&(failures + calls)), "{failures} and {calls}");
    assert!((1..=CALLS_MAX * intervals).contains(&calls), "{calls} calls in {intervals} s");
    // Said with the first line of a later interval.
    wait_until("it is said how many more there were", || {
        ask(&server);
        server.count_logged(&["more lines about the guest were not logged"]) > 0
    });
}
