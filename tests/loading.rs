//! Components that are wrong as a whole: refused with a clear message, before anything is served.

use std::fs;

use fixtures::HOSTILE;

use crate::harness::{Finished, Site};

/// Runs the server on a guest that it must refuse.
fn refused(component: &[u8], words: &[&str]) {
    let site = Site::new().file("www/index.html", "front\n").file("guest.wasm", component);
    site.configure("parameter guest guest.wasm");
    for arguments in [&["-c", "web.conf"][..], &["-c", "web.conf", "--check"]] {
        let finished = site.run(arguments);
        finished.complains(1, &["guest.wasm"]);
        finished.complains(1, words);
        assert!(!finished.stdout.contains("listening"), "{:?}", finished.stdout);
    }
}

fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).expect("a component as text")
}

fn hostile() -> Vec<u8> {
    fs::read(HOSTILE).expect("the hostile component")
}

/// Runs the server on the hostile guest with these lines, until it ends.
fn run_hostile(lines: &str) -> Finished {
    let site = Site::new().file("www/index.html", "front\n");
    site.configure(&format!("parameter guest {HOSTILE}\n{lines}"));
    site.run(&["-c", "web.conf"])
}

/// Fault 14: nothing exported.
#[test]
fn a_component_without_the_handler_is_refused() {
    refused(&text("(component)"), &["handler"]);
}

/// Fault 14: exports something, but not in the right shape.
#[test]
fn a_component_with_another_handler_is_refused() {
    let other = r#"(component
        (component $handler
            (core module $code (func (export "f")))
            (core instance $code (instantiate $code))
            (func (export "parse") (canon lift (core func $code "f"))))
        (instance $handler (instantiate $handler))
        (export "wasmhttpd:guest/handler@0.1.0" (instance $handler)))"#;
    refused(&text(other), &["handler"]);
}

/// Fault 14: a contract of another version.
#[test]
fn a_component_of_another_version_is_refused() {
    let other = r#"(component
        (component $handler)
        (instance $handler (instantiate $handler))
        (export "wasmhttpd:guest/handler@7.0.0" (instance $handler)))"#;
    refused(&text(other), &["handler"]);
}

/// The contract allows no imports but WASI's: the name says who wanted what.
#[test]
fn a_component_that_imports_something_else_is_refused_by_name() {
    let import = r#"(component (import "evil:host/thing" (instance (export "f" (func)))))"#;
    refused(&text(import), &["evil:host/thing"]);
    let import = r#"(component (import "evil-function" (func)))"#;
    refused(&text(import), &["evil-function"]);
}

/// Fault 14: what compilers make before they make a component.
#[test]
fn a_core_module_is_refused() {
    refused(&text(r#"(module (func (export "parse")))"#), &["component"]);
}

/// Fault 14.
#[test]
fn what_is_no_wasm_is_refused() {
    refused(b"", &[]);
    refused(b"this is not a component\n", &[]);
    refused(b"\0asm", &[]);
    refused(b"\x7fELF\x02\x01\x01", &[]);
}

/// What would be compiled when read as text is no component either: files are octets.
#[test]
fn a_component_as_text_is_refused() {
    refused(b"(component)", &[]);
}

/// Fault 14: half of a file, as a copy in progress would be.
#[test]
fn a_truncated_component_is_refused() {
    let whole = hostile();
    for length in [9, whole.len() / 2, whole.len() - 1] {
        refused(&whole[..length], &[]);
    }
}

/// Fault 14: a component with flipped bits is refused, or works in its sandbox; nothing crashes.
#[test]
fn flipped_bits_never_crash_the_server() {
    let whole = hostile();
    let site = Site::new().file("www/index.html", "front\n");
    site.configure("parameter guest guest.wasm");
    for round in 0..8_usize {
        let mut octets = whole.clone();
        octets[(round * 7_919 + 13) * 1_009 % whole.len()] ^= 1 << (round % 8);
        fs::write(site.path("guest.wasm"), octets).expect("a component");
        let finished = site.run(&["-c", "web.conf", "--check"]);
        let code = finished.status.code();
        assert!(matches!(code, Some(0 | 1)), "{:?}: {}", finished.status, finished.stderr);
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    }
}

/// A path that leads nowhere, and one that leads to a folder.
#[test]
fn a_guest_that_is_not_there_is_named() {
    let site = Site::new().file("www/index.html", "front\n");
    for path in ["nowhere.wasm", "www"] {
        site.configure(&format!("parameter guest {path}"));
        site.run(&["-c", "web.conf"]).complains(1, &[path]);
    }
}

/// Fault 1, in `configure`.
#[test]
fn a_guest_that_fails_when_configured_serves_nobody() {
    for (how, cause) in [("trap", "trap"), ("loop", "deadline"), ("memory", "memory")] {
        let lines = format!("parameter guest-deadline 200\nparameter misbehave {how}");
        let finished = run_hostile(&lines);
        finished.complains(1, &["configure", cause]);
        assert_eq!(finished.stdout, "");
    }
}

/// The guest's own complaint is shown at the line it is about.
#[test]
fn a_problem_that_the_guest_reports_is_a_diagnostic() {
    let finished = run_hostile("# one more line\nparameter misbehave badly");
    finished.complains(1, &["web.conf:3:", "the guest does not like `badly`"]);
    assert_eq!(finished.stdout, "");
}

/// The guest's settings are known by name, and so are near misses.
#[test]
fn a_misspelt_parameter_of_the_guest_gets_a_suggestion() {
    run_hostile("parameter misbehav badly").complains(1, &["web.conf:2:", "misbehav", "misbehave"]);
    run_hostile("parameter colour blue").complains(1, &["web.conf:2:", "colour"]);
}

/// `guest-imports none` leaves a guest nothing to call at all.
#[test]
fn guest_imports_none_refuses_wasi() {
    run_hostile("parameter guest-imports none").complains(1, &["wasi:"]);
    let site = Site::new().file("www/index.html", "front\n");
    let server = site.serve("parameter guest-imports none");
    assert_eq!(server.get("/").expect(200).text(), "front\n");
}

/// A guest is found from the folder of web.conf, wherever the server was started.
#[test]
fn a_guest_path_is_relative_to_web_conf() {
    let site = Site::new().file("www/index.html", "front\n");
    fs::copy(HOSTILE, site.path("guest.wasm")).expect("a copy of the guest");
    site.configure("parameter guest guest.wasm");
    site.folder("elsewhere");
    let conf = site.path("web.conf");
    let conf = conf.to_str().expect("a path that is text").to_owned();
    let server = site.start(&["-c", &conf], 1);
    assert_eq!(server.get("/ok").expect(200).text(), "ok\n");
}

/// What `wasmhttpd guest` writes is the guest that is built in, and can be given back to it.
#[test]
fn the_embedded_guest_can_be_loaded_from_a_file() {
    let site = Site::new().file("www/index.html", "front\n");
    let guest = site.command(&["guest"]).output().expect("the program runs");
    fs::write(site.path("default.wasm"), guest.stdout).expect("a component");
    let server = site.serve("parameter guest default.wasm\nparameter guest-imports none");
    assert_eq!(server.get("/").expect(200).text(), "front\n");
    server.get("/missing").expect(404);
}
