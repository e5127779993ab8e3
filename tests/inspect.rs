//! `wasmhttpd inspect`: what a component is, what it answers, and where it breaks the contract.

use std::fs;

use fixtures::HOSTILE;
use serde_json::Value;
use wasmhttpd::sandbox::EMBEDDED_GUEST;

use crate::harness::{Finished, Site, Tiny, edition, find_wasmtime};

fn site() -> Site {
    Site::new().file("guest.wasm", EMBEDDED_GUEST)
}

fn text(component: &str) -> Vec<u8> {
    wat::parse_str(component).expect("WebAssembly as text")
}

/// What comes out, with the exit status that goes with it.
fn inspected(site: &Site, arguments: &[&str], status: i32) -> Value {
    let finished = site.run(&[&["inspect", "--json"], arguments].concat());
    assert_eq!(finished.status.code(), Some(status), "{}{}", finished.stdout, finished.stderr);
    let value: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(value["sound"], status == 0, "{value}");
    value
}

/// The same for a person.
fn said(site: &Site, arguments: &[&str], words: &[&str]) -> Finished {
    let finished = site.run(&[&["inspect"], arguments].concat());
    for word in words {
        assert!(finished.stdout.contains(word), "{word:?} is missing in {}", finished.stdout);
    }
    finished
}

/// The answer that a table has for a request and a finding.
fn status(value: &Value, request: &str, found: Option<&str>) -> Value {
    let requests = value["examination"]["requests"].as_array().expect("requests");
    let asked = requests.iter().find(|asked| asked["request"] == request);
    let answers = asked.unwrap_or_else(|| panic!("no {request} in {value}"))["answers"].as_array();
    let answer = answers.expect("answers").iter().find(|answer| answer["found"].as_str() == found);
    answer.unwrap_or_else(|| panic!("no {found:?} for {request}"))["status"].clone()
}

#[test]
fn the_built_in_guest_is_sound() {
    let site = site();
    let value = inspected(&site, &["guest.wasm"], 0);
    assert_eq!(value["world"], "guest");
    assert_eq!((&value["contract"], &value["age"]), (&"0.1.0".into(), &"same".into()));
    assert_eq!(value["octets"], EMBEDDED_GUEST.len());
    assert_eq!(value["imports"], Value::Array(Vec::new()));
    assert_eq!(value["settings"][0]["name"], "index");
    let examination = &value["examination"];
    assert_eq!(examination["complete"], true);
    assert_eq!(examination["breaches"], Value::Array(Vec::new()));
    for (request, found, expected) in [
        ("GET / HTTP/1.1", Some("file"), 200),
        ("GET / HTTP/1.1", Some("busy"), 503),
        ("GET /folder HTTP/1.1", Some("folder"), 301),
        ("GET /a HTTP/1.1; Range: bytes=0-0,-1,5-", Some("file"), 206),
        ("GET /a HTTP/1.1; If-None-Match: *", Some("empty"), 304),
        ("GET /a HTTP/1.1; no Host", None, 400),
        ("OPTIONS * HTTP/1.1", None, 204),
    ] {
        assert_eq!(status(&value, request, found), expected, "{request}");
    }
    for function in ["parse", "respond"] {
        let time = |name: &str| examination[function][name].as_u64().expect("a number");
        assert!(time("count") > 100, "{examination}");
        assert!(0 < time("median") && time("median") <= time("worst"), "{examination}");
    }
    let finished = said(
        &site,
        &["guest.wasm"],
        &[
            "guest.wasm: a guest of the contract wasmhttpd:guest@0.1.0\n",
            "imports: nothing",
            " us\n",
        ],
    );
    assert!(finished.succeeds().stdout.ends_with("\n\nsound"));
}

/// The lines are the guest's as they would be if it served.
#[test]
fn a_guest_is_inspected_with_its_configuration() {
    let site = site();
    site.configure("parameter index a.html\nparameter redirect /folder /b 308");
    let plain = inspected(&site, &["guest.wasm"], 0);
    let configured = inspected(&site, &["guest.wasm", "-c", "web.conf"], 0);
    let of = |value: &Value| status(value, "GET /folder HTTP/1.1", None);
    assert_eq!(of(&configured), 308);
    assert_eq!(status(&plain, "GET /folder HTTP/1.1", Some("file")), 200);
    let looks_for = |value: &Value| value["examination"]["requests"][0]["looks-for"].clone();
    assert_ne!(looks_for(&plain), looks_for(&configured));

    // What it does not take is its refusal, at its line; a file that is wrong is the operator's.
    site.configure("parameter index /a");
    let refused = inspected(&site, &["guest.wasm", "-c", "web.conf"], 1);
    assert_eq!(refused["refused"]["step"], "configure");
    let complaint = refused["refused"]["complaints"][0].as_str().expect("a complaint");
    assert!(complaint.starts_with("web.conf:1: index"), "{complaint}");
    site.configure("parameter timeout soon");
    site.run(&["inspect", "guest.wasm", "-c", "web.conf"]).complains(1, &["web.conf:1:"]);
}

/// Each promise that an answer can break has a name, and a line that shows it.
#[test]
fn breaches_are_told_by_name() {
    let site = Site::new().file("hostile.wasm", fs::read(HOSTILE).expect("the hostile component"));
    // The fixture's own words for what it does, and ours for what that is.
    let breaches = [
        ("/trap", "parse", "trap"),
        ("/loop", "parse", "deadline"),
        ("/memory", "parse", "memory"),
        ("/recursion", "parse", "stack"),
        ("/lie/utf-8", "parse", "malformed"),
        ("/outside/sleep", "parse", "waits"),
        ("/parts/texts-65", "parse", "too-many"),
        ("/slice/in-parse", "parse", "slice-of-nothing"),
        ("/slice/one-over", "respond", "slice-outside"),
        ("/slice/one-over", "respond", "slice-of-nothing"),
        ("/respond-trap", "respond", "trap"),
        ("/state", "parse", "impure"),
    ];
    let gets: Vec<_> = breaches.iter().flat_map(|(target, ..)| ["--get", *target]).collect();
    // Time enough to take all memory on a busy machine.
    site.configure("parameter guest-deadline 500");
    let arguments = [&["hostile.wasm", "-c", "web.conf"], &gets[..]].concat();
    let value = inspected(&site, &arguments, 1);
    let found = value["examination"]["breaches"].as_array().expect("breaches");
    for (target, call, name) in breaches {
        let breach = found.iter().find(|breach| breach["name"] == name && breach["call"] == call);
        let breach = breach.unwrap_or_else(|| panic!("no {name} in {call}: {found:#?}"));
        let line = breach["line"].as_str().expect("a line");
        let start = format!("wasmtime run --invoke '{call}(\"GET {target} HTTP/1.1\\r\\n");
        assert!(line.starts_with(&start) && line.ends_with(" configured.wasm"), "{line}");
    }
    assert_eq!(found.len(), breaches.len(), "{found:#?}");
    assert!(value["imports"].as_array().is_some_and(|names| names.len() > 5), "{value}");
    let finished = said(
        &site,
        &["hostile.wasm", "--get", "/slice/one-over"],
        &[
            "\nbreaches:\n  slice-outside, 2 times in respond: a slice of ",
            " breach ",
            " hostile.wasm",
            "\n\nnot sound",
        ],
    );
    assert_eq!(finished.status.code(), Some(1));
    // The harmless part of it.
    inspected(&site, &["hostile.wasm"], 0);
}

/// The line of a breach makes the call again, in the stock CLI.
#[test]
fn the_line_of_a_breach_can_be_run() {
    let Some(wasmtime) = find_wasmtime() else { return };
    let site = Site::new().edition("guest.wasm", 1, "t7r");
    let value = inspected(&site, &["guest.wasm", "--get", "/page/1007"], 1);
    let breach = &value["examination"]["breaches"][0];
    assert_eq!((&breach["name"], &breach["call"]), (&"trap".into(), &"respond".into()));
    let line = breach["line"].as_str().expect("a line");
    let line = line.replacen("wasmtime", &format!("'{}'", wasmtime.display()), 1);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(site.path(""));
    let output = shell.env("XDG_CACHE_HOME", site.path("cache")).output().expect("a shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(134), "{errors}");
    assert!(errors.contains("wasm trap"), "{errors}");
}

/// Said of the battery's own requests, too.
#[test]
fn a_guest_that_fails_at_any_request_is_not_sound() {
    let broken = Tiny::new().with("respond", "(unreachable)").component();
    let site = Site::new().file("broken.wasm", broken).file("good.wasm", Tiny::new().component());
    let value = inspected(&site, &["broken.wasm"], 1);
    let breaches = value["examination"]["breaches"].as_array().expect("breaches");
    assert_eq!(breaches.len(), 1, "{breaches:?}");
    assert!(breaches[0]["count"].as_u64().is_some_and(|count| count > 100), "{breaches:?}");
    inspected(&site, &["good.wasm"], 0);
}

#[test]
fn what_is_no_guest_is_said_and_refused() {
    let nested = "(component (component $handler) (instance $handler (instantiate $handler))";
    let exporting = |version: &str| {
        let export = format!("(export \"wasmhttpd:guest/handler{version}\" (instance $handler)))");
        text(&format!("{nested}{export}"))
    };
    let middleware = text(
        "(component (import \"wasmhttpd:guest/handler@0.1.0\" (instance $handler))
            (export \"wasmhttpd:guest/handler@0.1.0\" (instance $handler)))",
    );
    let whole = edition(1, "");
    for (octets, step, world, age, words) in [
        (&b"text"[..], "compile", None, None, "no WebAssembly"),
        (b"", "compile", None, None, "no WebAssembly"),
        (&whole[..whole.len() / 2], "compile", None, None, "not all of it"),
        (&text("(module)"), "compile", None, None, "a core module"),
        (&text("(component)"), "check", None, None, "exports no wasmhttpd:guest/handler"),
        (&exporting("@0.1.0"), "check", Some("guest"), Some("same"), "guest@0.1.0\n"),
        (&exporting("@0.0.9"), "check", Some("guest"), Some("older"), "guest@0.0.9, older than"),
        (&exporting("@2.0.0"), "check", Some("guest"), Some("newer"), "guest@2.0.0, newer than"),
        (&middleware, "check", Some("middleware"), Some("same"), "in front of a guest (try"),
    ] {
        let site = Site::new().file("it.wasm", octets);
        let value = inspected(&site, &["it.wasm"], 1);
        assert_eq!(value["refused"]["step"], step, "{words}: {value}");
        assert_eq!((value["world"].as_str(), value["age"].as_str()), (world, age), "{value}");
        assert_eq!(value["octets"], octets.len());
        assert_eq!(value["examination"], Value::Null);
        let refused = format!("\nrefused at the step {step}:\n  ");
        said(&site, &["it.wasm"], &["it.wasm: ", words, &refused, "\n\nnot sound"]);
    }
    let site = Site::new();
    for name in ["nowhere.wasm", "www"] {
        assert_eq!(inspected(&site, &[name], 1)["refused"]["step"], "read");
    }
    said(&site, &["nowhere.wasm"], &["it cannot be read", "No such file"]);
    assert_eq!(site.run(&["inspect"]).status.code(), Some(2));
}

/// Names in a component come from whoever made it.
#[test]
fn names_in_a_component_forge_nothing_in_the_output() {
    let octets = text(
        "(component (component $c) (instance $i (instantiate $c))
        (export \"wasmhttpd:guest/handler@0.1.0\" (instance $i)))",
    );
    for forged in ["\n", "\x1b", "\u{202e}"] {
        for place in memchr::memmem::find_iter(&octets, "handler") {
            let mut octets = octets.clone();
            octets[place..place + forged.len()].copy_from_slice(forged.as_bytes());
            let site = Site::new().file("it.wasm", octets);
            let finished = said(&site, &["it.wasm"], &["not sound"]);
            let is_safe = |character: char| {
                character == '\n' || !character.is_control() && character != '\u{202e}'
            };
            assert!(finished.stdout.chars().all(is_safe), "{:?}", finished.stdout);
            let lines = finished.stdout.lines().count();
            assert!(lines < 12, "{lines}: {}", finished.stdout);
        }
    }
}
