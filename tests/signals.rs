//! Signals: how the server ends, and how its log is rotated (faults 35 and 36).

use std::fs;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Client, DEADLINE, KIB, Process, Server, Site, editions, wait_until};

const LENGTH: u64 = 64 << 20;

fn site(lines: &str) -> Server {
    let site = Site::new().file("www/index.html", "front\n").hole("www/large.bin", LENGTH);
    site.serve(lines)
}

/// A client that has the head of a large answer, and stopped reading.
fn download(server: &Server) -> Client {
    let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
    client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
    client
}

fn wait_until_refused(server: &Server) {
    let address = server.address();
    wait_until("new connections are refused", || TcpStream::connect(address).is_err());
}

/// Fault 35: what is being sent is sent to its end, and nobody new is let in.
#[test]
fn sigterm_lets_a_download_finish() {
    let mut server = site("parameter drain 60");
    let mut client = download(&server);
    server.signal(Signal::TERM);
    wait_until_refused(&server);
    assert_eq!(client.stream_content(LENGTH, |_, _| {}), LENGTH);
    client.ends();
    assert_eq!(server.end().code(), Some(0));
}

/// Connections that wait for nothing are closed at once, and the server ends.
#[test]
fn sigterm_closes_idle_connections() {
    let mut server = site("parameter drain 60\nparameter timeout 60\nparameter head-timeout 60");
    let mut answered = server.client();
    answered.get("/").expect(200);
    let mut silent = server.silent_client(server.address());
    let start = Instant::now();
    server.signal(Signal::TERM);
    answered.ends();
    silent.ends();
    assert_eq!(server.end().code(), Some(0));
    assert!(start.elapsed() < DEADLINE / 2, "took {:?}", start.elapsed());
}

/// Fault 35: a request that began before the signal is answered, and told that it was the last.
#[test]
fn sigterm_lets_a_request_in_progress_finish() {
    let mut server = site("parameter drain 60\nparameter head-timeout 60");
    let mut download = download(&server);
    let mut client = server.client();
    client.get("/").expect(200);
    client.send("GET / HTTP/1.1\r\nHost: lo");
    // The server has read that much once it has answered someone who asked later.
    for _ in 0..20 {
        server.get("/").expect(200);
    }
    server.signal(Signal::TERM);
    wait_until_refused(&server);
    let finished = client.send("calhost\r\n\r\n").try_answer(DEADLINE);
    let answer = finished.unwrap_or_else(|lost| panic!("a request in progress: {lost:?}"));
    assert!(answer.expect(200).closes());
    client.ends();
    assert_eq!(download.stream_content(LENGTH, |_, _| {}), LENGTH);
    assert_eq!(server.end().code(), Some(0));
}

/// Fault 35: nobody holds the server up for longer than the drain time.
#[test]
fn the_drain_time_ends_what_does_not_end() {
    let mut server = site("parameter drain 1\nparameter send-timeout 60");
    let mut client = download(&server);
    let start = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.end().code(), Some(0));
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(900), "ended after {took:?}");
    assert!(took < DEADLINE / 2, "ended after {took:?}");
    assert!(client.stream_content(LENGTH, |_, _| {}) < LENGTH);
}

/// Fault 36: who asks twice does not wait.
#[test]
fn a_second_signal_ends_the_server_at_once() {
    let mut server = site("parameter drain 600\nparameter send-timeout 600");
    let _client = download(&server);
    server.signal(Signal::TERM);
    wait_until_refused(&server);
    let start = Instant::now();
    server.signal(Signal::TERM);
    server.end();
    assert!(start.elapsed() < DEADLINE / 3, "took {:?}", start.elapsed());
}

/// Control-C is the same.
#[test]
fn sigint_ends_the_server() {
    let mut server = site("parameter drain 60");
    server.get("/").expect(200);
    server.signal(Signal::INT);
    assert_eq!(server.end().code(), Some(0));
}

/// Fault 36: the port can be had again immediately, although connections were open.
#[test]
fn the_port_is_free_after_the_end() {
    let mut server = site("");
    let mut client = server.client();
    client.get("/").expect(200);
    let address = server.address();
    server.signal(Signal::TERM);
    assert_eq!(server.end().code(), Some(0));
    let next = site(&format!("parameter listen {address}"));
    assert_eq!(next.address(), address);
    next.get("/").expect(200);
}

/// Signals that mean nothing to it do not end the server.
#[test]
fn a_closed_terminal_or_pipe_does_not_end_the_server() {
    let server = site("");
    server.signal(Signal::PIPE);
    server.signal(Signal::USR1);
    server.serves();
}

/// A supervisor or logrotate may be early: the guest is still compiled. That once was the end.
#[test]
fn signals_that_come_before_the_server_runs_wait() {
    let site = editions();
    site.configure("parameter guest guest.wasm\nparameter code-cache off");
    let mut command = site.command(&["-c", "web.conf"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let process = Process { id: child.id() };
    wait_until("there is a compiler", || !process.children().is_empty());
    for signal in [Signal::USR1, Signal::HUP] {
        kill_process(Pid::from_child(&child), signal).expect("a process to signal");
    }
    let server = Server::started(site, child, 1, None);
    server.logs(&["web.conf was read again"]);
    assert_eq!(server.get("/page").edition(), 1);
}

/// SIGUSR1 has the log opened again under its name, after it was renamed.
#[test]
fn sigusr1_opens_the_access_log_again() {
    let server = site("parameter access-log access.log");
    let (log, old) = (server.site.path("access.log"), server.site.path("access.log.1"));
    let has = |path: &std::path::Path, word: &str| {
        fs::read_to_string(path).is_ok_and(|text| text.contains(word))
    };
    server.get("/?first").expect(200);
    wait_until("the first request is logged", || has(&log, "/?first"));
    fs::rename(&log, &old).expect("a renamed log");
    server.get("/?second").expect(200);
    wait_until("the renamed log is still written", || has(&old, "/?second"));
    server.signal(Signal::USR1);
    wait_until("the log is there again", || log.exists());
    server.get("/?third").expect(200);
    wait_until("the new log is written", || has(&log, "/?third"));
    assert!(!has(&old, "/?third"), "the old log is written as well");
}
