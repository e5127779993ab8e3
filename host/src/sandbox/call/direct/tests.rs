//! Whatever a guest does, a call of its module comes to the same as a call of its component.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use crate::sandbox::bindings::contract::{
    Configuration, Context, Datetime, Entry, File, Found, IpAddress, Listing, Setting, Trouble,
};
use crate::sandbox::call::generation::Generation;
use crate::sandbox::call::instance::Instance;
use crate::sandbox::embedded::EMBEDDED_GUEST;
use crate::sandbox::error::GuestError;
use crate::sandbox::limits::GuestLimits;
use crate::sandbox::runtime::{Runtime, RuntimeOptions};

const CONTEXT: Context =
    Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: true, now: 1_700_000_000 };

const LIMITS: GuestLimits =
    GuestLimits { deadline: Duration::from_secs(10), memory_octets_max: 32 << 20, wasi: false };

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeOptions::for_guest(4, LIMITS)).expect("an engine")
}

/// One guest, called both ways; each time by an instance of its own, since a failure ends one.
struct Both {
    direct: Generation,
    component: Generation,
}

impl Both {
    fn of(component: &[u8]) -> Both {
        let runtime = runtime();
        runtime.ticker().begin_use();
        let load = || runtime.load(component, LIMITS).expect("a guest");
        let mut both = Both { direct: load(), component: load() };
        both.component.set_direct(None);
        assert!(both.direct.direct().is_some(), "it is not plain");
        both
    }

    /// The outcome of `call`, which is the same both ways but for the words of a complaint.
    fn ask<T: Debug>(
        &self,
        call: impl Fn(&mut Instance) -> Result<T, GuestError>,
    ) -> Result<String, String> {
        let outcome = |generation: &Generation| {
            let answer = Instance::start(generation).and_then(|mut instance| call(&mut instance));
            let name = |error: GuestError| match error {
                GuestError::Breach(breach) => format!("breach: {}", breach.name()),
                other => other.to_string(),
            };
            answer.map(|answer| format!("{answer:?}")).map_err(name)
        };
        let (direct, component) = (outcome(&self.direct), outcome(&self.component));
        assert_eq!(direct, component);
        direct
    }
}

fn found() -> Vec<Found> {
    let modified = Datetime { seconds: 1_600_000_000, nanoseconds: 999_999_999 };
    let entry =
        |name: &str, directory, size| Entry { name: name.into(), directory, size, modified };
    let entries = vec![entry("a.txt", false, u64::MAX), entry("\u{e4} b", true, 0)];
    let after = [None, Some(Trouble::Missing), Some(Trouble::Busy)];
    let files = after.map(|after| File { candidate: 0, size: 1 << 40, modified, after });
    let listings = [
        Listing { candidate: 1, entries, complete: true },
        Listing { candidate: 0, entries: Vec::new(), complete: false },
    ];
    let troubles = [Trouble::Missing, Trouble::Forbidden, Trouble::Failed, Trouble::Busy];
    let files = files.into_iter().map(Found::File);
    let listings = listings.into_iter().map(Found::Directory);
    files.chain(listings).chain(troubles.map(Found::Nothing)).collect()
}

#[test]
fn the_default_guest_answers_the_same_both_ways() {
    let both = Both::of(EMBEDDED_GUEST);
    let ipv6 = Context { peer: IpAddress::Ipv6((u64::MAX, 7)), secure: false, now: u64::MAX };
    let setting =
        |line, name: &str, value: &str| Setting { line, name: name.into(), value: value.into() };
    let configuration = Configuration {
        media: vec![setting(3, "txt", "text/x-own")],
        parameters: vec![
            setting(4, "listing", "on"),
            setting(5, "precompressed", "on"),
            setting(6, "fallback", "/index.html"),
            setting(7, "redirect", "/old/* /new/*"),
        ],
    };
    let mut answers = 0;
    for head in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a.txt HTTP/1.1\r\nHost: a\r\nRange: bytes=1-2,4-5\r\nAccept-Encoding: br\r\n\r\n",
        "HEAD /old/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\n\r\n",
        "nonsense",
        "",
    ] {
        for context in [None, Some(CONTEXT), Some(ipv6)] {
            for is_configured in [false, true] {
                let prepare = |instance: &mut Instance| match is_configured {
                    true => instance.configure(&configuration),
                    false => Ok(()),
                };
                let parsed = both.ask(|instance| {
                    prepare(instance)?;
                    instance.parse(head, context)
                });
                assert!(parsed.is_ok(), "{parsed:?}");
                for found in found() {
                    let answer = both.ask(|instance| {
                        prepare(instance)?;
                        instance.respond(head, &found, context)
                    });
                    assert!(answer.is_ok(), "{answer:?}");
                    answers += 1;
                }
            }
        }
    }
    assert_eq!(answers, 6 * 3 * 2 * 9);
}

#[test]
fn problems_come_through_both_ways() {
    let both = Both::of(EMBEDDED_GUEST);
    let settings = (0..100).map(|line| {
        let (name, value) = ("index".to_owned(), "\u{e4}/".repeat(line as usize));
        Setting { line, name, value }
    });
    let configuration = Configuration { media: Vec::new(), parameters: settings.collect() };
    let refused = both.ask(|instance| instance.configure(&configuration));
    assert!(refused.unwrap_err().starts_with("configuration refused: "));
}

/// The types of the contract, around a module.
const TINY: &str = include_str!("../../../../../tests/fixtures/tiny.wat");

/// A guest whose answer is the head that it is given, as it lies in memory at 1024. At 64 there is
/// no UTF-8.
const ECHO: &str = r#"(core module $code
    (memory (export "memory") 1)
    (data (i32.const 64) "\c3\28\ff")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 1024))
    (func (export "configure") (param i32 i32 i32 i32) (result i32) (i32.const 8))
    (func (export "settings") (result i32) (i32.const 8))
    (func (export "parse") (param i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
      (nop)
      (local.get 0))
    (func (export "respond")
      (param i32 i32 i32 i32 i64 i64 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
      (local.get 0))
    (func (export "post") (param i32)
      (if (i32.ne (local.get 0) (i32.const 1024)) (then unreachable))))
  "#;

/// The guest that echoes, with some of its words replaced.
fn echo(changes: &[(&str, &str)]) -> Both {
    let (before, module) = TINY.split_once("(core module $code").expect("its module");
    let (_, after) = module.split_once("(core instance").expect("its instance");
    let mut text = [&before.replace("{import}", ""), ECHO, "(core instance", after].concat();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Both::of(&wat::parse_str(text).expect("a component"))
}

/// An image of memory from 1024 on, all below 128.
#[derive(Clone)]
struct Image(Vec<u8>);

impl Image {
    fn with(mut self, offset: usize, octets: &[u8]) -> Image {
        self.0[offset..offset + octets.len()].copy_from_slice(octets);
        self
    }

    fn with_run(self, offset: usize, address: u32, length: u32) -> Image {
        self.with(offset, &address.to_le_bytes()).with(offset + 4, &length.to_le_bytes())
    }

    fn head(&self) -> &str {
        str::from_utf8(&self.0).expect("octets below 128")
    }
}

/// A lookup of "/x" and a fallback, and the connection ends.
fn lookup() -> Image {
    Image(vec![0; 120])
        .with_run(8, 1024 + 116, 1)
        .with_run(16, 1024 + 64, 2)
        .with_run(24, 1024 + 80, 1)
        .with(32, &[2])
        .with(48, &[1])
        .with_run(64, 1024 + 112, 2)
        .with_run(72, 1024 + 112, 2)
        .with(80, &[3])
        .with_run(84, 1024 + 112, 2)
        .with(112, b"/x//host")
}

/// 200 with two parts, and the connection goes on.
fn answer() -> Image {
    Image(vec![0; 128])
        .with(0, &[1])
        .with(8, &[72, 1])
        .with_run(12, 1024 + 112, 6)
        .with(24, &[4])
        .with_run(32, 1024 + 64, 2)
        .with(56, &[5])
        .with_run(72, 1024 + 112, 3)
        .with_run(96, 1024 + 112, 0)
        .with(112, b"a: b\r\n")
}

#[test]
fn answers_are_read_the_same_both_ways() {
    let both = echo(&[]);
    let read = |image: &Image| both.ask(|instance| instance.parse(image.head(), None));
    let parsed = read(&lookup()).expect("a lookup");
    for part in ["\"/x\", \"/x\"", "Busy", "Forbid", "Close"] {
        assert!(parsed.contains(part), "{parsed}");
    }
    let parsed = read(&answer()).expect("an answer");
    for part in ["328", "\"a: b\\r\\n\"", "Text(\"a: \")", "Text(\"\")", "KeepAlive(5)"] {
        assert!(parsed.contains(part), "{parsed}");
    }

    let malformed = Err("breach: malformed".to_owned());
    for (offset, address, length) in [
        // A string: outside, around the end of addresses, no UTF-8, too long.
        (8, 0x7f7f, 0x0001_0000),
        (8, 0x7f7f_7f7f, 0x7f7f_7f7f),
        (8, 64, 2),
        (8, 0, 65_537),
        // A list: outside, not aligned, with strings that are anywhere.
        (16, 0x7f78, 0x1101),
        (16, 1024 + 65, 1),
        (16, 1024, 0x2000_0000),
        (24, 0x7f78, 0x1101),
    ] {
        assert_eq!(read(&lookup().with_run(offset, address, length)), malformed, "{offset}");
    }
    for (offset, case) in [(0, 2), (32, 3), (48, 2), (80, 4)] {
        assert_eq!(read(&lookup().with(offset, &[case])), malformed, "{offset}");
    }
    for (offset, case) in [(24, 5), (24, 127), (64, 2)] {
        assert_eq!(read(&answer().with(offset, &[case])), malformed, "{offset}");
    }
}

/// Images with a few octets changed, thousands of them.
#[test]
fn damaged_answers_are_read_the_same_both_ways() {
    let both = echo(&[]);
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut read, mut refused) = (0, 0);
    for round in 0..4_000 {
        let mut image = if round % 2 == 0 { lookup() } else { answer() };
        for _ in 0..1 + random(3) {
            let (offset, small) = (random(image.0.len()), random(8) as u8);
            image.0[offset] = if random(2) == 0 { small } else { random(128) as u8 };
        }
        let outcome = both.ask(|instance| instance.parse(image.head(), Some(CONTEXT)));
        *if outcome.is_ok() { &mut read } else { &mut refused } += 1;
    }
    assert!(read > 500 && refused > 500, "{read} and {refused}");
}

/// With its address, and a trap in that is a trap of the call.
#[test]
fn an_answer_is_taken_back_where_the_guest_wants_it() {
    let lift = "(canon lift (core func $code \"parse\") (memory $memory) (realloc $realloc))";
    let with = format!(
        "{} (post-return (core func $code \"post\")))",
        lift.strip_suffix(')').expect("a parenthesis")
    );
    let both = echo(&[(lift, &with)]);
    let outcome = both.ask(|instance| instance.parse(lookup().head(), None));
    assert!(outcome.is_ok(), "{outcome:?}");
    let both = echo(&[(lift, &with), ("i32.ne", "i32.eq")]);
    let outcome = both.ask(|instance| instance.parse(lookup().head(), None));
    assert!(outcome.unwrap_err().contains("unreachable"));
}

#[test]
fn memory_for_arguments_has_to_be_there() {
    let malformed = Err("breach: malformed".to_owned());
    for address in ["65530", "-8", "65537"] {
        let both = echo(&[("      (i32.const 1024))\n", &format!("(i32.const {address}))"))]);
        let outcome = both.ask(|instance| instance.parse(lookup().head(), None));
        assert_eq!(outcome, malformed, "{address}");
    }
    let both = echo(&[("      (i32.const 1024))\n", "(i32.const 1025))")]);
    let found = found();
    let listing = found.iter().find(|found| matches!(found, Found::Directory(_))).expect("one");
    assert_eq!(both.ask(|instance| instance.respond("", listing, None)), malformed);
}

#[test]
fn what_is_copied_is_bounded() {
    let both = echo(&[("(nop)", "(drop (memory.grow (i32.const 300)))")]);
    let parse = |offset, length| {
        let image = lookup().with_run(offset, 131_072, length);
        both.ask(|instance| instance.parse(image.head(), None))
    };
    // A string of 16 MiB, and one of nearly 8; a list of empty strings that would take 9 MiB here.
    let malformed = Err("breach: malformed".to_owned());
    assert_eq!(parse(8, 0x0100_0000), malformed);
    assert!(parse(8, 0x007f_7f7f).is_ok());
    assert_eq!(parse(16, 0x0006_1a00), malformed);
    assert_eq!(parse(16, 0x0001_0000), Err("breach: too-many".to_owned()));
}
