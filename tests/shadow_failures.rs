//! A candidate that fails, or cannot keep up, beside a guest that serves: that is counted, and no
//! client notices.

use std::time::Duration;

use crate::harness::{Askers, KIB, MIB, Server, wait_until};
use crate::shadow::{compared, serve, shadow};

/// A deadline that nobody takes for the time of an answer, in milliseconds …
const DEADLINE_LINE: &str = "parameter guest-deadline 2000";

/// … and what an answer may take on a machine that is busy with others.
const ANSWER: Duration = Duration::from_millis(1000);

/// Heads of this length are taken, and are told apart from a few in the memory of a process.
const HEAD_OCTETS: usize = 15 * KIB;

/// Each kind, in each call. The serving guest does not fail, so that nothing is said of failures in
/// the log.
#[test]
fn failures_of_a_candidate_are_counted_and_no_client_meets_one() {
    let server = serve("parameter guest-deadline 200");
    for (behaviour, call, cause) in [
        ("t7p", "parse", "trap"),
        ("t7r", "respond", "trap"),
        ("b7p", "parse", "breach"),
        ("b7r", "respond", "breach"),
        ("l7p", "parse", "deadline"),
        ("l7r", "respond", "deadline"),
    ] {
        shadow(&server, 1, behaviour, &[]);
        let mut client = server.client();
        for number in 1000..1020 {
            assert_eq!(client.get(&format!("/page/{number}")).edition(), 1);
        }
        let told = compared(&server, 20);
        let report = &told["report"];
        assert_eq!((&report["failed"], &report["serving-failed"]), (&2.into(), &0.into()));
        assert_eq!((&report["status"], &report["content"]), (&0.into(), &0.into()));
        let first = told["first-failure"].as_str().expect("a failure");
        let start = format!("`GET /page/1007 HTTP/1.1`: {call}: {cause}");
        assert!(first.starts_with(&start), "{first:?}");
        let text = server.ctl(&["status"]).succeeds().stdout;
        let end = server.ctl(&["shadow", "--end"]).succeeds().stdout;
        for told in [text, end] {
            for words in ["20 requests", "2 failed", &format!("first failure {start}")] {
                assert!(told.contains(words), "{words:?} in {told:?}");
            }
        }
    }
    assert_eq!(server.count_logged(&["guest failed"]), 0);
    assert_eq!(server.status()["turned-out"], 0);
}

/// The bar: a candidate that never returns costs nobody who is served anything like its deadline.
#[test]
fn a_candidate_that_loops_makes_nobody_wait() {
    let server = serve(DEADLINE_LINE);
    shadow(&server, 2, "l*p", &[]);
    let askers = Askers::start(server.address(), 4, 100, "edition 0001\n");
    let told = || server.status()["shadow"].clone();
    wait_until("it has failed", || told()["report"]["failed"] != 0);
    let (tally, told) = (askers.end(), told());
    assert!(tally.longest < ANSWER + tally.machine, "{tally:?}");
    assert!(tally.answers > 100, "{tally:?}");
    assert_eq!(told["report"]["failed"], told["report"]["requests"], "{told}");
}

/// Asks for so much that a candidate which loops has no time for, with heads that are large.
fn flood(server: &Server, count: usize) {
    let field = format!("X-Long: {}\r\n", "x".repeat(HEAD_OCTETS - 100));
    let mut client = server.client();
    for _ in 0..count {
        assert_eq!(client.get_with("/page", &field).edition(), 1);
    }
}

/// What there is no time for is skipped and counted: memory and descriptors are bounded.
#[test]
fn requests_that_a_candidate_has_no_time_for_are_skipped() {
    let server = serve(DEADLINE_LINE);
    shadow(&server, 2, "l*p", &[]);
    // What waits has its place now.
    flood(&server, 300);
    let process = server.process();
    let (memory, descriptors, threads) =
        (process.resident_octets(), process.descriptors(), process.threads());
    flood(&server, 5_000);
    let grown = process.resident_octets().saturating_sub(memory);
    assert!(grown < 16 * MIB, "{} KiB more", grown / KIB);
    assert!(process.threads() <= threads, "more threads");
    server.frees_descriptors(descriptors);
    let end = server.ctl(&["shadow", "--end"]).succeeds().stdout;
    let skipped = end.split(", ").find_map(|part| part.trim_end().strip_suffix(" skipped"));
    let skipped: u64 = skipped.and_then(|text| text.parse().ok()).expect("how many");
    // A few hundred may wait.
    assert!((4_700..=5_300).contains(&skipped), "{end:?}");
}
