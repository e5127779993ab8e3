//! How the candidate that runs beside comes to serve, or to its end.

use std::time::Duration;

use crate::harness::{Server, editions, wait_until};
use crate::shadow::{compared, serve, shadow, try_shadow};

/// Waits until nothing is left of the candidate: in the status, and of the process's threads.
fn is_gone(server: &Server, threads: usize) {
    assert!(server.status()["shadow"].is_null());
    wait_until("its thread has ended", || server.process().threads_named("shadow") == 0);
    wait_until("no thread is left", || server.process().threads() <= threads);
}

/// Through the rehearsal, as with a swap.
#[test]
fn a_promotion_lets_the_candidate_serve() {
    let server = serve("");
    let threads = server.process().threads();
    shadow(&server, 2, "", &[]);
    assert_eq!(server.get("/page").edition(), 1);
    compared(&server, 1);
    let said = server.ctl(&["promote"]).succeeds().stdout;
    assert!(said.starts_with("generation 2 serves: guest "), "{said:?}");
    assert!(said.contains("candidate.wasm; rehearsed: "), "{said:?}");
    server.logs(&["generation 2 serves", "candidate.wasm"]);
    assert_eq!(server.get("/page").edition(), 2);
    let status = server.status();
    assert_eq!((&status["generation"], &status["previous"]), (&2.into(), &1.into()));
    assert_eq!(status["published"], 1);
    is_gone(&server, threads);
    server.ctl(&["promote"]).complains(1, &["no candidate runs beside"]);
}

/// Nothing changes then: the serving guest goes on, and so does the candidate beside it.
#[test]
fn a_candidate_that_fails_its_rehearsal_is_not_promoted() {
    let server = serve("");
    shadow(&server, 2, "t7r", &[]);
    assert_eq!(server.get("/page/1007").edition(), 1);
    compared(&server, 1);
    let why = "it failed at `GET /page/1007 HTTP/1.1`: respond: trap";
    let end = "candidate.wasm was refused at the step rehearse: generation 1 goes on";
    server.ctl(&["promote"]).complains(1, &[why, end]);
    server.logs(&["the promotion of guest", end]);
    let status = server.status();
    assert_eq!((&status["generation"], &status["refused"]), (&1.into(), &1.into()));
    assert_eq!(server.get("/page/1007").edition(), 1);
    let told = compared(&server, 2);
    assert_eq!(told["report"]["failed"], 2);
    assert_eq!(server.process().threads_named("shadow"), 1);
}

/// Who asks for what is not there is told what to do.
#[test]
fn without_a_candidate_there_is_nothing_to_promote_or_to_end() {
    let server = serve("");
    for words in [&["promote"][..], &["shadow", "--end"]] {
        let advice = "no candidate runs beside (try `wasmhttpd ctl shadow FILE` first)";
        server.ctl(words).complains(1, &[advice]);
    }
    server.ctl(&["shadow"]).complains(2, &["FILE"]);
    assert_eq!(server.get("/page").edition(), 1);
}

/// It is compared with what serves: when that changes, it is over, and its thread with it.
#[test]
fn whatever_changes_the_serving_guest_ends_the_candidate() {
    let site = editions().edition("two.wasm", 2, "t7r");
    let server = site.serve_editions("parameter workers 1\nparameter probation-clients 1");
    assert_eq!(server.get("/page").edition(), 1);
    let threads = server.process().threads();
    let begin = |generation: u64| {
        shadow(&server, 3, "", &[]);
        assert_eq!(server.generation(), generation);
        assert_eq!(server.process().threads_named("shadow"), 1);
        server.get("/page").expect(200);
        compared(&server, 1);
    };
    begin(1);
    server.ctl(&["shadow", "--end"]).succeeds();
    is_gone(&server, threads);
    begin(1);
    server.swap("two.wasm");
    is_gone(&server, threads);
    begin(2);
    server.ctl(&["rollback"]).succeeds();
    is_gone(&server, threads);
    server.swap("two.wasm");
    begin(3);
    server.get("/page/1007").expect(500);
    server.logs(&["generation 3 failed for 1 clients"]);
    wait_until("the candidate is gone", || server.status()["shadow"].is_null());
    is_gone(&server, threads);
    assert_eq!(server.get("/page").edition(), 1);
}

/// There is one at a time: what the second one did is its own.
#[test]
fn a_second_candidate_replaces_the_first() {
    let server = serve("");
    let threads = server.process().threads();
    shadow(&server, 2, "", &[]);
    assert_eq!(server.get("/page").edition(), 1);
    assert_eq!(compared(&server, 1)["report"]["fields"], 1);
    for _ in 0..5 {
        shadow(&server, 1, "...x", &[]);
    }
    wait_until("there is one", || server.process().threads_named("shadow") == 1);
    assert!(server.process().threads() <= threads + 1);
    for _ in 0..3 {
        assert_eq!(server.get("/page").edition(), 1);
    }
    assert_eq!(compared(&server, 3)["report"]["fields"], 0);
}

/// What is refused changes nothing. A misspelt name once ended the one that ran.
#[test]
fn a_second_candidate_that_is_refused_leaves_the_first() {
    let server = serve("");
    shadow(&server, 2, "", &[]);
    for (asked, step) in [
        (server.ctl(&["shadow", "none.wasm"]), "read"),
        (server.ctl(&["shadow", "web.conf"]), "compile"),
        (try_shadow(&server, 3, "t*c", &[]), "configure"),
    ] {
        let end = format!("to run beside was refused at the step {step}: generation 1 goes on");
        asked.complains(1, &[&end]);
    }
    assert_eq!(server.get("/page").edition(), 1);
    assert_eq!(compared(&server, 1)["report"]["fields"], 1);
    server.ctl(&["promote"]).succeeds();
    assert_eq!(server.get("/page").edition(), 2);
}

/// Though it is in the middle of a request that it does not answer.
#[test]
fn a_candidate_does_not_hold_up_the_end_of_the_server() {
    let mut server = serve("parameter guest-deadline 60000");
    shadow(&server, 1, "l*p", &[]);
    assert_eq!(server.get("/page").edition(), 1);
    let busy = || server.process().thread_cpu_time("shadow") > Duration::from_millis(50);
    wait_until("it loops", busy);
    server.ctl(&["stop"]).succeeds();
    assert_eq!(server.end().code(), Some(0));
}
