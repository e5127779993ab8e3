//! Before it serves anyone, a candidate answers what is built in and what was asked lately.

use serde_json::Value;

use crate::harness::{Finished, Server, editions};

/// Edition 1 serves on one worker.
fn serve(lines: &str) -> Server {
    editions().serve_editions(&format!("parameter workers 1\n{lines}"))
}

/// Swaps for an edition that behaves like this.
fn swap(server: &Server, number: u32, behaviour: &str) -> Finished {
    let component = crate::harness::edition(number, behaviour);
    std::fs::write(server.site.path("new.wasm"), component).expect("a component");
    server.ctl(&["swap", "new.wasm"])
}

/// What the status says of the serving guest's rehearsal: differences in status, fields and
/// content.
fn differences(server: &Server) -> [Value; 3] {
    let status = server.status();
    ["status", "fields", "content"].map(|kind| status["rehearsal"][kind].clone())
}

/// Asserts that it was refused for this request and cause, and that nobody noticed.
fn is_refused_for(server: &Server, finished: &Finished, request: &str, causes: &[&str]) {
    let end = "was refused at the step rehearse: generation 1 goes on";
    let why = format!("it failed at `{request}`: ");
    finished.complains(1, &[causes, &[end, &why]].concat());
    server.logs(&[causes, &[why.as_str()]].concat());
    let status = server.status();
    assert_eq!((&status["generation"], &status["published"]), (&1.into(), &0.into()));
    let refusal = status["last-refusal"].as_str().expect("a refusal");
    assert!(refusal.contains(&why) && refusal.contains("rehearse"), "{refusal:?}");
    assert_eq!(server.get("/page").edition(), 1);
}

/// Traps, breaches and deadlines count, in both calls.
#[test]
fn a_guest_that_fails_at_every_request_is_refused() {
    let server = serve("parameter guest-deadline 200");
    for (behaviour, causes) in [
        ("t*p", ["parse", "trap"]),
        ("t*r", ["respond", "trap"]),
        ("b*p", ["parse", "breach"]),
        ("b*r", ["respond", "breach"]),
        ("l*p", ["parse", "deadline"]),
        ("l*r", ["respond", "deadline"]),
    ] {
        let finished = swap(&server, 2, behaviour);
        is_refused_for(&server, &finished, "GET / HTTP/1.1", &causes);
    }
    assert_eq!(server.status()["refused"], 6);
}

/// One request is enough, of those that are built in.
#[test]
fn a_guest_that_fails_at_one_built_in_request_is_refused() {
    let server = serve("parameter rehearse 0");
    let finished = swap(&server, 2, "tnr");
    is_refused_for(&server, &finished, "GET /no/such/file HTTP/1.1", &["respond", "trap"]);
}

/// One request is enough, of those that clients sent.
#[test]
fn a_guest_that_fails_at_a_remembered_request_is_refused() {
    let server = serve("parameter guest-deadline 200");
    assert_eq!(server.get("/marker").edition(), 1);
    for (behaviour, cause) in
        [("tmp", "trap"), ("tmr", "trap"), ("bmr", "breach"), ("lmr", "deadline")]
    {
        let finished = swap(&server, 2, behaviour);
        is_refused_for(&server, &finished, "GET /marker HTTP/1.1", &[cause]);
    }
}

/// What nobody has asked for lately is not rehearsed: it slips through.
#[test]
fn a_guest_that_fails_at_what_nobody_asked_for_is_let_through() {
    let server = serve("");
    assert_eq!(server.get("/page").edition(), 1);
    swap(&server, 2, "tmr").succeeds();
    assert_eq!(server.get("/page").edition(), 2);
    server.get("/marker").expect(500);
}

/// `rehearse N` is how many requests a worker remembers.
#[test]
fn so_many_requests_are_remembered_and_no_more() {
    let server = serve("parameter rehearse 3");
    for target in ["/marker", "/page", "/page"] {
        assert_eq!(server.get(target).edition(), 1);
    }
    let finished = swap(&server, 2, "tmr");
    is_refused_for(&server, &finished, "GET /marker HTTP/1.1", &["trap"]);
    // That made it four, and more.
    assert_eq!(server.get("/page").edition(), 1);
    swap(&server, 2, "tmr").succeeds();
}

#[test]
fn without_remembered_requests_the_built_in_ones_are_rehearsed_alone() {
    let server = serve("parameter rehearse 0");
    server.get("/marker").expect(200);
    swap(&server, 2, "tmr").succeeds();
    let first = server.status()["rehearsal"]["requests"].as_u64().expect("a number");
    assert!(first > 100, "{first}");
    server.get("/page").expect(200);
    server.ctl(&["rollback"]).succeeds();
    swap(&server, 2, "tmr").succeeds();
    assert_eq!(server.status()["rehearsal"]["requests"], first);
}

/// A serving guest that is late time and again leaves time for what clients asked. It once took all
/// of it, and what had been remembered was not rehearsed.
#[test]
fn a_slow_serving_guest_leaves_time_for_remembered_requests() {
    let server = editions()
        .edition("guest.wasm", 1, "lnr")
        .serve_editions("parameter workers 1\nparameter guest-deadline 500");
    assert_eq!(server.get("/marker").edition(), 1);
    let finished = swap(&server, 2, "tmr");
    is_refused_for(&server, &finished, "GET /marker HTTP/1.1", &["trap"]);
}

/// Differences are counted by kind, and the first one is told: to who asked, in the log, in the
/// status.
#[test]
fn differences_are_counted_by_kind() {
    let server = serve("");
    server.get("/marker").expect(200);
    server.get("/page").expect(200);
    let counts = |one: [u64; 3]| one.map(Value::from);
    for (behaviour, counted, what, example) in [
        ("smr", [1, 0, 0], "1 in status, 0 in fields, 0 in content", "200 becomes 203"),
        ("fmr", [0, 1, 0], "0 in status, 1 in fields, 0 in content", "other fields"),
        ("cmr", [0, 0, 1], "0 in status, 0 in fields, 1 in content", "other content"),
    ] {
        let said = swap(&server, 1, behaviour).succeeds().stdout;
        let example = format!("such as `GET /marker HTTP/1.1`: {example}");
        for words in [what, &example] {
            assert!(said.contains(words), "{words:?} in {said:?}");
            server.logs(&["serves", words]);
            assert!(server.ctl(&["status"]).succeeds().stdout.contains(words));
        }
        assert_eq!(differences(&server), counts(counted), "{behaviour}");
        server.ctl(&["rollback"]).succeeds();
    }
    // Another component that answers all the same.
    let said = swap(&server, 1, "...x").succeeds().stdout;
    assert!(said.contains("no difference"), "{said:?}");
    assert_eq!(differences(&server), counts([0, 0, 0]));
}

/// A request is asked again with what was found for it then: the disk has no part in the
/// comparison.
#[test]
fn a_remembered_request_is_rehearsed_with_what_was_found() {
    let server = editions()
        .file("www/passing.txt", "here today\n")
        .serve_editions("parameter workers 1\nparameter swap-differences refuse");
    assert_eq!(server.get("/passing.txt").edition(), 1);
    std::fs::remove_file(server.site.path("www/passing.txt")).expect("a file");
    let said = swap(&server, 1, "...x").succeeds().stdout;
    assert!(said.contains("no difference"), "{said:?}");
}

/// `swap-differences refuse`: a guest that has to be as the one before, is.
#[test]
fn differences_refuse_where_that_is_wanted() {
    let server = serve("parameter swap-differences refuse");
    server.get("/marker").expect(200);
    for behaviour in ["smr", "fmr", "cmr"] {
        let finished = swap(&server, 1, behaviour);
        finished.complains(
            1,
            &[
                "swap-differences refuse",
                "such as `GET /marker HTTP/1.1`",
                "was refused at the step rehearse: generation 1 goes on",
            ],
        );
    }
    assert_eq!(server.status()["refused"], 3);
    assert_eq!(server.get("/marker").edition(), 1);
    swap(&server, 1, "...x").succeeds();
    assert_eq!(server.generation(), 2);
}

/// A guest that fails is replaced by one that fails no more than it, and by one that fails less.
#[test]
fn a_guest_is_not_refused_for_failing_where_the_serving_one_fails() {
    let server = editions()
        .edition("guest.wasm", 1, "tnr")
        .serve_editions("parameter workers 1\nparameter swap-differences refuse");
    let said = swap(&server, 1, "tnrx").succeeds().stdout;
    assert!(said.contains("8 failed, 8 at which the serving guest fails"), "{said:?}");
    let rehearsal = &server.status()["rehearsal"];
    assert_eq!((&rehearsal["failed"], &rehearsal["serving-failed"]), (&8.into(), &8.into()));
    let said = swap(&server, 1, "...").succeeds().stdout;
    assert!(said.contains("no difference, 8 at which the serving guest fails"), "{said:?}");
    let finished = swap(&server, 1, "tnr");
    finished.complains(1, &["GET /no/such/file HTTP/1.1", "step rehearse: generation 3 goes on"]);
}
