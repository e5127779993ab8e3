//! web.conf is read again, on SIGHUP or `ctl reload`: what it says now holds, or nothing has
//! changed (fault 37).

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use fixtures::HOSTILE;
use rustix::process::Signal;

use crate::control::{self, SOCKET};
use crate::harness::{Client, DEADLINE, Server, Site, Tiny, rename, wait_until};

fn site() -> Site {
    Site::new().file("www/index.html", "front\n").file("www/other.html", "other\n")
}

fn configure(server: &Server, lines: &str) {
    server.site.configure(&format!("parameter control {SOCKET}\n{lines}"));
}

fn serve(site: Site, lines: &str) -> Server {
    site.serve(&format!("parameter control {SOCKET}\n{lines}"))
}

/// Has the server go on with these lines; what it says.
fn change(server: &Server, lines: &str) -> String {
    configure(server, lines);
    control::reload(server)
}

fn get_from(client: &mut Client, host: &str) -> String {
    client.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).expect(200).text()
}

/// SIGHUP is what other servers do it on.
#[test]
fn sighup_reads_the_configuration_again() {
    let server = serve(site(), "");
    configure(&server, "parameter server-name second");
    server.signal(Signal::HUP);
    server.logs(&["web.conf was read again", "generation 1 goes on"]);
    wait_until("it holds", || server.get("/").needs("Server") == "second");
}

/// Without a control socket too, and any number of them at once.
#[test]
fn signals_in_a_row_leave_the_last_configuration() {
    let server = site().serve("");
    for number in 0..30 {
        server.site.configure(&format!("parameter server-name number-{number}"));
        server.signal(Signal::HUP);
    }
    wait_until("the last one holds", || server.get("/").needs("Server") == "number-29");
}

/// Hosts come, change their folder, and go; connections that are open see it.
#[test]
fn hosts_follow_the_configuration() {
    let site = site().file("one/index.html", "one\n").file("two/index.html", "two\n");
    let server = serve(site, "");
    let mut client = server.client();
    assert_eq!(get_from(&mut client, "a.example"), "front\n");
    change(&server, "host default www\nhost a.example one");
    wait_until("the host is there", || get_from(&mut client, "a.example") == "one\n");
    assert_eq!(get_from(&mut client, "b.example"), "front\n");
    change(&server, "host default www\nhost a.example two");
    wait_until("the folder is another", || get_from(&mut client, "a.example") == "two\n");
    change(&server, "host default one");
    wait_until("the host is gone", || get_from(&mut client, "a.example") == "one\n");
    assert_eq!(get_from(&mut client, "b.example"), "one\n");
}

/// A folder that was replaced under its name is the new one from then on.
#[test]
fn a_root_that_was_renamed_is_found_under_its_name_again() {
    let server = serve(site().file("next/index.html", "next\n"), "");
    rename(&server.site.root(), &server.site.path("last"));
    rename(&server.site.path("next"), &server.site.root());
    change(&server, "");
    wait_until("the new folder is served", || server.get("/").text() == "next\n");
}

/// What the guest is told makes another generation, which is configured with it.
#[test]
fn media_types_and_parameters_of_the_guest_follow_the_configuration() {
    let server = serve(site(), "");
    assert!(server.get("/").needs("Content-Type").starts_with("text/html"));
    let text = change(&server, "media html text/x-other");
    assert!(text.contains("generation 2 serves"), "{text}");
    wait_until("the type is another", || {
        server.get("/").needs("Content-Type").starts_with("text/x-other")
    });
    let text = change(&server, "media html text/x-other\nparameter index other.html");
    assert!(text.contains("generation 3 serves"), "{text}");
    wait_until("the index is another", || server.get("/").text() == "other\n");
}

/// Connections that are open hear of it with their next answer.
#[test]
fn the_server_name_changes_on_open_connections() {
    let server = serve(site(), "parameter server-name first");
    let mut client = server.client();
    assert_eq!(client.get("/").needs("Server"), "first");
    change(&server, "parameter server-name second");
    wait_until("the name is another", || client.get("/").needs("Server") == "second");
}

/// Time limits hold for connections that were there before.
#[test]
fn shorter_time_limits_end_connections_that_were_open_before() {
    let server = serve(site(), "parameter timeout 600\nparameter head-timeout 600");
    let mut silent = server.silent_client(server.address());
    let (mut idle, mut slow) = (server.client(), server.client());
    idle.get("/").expect(200);
    slow.get("/").expect(200);
    slow.send("GET / HTTP/1.1\r\nHost: lo");
    server.get("/").expect(200);
    change(&server, "parameter timeout 1\nparameter head-timeout 1");
    idle.ends();
    silent.ends();
    slow.rest();
}

/// A head of so many octets, without its end.
fn partial_head(octets: usize) -> String {
    let start = "GET / HTTP/1.1\r\nHost: localhost\r\nX: ";
    format!("{start}{}", "x".repeat(octets - start.len()))
}

/// A head that is half there when its limit changes is answered by the old or the new one.
#[test]
fn the_head_limit_changes_while_a_head_is_half_there() {
    let server = serve(site(), "parameter head-limit 1K");
    let settle = || (0..20).for_each(|_| drop(server.get("/").expect(200)));
    let mut half = server.client();
    half.send(partial_head(900));
    settle();
    change(&server, "parameter head-limit 64K");
    half.send("x".repeat(20_000)).send("\r\n\r\n");
    let status = half.answer().status;
    assert!(matches!(status, 200 | 431), "{status}");
    let mut half = server.client();
    half.send(partial_head(30_000));
    half.send("x".repeat(20_000));
    settle();
    change(&server, "parameter head-limit 1K");
    let _ = std::io::Write::write_all(&mut half.stream, b"xxxx\r\n\r\n");
    let status = half.answer().status;
    assert!(matches!(status, 200 | 431), "{status}");
    wait_until("the new limit holds", || {
        let mut client = server.client();
        client.send(partial_head(2_000)).send("\r\n\r\n").answer().status == 431
    });
    server.serves();
}

fn logged(path: &Path, word: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.contains(word))
}

/// The access log begins, moves and ends.
#[test]
fn the_access_log_follows_the_configuration() {
    let server = serve(site(), "");
    let (one, two) = (server.site.path("one.log"), server.site.path("two.log"));
    let mut client = server.client();
    client.get("/?none").expect(200);
    change(&server, "parameter access-log one.log");
    wait_until("the log has begun", || {
        client.get("/?first").expect(200);
        logged(&one, "/?first")
    });
    change(&server, "parameter access-log two.log");
    wait_until("the log has moved", || {
        client.get("/?second").expect(200);
        logged(&two, "/?second")
    });
    // SIGUSR1 is about the log there is now.
    rename(&two, &server.site.path("two.log.1"));
    server.signal(Signal::USR1);
    wait_until("the log is opened again", || two.exists());
    change(&server, "");
    wait_until("the log has ended", || {
        fs::write(&two, "").expect("a log");
        (0..10).for_each(|_| drop(client.get("/?last").expect(200)));
        server.get("/").expect(200);
        !logged(&two, "/?last")
    });
    assert!(!logged(&one, "/?none") && !logged(&one, "/?last"), "in the first log");
}

/// Nothing has changed, and so nothing does; what changed in the host alone leaves the guest.
#[test]
fn a_generation_lasts_as_long_as_its_guest_and_configuration() {
    let server = serve(site(), "");
    for lines in ["", "", "# nothing\n\n", "parameter timeout 7"] {
        let text = change(&server, lines);
        assert!(text.contains("generation 1 goes on"), "{text}");
    }
    assert_eq!(control::generation(&server), 1);
    assert_eq!(control::status(&server)["published"], 0);
}

/// Another guest file is published, and so is another guest in the same file.
#[test]
fn another_guest_is_published() {
    let server = serve(site().file("tiny.wasm", Tiny::new().component()), "");
    server.get("/missing").expect(404);
    let lines = "parameter guest tiny.wasm\nparameter watch off";
    let text = change(&server, lines);
    assert!(text.contains("generation 2 serves: guest tiny.wasm"), "{text}");
    wait_until("the new guest serves", || server.get("/missing").status == 200);
    assert!(change(&server, lines).contains("generation 2 goes on"));
    let other = Tiny::new().with("respond", "(return (i32.const 1184))").component();
    fs::write(server.site.path("tiny.wasm"), other).expect("a component");
    let text = change(&server, lines);
    assert!(text.contains("generation 3 serves"), "{text}");
    wait_until("the newest guest serves", || server.get("/missing").status == 404);
}

/// What was swapped in by hand lasts until web.conf is read again.
#[test]
fn a_reload_brings_the_guest_of_the_configuration_back() {
    let server = serve(site().file("tiny.wasm", Tiny::new().component()), "");
    control::swap(&server, &server.site.path("tiny.wasm"));
    wait_until("the swapped guest serves", || server.get("/missing").status == 200);
    let text = change(&server, "");
    assert!(text.contains("generation 3 serves: the built-in guest"), "{text}");
    wait_until("the configured guest serves", || server.get("/missing").status == 404);
}

/// What a guest may use belongs to its generation, though the engine stays the same.
#[test]
fn the_limits_of_a_guest_follow_the_configuration() {
    let guest = format!("parameter guest {HOSTILE}\nparameter workers 1\n");
    let server = serve(site(), &format!("{guest}parameter guest-deadline 300"));
    server.get("/loop").expect(500);
    let longer = format!("{guest}parameter guest-deadline 1500\n");
    let text = change(&server, &longer);
    assert!(text.contains("generation 2 serves"), "{text}");
    let start = Instant::now();
    server.get("/loop").expect(500);
    assert!(start.elapsed() >= Duration::from_millis(1300), "took {:?}", start.elapsed());
    assert!(change(&server, &longer).contains("generation 2 goes on"));
    configure(&server, &format!("{longer}parameter guest-imports none"));
    let refused = control::refused_reload(&server);
    assert!(refused.contains("guest-imports none") && refused.contains("step check"), "{refused}");
    assert_eq!(control::generation(&server), 2);
}

/// Fault 37: every bad line is named in the log, and the old configuration goes on as a whole.
#[test]
fn a_broken_configuration_changes_nothing() {
    let server = serve(site(), "parameter server-name first");
    let broken = "parameter server-name second\nparameter timeout soon\nnonsense\n\
        host a.example nowhere\nparameter listen localhost\nhost default www";
    configure(&server, broken);
    server.signal(Signal::HUP);
    for line in ["web.conf:3: ", "web.conf:4: ", "web.conf:5: ", "web.conf:6: "] {
        server.logs(&[line]);
    }
    server.logs(&["reading web.conf again was refused at the step read: generation 1 goes on"]);
    let reasons = control::refused_reload(&server);
    for words in ["web.conf:3: timeout", "web.conf:4: ", "web.conf:5: ", "nowhere", "web.conf:6: "]
    {
        assert!(reasons.contains(words), "{words:?} is not in {reasons:?}");
    }
    configure(&server, "parameter server-name second\nparameter colour blue");
    assert!(control::refused_reload(&server).contains("web.conf:3: `colour`"));
    configure(&server, "parameter server-name second\nparameter access-log www");
    assert!(control::refused_reload(&server).contains("web.conf:3: access-log"));
    configure(&server, "parameter server-name second\nparameter guest nowhere.wasm");
    assert!(control::refused_reload(&server).contains("step read"));
    fs::remove_file(server.site.path("web.conf")).expect("a file");
    assert!(control::refused_reload(&server).contains("web.conf"));
    assert_eq!(server.get("/").expect(200).needs("Server"), "first");
    let status = control::status(&server);
    assert_eq!((&status["generation"], &status["refused"]), (&1.into(), &6.into()), "{status}");
    assert!(change(&server, "parameter server-name third").contains("generation 1 goes on"));
    wait_until("it goes on from there", || server.get("/").needs("Server") == "third");
}

/// What is part of the process is said to need another one, and the rest holds.
#[test]
fn what_needs_a_restart_is_said() {
    let server = serve(site(), "parameter workers 2");
    let lines = "parameter control other.sock\nparameter workers 3\nparameter server-name second";
    server.site.configure(lines);
    let text = control::reload(&server);
    for what in ["workers takes a restart", "control takes a restart"] {
        assert!(text.contains(what), "{what:?} is not in {text:?}");
    }
    assert!(!server.site.path("other.sock").exists());
    assert_eq!(control::status(&server)["workers"], 2);
    wait_until("the rest holds", || server.get("/").needs("Server") == "second");
    let refused = control::try_ask(&server, &"status".into());
    assert!(refused.is_some_and(|reply| reply["status"].is_object()), "within {DEADLINE:?}");
}
