//! While one candidate is compiled or rehearsed, which may take long, what needs no compiler is
//! done at once; what came of the candidate then stands on the generation that serves by then.

use std::io::{BufRead as _, BufReader, Write as _};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::control;
use crate::harness::{DEADLINE, Server, editions, wait_until};
use crate::turned_out::swap_slowly;

/// Fails in `t7r`: a number from 1000 that ends in 7.
const FAILING: &str = "/page/1007";

/// What is done at once does not wait for a compiler that is stopped, and is quicker than this on a
/// busy machine.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Edition 1 serves and edition 2 has taken over. Nothing is compiled before it is asked for.
fn serve(second: &str, third: &str) -> Server {
    let site = editions().edition("two.wasm", 2, second).edition("three.wasm", 3, third);
    let server = site.serve_editions("parameter code-cache off");
    server.swap("two.wasm");
    assert_eq!(server.get("/page").edition(), 2);
    server
}

/// The bar: an operator who has to go back does not wait for a compiler. A rollback once waited for
/// `compile-timeout` behind a candidate that took long.
#[test]
fn a_rollback_is_done_at_once_while_a_candidate_is_compiled() {
    let server = serve("", "");
    let swapped = swap_slowly(&server, || {
        let start = Instant::now();
        let said = server.ctl(&["rollback"]).succeeds().stdout;
        assert!(said.contains("generation 1 serves: guest "), "{said:?}");
        assert!(said.contains("; rolled back from 2"), "{said:?}");
        assert_eq!(server.get("/page").edition(), 1);
        let status = server.status();
        assert_eq!((&status["generation"], &status["previous"]), (&1.into(), &2.into()));
        assert_eq!((&status["published"], &status["probation"]), (&2.into(), &json!(null)));
        let doing = status["doing"].as_str().unwrap_or_default();
        assert!(doing.starts_with("a swap to ") && doing.ends_with("three.wasm"), "{status}");
        assert!(start.elapsed() < AT_ONCE, "after {:?}", start.elapsed());
    });
    assert!(swapped.succeeds().stdout.starts_with("generation 3 serves"));
    assert_eq!(server.get("/page").edition(), 3);
    let status = server.status();
    assert_eq!((&status["generation"], &status["previous"]), (&3.into(), &1.into()));
    assert!(status["doing"].is_null(), "{status}");
    assert!(server.ctl(&["rollback"]).succeeds().stdout.contains("generation 1 serves"));
}

/// The next guest is measured by what serves when it has been compiled.
#[test]
fn a_candidate_is_rehearsed_beside_the_guest_that_was_rolled_back_to() {
    let server = serve("t7r", "t7r");
    let swapped = swap_slowly(&server, || {
        server.ctl(&["rollback"]).succeeds();
        assert_eq!(server.get(FAILING).edition(), 1);
    });
    swapped.complains(1, &[FAILING, "refused at the step rehearse: generation 1 goes on"]);
    let status = server.status();
    assert_eq!((&status["generation"], &status["previous"]), (&1.into(), &2.into()));
}

/// A candidate that fails no more than the serving guest is let through; it is not once that guest
/// has been left, though its rehearsal had begun.
#[test]
fn a_rehearsal_is_made_again_if_its_serving_guest_is_left_meanwhile() {
    let site = editions().edition("two.wasm", 2, "lmr").edition("three.wasm", 3, "tmr");
    let server = site.serve_editions("parameter workers 1\nparameter guest-deadline 1000");
    server.swap("two.wasm");
    server.ctl(&["rollback"]).succeeds();
    assert_eq!(server.get("/marker").edition(), 1);
    server.ctl(&["rollback"]).succeeds();
    assert_eq!(server.generation(), 2);
    thread::scope(|scope| {
        let swap = scope.spawn(|| server.ctl(&["swap", "three.wasm"]));
        // Three deadlines long, since edition 2 is late that often.
        wait_until("it is rehearsed", || server.process().threads_named("rehearse") == 1);
        let said = server.ctl(&["rollback"]).succeeds().stdout;
        assert!(said.contains("generation 1 serves"), "{said:?}");
        let swapped = swap.join().expect("a swap");
        swapped.complains(1, &["/marker", "refused at the step rehearse: generation 1 goes on"]);
    });
    assert_eq!(server.get("/marker").edition(), 1);
    assert_eq!(server.status()["refused"], 1);
}

/// A candidate that runs beside ends at once, too, and a promotion of what is not there is refused.
#[test]
fn a_shadow_ends_at_once_while_a_candidate_is_compiled() {
    let server = serve("", "");
    server.ctl(&["shadow", "guest.wasm"]).succeeds();
    let swapped = swap_slowly(&server, || {
        server.ctl(&["shadow", "--end"]).succeeds();
        assert!(server.status()["shadow"].is_null());
    });
    swapped.succeeds();
    server.ctl(&["promote"]).complains(1, &["no candidate runs beside"]);
}

/// What takes long waits for what takes long, and is answered after it.
#[test]
fn swaps_and_reloads_are_done_in_the_order_they_came() {
    let server = serve("", "");
    let mut waiting = None;
    let swapped = swap_slowly(&server, || {
        let stream = control::connect(&server);
        let swap = json!({ "swap": { "file": server.site.path("guest.wasm") } });
        writeln!(&stream, "{swap}").expect("a request");
        server.ctl(&["rollback"]).succeeds();
        assert_eq!(server.generation(), 1);
        waiting = Some(stream);
    });
    assert!(swapped.succeeds().stdout.starts_with("generation 3 serves"));
    let mut reply = String::new();
    let mut replies = BufReader::new(waiting.expect("just connected"));
    replies.read_line(&mut reply).expect("a reply");
    assert!(reply.starts_with("{\"done\":\"generation 4 serves"), "{reply}");
    assert_eq!(server.get("/page").edition(), 1);
    // Nothing is left to be done.
    server.ctl(&["reload"]).succeeds();
    assert!(server.status()["doing"].is_null());
}

/// Whether a compiler has set its own limits: from then on it ends with the server.
fn is_limited(id: u32) -> bool {
    let limits = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max cpu time"));
    line.is_some_and(|line| line.trim_start().starts_with(|digit: char| digit.is_ascii_digit()))
}

/// Whether the process has ended, waited for or not.
fn has_ended(id: u32) -> bool {
    std::fs::read(format!("/proc/{id}/cmdline")).map_or(true, |line| line.is_empty())
}

/// The end of the server waits for no compiler, and leaves none behind.
#[test]
fn a_server_stops_while_a_candidate_is_compiled() {
    let mut server = serve("", "");
    thread::scope(|scope| {
        let swap = scope.spawn(|| server.ctl(&["swap", "three.wasm"]));
        wait_until("there is a compiler", || !server.process().children().is_empty());
        let compiler = server.process().children()[0];
        wait_until("it compiles", || is_limited(compiler));
        let id = Pid::from_raw(compiler as i32).expect("a process id");
        kill_process(id, Signal::STOP).expect("a compiler to stop");
        let start = Instant::now();
        server.ctl(&["stop"]).succeeds();
        swap.join().expect("a ctl").complains(1, &["the server"]);
        assert!(start.elapsed() < DEADLINE / 3, "took {:?}", start.elapsed());
        wait_until("the compiler has ended", || has_ended(compiler));
    });
    assert_eq!(server.end().code(), Some(0));
}
