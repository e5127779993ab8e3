//! A guest is turned out while the server is busy with the swap after it: that is told at once, and
//! what comes of that swap stands on the guest that came back.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{Finished, Server, editions, wait_until};

/// Fails in `t7r`: a number from 1000 that ends in 7.
const FAILING: &str = "/page/1007";

/// Edition 1 serves and edition 2, which fails, has taken over. Nothing is compiled before it is
/// asked for, and one client's failure is enough.
fn serve(third: &str) -> Server {
    serve_with(third, "")
}

fn serve_with(third: &str, lines: &str) -> Server {
    let site = editions().edition("two.wasm", 2, "t7r").edition("three.wasm", 3, third);
    let lines = format!("parameter code-cache off\nparameter probation-clients 1\n{lines}");
    let server = site.serve_editions(&lines);
    server.swap("two.wasm");
    assert_eq!(server.get("/page").edition(), 2);
    server
}

/// Swaps for edition 3, whose compiler does not get on before `meanwhile` is over.
pub fn swap_slowly(server: &Server, meanwhile: impl FnOnce()) -> Finished {
    let signal = |id: u32, signal| {
        let id = Pid::from_raw(id as i32).expect("a process id");
        kill_process(id, signal).expect("a compiler to signal");
    };
    thread::scope(|scope| {
        let swap = scope.spawn(|| server.ctl(&["swap", "three.wasm"]));
        let mut compiler = None;
        wait_until("there is a compiler", || {
            compiler = server.process().children().first().copied();
            compiler.is_some()
        });
        let compiler = compiler.expect("just waited for");
        signal(compiler, Signal::STOP);
        meanwhile();
        assert!(!swap.is_finished(), "it was not held up");
        signal(compiler, Signal::CONT);
        swap.join().expect("a swap")
    })
}

/// Makes edition 2 fail.
fn turn_out(server: &Server) {
    server.get(FAILING).expect(500);
    server.logs(&["generation 2 failed for 1 clients", "respond: trap", "generation 1 comes back"]);
    wait_until("edition 1 answers", || server.get("/page").edition() == 1);
}

/// Asserts what the status has for these names.
fn is_told<const COUNT: usize>(server: &Server, told: [(&str, Value); COUNT]) {
    let status = server.status();
    for (name, value) in told {
        assert_eq!(status[name], value, "{name} in {status}");
    }
}

/// Nobody has to wait for another swap's end to learn of it. The status once named the guest that
/// was gone.
#[test]
fn a_guest_that_is_turned_out_during_a_swap_is_told_of_at_once() {
    let server = serve("");
    let swapped = swap_slowly(&server, || {
        turn_out(&server);
        let told = [("generation", 1.into()), ("turned-out", 1.into()), ("published", 2.into())];
        is_told(&server, told);
        is_told(&server, [("previous", Value::Null), ("probation", Value::Null)]);
        let status = server.status();
        let text = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        assert!(text("guest").ends_with("guest.wasm"), "{status}");
        assert!(text("doing").contains("three.wasm"), "{status}");
        assert!(text("last-refusal").contains("generation 2 failed for 1 clients"), "{status}");
    });
    assert!(swapped.succeeds().stdout.starts_with("generation 3 serves"));
    assert_eq!(server.get("/page").edition(), 3);
    is_told(&server, [("generation", 3.into()), ("turned-out", 1.into()), ("published", 3.into())]);
    assert_eq!(server.count_logged(&["generation 2 failed"]), 1);
    assert_eq!(server.count_logged(&["generation 1 serves"]), 2);
}

/// What was turned out is not what one goes back to. It once was, and nobody was told that it had
/// been turned out.
#[test]
fn a_rollback_does_not_bring_back_what_was_turned_out() {
    let server = serve("");
    swap_slowly(&server, || turn_out(&server)).succeeds();
    is_told(&server, [("generation", 3.into()), ("previous", 1.into())]);
    server.ctl(&["rollback"]).succeeds();
    assert_eq!(server.get("/page").edition(), 1);
    is_told(&server, [("generation", 1.into()), ("previous", 3.into())]);
}

/// Nor does it come back by itself, when the next one fails too.
#[test]
fn the_next_guest_is_turned_out_for_the_one_that_had_come_back() {
    let server = serve("t7r");
    swap_slowly(&server, || turn_out(&server)).succeeds();
    assert_eq!(server.get("/page").edition(), 3);
    server.get(FAILING).expect(500);
    server.logs(&["generation 3 failed for 1 clients", "generation 1 comes back"]);
    server.waits_for_generation(1);
    wait_until("edition 1 answers", || server.get("/page").edition() == 1);
    is_told(&server, [("turned-out", 2.into()), ("published", 4.into())]);
    server.ctl(&["rollback"]).complains(1, &["there is no generation to go back to"]);
}

/// The next guest is measured by what serves, and not by what had served when the swap began: it
/// would have been as bad, and got through.
#[test]
fn a_candidate_is_rehearsed_beside_the_guest_that_came_back() {
    let server = serve("t7r");
    let swapped = swap_slowly(&server, || {
        turn_out(&server);
        assert_eq!(server.get(FAILING).edition(), 1);
    });
    swapped.complains(1, &[FAILING, "refused at the step rehearse: generation 1 goes on"]);
    is_told(&server, [("generation", 1.into()), ("turned-out", 1.into()), ("refused", 1.into())]);
    assert_eq!(server.get(FAILING).edition(), 1);
}

/// A guest whose probation ends while another swap takes its time has passed it, and is what comes
/// back when the next one fails. It once was the guest before it.
#[test]
fn a_probation_is_passed_while_another_swap_takes_long() {
    let server = serve_with("tmr", "parameter probation 3");
    let start = Instant::now();
    let swapped = swap_slowly(&server, || {
        wait_until("the probation is over", || start.elapsed() > Duration::from_secs(3));
    });
    assert!(swapped.succeeds().stdout.starts_with("generation 3 serves"));
    server.logs(&["generation 2 has passed its probation"]);
    server.get("/marker").expect(500);
    server.logs(&["generation 3 failed for 1 clients", "generation 2 comes back"]);
    server.waits_for_generation(2);
    wait_until("edition 2 answers", || server.get("/page").edition() == 2);
}
