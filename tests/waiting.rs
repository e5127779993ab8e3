//! Requests that wait for a directory to be read, and everybody else meanwhile.
//!
//! What is slow here is slow for real: each entry of such a folder is a symbolic link to a chain of
//! links with the longest paths that the kernel takes, so that looking at it costs a millisecond
//! or so. Reading thousands of them takes seconds of one thread, as a slow disk would, with the
//! difference that a processor is busy and not a disk.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use fixtures::HOSTILE;
use rustix::process::Signal;

use crate::harness::{Client, DEADLINE, Server, Site, wait_until};

/// Links that the kernel follows for one path.
const CHAIN_LINKS: usize = 40;

/// Octets of a link.
const LINK_OCTETS_MAX: usize = 4095;

/// Long enough for a test to do something meanwhile.
const SLOW: Duration = Duration::from_secs(2);

/// Longer than a test may take: it is over when nobody wants it any more.
pub const ENDLESS: Duration = Duration::from_secs(60);

/// Entries that a slow folder may have, so that all are told.
const ENTRIES_MAX: usize = 9_999;

/// A site with `www/slow`, whose reading takes about this time (or less, where the kernel is that
/// fast), and `www/folder` with one file.
pub fn site(slow: Duration) -> Site {
    let site = Site::new().file("www/index.html", "front\n").file("www/folder/a.txt", "a\n");
    let last = (CHAIN_LINKS - 1).to_string();
    let mut site = site.file(&format!("www/chain/{last}"), "the end");
    for number in 0..CHAIN_LINKS - 1 {
        let next = (number + 1).to_string();
        let detour = "./".repeat((LINK_OCTETS_MAX - next.len()) / 2);
        site = site.link(&format!("www/chain/{number}"), detour + &next);
    }
    site.folder("www/slow");
    let site = site.link("www/slow/0", "../chain/0");
    let count = slow.div_duration_f64(cost(&site.path("www/slow/0"))) as usize;
    let link = |site: Site, n| site.link(&format!("www/slow/{n}"), "../chain/0");
    (1..count.min(ENTRIES_MAX)).fold(site, link)
}

/// How long it takes to look at a path.
fn cost(path: &Path) -> Duration {
    let start = Instant::now();
    for _ in 0..10 {
        let found = fs::metadata(path).expect("a chain of links that leads somewhere");
        assert_eq!(found.len(), 7);
    }
    start.elapsed() / 10
}

pub fn serve(site: Site, lines: &str) -> Server {
    site.serve(&format!("parameter guest {HOSTILE}\nparameter workers 1\n{lines}"))
}

/// What is said of the slow folder once it has been read.
pub fn slow_summary(server: &Server) -> String {
    let entries = fs::read_dir(server.site.path("www/slow")).expect("a folder").count();
    format!("candidate 0: {entries} entries, complete\n")
}

pub const FOLDER_SUMMARY: &str = "candidate 0: 1 entries, complete\n";

pub fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// A client whose request waits for the slow folder.
pub fn waiting(server: &Server) -> Client {
    let reader_time = || server.process().thread_cpu_time("reader");
    let before = reader_time();
    let mut client = server.client();
    client.send(request("/count/slow/"));
    wait_until("the slow folder is being read", || reader_time() > before);
    assert!(client.is_open(), "an answer already");
    client
}

/// One worker reads a slow directory, and serves all others as if it did not.
#[test]
fn others_are_served_promptly_while_a_directory_is_read() {
    let server = serve(site(SLOW), "");
    let mut bystander = server.client();
    bystander.get("/file").expect(200);
    let mut client = waiting(&server);
    let (mut longest, mut count) = (Duration::ZERO, 0);
    while client.is_open() {
        let start = Instant::now();
        assert_eq!(bystander.get("/file").expect(200).text(), "front\n");
        longest = longest.max(start.elapsed());
        count += 1;
    }
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
    assert!(longest < SLOW / 4, "an answer took {longest:?}, one of {count}");
    assert!(count >= 20, "only {count} answers");
}

/// Answers leave in the order of their requests, and those before the wait do not wait.
#[test]
fn a_pipeline_is_answered_in_order_around_a_directory() {
    let server = serve(site(SLOW), "");
    let mut client = server.client();
    let targets = ["/file", "/count/folder/", "/count/slow/", "/file", "/count/folder/", "/ok"];
    client.send(targets.map(request).concat());
    assert_eq!(client.answer().expect(200).text(), "front\n");
    assert_eq!(client.answer().expect(200).text(), FOLDER_SUMMARY);
    assert!(client.is_open(), "more, while the directory is still being read");
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
    assert_eq!(client.answer().expect(200).text(), "front\n");
    assert_eq!(client.answer().expect(200).text(), FOLDER_SUMMARY);
    assert_eq!(client.answer().expect(200).text(), "ok\n");
    assert_eq!(client.get("/file").expect(200).text(), "front\n");
}

/// A thousand in one write, each between two files.
#[test]
fn a_long_pipeline_of_directories_is_answered_in_order() {
    let server = serve(site(Duration::ZERO), "");
    let mut client = server.client();
    let mut sender = Client::clone_of(&client);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let pair = request("/file") + &request("/count/folder/");
            sender.send(pair.repeat(500)).send(request("/ok"));
        });
        for _ in 0..500 {
            assert_eq!(client.answer().expect(200).text(), "front\n");
            assert_eq!(client.answer().expect(200).text(), FOLDER_SUMMARY);
        }
        assert_eq!(client.answer().expect(200).text(), "ok\n");
    });
}

#[test]
fn head_of_a_directory_has_the_length_and_no_content() {
    let server = serve(site(Duration::ZERO), "");
    let mut client = server.client();
    let get = client.get("/list/folder/").expect(200);
    let head = client.head("/list/folder/").expect(200);
    assert_eq!(head.length(), get.content.len() as u64);
    assert_eq!(client.get("/ok").expect(200).text(), "ok\n");
}

/// What a client sends while it waits is there for later, in however small pieces.
#[test]
fn what_arrives_during_the_wait_is_answered_after_it() {
    let server = serve(site(SLOW), "");
    let mut client = waiting(&server);
    for octet in (request("/file") + &request("/count/folder/") + "GET /o").into_bytes() {
        client.send([octet]);
    }
    assert!(client.is_open(), "an answer already");
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
    assert_eq!(client.answer().expect(200).text(), "front\n");
    assert_eq!(client.answer().expect(200).text(), FOLDER_SUMMARY);
    client.send("k HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.answer().expect(200).text(), "ok\n");
}

/// Fault 22: who has said all it wanted to say still wants the answer.
#[test]
fn a_half_close_during_the_wait_is_no_abort() {
    let server = serve(site(SLOW), "");
    let mut client = waiting(&server);
    client.half_close();
    // Let the server take note.
    server.get("/file").expect(200);
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
    client.ends();
    let mut client = server.client();
    client.send(request("/count/folder/") + &request("/file")).half_close();
    assert_eq!(client.answer().expect(200).text(), FOLDER_SUMMARY);
    assert_eq!(client.answer().expect(200).text(), "front\n");
    client.ends();
}

/// A disk that does not answer holds up nobody for ever: the host answers by itself.
#[test]
fn a_directory_that_is_not_read_in_time_is_answered_503() {
    let server = serve(site(ENDLESS), "parameter send-timeout 1\nparameter access-log access.log");
    for method in ["GET", "HEAD"] {
        let start = Instant::now();
        let mut client = server.client();
        client.send(format!("{method} /count/slow/ HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        let answer = match method {
            "GET" => client.answer(),
            _ => client.answer_to_head(),
        };
        assert!(answer.closes());
        assert_eq!(answer.needs("Retry-After"), "1");
        answer.expect(503);
        client.ends();
        assert!(start.elapsed() >= Duration::from_millis(900), "after {:?}", start.elapsed());
        assert!(start.elapsed() < DEADLINE / 2, "after {:?}", start.elapsed());
    }
    server.logs(&["not read within send-timeout"]);
    // The reading ended with the wait, so that the next directory has its turn.
    let mut client = server.client();
    assert_eq!(client.get("/count/folder/").expect(200).text(), FOLDER_SUMMARY);
    assert!(client.is_open(), "something nobody asked for");
    let log = server.site.path("access.log");
    wait_until("all is logged", || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.contains("\"GET /count/slow/ HTTP/1.1\" 503 ")
            && text.contains("\"HEAD /count/slow/ HTTP/1.1\" 503 -")
            && text.contains(&format!("/count/folder/ HTTP/1.1\" 200 {}\n", FOLDER_SUMMARY.len()))
    });
}

/// No other limit applies meanwhile: a client that waits is neither idle nor slow.
#[test]
fn a_wait_may_be_longer_than_the_other_limits() {
    let lines = "parameter timeout 0.2\nparameter head-timeout 0.2\nparameter send-timeout 30";
    let server = serve(site(SLOW), lines);
    let mut client = waiting(&server);
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
}

/// Where there is no room for another connection, the one that waits is not the one to go.
#[test]
fn a_client_that_waits_is_not_idle() {
    let server = serve(site(SLOW), "parameter connections 2\nparameter timeout 60");
    let mut idle = server.client();
    idle.get("/file").expect(200);
    let mut client = waiting(&server);
    let mut other = server.client();
    other.get("/file").expect(200);
    idle.ends();
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
    other.get("/file").expect(200);
}

fn wait_until_refused(server: &Server) {
    let address = server.address();
    wait_until("new connections are refused", || TcpStream::connect(address).is_err());
}

/// Fault 35: what waits is in flight.
#[test]
fn sigterm_lets_a_wait_finish() {
    let mut server = serve(site(SLOW), "parameter drain 60");
    let mut client = waiting(&server);
    client.send(request("/file"));
    server.signal(Signal::TERM);
    wait_until_refused(&server);
    assert!(client.is_open(), "an answer already");
    let answer = client.answer().expect(200);
    assert_eq!(answer.text(), slow_summary(&server));
    assert!(answer.closes(), "the last answer says so");
    client.ends();
    assert_eq!(server.end().code(), Some(0));
}

/// Fault 35: a disk that does not answer does not hold the server up.
#[test]
fn the_drain_time_ends_a_wait() {
    let mut server = serve(site(ENDLESS), "parameter drain 1");
    let mut client = waiting(&server);
    let start = Instant::now();
    server.signal(Signal::TERM);
    assert_eq!(server.end().code(), Some(0));
    assert!(start.elapsed() < DEADLINE / 2, "ended after {:?}", start.elapsed());
    client.ends();
}

/// Where every request has an instance of its own, both halves of one that waits have one.
#[test]
fn an_instance_for_each_request_serves_directories_too() {
    let server = serve(site(SLOW), "parameter isolation request");
    let mut client = waiting(&server);
    for _ in 0..20 {
        assert_eq!(server.get("/state").expect(200).text(), "1\n");
    }
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
}

/// A guest that fails after the wait costs its request, as before it.
#[test]
fn a_guest_that_fails_after_the_wait_costs_only_its_request() {
    let server = serve(site(SLOW), "");
    let mut client = waiting(&server);
    let mut failing = server.client();
    failing.send(request("/list-and-trap/folder/"));
    failing.answer().expect(500);
    failing.ends();
    assert_eq!(client.answer().expect(200).text(), slow_summary(&server));
    server.logs(&["guest failed", "respond"]);
}
