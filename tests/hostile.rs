//! A guest that burns, traps or hoards costs its own request, and nobody else's.

use std::time::{Duration, Instant};

use fixtures::HOSTILE;

use crate::harness::{DEADLINE, MIB, Server, Site};

/// The hostile guest on one worker, so that everybody shares its instance.
pub fn hostile(lines: &str) -> Server {
    site().serve(&format!("parameter guest {HOSTILE}\nparameter workers 1\n{lines}"))
}

pub fn site() -> Site {
    Site::new()
        .file("www/index.html", "front\n")
        .file("www/folder/a.txt", "a\n")
        .file("secret", "the secret\n")
}

/// Asks for something that fails, beside a connection that must notice nothing.
fn costs_only_its_request(server: &Server, target: &str) {
    let mut bystander = server.client();
    bystander.get("/ok").expect(200);
    for _ in 0..3 {
        let start = Instant::now();
        server.get(target).expect(500);
        assert!(start.elapsed() < DEADLINE / 3, "{target} took {:?}", start.elapsed());
        assert_eq!(bystander.get("/ok").expect(200).text(), "ok\n", "after {target}");
        assert_eq!(bystander.get("/file").expect(200).text(), "front\n", "after {target}");
    }
}

/// The log names the function and the cause.
fn is_logged(server: &Server, function: &str, causes: &[&str]) {
    let line = server.logs(&["guest failed", function]);
    assert!(causes.iter().any(|cause| line.contains(cause)), "none of {causes:?} in {line:?}");
}

/// Fault 5.
#[test]
fn a_trap_costs_only_its_request() {
    let server = hostile("");
    costs_only_its_request(&server, "/trap");
    is_logged(&server, "parse", &["trap"]);
}

/// Fault 5, in the second half of a request.
#[test]
fn a_trap_in_respond_costs_only_its_request() {
    let server = hostile("");
    costs_only_its_request(&server, "/respond-trap");
    is_logged(&server, "respond", &["trap"]);
}

/// Fault 5.
#[test]
fn a_panic_and_a_division_by_zero_cost_only_their_requests() {
    let server = hostile("");
    costs_only_its_request(&server, "/panic");
    is_logged(&server, "parse", &["trap"]);
    costs_only_its_request(&server, "/divide-by-zero");
}

/// Fault 1.
#[test]
fn an_endless_loop_ends_at_the_deadline() {
    let server = hostile("parameter guest-deadline 100");
    costs_only_its_request(&server, "/loop");
    is_logged(&server, "parse", &["deadline"]);
}

/// Fault 1, in the second half of a request.
#[test]
fn an_endless_loop_in_respond_ends_at_the_deadline() {
    let server = hostile("parameter guest-deadline 100");
    costs_only_its_request(&server, "/respond-loop");
    is_logged(&server, "respond", &["deadline"]);
}

/// Fault 1: a deadline is neither much longer nor shorter than it says.
#[test]
fn a_deadline_is_as_long_as_it_says() {
    let server = hostile("parameter guest-deadline 700");
    let start = Instant::now();
    server.get("/loop").expect(500);
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(600), "took {took:?}");
    assert!(took < Duration::from_secs(5), "took {took:?}");
}

/// Fault 1: a call that takes longer than the clock of deadlines goes on after it was last needed.
/// It once rested then, and the call never ended.
#[test]
fn a_deadline_of_many_seconds_is_kept() {
    let server = hostile("parameter guest-deadline 11000");
    let start = Instant::now();
    server.get("/loop").expect(500);
    assert!(start.elapsed() >= Duration::from_secs(10), "took {:?}", start.elapsed());
}

/// Fault 1: while one request burns its time, others wait no longer than that.
#[test]
fn others_wait_no_longer_than_the_deadline() {
    let server = hostile("parameter guest-deadline 100");
    let mut burning = server.client();
    let mut bystander = server.client();
    bystander.get("/ok").expect(200);
    for _ in 0..5 {
        burning.send("GET /loop HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let start = Instant::now();
        bystander.get("/ok").expect(200);
        assert!(start.elapsed() < Duration::from_secs(3), "waited {:?}", start.elapsed());
        burning.answer().expect(500);
        burning = server.client();
    }
}

/// Fault 1, with the deadline that is in force unless web.conf says otherwise: 20 ms.
#[test]
fn the_default_deadline_ends_loops() {
    let site = site();
    site.configure_exactly(&format!(
        "host default www\nparameter listen 127.0.0.1:0\nparameter guest {HOSTILE}\n"
    ));
    let server = site.start(&["-c", "web.conf"], 1);
    let start = Instant::now();
    server.get("/loop").expect(500);
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
    server.logs(&["guest failed", "deadline"]);
}

/// Fault 3: memory is limited, and so is the host's.
#[test]
fn a_guest_that_hoards_memory_costs_only_its_request() {
    let server = hostile("parameter guest-memory 16M");
    server.get("/ok").expect(200);
    let before = server.process().resident_octets();
    costs_only_its_request(&server, "/memory");
    is_logged(&server, "parse", &["memory"]);
    let after = server.process().resident_octets();
    assert!(after < before + 48 * MIB, "the host grew from {before} to {after} octets");
}

/// Fault 4: the host's own stack is not the guest's.
#[test]
fn deep_recursion_costs_only_its_request() {
    let server = hostile("");
    costs_only_its_request(&server, "/recursion");
    is_logged(&server, "parse", &["stack", "trap"]);
}

/// Fault 5: one address that traps does not take the site down by back-off.
#[test]
fn a_hundred_traps_in_a_row_do_not_slow_the_others() {
    let server = hostile("");
    let mut bystander = server.client();
    for _ in 0..100 {
        server.get("/trap").expect(500);
        let start = Instant::now();
        bystander.get("/ok").expect(200);
        assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
    }
    let lines = server.stderr.all().len();
    assert!(lines <= 2_000, "{lines} lines in the log for a hundred traps");
}

/// Fault 12: whatever an instance kept is gone after a trap.
#[test]
fn an_instance_that_failed_is_never_used_again() {
    let server = hostile("parameter recycle-after 0");
    let mut client = server.client();
    let mut count = || -> u32 {
        let text = client.get("/state").expect(200).text();
        text.trim().parse().unwrap_or_else(|error| panic!("{error}: {text:?}"))
    };
    let first = count();
    assert_eq!(count(), first + 1, "one instance serves request after request");
    for target in ["/trap", "/status/99", "/fields/nul"] {
        assert!(count() > 1);
        server.get(target).expect(500);
        assert_eq!(count(), 1, "the instance outlived {target}");
        count();
    }
}

/// Fault 12: `isolation request` gives every request an instance of its own.
#[test]
fn isolation_by_request_shares_nothing() {
    let server = hostile("parameter isolation request");
    let mut client = server.client();
    for _ in 0..20 {
        assert_eq!(client.get("/state").expect(200).text(), "1\n");
        assert_eq!(client.get("/file").expect(200).text(), "front\n");
    }
    costs_only_its_request(&server, "/trap");
}

/// Fault 12: an instance serves so many requests and no more.
#[test]
fn an_instance_is_recycled_after_so_many_requests() {
    let server = hostile("parameter recycle-after 3");
    let mut client = server.client();
    let counts: Vec<String> =
        (0..9).map(|_| client.get("/state").expect(200).text().trim().to_owned()).collect();
    assert_eq!(counts.join(""), "123123123");
}
