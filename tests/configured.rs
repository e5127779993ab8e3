//! `wasmhttpd guest --configured`: the guest of web.conf, with what web.conf tells it inside.

use std::sync::Arc;
use std::time::Duration;

use fixtures::HOSTILE;
use wasmhttpd::sandbox::contract::{Configuration, Datetime, File, Found, Setting, Trouble};
use wasmhttpd::sandbox::{EMBEDDED_GUEST, GuestLimits, Instance, Runtime, RuntimeOptions};

use crate::harness::{Site, write};

/// What web.conf tells the guest.
const MEDIA: &[(&str, &str)] = &[("txt", "text/x-inside")];
const PARAMETERS: &[(&str, &str)] =
    &[("index", "a.html"), ("redirect", "/old /new 308"), ("header", "X-Inside: yes")];

/// Requests of which the lines above change every answer to what was found.
const HEADS: &[&str] = &[
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /old?q HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /b.txt HTTP/1.1\r\nHost: a\r\n\r\n",
];

fn lines() -> String {
    let media = MEDIA.iter().map(|(name, value)| format!("media {name} {value}\n"));
    let parameters = PARAMETERS.iter().map(|(name, value)| format!("parameter {name} {value}\n"));
    media.chain(parameters).collect()
}

fn configuration() -> Configuration {
    let setting = |(name, value): &(&str, &str)| Setting {
        line: 1,
        name: (*name).into(),
        value: (*value).into(),
    };
    Configuration {
        media: MEDIA.iter().map(setting).collect(),
        parameters: PARAMETERS.iter().map(setting).collect(),
    }
}

fn site() -> Site {
    Site::new().file("www/index.html", "index\n").file("www/a.html", "a\n").file("www/b.txt", "b\n")
}

/// What the program writes about the web.conf of a site.
fn written(site: &Site, arguments: &[&str]) -> Vec<u8> {
    let output = site.command(arguments).output().expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{}: {errors}", output.status);
    output.stdout
}

/// The component of a site with the lines above.
fn component() -> Vec<u8> {
    let site = site();
    site.configure(&lines());
    written(&site, &["guest", "--configured"])
}

const LIMITS: GuestLimits =
    GuestLimits { deadline: Duration::from_secs(10), memory_octets_max: 64 << 20, wasi: true };

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeOptions::for_guest(3, LIMITS)).expect("an engine")
}

/// What an instance answers, in words; it is configured only if told.
fn answers(component: &[u8], configuration: Option<&Configuration>) -> Vec<String> {
    let generation = runtime().load(component, LIMITS).expect("a guest");
    let mut instance = Instance::start(&generation).expect("a start");
    if let Some(configuration) = configuration {
        instance.configure(configuration).expect("no problems");
    }
    let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
    let file = Found::File(File { candidate: 0, size: 2, modified, after: None });
    let mut answers = Vec::new();
    for head in HEADS {
        answers.push(format!("{:?}", instance.parse(head, None).expect("an answer")));
        for found in [&file, &Found::Nothing(Trouble::Missing)] {
            answers.push(format!("{:?}", instance.respond(head, found, None).expect("an answer")));
        }
    }
    answers
}

#[test]
fn a_component_with_its_configuration_inside_answers_as_one_that_was_configured() {
    let component = component();
    let expected = answers(EMBEDDED_GUEST, Some(&configuration()));
    let defaults = answers(EMBEDDED_GUEST, None);
    let differ = expected.iter().zip(&defaults).filter(|(one, other)| one != other);
    assert!(differ.count() >= 2 * HEADS.len(), "{expected:?}");
    assert_eq!(answers(&component, None), expected);
    assert_eq!(answers(&component, Some(&configuration())), expected);
    let nothing = Configuration { media: Vec::new(), parameters: Vec::new() };
    assert_eq!(answers(&component, Some(&nothing)), defaults);
}

/// The same octets each time: it can be known by its digest.
#[test]
fn a_component_with_its_configuration_inside_is_the_same_each_time() {
    let site = site();
    site.configure(&lines());
    let first = written(&site, &["guest", "--configured", "-c", "web.conf"]);
    assert!(first == written(&site, &["guest", "--configured"]), "other octets");
    assert!(first != EMBEDDED_GUEST, "nothing inside");
    site.configure_exactly("host default www\n");
    assert!(first != written(&site, &["guest", "--configured"]), "the same octets");
}

/// The server tells every guest what its web.conf says, and that replaces what is inside.
#[test]
fn the_server_serves_a_component_with_its_configuration_inside() {
    let component = component();
    let site = site().file("inside.wasm", &component);
    let server = site.serve(&format!("parameter guest inside.wasm\n{}", lines()));
    assert_eq!(server.get("/").expect(200).text(), "a\n");
    assert_eq!(server.get("/old").expect(308).needs("Location"), "/new");
    assert!(server.get("/b.txt").expect(200).needs("Content-Type").starts_with("text/x-inside"));

    let site = self::site().file("inside.wasm", &component);
    let server = site.serve("parameter guest inside.wasm\nparameter index index.html");
    assert_eq!(server.get("/").expect(200).text(), "index\n");
    server.get("/old").expect(404);
}

/// The guest is the one of web.conf: one with something inside can get something else inside.
#[test]
fn the_guest_of_web_conf_is_written() {
    let site = site().file("inside.wasm", component());
    site.configure("parameter guest inside.wasm\nparameter index c.html");
    let component = written(&site, &["guest", "--configured"]);
    let answers = answers(&component, None);
    assert!(answers[0].contains("c.html") && !answers[0].contains("a.html"), "{}", answers[0]);
}

#[test]
fn what_is_wrong_with_web_conf_is_said_and_nothing_written() {
    let site = site();
    let refused = |text: &str, words: &[&str]| {
        site.configure_exactly(text);
        let finished = site.run(&["guest", "--configured"]);
        finished.complains(1, words);
        assert_eq!(finished.stdout, "");
    };
    refused("host default www\nparameter indx a", &["web.conf:2:", "try index"]);
    refused("host default www\nmedia a nonsense", &["web.conf:2:", "no media type"]);
    refused("host default www\nnonsense\nparameter workers 0", &["web.conf:2:", "web.conf:3:"]);
    refused("host default www\nparameter guest nowhere.wasm", &["nowhere.wasm cannot be read"]);
    site.run(&["guest", "--configured", "-c", "nowhere.conf"]).complains(1, &["nowhere.conf"]);
    site.run(&["guest", "-c", "web.conf"]).complains(2, &["--configured"]);
    site.run(&["-c", "web.conf", "guest", "--configured"]).complains(2, &[]);
    // Nobody listens, and nothing is served: addresses and roots need not be there.
    write(&site.path("web.conf"), "host default gone\nparameter listen 192.0.2.1:80\n");
    written(&site, &["guest", "--configured"]);
}

/// A guest that imports WASI but holds nothing of it.
#[test]
fn a_guest_with_imports_is_written_too() {
    let site = site();
    site.configure(&format!("parameter guest {HOSTILE}"));
    let component = written(&site, &["guest", "--configured"]);
    let site = site.file("inside.wasm", component);
    let server = site.serve("parameter guest inside.wasm");
    assert_eq!(server.get("/ok").expect(200).text(), "ok\n");
}

/// Components made of components cannot be taken a snapshot of, though they can be served.
#[test]
fn a_guest_that_cannot_be_taken_a_snapshot_of_is_named() {
    let site = site().file("nested.wasm", nested(EMBEDDED_GUEST));
    site.configure("parameter guest nested.wasm\nparameter index a.html");
    let finished = site.run(&["guest", "--configured"]);
    finished.complains(1, &["nested.wasm cannot be written", "nested components with modules"]);
    assert_eq!(finished.stdout, "");
    let server = site.serve("parameter guest nested.wasm\nparameter index a.html");
    assert_eq!(server.get("/").expect(200).text(), "a\n");
}

/// Handles are numbers in the guest's memory, and what they stand for is not.
#[test]
fn a_guest_that_holds_something_of_the_host_is_not_written() {
    let site = site();
    site.configure(&format!("parameter guest {HOSTILE}\nparameter misbehave hold"));
    let finished = site.run(&["guest", "--configured"]);
    finished.complains(1, &["cannot be written", "holds streams or other resources of WASI"]);
    assert_eq!(finished.stdout, "");
}

/// A component that exports what the `inner` one does.
fn nested(inner: &[u8]) -> Vec<u8> {
    let name = b"wasmhttpd:guest/handler@0.1.0";
    let length = name.len() as u8;
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    let mut section = |id: u8, content: &[u8]| {
        component.push(id);
        let mut left = content.len();
        while left >= 0x80 {
            component.push(left as u8 | 0x80);
            left >>= 7;
        }
        component.push(left as u8);
        component.extend_from_slice(content);
    };
    section(4, inner);
    // An instance of it, its handler, and that exported.
    section(5, &[1, 0, 0, 0]);
    section(6, &[&[1, 5, 0, 0, length][..], name].concat());
    section(11, &[&[1, 0, length][..], name, &[5, 1, 0]].concat());
    component
}
