//! Code that runs before anything was asked: start functions.
//!
//! The components here are the built-in guest with a core module in front of it, so that nothing is
//! wrong with them but what that module does when it is instantiated.

use std::time::Instant;

use crate::harness::{DEADLINE, Finished, MIB, Site};

/// What the contract's interface is exported as.
const HANDLER: &[u8] = b"wasmhttpd:guest/handler@0.1.0";

/// Section numbers and sorts of the component model's binary format.
const COMPONENT_SECTION: u8 = 4;
const INSTANCE_SECTION: u8 = 5;
const ALIAS_SECTION: u8 = 6;
const EXPORT_SECTION: u8 = 11;
const INSTANCE_SORT: u8 = 5;

/// A site whose guest is the built-in one behind a core module of these fields.
fn site(module: &str) -> Site {
    let site = Site::new().file("www/index.html", "front\n");
    let guest = site.command(&["guest"]).output().expect("the program runs").stdout;
    let text =
        format!("(component (core module $first {module}) (core instance (instantiate $first)))");
    let mut component = wat::parse_str(text).expect("a component as text");
    let name = [&[HANDLER.len() as u8], HANDLER].concat();
    section(&mut component, COMPONENT_SECTION, &guest);
    // One instance, of component 0, with no arguments.
    section(&mut component, INSTANCE_SECTION, &[1, 0, 0, 0]);
    // One alias: an instance, the export of instance 0 with this name.
    section(&mut component, ALIAS_SECTION, &[&[1, INSTANCE_SORT, 0, 0][..], &name].concat());
    // One export of this name: instance 1, with no other type than it has.
    let export = [&[1, 0][..], &name, &[INSTANCE_SORT, 1, 0]].concat();
    section(&mut component, EXPORT_SECTION, &export);
    std::fs::write(site.path("guest.wasm"), component).expect("a component");
    site
}

fn section(component: &mut Vec<u8>, number: u8, content: &[u8]) {
    component.push(number);
    let mut length = content.len();
    while length >= 0x80 {
        component.push(length as u8 | 0x80);
        length >>= 7;
    }
    component.push(length as u8);
    component.extend_from_slice(content);
}

/// Runs the server on such a guest, which must fail before anything is served.
fn refused(module: &str) -> Finished {
    let site = site(module);
    site.configure("parameter guest guest.wasm\nparameter guest-deadline 200");
    let start = Instant::now();
    let finished = site.run(&["-c", "web.conf"]);
    assert!(start.elapsed() < DEADLINE / 2, "took {:?}", start.elapsed());
    finished.complains(1, &["guest.wasm"]);
    assert_eq!(finished.stdout, "");
    finished
}

/// The construction itself: a module that does nothing leaves a guest that works.
#[test]
fn a_harmless_start_function_is_run() {
    let server = site("(func $start) (start $start)").serve("parameter guest guest.wasm");
    assert_eq!(server.get("/").expect(200).text(), "front\n");
}

/// Fault 1.
#[test]
fn a_start_function_that_loops_is_ended() {
    let finished = refused("(func $start (loop $again (br $again))) (start $start)");
    finished.complains(1, &["deadline"]);
}

/// Fault 5.
#[test]
fn a_start_function_that_traps_is_told() {
    refused("(func $start unreachable) (start $start)").complains(1, &["trap"]);
}

/// Fault 3: memory and tables that grow without end, or are too large from the start.
#[test]
fn a_start_function_that_hoards_is_ended() {
    for module in [
        "(memory 1) (start $start) (func $start
            (loop $again (drop (memory.grow (i32.const 10))) (br $again)))",
        "(table 1 funcref) (start $start) (func $start
            (loop $again (drop (table.grow (ref.null func) (i32.const 10000))) (br $again)))",
        "(memory 65536)",
        "(table 1000000000 funcref)",
    ] {
        refused(module);
    }
}

/// Fault 3, at an instance's start for every request: what a module takes is given back.
#[test]
fn memory_taken_by_start_functions_is_given_back() {
    let site = site(
        "(memory 64) (start $start) (func $start
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 4194304)))",
    );
    let lines = "parameter guest guest.wasm\nparameter isolation request\nparameter workers 1";
    let server = site.serve(lines);
    let mut client = server.client();
    for _ in 0..20 {
        client.get("/").expect(200);
    }
    let before = server.process().resident_octets();
    for _ in 0..200 {
        client.get("/").expect(200);
    }
    let after = server.process().resident_octets();
    assert!(after < before + 32 * MIB, "from {before} to {after} octets");
}
