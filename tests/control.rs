//! The control socket and `wasmhttpd ctl`: who may use it, what it says, and what cannot disturb
//! it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Signal, geteuid};
use serde_json::{Value, json};

use crate::harness::{DEADLINE, Finished, MIB, Server, Site, Tiny, wait_until};

/// The name of a site's control socket.
pub const SOCKET: &str = "ctl.sock";

/// A connection to the control socket.
pub fn connect(server: &Server) -> UnixStream {
    let path = server.site.path(SOCKET);
    let stream = UnixStream::connect(&path);
    let stream = stream.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    stream.set_read_timeout(Some(DEADLINE)).expect("a read timeout");
    stream.set_write_timeout(Some(DEADLINE)).expect("a write timeout");
    stream
}

/// The last reply to a request, without a process for it; none if the connection ends before.
pub fn try_ask(server: &Server, request: &Value) -> Option<Value> {
    let stream = connect(server);
    // The server may have closed it already.
    let _ = writeln!(&stream, "{request}");
    let mut replies = BufReader::new(stream).lines();
    loop {
        let reply: Value = serde_json::from_str(&replies.next()?.ok()?).expect("JSON");
        if reply != "wait" && !reply["line"].is_string() {
            return Some(reply);
        }
    }
}

/// As [`try_ask`], where the server has to answer.
pub fn ask(server: &Server, request: &Value) -> Value {
    try_ask(server, request).unwrap_or_else(|| panic!("no reply to {request}"))
}

pub fn swap(server: &Server, file: &Path) -> Value {
    ask(server, &json!({"swap": {"file": file}}))
}

pub fn status(server: &Server) -> Value {
    ask(server, &json!("status"))["status"].clone()
}

/// The generation that serves.
pub fn generation(server: &Server) -> u64 {
    status(server)["generation"].as_u64().expect("a number")
}

/// Has web.conf read again; what came of it.
pub fn reload(server: &Server) -> String {
    let reply = ask(server, &json!("reload"));
    reply["done"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
}

/// Has web.conf read again, which must be refused; why it was.
pub fn refused_reload(server: &Server) -> String {
    let reply = ask(server, &json!("reload"));
    let lines = reply["refused"].as_array().unwrap_or_else(|| panic!("{reply}"));
    lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

/// Runs `wasmhttpd ctl` on a site.
pub fn ctl(site: &Site, arguments: &[&str]) -> Finished {
    site.run(&[&["ctl", "-c", "web.conf"], arguments].concat())
}

/// Serves a site with a control socket.
pub fn controlled(site: Site) -> Server {
    site.serve(&format!("parameter control {SOCKET}"))
}

fn site() -> Site {
    Site::new().file("www/index.html", "front\n")
}

/// Nobody else may tell a server what to do.
#[test]
fn the_socket_is_for_the_servers_user_alone() {
    let server = controlled(site());
    let metadata = fs::symlink_metadata(server.site.path(SOCKET)).expect("a socket");
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    assert_eq!(metadata.uid(), geteuid().as_raw());
}

/// What a server left that was killed is replaced.
#[test]
fn a_socket_that_nobody_listens_at_is_replaced() {
    let site = site();
    drop(UnixListener::bind(site.path(SOCKET)).expect("a socket"));
    assert!(site.path(SOCKET).exists());
    let server = controlled(site);
    assert_eq!(generation(&server), 1);
}

/// Two servers cannot be told apart at one socket.
#[test]
fn a_socket_that_is_in_use_is_not_taken_over() {
    let server = controlled(site());
    let second = server.site.run(&["-c", "web.conf"]);
    second.complains(1, &["control", SOCKET, "another server"]);
    assert!(!second.stdout.contains("listening"), "{:?}", second.stdout);
    server.site.run(&["-c", "web.conf", "--check"]).succeeds();
    assert_eq!(generation(&server), 1);
    server.serves();
}

/// What is no socket is somebody's, and is left alone.
#[test]
fn something_else_in_the_sockets_place_is_left_alone() {
    let site = site().file(SOCKET, "precious\n");
    site.configure(&format!("parameter control {SOCKET}"));
    site.run(&["-c", "web.conf"]).complains(1, &["control", SOCKET]);
    assert_eq!(fs::read_to_string(site.path(SOCKET)).expect("a file"), "precious\n");
    fs::remove_file(site.path(SOCKET)).expect("a file");
    fs::write(site.path("elsewhere"), "precious\n").expect("a file");
    let site = site.link(SOCKET, "elsewhere");
    site.run(&["-c", "web.conf"]).complains(1, &["control", SOCKET]);
    assert_eq!(fs::read_to_string(site.path("elsewhere")).expect("a file"), "precious\n");
    let long = "long".repeat(50);
    site.configure(&format!("parameter control {long}"));
    site.run(&["-c", "web.conf"]).complains(1, &["control", &long]);
    site.configure("parameter control nowhere/at/all");
    site.run(&["-c", "web.conf"]).complains(1, &["control", "nowhere/at/all"]);
}

/// A server that ends takes its socket with it, however it is told to.
#[test]
fn the_socket_is_gone_when_the_server_has_ended() {
    let mut server = controlled(site());
    server.signal(Signal::TERM);
    assert_eq!(server.end().code(), Some(0));
    assert!(!server.site.path(SOCKET).exists());
    let mut server = controlled(site());
    let stopped = ctl(&server.site, &["stop"]).succeeds();
    assert!(stopped.stdout.contains("stopping"), "{:?}", stopped.stdout);
    assert_eq!(server.end().code(), Some(0));
    assert!(!server.site.path(SOCKET).exists());
}

/// Whoever cannot be helped is told what to do.
#[test]
fn ctl_says_what_is_missing() {
    let site = site();
    site.configure(&format!("parameter control {SOCKET}"));
    ctl(&site, &["status"]).complains(1, &["no server listens at", SOCKET]);
    site.run(&["ctl", "--socket", "other.sock", "status"]).complains(1, &["other.sock"]);
    site.configure("");
    ctl(&site, &["status"]).complains(1, &["web.conf", "parameter control"]);
    fs::remove_file(site.path("web.conf")).expect("a file");
    ctl(&site, &["status"]).complains(1, &["web.conf"]);
    site.run(&["ctl"]).complains(2, &["swap", "reload", "rollback", "status", "stop"]);
    site.run(&["ctl", "swap"]).complains(2, &["FILE"]);
    site.run(&["ctl", "nonsense"]).complains(2, &["nonsense"]);
}

/// Done is 0; not done is 1, with the reason on standard error.
#[test]
fn the_exit_status_says_whether_it_was_done() {
    let good = Tiny::new().component();
    let server = controlled(site().file("tiny.wasm", good).file("broken.wasm", "no component"));
    let swapped = ctl(&server.site, &["swap", "tiny.wasm"]).succeeds();
    assert!(swapped.stdout.contains("generation 2 serves"), "{:?}", swapped.stdout);
    assert_eq!(server.get("/any").expect(200).text(), "front\n");
    let refused = ctl(&server.site, &["swap", "broken.wasm"]);
    refused.complains(1, &["not a WebAssembly component", "step compile", "generation 2 goes on"]);
    assert_eq!(refused.stdout, "");
    let back = ctl(&server.site, &["rollback"]).succeeds();
    assert!(back.stdout.contains("generation 1 serves"), "{:?}", back.stdout);
    server.get("/any").expect(404);
    ctl(&server.site, &["reload"]).succeeds();
    ctl(&server.site, &["promote"]).complains(1, &["no candidate runs beside"]);
}

/// How things stand, for people and for programs.
#[test]
fn status_is_told_as_text_and_as_json() {
    let server = controlled(site().file("broken.wasm", "no component"));
    swap(&server, &server.site.path("broken.wasm"));
    let address = server.address().to_string();
    let told = ctl(&server.site, &["status"]).succeeds().stdout;
    for words in ["generation 1 serves since", "the built-in guest", "refused 1", &address] {
        assert!(told.contains(words), "{words:?} is not in {told:?}");
    }
    let told = ctl(&server.site, &["status", "--json"]).succeeds().stdout;
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
    assert_eq!(told["generation"], 1);
    assert_eq!(told["refused"], 1);
    assert_eq!(told["published"], 0);
    assert_eq!(told["addresses"], json!([address]));
    assert_eq!(told["process"], server.process().id);
    assert!(told["last-refusal"].as_str().expect("a reason").contains("compile"), "{told}");
}

/// `ctl status | head -0`
#[test]
fn output_that_nobody_reads_is_no_panic() {
    let server = controlled(site());
    for arguments in [&["status"][..], &["status", "--json"], &["reload"], &["guest"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let arguments = [&["ctl", "-c", "web.conf"], arguments].concat();
        let mut command = server.site.command(&arguments);
        let output = command.stdout(writer).stderr(Stdio::piped()).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// Whatever comes over the socket, the server serves, and so does the socket.
#[test]
fn nonsense_on_the_socket_disturbs_nobody() {
    let server = controlled(site());
    let said = |octets: &[u8]| {
        let mut stream = connect(&server);
        // It may be closed before all of it was taken.
        let _ = stream.write_all(octets);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        String::from_utf8_lossy(&reply).into_owned()
    };
    let answered: [&[u8]; 7] = [
        b"garbage\n",
        b"\n",
        b"{\"swap\"",
        b"{\"swap\":{\"file\":3}}\n",
        b"{\"nonsense\":{}}\n",
        b"[[[[[[[[",
        b"GET / HTTP/1.1\r\n\r\n",
    ];
    for octets in answered {
        let reply = said(octets);
        assert!(reply.contains("does not understand"), "{octets:?}: {reply:?}");
    }
    said(b"");
    said(b"\xff\xfe\0\n");
    said(&vec![b'['; 4 * MIB]);
    said(&vec![b'"'; 4 * MIB]);
    assert_eq!(generation(&server), 1);
    server.serves();
}

/// Those who connect and say nothing are let go after a few seconds, and others get their turn.
#[test]
fn silent_controllers_are_let_go() {
    let server = controlled(site());
    let descriptors = server.process().descriptors();
    let silent: Vec<UnixStream> = (0..50).map(|_| connect(&server)).collect();
    let start = Instant::now();
    server.serves();
    wait_until("a controller gets its turn", || try_ask(&server, &json!("status")).is_some());
    assert!(start.elapsed() < DEADLINE / 2, "after {:?}", start.elapsed());
    server.frees_descriptors(descriptors);
    drop(silent);
    assert_eq!(generation(&server), 1);
}

/// What a long job makes others wait for is that job's end, not more; status does not wait at all.
#[test]
fn status_is_told_while_a_swap_takes_its_time() {
    let slow = Tiny::new().with("configure", "(loop (br 0))").component();
    let server = controlled(site().file("slow.wasm", slow));
    let waiting = connect(&server);
    let request = json!({"swap": {"file": server.site.path("slow.wasm")}});
    writeln!(&waiting, "{request}").expect("a request");
    wait_until("the swap is being done", || {
        status(&server)["doing"].as_str().is_some_and(|doing| doing.contains("slow.wasm"))
    });
    let start = Instant::now();
    server.serves();
    let mut reply = String::new();
    BufReader::new(waiting).read_line(&mut reply).expect("a reply");
    assert!(reply.contains("step configure"), "{reply}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(status(&server)["doing"], Value::Null);
}

/// A server that is told to stop does not finish the job it has in hand. It once did.
#[test]
fn a_server_stops_while_a_swap_takes_its_time() {
    let slow = Tiny::new().with("configure", "(loop (br 0))").component();
    let lines = format!("parameter control {SOCKET}\nparameter guest-deadline 30000");
    let mut server = site().file("slow.wasm", slow).serve(&lines);
    let request = json!({"swap": {"file": server.site.path("slow.wasm")}});
    let waiting = connect(&server);
    writeln!(&waiting, "{request}").expect("a request");
    wait_until("the swap is being done", || !status(&server)["doing"].is_null());
    let start = Instant::now();
    ctl(&server.site, &["stop"]).succeeds();
    assert_eq!(server.end().code(), Some(0));
    assert!(start.elapsed() < DEADLINE / 2, "took {:?}", start.elapsed());
}

/// However many wait for something, who asks how things stand waits for nothing, and one more who
/// would have to wait is told so. It once was closed without a word.
#[test]
fn status_is_told_while_many_wait() {
    let server = controlled(site());
    let mut waiting: Vec<_> = (0..16).map(|_| BufReader::new(connect(&server))).collect();
    for stream in &waiting {
        writeln!(stream.get_ref(), "{}", json!({"capture": {"count": 1, "whole": false}}))
            .expect("a request");
    }
    for stream in &mut waiting {
        let mut reply = String::new();
        stream.read_line(&mut reply).expect("a reply");
        assert_eq!(reply, "\"wait\"\n");
    }
    ctl(&server.site, &["reload"]).complains(1, &["16 controllers wait"]);
    ctl(&server.site, &["status"]).succeeds();
    drop(waiting);
    wait_until("a place is free", || ask(&server, &json!("reload"))["done"].is_string());
}
