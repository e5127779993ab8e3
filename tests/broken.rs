//! Ten thousand broken components, given to a server that serves (fault 14): each is refused with
//! the name of a step, or harmless, and nobody who asks meanwhile notices.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::control::{self, SOCKET};
use crate::harness::{Askers, MIB, Server, Site, Tiny, bomb, wait_until};

/// All of them: every truncation, what somebody built to be refused, and as many flipped bits as
/// there is room for.
const TRIES: usize = 10_000;

/// Of those that are damaged a test tries one in so many, from one that SEED picks, unless
/// WASMHTTPD_BROKEN says `all`.
const SAMPLED: usize = 17;

/// Longest wait for an answer: a guest's deadline, and what a busy machine costs.
const WAIT_MAX: Duration = Duration::from_millis(1000 + 500);

const LINES: &str = "parameter guest good.wasm\nparameter code-cache off\nparameter watch off\n\
    parameter probation 0\nparameter rehearse 8\nparameter guest-deadline 1000\n\
    parameter compile-timeout 1\nparameter workers 2";

/// Components with nothing damaged, and the step that refuses each.
fn misfits() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| wat::parse_str(text).expect("a component as text");
    let tiny = |place: &str, code: &str| Tiny::new().with(place, code).component();
    let imports = |import: &str| tiny("import", import);
    let other = |old: &str, new: &str| Tiny::new().replacing(old, new).component();
    vec![
        // Core modules.
        ("compile", text("(module)")),
        ("compile", text("(module (func (export \"parse\")) (func (export \"respond\")))")),
        ("compile", text("(module (memory 1) (func $start (loop (br 0))) (start $start))")),
        // Of another world, or of none.
        ("check", text("(component)")),
        ("check", other("handler@0.1.0", "handler@7.0.0")),
        ("check", other("(export \"respond\" (func $respond))", "")),
        ("check", other("(field \"line\" u32)", "(field \"line\" s32)")),
        // With imports that nobody provides.
        ("check", imports("(import \"evil:host/thing\" (instance))")),
        ("check", imports("(import \"evil-function\" (func))")),
        ("check", imports("(import \"wasi:made/up@0.2.0\" (instance (export \"f\" (func))))")),
        // A compile bomb.
        ("compile", bomb(5_000, 1_000)),
        // Endless.
        ("instantiate", tiny("start", "(func $start (loop (br 0))) (start $start)")),
        ("configure", tiny("settings", "(loop (br 0))")),
        ("configure", tiny("configure", "(loop (br 0))")),
        ("rehearse", tiny("parse", "(loop (br 0))")),
        ("rehearse", tiny("respond", "(loop (br 0))")),
    ]
}

/// The damaged component of a number.
fn damaged(good: &[u8], number: usize) -> Vec<u8> {
    match number.checked_sub(good.len()) {
        None => good[..number].to_vec(),
        Some(flip) => {
            // Every one of them another bit, all over the file.
            let bit = flip * 7_919 % (good.len() * 8);
            let mut octets = good.to_vec();
            octets[bit / 8] ^= 1 << (bit % 8);
            octets
        }
    }
}

/// The step that refused it; none if it serves now.
fn step(reply: &serde_json::Value) -> Option<String> {
    let Some(lines) = reply["refused"].as_array() else {
        assert!(reply["done"].is_string(), "{reply}");
        return None;
    };
    let is_safe = |line: &serde_json::Value| {
        line.as_str().is_some_and(|line| !line.is_empty() && !line.contains(char::is_control))
    };
    assert!(lines.iter().all(is_safe), "what a terminal would obey: {reply}");
    let last = lines.last().and_then(|line| line.as_str()).expect("a reason");
    let (_, rest) = last.split_once("refused at the step ").unwrap_or_else(|| panic!("{reply}"));
    let (step, _) = rest.split_once(": generation ").unwrap_or_else(|| panic!("{reply}"));
    assert!(lines.len() >= 2, "no reason in {reply}");
    Some(step.to_owned())
}

fn swap(server: &Server, name: &str) -> Option<String> {
    step(&control::swap(server, &server.site.path(name)))
}

/// Fault 14: truncated everywhere, flipped bits, and what never was a guest. A flip that is
/// accepted answers somehow, and is replaced as well as any other guest.
#[test]
fn ten_thousand_broken_components_are_refused_or_harmless() {
    let (good, misfits) = (Tiny::new().component(), misfits());
    let (truncations, damages) = (good.len(), TRIES - misfits.len());
    assert!(damages - truncations >= TRIES / 2, "{truncations} octets");
    let all = std::env::var("WASMHTTPD_BROKEN").is_ok_and(|word| word == "all");
    let every = if all { 1 } else { SAMPLED };
    let seed = std::env::var("SEED").map_or(0, |seed| seed.parse().expect("SEED is a number"));
    let site = Site::new().file("www/index.html", "front\n").file("good.wasm", &good);
    let server = site.serve(&format!("{LINES}\nparameter control {SOCKET}"));
    let (candidate, process) = (server.site.path("broken.wasm"), server.process());
    let try_out = |component: &[u8]| {
        fs::write(&candidate, component).expect("a component");
        swap(&server, "broken.wasm")
    };

    // Whatever is allocated only once is there after some swaps.
    for number in (0..damages).step_by(TRIES / 40) {
        try_out(&damaged(&good, number));
    }
    swap(&server, "good.wasm");
    let (descriptors, resident) = (process.descriptors(), process.resident_octets());

    let askers = Askers::start(server.address(), 2, usize::MAX, "front\n");
    let mut counts = BTreeMap::<String, usize>::new();
    let start = Instant::now();
    for (expected, component) in &misfits {
        let refused = try_out(component);
        assert_eq!(refused.as_deref(), Some(*expected), "{} octets", component.len());
        *counts.entry((*expected).into()).or_default() += 1;
    }
    for number in (seed % every..damages).step_by(every) {
        askers.allow_any_answer(true);
        match try_out(&damaged(&good, number)) {
            Some(step) => *counts.entry(step).or_default() += 1,
            None => {
                *counts.entry("accepted".into()).or_default() += 1;
                let status = server.get("/").status;
                assert!((200..600).contains(&status), "{status} from number {number}");
                assert_eq!(swap(&server, "good.wasm"), None, "after number {number}");
            }
        }
        askers.allow_any_answer(false);
        if number % 16 == 0 {
            let answers = askers.answers();
            wait_until("others are answered", || askers.answers() > answers);
        }
    }
    let (took, tally) = (start.elapsed(), askers.end());
    server.frees_descriptors(descriptors + 4);
    wait_until("no compiler is left", || process.children().is_empty());
    let grown = process.resident_octets().saturating_sub(resident);
    eprintln!(
        "{} broken components, the good one of {} octets, in {took:.1?}: {counts:?}; longest wait of \
         {} answers {:?}, of the machine itself {:?}; resident {} MiB, and {} KiB more at the end",
        counts.values().sum::<usize>(),
        good.len(),
        tally.answers,
        tally.longest,
        tally.machine,
        resident / MIB,
        grown / 1024,
    );
    assert!(tally.longest < WAIT_MAX + tally.machine, "{tally:?}");
    assert!(grown < 64 * MIB, "{} MiB more than before", grown / MIB);
    for step in ["compile", "check", "rehearse", "accepted"] {
        assert!(counts.contains_key(step), "none at {step}: {counts:?}");
    }
    assert_eq!(server.get("/").expect(200).text(), "front\n");
    assert_eq!(control::status(&server)["turned-out"], 0);
}

/// Names in a component come from whoever made it: told in a refusal, they are nothing that a
/// terminal obeys or that looks like a line of the log.
#[test]
fn names_in_a_component_forge_nothing() {
    let good = Tiny::new().component();
    let site = Site::new().file("www/index.html", "front\n").file("good.wasm", &good);
    let server = site.serve(&format!("{LINES}\nparameter control {SOCKET}"));
    let candidate = server.site.path("candidate.wasm");
    let names = ["realloc", "respond", "media", "missing", "candidates", "wasmhttpd:guest"];
    for name in names {
        let places: Vec<usize> = (0..good.len() - name.len())
            .filter(|at| good[*at..].starts_with(name.as_bytes()))
            .collect();
        assert!(!places.is_empty(), "{name}");
        for (place, forged) in places.iter().flat_map(|place| {
            ["\n", "\r", "\x1b", "\x7f", "\u{9b}", "\u{202e}"].map(|forged| (place, forged))
        }) {
            let mut octets = good.clone();
            octets[*place..place + forged.len()].copy_from_slice(forged.as_bytes());
            fs::write(&candidate, octets).expect("a component");
            // Names that are there for debuggers only may be anything: then it serves.
            swap(&server, "candidate.wasm");
        }
    }
    for line in server.stderr.all() {
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(line.starts_with("20"), "not a line of the log's own: {line:?}");
    }
}
