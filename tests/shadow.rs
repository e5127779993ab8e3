//! A candidate beside the serving guest: it answers the same requests, nobody gets its answers, and
//! what they differ in is told.

use serde_json::Value;

use crate::harness::{Finished, Server, edition, editions, wait_until};

/// The candidate's file.
const CANDIDATE: &str = "candidate.wasm";

/// Edition 1 serves on one worker.
pub fn serve(lines: &str) -> Server {
    editions().serve_editions(&format!("parameter workers 1\n{lines}"))
}

/// Has an edition run beside that behaves like this.
pub fn try_shadow(server: &Server, number: u32, behaviour: &str, words: &[&str]) -> Finished {
    std::fs::write(server.site.path(CANDIDATE), edition(number, behaviour)).expect("a component");
    server.ctl(&[&["shadow", CANDIDATE], words].concat())
}

/// As [`try_shadow`], where it has to.
pub fn shadow(server: &Server, number: u32, behaviour: &str, words: &[&str]) -> String {
    try_shadow(server, number, behaviour, words).succeeds().stdout
}

/// What the status says of the candidate, once it has answered so many requests.
pub fn compared(server: &Server, requests: u64) -> Value {
    let mut status = Value::Null;
    wait_until(&format!("{requests} requests are compared"), || {
        status = server.status()["shadow"].clone();
        status["report"]["requests"] == requests
    });
    status
}

/// Its differences in status, fields and content.
fn differences(shadow: &Value) -> [u64; 3] {
    ["status", "fields", "content"]
        .map(|kind| shadow["report"][kind].as_u64().unwrap_or_else(|| panic!("{shadow}")))
}

/// By kind, with the first one as an example: in the status for people and for programs, and in
/// what is said at the end.
#[test]
fn differences_are_counted_by_kind_and_told() {
    let server = serve("");
    for (behaviour, counts, what, example) in [
        ("smr", [1, 0, 0], "1 in status, 0 in fields, 0 in content", "200 becomes 203"),
        ("fmr", [0, 1, 0], "0 in status, 1 in fields, 0 in content", "other fields"),
        ("cmr", [0, 0, 1], "0 in status, 0 in fields, 1 in content", "other content"),
    ] {
        let said = shadow(&server, 1, behaviour, &[]);
        assert!(said.contains("candidate.wasm runs beside generation 1"), "{said:?}");
        for target in ["/page", "/now", "/marker", "/no.txt"] {
            server.get(target);
        }
        let told = compared(&server, 4);
        assert_eq!(differences(&told), counts, "{told}");
        let example = format!("such as `GET /marker HTTP/1.1`: {example}");
        let text = server.ctl(&["status"]).succeeds().stdout;
        let end = server.ctl(&["shadow", "--end"]).succeeds().stdout;
        for told in [text, end] {
            for words in ["shadow: guest ", "4 requests", what, &example, "0 skipped"] {
                assert!(told.contains(words), "{words:?} in {told:?}");
            }
        }
        assert!(server.status()["shadow"].is_null());
    }
    server.logs(&["candidate.wasm runs beside generation 1, on every request"]);
}

/// Another component that answers the same.
#[test]
fn a_candidate_that_answers_the_same_makes_no_difference() {
    let server = serve("");
    shadow(&server, 1, "...x", &[]);
    let targets = ["/page", "/now", "/folder/a.txt", "/list/folder/", "/no.txt", "/no.txt?a=b"];
    for target in targets {
        server.get(target);
    }
    let told = compared(&server, targets.len() as u64);
    assert_eq!(differences(&told), [0; 3], "{told}");
    assert!(told["report"]["example"].is_null() && told["first-failure"].is_null(), "{told}");
    assert!(server.ctl(&["status"]).succeeds().stdout.contains("6 requests, no difference"));
}

/// All that a candidate answers is for the comparison, however much it differs.
#[test]
fn clients_never_get_the_answers_of_a_candidate() {
    let server = serve("");
    shadow(&server, 2, "", &[]);
    let mut client = server.client();
    for round in 0..30 {
        for target in ["/page", "/now", "/list/folder/", "/folder/a.txt"] {
            assert_eq!(client.get(target).edition(), 1, "{target}, round {round}");
        }
    }
    let told = compared(&server, 120);
    assert_eq!(told["report"]["fields"], 120, "{told}");
    let status = server.status();
    assert_eq!((&status["generation"], &status["published"]), (&1.into(), &0.into()));
}

/// `--every N`: one in N.
#[test]
fn a_candidate_gets_the_share_that_was_asked_for() {
    let server = serve("");
    for (every, share) in [("1", 60), ("2", 30), ("7", 8), ("60", 1), ("61", 0)] {
        let said = shadow(&server, 1, "...x", &["--every", every]);
        let words = match every {
            "1" => "on every request".into(),
            _ => format!("on one in {every} requests"),
        };
        assert!(said.contains(&words), "{said:?}");
        let mut client = server.client();
        for _ in 0..60 {
            assert_eq!(client.get("/page").edition(), 1);
        }
        let told = compared(&server, share);
        assert_eq!((&told["every"].to_string()[..], &told["skipped"]), (every, &0.into()));
    }
    for every in ["0", "-1", "half"] {
        let asked = try_shadow(&server, 1, "...x", &[&format!("--every={every}")]);
        asked.complains(2, &["--every", every]);
    }
}

/// The entries of a directory are not kept with its request: they are read again.
#[test]
fn requests_for_the_entries_of_a_directory_are_compared() {
    let server = serve("");
    shadow(&server, 1, "c*r", &[]);
    for _ in 0..3 {
        let answer = server.get("/list/folder/");
        assert_eq!((answer.edition(), answer.text().as_str()), (1, "1 entries\n"));
    }
    let told = compared(&server, 3);
    assert_eq!(differences(&told), [0, 0, 3], "{told}");
    // A candidate that looks elsewhere is told what is there: the same entries, so that content is
    // as it was.
    shadow(&server, 2, "", &[]);
    assert_eq!(server.get("/list/folder/").edition(), 1);
    let told = compared(&server, 1);
    assert_eq!(differences(&told), [0, 1, 0], "{told}");
}

/// The candidate answers for the file that was found then, though it has gone since.
#[test]
fn a_request_is_compared_by_what_was_found_for_it() {
    let site = editions().file("www/passing.txt", "here today\n").edition("slow.wasm", 1, "l7p");
    let server = site.serve_editions("parameter workers 1\nparameter guest-deadline 300");
    server.ctl(&["shadow", "slow.wasm"]).succeeds();
    // Busy with this one, while the file goes.
    assert_eq!(server.get("/page/1007").edition(), 1);
    assert_eq!(server.get("/passing.txt").edition(), 1);
    std::fs::remove_file(server.site.path("www/passing.txt")).expect("a file");
    let told = compared(&server, 2);
    assert_eq!(differences(&told), [0; 3], "{told}");
    assert_eq!(told["report"]["failed"], 1, "{told}");
}
