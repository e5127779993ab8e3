//! What a guest has to get through before it serves: each step refuses by its name, and changes
//! nothing (faults 1, 3 and 14).

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fixtures::HOSTILE;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::control::{self, SOCKET};
use crate::harness::{Askers, DEADLINE, Server, Site, Tiny, bomb, wait_until};

/// Longest wait for an answer while a compiler works: what a busy machine costs.
const WAIT_MAX: Duration = Duration::from_secs(3);

const TINY: &str =
    "parameter control ctl.sock\nparameter guest tiny.wasm\nparameter code-cache off";

/// A server whose guest, like all the others, is small: compilers are slow on a busy machine.
fn serve(lines: &str) -> Server {
    Site::new()
        .file("www/index.html", "front\n")
        .file("tiny.wasm", Tiny::new().component())
        .serve(&format!("{TINY}\n{lines}"))
}

/// Asserts that a swap to a file is refused at a step, for a reason with these words in it, that
/// all of it is in the log too, and that nothing has changed.
fn refused_file(server: &Server, file: &Path, step: &str, words: &[&str]) {
    let before = control::status(server);
    let reply = control::swap(server, file);
    let lines = reply["refused"].as_array().unwrap_or_else(|| panic!("{reply}"));
    let generation = &before["generation"];
    let end = format!("was refused at the step {step}: generation {generation} goes on");
    assert!(
        lines.last().and_then(|line| line.as_str()).is_some_and(|line| line.ends_with(&end)),
        "{end:?}: {reply}"
    );
    let reasons = lines[..lines.len() - 1].iter().filter_map(|line| line.as_str());
    let reasons = reasons.collect::<Vec<_>>().join("\n");
    for word in words {
        assert!(reasons.contains(word), "{word:?} is not in {reasons:?}");
    }
    server.logs(&[&end]);
    let after = control::status(server);
    assert_eq!(after["generation"], before["generation"]);
    assert_eq!(after["guest"], before["guest"]);
    assert_eq!(after["refused"], before["refused"].as_u64().expect("a number") + 1);
    assert_eq!(after["doing"], json!(null));
    assert_eq!(server.get("/").expect(200).text(), "front\n");
}

fn refused(server: &Server, component: &[u8], step: &str, words: &[&str]) {
    let file = server.site.path("candidate.wasm");
    fs::write(&file, component).expect("a component");
    refused_file(server, &file, step, words);
}

fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).expect("a component as text")
}

#[test]
fn what_cannot_be_read_is_refused_when_read() {
    let server = serve("");
    let site = &server.site;
    refused_file(&server, &site.path("nowhere.wasm"), "read", &["No such file"]);
    refused_file(&server, &site.path("www"), "read", &["not a regular file"]);
    refused_file(&server, &site.path(SOCKET), "read", &["not a regular file"]);
    refused_file(&server, Path::new("/dev/zero"), "read", &["not a regular file"]);
    let fifo = site.path("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.is_ok_and(|status| status.success()), "a named pipe");
    refused_file(&server, &fifo, "read", &["not a regular file"]);
    let large = fs::File::create(site.path("large.wasm")).expect("a file");
    large.set_len((128 << 20) + 1).expect("a file system with holes");
    refused_file(&server, &site.path("large.wasm"), "read", &["larger than 128 MiB"]);
    large.set_len(1 << 40).expect("a file system with holes");
    refused_file(&server, &site.path("large.wasm"), "read", &["larger than 128 MiB"]);
}

#[test]
fn what_is_no_component_is_refused_by_the_compiler() {
    let server = serve("");
    let reason = "not a WebAssembly component";
    refused(&server, b"", "compile", &[reason]);
    refused(&server, b"this is no component\n", "compile", &[reason]);
    refused(&server, b"(component)", "compile", &[reason]);
    refused(&server, b"\0asm", "compile", &[reason]);
    refused(&server, b"\x7fELF\x02\x01\x01", "compile", &[reason]);
    refused(&server, &text("(module (func (export \"parse\")))"), "compile", &[reason]);
    refused(&server, &vec![0; 1 << 20], "compile", &[reason]);
    let invalid = Tiny::new().with("parse", "(drop (i64.eqz (i32.const 0)))").component();
    refused(&server, &invalid, "compile", &[reason, "type mismatch"]);
}

#[test]
fn what_does_not_fit_the_contract_is_refused_by_name() {
    let server = serve("");
    refused(&server, &text("(component)"), "check", &["wasmhttpd:guest/handler@0.1.0"]);
    let another = Tiny::new().replacing("handler@0.1.0", "handler@7.0.0").component();
    refused(&server, &another, "check", &["wasmhttpd:guest/handler@0.1.0"]);
    let lacks = Tiny::new().replacing("(export \"respond\" (func $respond))", "").component();
    refused(&server, &lacks, "check", &["respond"]);
    let import = "(import \"evil:host/thing\" (instance))";
    let importing = Tiny::new().with("import", import).component();
    refused(&server, &importing, "check", &["evil:host/thing", "import"]);
    let import = "(import \"evil-function\" (func))";
    let importing = Tiny::new().with("import", import).component();
    refused(&server, &importing, "check", &["evil-function"]);
    let import = "(import \"wasi:made/up@0.2.0\" (instance (export \"f\" (func))))";
    let importing = Tiny::new().with("import", import).component();
    refused(&server, &importing, "check", &["wasi:made/up"]);
}

/// The names are all right, and the types are not: no start of the guest is to blame for that.
#[test]
fn exports_of_other_types_are_refused_by_name() {
    let server = serve("");
    let renamed = Tiny::new().replacing("(field \"media\"", "(field \"medium\"").component();
    refused(&server, &renamed, "check", &["media", "medium"]);
    let renamed = Tiny::new().replacing("(case \"look-up\"", "(case \"look-in\"").component();
    refused(&server, &renamed, "check", &["look-up", "look-in"]);
    let other = Tiny::new().replacing("(field \"line\" u32)", "(field \"line\" s32)").component();
    refused(&server, &other, "check", &["u32"]);
}

#[test]
fn guest_imports_none_refuses_wasi_while_serving() {
    let server = serve("parameter guest-imports none");
    let import = "(import \"wasi:cli/stdin@0.2.0\" (instance))";
    let importing = Tiny::new().with("import", import).component();
    refused(&server, &importing, "check", &["wasi:cli/stdin@0.2.0", "guest-imports none"]);
    let allowed = serve("");
    fs::write(allowed.site.path("other.wasm"), importing).expect("a component");
    let swapped = control::swap(&allowed, &allowed.site.path("other.wasm"));
    assert!(swapped["done"].is_string(), "{swapped}");
}

#[test]
fn a_guest_that_cannot_start_is_refused_when_instantiated() {
    let server = serve("");
    let started = |code: &str| {
        let start = format!("(func $start {code}) (start $start)");
        Tiny::new().with("start", &start).component()
    };
    refused(&server, &started("(unreachable)"), "instantiate", &["trap", "unreachable"]);
    refused(&server, &started("(call $start)"), "instantiate", &["stack"]);
    let start = Instant::now();
    refused(&server, &started("(loop (br 0))"), "instantiate", &["deadline"]);
    assert!(start.elapsed() < DEADLINE / 2, "took {:?}", start.elapsed());
    // Of 64 MiB.
    let grows = started("(drop (memory.grow (i32.const 1024)))");
    refused(&server, &grows, "instantiate", &["memory", "guest-memory"]);
}

#[test]
fn a_guest_that_needs_more_memory_than_it_may_have_is_refused() {
    let server = serve("parameter guest-memory 1M");
    let fits = Tiny::new().with("pages", "16").component();
    fs::write(server.site.path("fits.wasm"), fits).expect("a component");
    let swapped = control::swap(&server, &server.site.path("fits.wasm"));
    assert!(swapped["done"].is_string(), "{swapped}");
    for pages in ["17", "1000", "65536"] {
        let needs = Tiny::new().with("pages", pages).component();
        refused(&server, &needs, "instantiate", &["memory", "guest-memory"]);
    }
}

/// Fault 1, in `configure` and `settings`.
#[test]
fn a_guest_that_cannot_be_configured_is_refused() {
    let server = serve("");
    for place in ["configure", "settings"] {
        let guest = |code: &str| Tiny::new().with(place, code).component();
        refused(&server, &guest("(loop (br 0))"), "configure", &[place, "deadline"]);
        refused(&server, &guest("(unreachable)"), "configure", &[place, "trap"]);
        let grows = "(drop (memory.grow (i32.const 1024)))";
        refused(&server, &guest(grows), "configure", &[place, "memory"]);
        // A result beyond the end of memory.
        refused(&server, &guest("(return (i32.const -8))"), "configure", &[place]);
    }
    let refuses = "(i32.store8 (i32.const 1024) (i32.const 1))";
    let refuses = Tiny::new().with("configure", refuses).component();
    refused(&server, &refuses, "configure", &["refuses its configuration"]);
}

/// web.conf has something for the guest there was: the line is named.
#[test]
fn a_parameter_that_the_new_guest_does_not_know_is_refused_with_its_line() {
    let site = Site::new().file("www/index.html", "front\n");
    let site = site.file("tiny.wasm", Tiny::new().component());
    let server =
        site.serve(&format!("parameter control {SOCKET}\n# a comment\nparameter index index.html"));
    let tiny = server.site.path("tiny.wasm");
    refused_file(&server, &tiny, "configure", &["web.conf:3:", "`index`"]);
    server.logs(&["web.conf:3:", "`index`"]);
}

/// The same in one go: another guest and lines for it.
#[test]
fn a_reload_with_a_guest_that_cannot_be_configured_is_refused() {
    let server = serve("");
    for (how, cause) in [("trap", "trap"), ("loop", "deadline"), ("badly", "web.conf:3:")] {
        server.site.configure(&format!(
            "parameter control {SOCKET}\nparameter guest {HOSTILE}\nparameter misbehave {how}"
        ));
        let reasons = control::refused_reload(&server);
        assert!(reasons.contains("at the step configure"), "{reasons}");
        assert!(reasons.contains(cause), "{reasons}");
        assert_eq!(server.get("/").expect(200).text(), "front\n");
    }
}

/// A guest that fails at what the serving one answers.
#[test]
fn a_guest_that_fails_at_requests_is_refused_when_rehearsed() {
    let server = serve("");
    for place in ["parse", "respond"] {
        let guest = |code: &str| Tiny::new().with(place, code).component();
        refused(&server, &guest("(unreachable)"), "rehearse", &["GET / HTTP/1.1", place, "trap"]);
        refused(&server, &guest("(loop (br 0))"), "rehearse", &[place, "deadline"]);
        refused(&server, &guest("(return (i32.const -8))"), "rehearse", &[place, "breach"]);
    }
}

/// Asserts that a bomb is refused for these words, and that neither the server nor those who ask it
/// meanwhile suffer.
fn disarmed(lines: &str, bomb: &[u8], words: &[&str]) -> Server {
    let server = serve("");
    server.site.configure(&format!("{TINY}\n{lines}"));
    assert!(control::reload(&server).contains("generation 1 goes on"));
    let process = server.process();
    let (resident, descriptors) = (process.resident_octets(), process.descriptors());
    let askers = Askers::start(server.address(), 2, usize::MAX, "front\n");
    let start = Instant::now();
    refused(&server, bomb, "compile", words);
    let (took, tally) = (start.elapsed(), askers.end());
    wait_until("no compiler is left", || process.children().is_empty());
    server.frees_descriptors(descriptors);
    let grown = process.resident_octets().saturating_sub(resident);
    eprintln!("{} octets, {took:?}, {tally:?}, {grown} octets more", bomb.len());
    assert!(tally.longest < WAIT_MAX + tally.machine, "{tally:?}");
    assert!(grown < 4 * bomb.len() + (16 << 20), "{grown} octets more");
    server
}

/// Fault 14: a compile bomb is disarmed by the time it may take.
#[test]
fn a_component_that_takes_too_long_to_compile_is_refused() {
    let bomb = bomb(2_000, 1_000);
    disarmed("parameter compile-timeout 1", &bomb, &["within 1 s", "compile-timeout"]);
}

/// A guest that an interpreter is part of takes half a minute to compile; on a machine where others
/// want the processors too, that was a minute by the clock, and the guest was refused.
#[test]
fn a_compiler_that_waits_for_a_processor_is_not_late() {
    let server = serve("");
    server.site.configure(&format!("{TINY}\nparameter compile-timeout 1"));
    assert!(control::reload(&server).contains("generation 1 goes on"));
    let process = server.process();
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            wait_until("there is a compiler", || !process.children().is_empty());
            let id = process.children()[0].try_into().expect("a process id");
            let compiler = Pid::from_raw(id).expect("a process id");
            kill_process(compiler, Signal::STOP).expect("a process to stop");
            let start = Instant::now();
            wait_until("the time is over", || start.elapsed() > Duration::from_secs(2));
            kill_process(compiler, Signal::CONT).expect("a process to go on");
        });
        // It is compiled, and only then found to be no guest.
        refused(&server, &bomb(20, 1_000), "check", &["wasmhttpd:guest/handler"]);
        busy.join().expect("it was stopped for a while");
    });
}

/// Fault 14: a compile bomb is disarmed by the memory it may take.
#[test]
fn a_component_that_takes_too_much_memory_to_compile_is_refused() {
    let bomb = bomb(1, 300_000);
    let server = disarmed("parameter compile-memory 128M", &bomb, &["compile-memory"]);
    // Not that nothing passes.
    let other = Tiny::new().with("pages", "2").component();
    fs::write(server.site.path("other.wasm"), other).expect("a component");
    let swapped = control::swap(&server, &server.site.path("other.wasm"));
    assert!(swapped["done"].is_string(), "{swapped}");
}
