//! Middleware: a component in front of another one, in one component.

use std::fs;

use fixtures::examples::{BASIC_AUTH_MIDDLEWARE, MAINTENANCE_MIDDLEWARE};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, plug};
use wasmhttpd::sandbox::EMBEDDED_GUEST;

use crate::harness::{Askers, Server, Site, wait_until};

/// A user with the password `correct horse`, and what is sent for it.
const USER: &str = "alice:$pbkdf2-sha256$i=5000$YSBzYWx0IG9mIDE2IG9jdA$JCGe8lSLAaz7bDa9Zy5fqzBxAam2MqXU0Cmjyrk9zis";
const AUTHORIZATION: &str = "Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==\r\n";

/// Answers that clients get between two steps.
const ANSWERS: u64 = 50;

/// Middleware in front of a guest, as `wac plug` composes them.
fn composed(middleware: &str, guest: &[u8]) -> Vec<u8> {
    let mut graph = CompositionGraph::new();
    let mut package = |name: &str, component: Vec<u8>| {
        let package = Package::from_bytes(name, None, component, graph.types_mut());
        graph.register_package(package.expect("a component")).expect("another name")
    };
    let rule = fs::read(middleware).expect("the middleware that was built");
    let (rule, guest) = (package("rule", rule), package("guest", guest.to_vec()));
    plug(&mut graph, vec![guest], rule).expect("a guest fits the middleware");
    graph.encode(EncodeOptions::default()).expect("a component of both")
}

fn site() -> Site {
    let site = Site::new().file("www/index.html", "front\n").file("www/private/a.txt", "secret\n");
    let once = composed(BASIC_AUTH_MIDDLEWARE, EMBEDDED_GUEST);
    site.file("twice.wasm", composed(MAINTENANCE_MIDDLEWARE, &once)).file("composed.wasm", once)
}

fn lines(guest: &str) -> String {
    let imports = "parameter guest-imports none\nparameter control ctl.sock";
    match guest {
        "" => imports.into(),
        _ => format!(
            "{imports}\nparameter guest {guest}\nparameter auth-user {USER}\nparameter auth-path /private/*\nparameter index index.html"
        ),
    }
}

/// Has the server go on with a guest, while clients ask for what is open to all.
fn reload(server: &Server, guest: &str, clients: &Askers) {
    let some_answers = |clients: &Askers| {
        let before = clients.answers();
        wait_until("clients get answers", || clients.answers() >= before + ANSWERS);
    };
    some_answers(clients);
    server.site.configure(&lines(guest));
    server.ctl(&["reload"]).succeeds();
    some_answers(clients);
}

/// Basic auth goes in front of the guest, and away again, and clients that ask all the while get
/// what they always got.
#[test]
fn middleware_is_put_in_front_of_a_guest_that_serves() {
    let server = site().serve(&lines(""));
    let clients = Askers::start(server.address(), 2, 100, "front\n");
    assert_eq!(server.get("/private/a.txt").expect(200).text(), "secret\n");
    reload(&server, "composed.wasm", &clients);
    server.get("/private/a.txt").expect(401);
    let mut client = server.client();
    let inside = client.get_with("/private/a.txt", AUTHORIZATION).expect(200);
    assert_eq!((&*inside.text(), inside.needs("Cache-Control")), ("secret\n", "private, no-cache"));
    reload(&server, "", &clients);
    assert_eq!(server.get("/private/a.txt").expect(200).text(), "secret\n");
    assert_eq!(clients.end().others, 0);
}

/// What is behind the middleware reads web.conf as well, and has its lines in complaints.
#[test]
fn the_guest_behind_has_its_own_parameters() {
    let site = site();
    site.configure(&format!("parameter listing perhaps\n{}", lines("composed.wasm")));
    site.run(&["-c", "web.conf", "--check"]).complains(1, &["web.conf:1:", "neither on nor off"]);
    site.configure(&lines("composed.wasm").replace("auth-user", "auth-usr"));
    site.run(&["-c", "web.conf", "--check"]).complains(1, &["web.conf:4:", "auth-user"]);
    let server = site.serve(&format!("{}\nparameter listing on", lines("composed.wasm")));
    let listing = server.client().get_with("/private/", AUTHORIZATION).expect(200);
    assert!(listing.text().contains("a.txt"), "{}", listing.text());
}

/// Middleware goes in front of middleware, and each takes its own parameters.
#[test]
fn middleware_can_be_chained() {
    let lines = lines("twice.wasm");
    let server = site().serve(&format!("{lines}\nparameter maintenance-open /private/*"));
    server.get("/").expect(503);
    server.get("/private/a.txt").expect(401);
    server.get("/private%2Fa.txt").expect(401);
    server.client().get_with("/private/a.txt", AUTHORIZATION).expect(200);
    server.ask("GET /private/a.txt HTTP/1.1\r\n\r\n").expect(400);
}

/// Middleware alone is no guest: the handler that it imports is nobody's.
#[test]
fn middleware_alone_is_refused() {
    let site =
        Site::new().file("guest.wasm", fs::read(BASIC_AUTH_MIDDLEWARE).expect("a component"));
    site.configure("parameter guest guest.wasm");
    let complaint = "it imports wasmhttpd:guest/handler@0.1.0";
    site.run(&["-c", "web.conf", "--check"]).complains(1, &[complaint]);
}
