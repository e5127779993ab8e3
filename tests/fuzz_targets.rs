//! The bodies of the fuzzers, for a moment and without a fuzzer: over their seeds, the cases, and
//! some mutations.

use std::fs;
use std::path::{Path, PathBuf};

use fuzzing::cases;
use fuzzing::mutation::Mutator;
use fuzzing::numbers::Numbers;
use fuzzing::targets::{self, Target};

/// Mutated inputs for each target.
const INPUTS: usize = 4_000;

/// Calls a target with an input, and says which one it was when that fails.
fn run((name, target): Target, octets: &[u8], origin: &str) {
    let result = std::panic::catch_unwind(|| target(octets));
    assert!(result.is_ok(), "{name} fails on {origin}: {}", octets.escape_ascii());
}

fn seeds(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

fn run_seeds(target: Target) {
    let folder = if target.0 == "configure" { "configure" } else { "requests" };
    let seeds = seeds(folder);
    assert!(seeds.len() > 2, "{} seeds in {folder}", seeds.len());
    for path in seeds {
        run(target, &fs::read(&path).expect("a seed"), &path.display().to_string());
    }
}

fn target(name: &str) -> Target {
    let target = targets::ALL.into_iter().find(|(other, _)| *other == name);
    target.expect("a target of this name")
}

/// A target whose inputs begin with a request.
fn smoke(name: &str) {
    let target = target(name);
    run_seeds(target);
    for row in cases::requests() {
        run(target, &row.octets, &row.name);
    }
    let mut mutator = Mutator::new(0x5eed_0008);
    let mut numbers = Numbers::new(0x5eed_0009);
    for count in 0..INPUTS {
        let mut octets = mutator.head();
        match numbers.below(3) {
            0 => {}
            1 => octets.extend(mutator.head()),
            _ => octets.extend(numbers.octets(200)),
        }
        run(target, &octets, &format!("mutation {count}"));
    }
}

#[test]
fn parse_keeps_the_contract() {
    smoke("parse");
}

#[test]
fn respond_keeps_the_contract() {
    smoke("respond");
}

#[test]
fn the_guest_and_the_reference_agree() {
    smoke("reference");
}

#[test]
fn connections_do_not_depend_on_how_octets_arrive() {
    smoke("connection");
}

#[test]
fn configurations_are_accepted_or_refused_line_by_line() {
    let target = target("configure");
    run_seeds(target);
    let words = [
        "media",
        "parameter",
        " ",
        " ",
        " ",
        "\n",
        "\n",
        "html",
        ".x",
        "text/html",
        "a/b;c=\"d\"",
        "index",
        "cache-control",
        "max-age=60",
        "\r",
        "\0",
        "\u{e4}",
        "\"",
        ";",
        "/",
    ];
    let mut numbers = Numbers::new(0x5eed_000a);
    for count in 0..INPUTS {
        let text: String = (0..numbers.below(60)).map(|_| *numbers.one_of(&words)).collect();
        run(target, text.as_bytes(), &format!("mutation {count}"));
    }
}

/// What is too long for the contract is refused when it is configured, not when it is served.
#[test]
fn long_configurations_are_refused_or_keep_the_contract() {
    let target = target("configure");
    for length in [250, 1_000, 4_000, 4_088, 4_090, 4_094, 4_095, 8_000, 8_200, 16_000, 20_000] {
        let long = "x".repeat(length);
        for lines in [
            format!("media html text/{long}"),
            format!("media html text/html; a={long}"),
            format!("parameter index {long}"),
            format!("parameter cache-control {long}"),
            format!("parameter cache-control /{long} max-age=1"),
            format!("parameter header X-Odd: {long}"),
            format!("parameter header X-{long}: a"),
            format!("parameter header /{long} X-Odd: a"),
            format!("parameter redirect /a /{long}"),
            format!("parameter redirect /b* /{long}/*"),
            format!("parameter redirect /b* https://{long}/*"),
            format!("parameter error-page 404 /{long}"),
            format!("parameter fallback /{long}"),
            format!("parameter precompressed on\nparameter fallback /{long}.html"),
            format!("parameter precompressed on\nparameter error-page 404 /{long}.html"),
        ] {
            // All that fits in at once.
            let others = "\nparameter header X-Other: a\nparameter cache-control no-store";
            run(target, (lines + others).as_bytes(), &format!("{length} octets"));
        }
    }
}
