//! The guest is replaced while the server serves, and nobody notices but by the answers.

use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, DEADLINE, KIB, MIB, Server, editions, pattern, wait_until};
use crate::waiting;

const LARGE_OCTETS: usize = 16 * MIB;

/// What is read of it between two swaps.
const PIECE_OCTETS: usize = MIB;

/// Edition 1 serves, edition 2 is there.
fn serve(lines: &str) -> Server {
    editions().edition("two.wasm", 2, "").serve_editions(lines)
}

fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// The test's guests are many made of one: what is patched into a component changes what it does.
#[test]
fn a_patched_component_is_another_guest() {
    for (name, number) in [("guest.wasm", 1), ("two.wasm", 2)] {
        let site = editions().edition("two.wasm", 2, "");
        let server = site.serve(&format!("parameter guest {name}"));
        assert_eq!(server.get("/page").edition(), number);
        assert_eq!(server.get("/now").edition(), number);
        assert_eq!(server.get("/now").text(), format!("edition {number:04}, at once\n"));
        assert_eq!(server.get("/list/folder/").edition(), number);
        assert_eq!(server.get("/list/folder/").text(), "1 entries\n");
        server.get("/no.txt").expect(404);
    }
}

/// Every publish is announced: to who asked, in the log, and in the status for people and programs.
#[test]
fn a_swap_is_announced_to_who_asked_in_the_log_and_in_the_status() {
    let server = serve("");
    server.logs(&["generation 1 serves", "guest.wasm"]);
    assert_eq!(server.get("/page").edition(), 1);
    let said = server.swap("two.wasm");
    assert!(said.starts_with("generation 2 serves: guest "), "{said:?}");
    assert!(said.contains("two.wasm; rehearsed: ") && said.lines().count() == 1, "{said:?}");
    assert_eq!(server.get("/page").edition(), 2);
    server.logs(&["generation 2 serves", "two.wasm"]);
    let status = server.status();
    assert_eq!(status["generation"], 2);
    assert_eq!(status["previous"], 1);
    assert_eq!((&status["published"], &status["refused"]), (&1.into(), &0.into()));
    assert!(status["guest"].as_str().is_some_and(|guest| guest.ends_with("two.wasm")), "{status}");
    assert!(status["probation"].as_u64().is_some_and(|left| left <= 30), "{status}");
    assert_eq!(status["addresses"][0], server.address().to_string());
    let text = server.ctl(&["status"]).succeeds().stdout;
    for words in ["generation 2 serves since", "two.wasm", "rollback brings generation 1 back"] {
        assert!(text.contains(words), "{words:?} in {text:?}");
    }
}

/// Back, and forth again: a rollback is a publish like any other.
#[test]
fn a_rollback_goes_back_to_the_guest_before_and_another_one_forth() {
    let server = serve("");
    server.ctl(&["rollback"]).complains(1, &["there is no generation to go back to"]);
    server.swap("two.wasm");
    for (number, from) in [(1, 2), (2, 1), (1, 2)] {
        let said = server.ctl(&["rollback"]).succeeds().stdout;
        assert!(said.starts_with(&format!("generation {number} serves: ")), "{said:?}");
        assert!(said.contains(&format!("rolled back from {from}")), "{said:?}");
        assert_eq!(server.get("/page").edition(), number);
        assert_eq!(server.generation(), u64::from(number));
    }
    assert_eq!(server.status()["published"], 4);
    assert_eq!(server.count_logged(&["generation 1 serves"]), 3);
    // A number is never used twice.
    assert!(server.swap("two.wasm").starts_with("generation 3 serves"));
}

/// Asking twice is no mistake.
#[test]
fn the_guest_that_serves_is_not_swapped_for_itself() {
    let server = serve("");
    assert_eq!(server.swap("guest.wasm"), "generation 1 serves it already");
    server.swap("two.wasm");
    assert_eq!(server.swap("two.wasm"), "generation 2 serves it already");
    assert_eq!(server.status()["published"], 1);
}

/// Who asks for what cannot serve is told why, with the step, and nothing changes.
#[test]
fn what_is_no_guest_is_refused_with_the_step() {
    let server = serve("");
    let site = &server.site;
    std::fs::write(site.path("text.wasm"), "no component").expect("a file");
    std::fs::write(site.path("half.wasm"), &crate::harness::edition(2, "")[..9_999])
        .expect("a file");
    for (file, step) in
        [("none.wasm", "read"), ("text.wasm", "compile"), ("half.wasm", "compile"), ("www", "read")]
    {
        let end = format!("was refused at the step {step}: generation 1 goes on");
        server.ctl(&["swap", file]).complains(1, &[file, &end]);
        server.logs(&[file, &end]);
    }
    let status = server.status();
    assert_eq!((&status["generation"], &status["refused"]), (&1.into(), &4.into()));
    assert!(status["last-refusal"].as_str().is_some_and(|text| text.contains("www")), "{status}");
    assert_eq!(server.get("/page").edition(), 1);
}

/// A guest that traps or never ends when it is configured does not get to serve. The status can be
/// asked for meanwhile, and says what is being done; requests are answered.
#[test]
fn the_status_is_told_while_a_swap_is_going_on() {
    let server = editions().edition("loop.wasm", 2, "l*c").serve_editions("");
    thread::scope(|scope| {
        let swap = scope.spawn(|| server.ctl(&["swap", "loop.wasm"]));
        wait_until("the status tells of the swap", || {
            server.status()["doing"].as_str().is_some_and(|doing| doing.contains("loop.wasm"))
        });
        assert_eq!(server.get("/page").edition(), 1);
        assert!(server.ctl(&["status"]).succeeds().stdout.contains("now: a swap to guest "));
        assert!(!swap.is_finished(), "too early to have looked");
        let finished = swap.join().expect("a swap");
        finished.complains(1, &["configure", "deadline", "refused at the step configure"]);
    });
    assert!(server.status()["doing"].is_null());
}

/// Nobody who asks is forgotten: one after the other.
#[test]
fn swaps_asked_for_at_the_same_time_all_get_an_answer() {
    let server = editions()
        .edition("two.wasm", 2, "")
        .edition("three.wasm", 3, "")
        .edition("trap.wasm", 4, "t*c")
        .serve_editions("");
    let server = &server;
    thread::scope(|scope| {
        let asked = ["two.wasm", "three.wasm", "trap.wasm"]
            .map(|file| scope.spawn(move || (file, server.ctl(&["swap", file]))));
        for swap in asked {
            let (file, finished) = swap.join().expect("a swap");
            match file {
                "trap.wasm" => finished.complains(1, &["configure", "trap"]),
                _ => assert!(finished.succeeds().stdout.contains(file)),
            }
        }
    });
    let status = server.status();
    assert_eq!((&status["generation"], &status["refused"]), (&3.into(), &1.into()));
    let serving = status["guest"].as_str().expect("text");
    let number = if serving.ends_with("two.wasm") { 2 } else { 3 };
    assert_eq!(server.get("/page").edition(), number);
}

/// A long download survives any number of swaps, and its connection goes on with the new guest.
#[test]
fn a_download_survives_swaps_whole() {
    let octets = pattern(LARGE_OCTETS);
    let site = editions().edition("two.wasm", 2, "").file("www/large.bin", &octets);
    let server = site.serve_editions("");
    let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
    client.send(request("/large.bin"));
    let head = client.try_head(Instant::now() + DEADLINE).expect("a head");
    assert_eq!(head.edition(), 1);
    let mut content = Vec::new();
    for number in 2_u32..6 {
        server.swap(if number % 2 == 0 { "two.wasm" } else { "guest.wasm" });
        assert_eq!(server.get("/page").edition(), 2 - number % 2);
        let mut piece = Vec::new();
        client.stream_content(PIECE_OCTETS as u64, |_, octets| piece.extend_from_slice(octets));
        content.push(piece);
    }
    let mut rest = Vec::new();
    client.stream_content((LARGE_OCTETS - 4 * PIECE_OCTETS) as u64, |_, octets| {
        rest.extend_from_slice(octets);
    });
    content.push(rest);
    assert!(content.concat() == octets, "other octets");
    assert_eq!(client.get("/page").edition(), 1);
}

/// A request that waits for a directory is answered by the guest that parsed it, though another one
/// has been published meanwhile; the next one on its connection is the new guest's.
#[test]
fn a_request_that_waits_is_answered_by_the_guest_it_began_with() {
    let site = waiting::site(Duration::from_secs(4));
    let site = (1..=2).fold(site, |site, number| {
        site.file(&format!("www/edition-{number:04}.txt"), format!("edition {number:04}\n"))
    });
    let site = site.edition("guest.wasm", 1, "").edition("two.wasm", 2, "");
    let server = site.serve_editions("parameter workers 1");
    server.swap("two.wasm");
    let reader_time = || server.process().thread_cpu_time("reader");
    let before = reader_time();
    let mut client = server.client();
    client.send(request("/list/slow/") + &request("/page"));
    wait_until("the slow folder is being read", || reader_time() > before);
    server.ctl(&["rollback"]).succeeds();
    assert_eq!(server.get("/page").edition(), 1);
    assert!(client.is_open(), "an answer already");
    let answer = client.answer();
    assert_eq!(answer.edition(), 2);
    assert_eq!(
        answer.text(),
        waiting::slow_summary(&server)["candidate 0: ".len()..].replace(", complete", "")
    );
    assert_eq!(client.answer().edition(), 1);
}

/// A head that arrives in pieces around a swap is one request, of the guest that is there when it
/// is whole.
#[test]
fn a_head_that_is_cut_by_a_swap_is_answered() {
    let server = serve("");
    let whole = request("/page");
    for cut in [1, 10, 20, whole.len() - 1] {
        let mut client = server.client();
        client.send(request("/page") + &whole[..cut]);
        assert_eq!(client.answer().edition(), 1);
        server.swap("two.wasm");
        assert!(client.is_open(), "an answer already");
        client.send(&whole[cut..]);
        assert_eq!(client.answer().edition(), 2, "cut after {cut}");
        server.ctl(&["rollback"]).succeeds();
        assert_eq!(client.get("/now").edition(), 1);
    }
}

/// In a pipeline the new guest follows the old one once, and no request is lost between them.
#[test]
fn a_pipeline_goes_from_one_guest_to_the_other() {
    let server = serve("");
    let mut client = server.client();
    let mut sender = Client::clone_of(&client);
    let requests = ["/page", "/now", "/list/folder/", "/folder/a.txt"].map(request);
    assert_eq!(client.get("/page").edition(), 1);
    thread::scope(|scope| {
        let swap = scope.spawn(|| server.swap("two.wasm"));
        let sent = scope.spawn(move || {
            let mut sent = 0;
            loop {
                let is_last = swap.is_finished();
                sender.send(requests.concat().repeat(25));
                sent += 25 * requests.len();
                if is_last {
                    sender.half_close();
                    return (sent, swap.join().expect("a swap"));
                }
            }
        });
        let mut editions = Vec::new();
        while let Ok(answer) = client.try_answer(DEADLINE) {
            editions.push(answer.edition());
        }
        let (sent, said) = sent.join().expect("a sender");
        assert!(said.starts_with("generation 2 serves"), "{said:?}");
        assert_eq!(editions.len(), sent, "answers");
        assert!(editions.is_sorted(), "back and forth");
        assert_eq!(editions.last(), Some(&2));
    });
}

/// When the swap is said to be done, it is: not one request more is answered by the old guest,
/// whichever worker gets it and whatever that was doing. It once was told before the workers knew.
#[test]
fn no_request_is_answered_by_the_old_guest_after_the_swap_is_said_to_be_done() {
    let server = serve("parameter workers 4");
    let mut clients: Vec<Client> = (0..32).map(|_| server.client()).collect();
    for number in [2, 1, 2, 1, 2, 1, 2, 1] {
        match number {
            2 => drop(server.swap("two.wasm")),
            _ => drop(server.ctl(&["rollback"]).succeeds()),
        }
        for client in &mut clients {
            client.send(request("/page"));
        }
        for client in &mut clients {
            assert_eq!(client.answer().edition(), number);
        }
    }
}

/// The socket is the user's own, and goes with the server; a ctl without a server says so.
#[test]
fn the_socket_is_private_and_ctl_says_when_nobody_listens() {
    let mut server = serve("");
    let socket = server.site.path("ctl.sock");
    let mode = std::fs::metadata(&socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(server.site.run(&["ctl", "-c", "web.conf", "status"]).succeeds().stdout.len() > 1);
    server.ctl(&["stop"]).succeeds();
    assert_eq!(server.end().code(), Some(0));
    assert!(!socket.exists());
    server.ctl(&["status"]).complains(1, &["no server listens at ctl.sock"]);
}
