//! The built-in guest as a component against the same guest as a library: what is tested natively
//! is what is served.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use fuzzing::exchange;
use fuzzing::mutation::{self, Mutator};
use fuzzing::numbers::Numbers;
use fuzzing::octets_as_text;
use wasmhttpd::sandbox::{
    EMBEDDED_GUEST, Generation, GuestLimits, Instance, Runtime, RuntimeOptions, Sandbox,
};
use wasmhttpd_guest::contract::{Configuration, Context, Found, Problem};
use wasmhttpd_guest::site::Site;

use crate::contract::{
    configuration_to_host, context_to_host, found_to_host, parsed_to_guest, problem_to_guest,
    response_to_guest, setting_help_to_guest,
};

/// Mutated heads under each configuration.
const HEADS: usize = 12_000;

/// Octets that a context and what was found are made of; more than they take, mostly.
const OCTETS: usize = 300;

fn generation() -> Generation {
    let limits =
        GuestLimits { deadline: Duration::from_secs(10), memory_octets_max: 64 << 20, wasi: false };
    let runtime = Runtime::new(RuntimeOptions::for_guest(1, limits)).expect("an engine");
    runtime.load(EMBEDDED_GUEST, limits).expect("the built-in guest")
}

/// Configures the component.
fn configure(
    generation: &mut Generation,
    configuration: &Configuration,
) -> Result<(), Vec<Problem>> {
    let configured = generation.configure(configuration_to_host(configuration)).expect("a start");
    configured.map_err(|problems| problems.into_iter().map(problem_to_guest).collect())
}

/// Statuses of which each has to be met, so that the comparison is about something.
const STATUSES: &[u16] =
    &[200, 206, 301, 304, 400, 403, 404, 405, 412, 416, 417, 421, 500, 501, 503, 505];

/// The same guest twice, each living long.
struct Pair<'a> {
    component: &'a mut Instance,
    native: Site,
    /// The statuses met so far.
    statuses: BTreeSet<u16>,
}

impl Pair<'_> {
    fn parse(&mut self, head: &str, context: Option<Context>) {
        let component = self.component.parse(head, context.map(context_to_host));
        let component = component.unwrap_or_else(|error| panic!("{error}: {head:?}"));
        let native = self.native.parse(head, context);
        assert_eq!(parsed_to_guest(component), native, "{head:?} {context:?}");
    }

    fn respond(&mut self, head: &str, found: &Found, context: Option<Context>) {
        let (in_host, context_in_host) = (found_to_host(found), context.map(context_to_host));
        let component = self.component.respond(head, &in_host, context_in_host);
        let component =
            component.unwrap_or_else(|error| panic!("{error}: {head:?} {found:?} {context:?}"));
        let native = self.native.respond(head, found, context);
        assert_eq!(response_to_guest(component), native, "{head:?} {found:?} {context:?}");
        self.statuses.insert(native.status);
    }
}

/// Has the same guest twice be asked.
fn with_pair(configuration: &Configuration, ask: impl FnOnce(&mut Pair<'_>)) {
    let mut generation = generation();
    configure(&mut generation, configuration).expect("a configuration without problems");
    let mut sandbox = Sandbox::new(Arc::new(generation), false, 0);
    sandbox.begin_turn();
    let Ok(component) = sandbox.instance(Instant::now()) else { panic!("no instance") };
    let native = Site::configure(configuration).expect("a configuration without problems");
    ask(&mut Pair { component, native, statuses: BTreeSet::new() });
    sandbox.end_turn();
}

/// Asks both the same things: the heads of the cases, and mutated ones.
fn compare(configuration: &Configuration) {
    with_pair(configuration, compare_heads);
}

fn compare_heads(pair: &mut Pair<'_>) {
    let mut numbers = Numbers::new(0x5eed_0004);
    let mut mutator = Mutator::new(0x5eed_0005);
    let cases = mutation::heads();
    let mutated = std::iter::repeat_with(|| mutator.head()).take(HEADS);
    let mut last = String::new();
    for head in cases.into_iter().chain(mutated) {
        let head = octets_as_text(&head);
        let octets = numbers.octets(OCTETS);
        let mut octets = Unstructured::new(&octets);
        let context = exchange::context(&mut octets).expect("a context");
        let found = exchange::found(&mut octets).expect("something found");
        pair.parse(&head, context);
        // Once in a while about another head than the one just parsed: that is allowed.
        let about = if numbers.once_in(8) { &last } else { &head };
        pair.respond(about, &found, context);
        last = head;
    }
    let missing = STATUSES.iter().find(|status| !pair.statuses.contains(status));
    assert_eq!(missing, None, "of {STATUSES:?}, these were met: {:?}", pair.statuses);
}

/// The component looks at sixteen octets at a time, and the library at eight, in other ways.
#[test]
fn the_component_takes_each_octet_wherever_it_stands_as_the_library_does() {
    const OFFSETS: [usize; 10] = [0, 1, 14, 15, 16, 31, 47, 62, 63, 64];
    with_pair(&Configuration::default(), |pair| {
        for octet in 0..=255u8 {
            for offset in OFFSETS {
                let mut text = vec![b'a'; offset];
                text.push(octet);
                let text = octets_as_text(&text);
                for head in [
                    format!("GET /{text}b HTTP/1.1\r\nHost: a\r\n\r\n"),
                    format!("GET {text} / HTTP/1.1\r\nHost: a\r\n\r\n"),
                    format!("GET / HTTP/1.1\r\nHost: {text}\r\n\r\n"),
                    format!("GET / HTTP/1.1\r\nHost: a\r\n{text}: b\r\n\r\n"),
                    format!("GET / HTTP/1.1\r\nHost: a\r\nA: {text}b\r\nC: d\r\n\r\n"),
                    format!("GET / HTTP/1.1\r\nHost: a\r\nA: {text}\r\n\r\n{text}"),
                ] {
                    pair.parse(&head, None);
                }
            }
        }
    });
}

#[test]
fn the_component_answers_as_the_library_does() {
    compare(&Configuration::default());
}

#[test]
fn the_component_answers_as_the_library_does_with_every_parameter_set() {
    compare(&exchange::thorough_configuration());
}

#[test]
fn the_component_has_the_settings_of_the_library_and_finds_the_same_problems() {
    let mut generation = generation();
    let settings = generation.settings().expect("settings");
    let settings: Vec<_> = settings.into_iter().map(setting_help_to_guest).collect();
    assert_eq!(settings, Site::settings());

    let mut numbers = Numbers::new(0x5eed_0006);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..500 {
        let octets = numbers.octets(OCTETS);
        let configuration = exchange::configuration(&mut Unstructured::new(&octets));
        let configuration = configuration.expect("a configuration");
        let component = configure(&mut generation, &configuration);
        let native = Site::configure(&configuration).map(|_| ());
        assert_eq!(component, native, "{configuration:?}");
        *if native.is_ok() { &mut accepted } else { &mut refused } += 1;
    }
    assert!(accepted > 50 && refused > 50, "{accepted} accepted, {refused} refused");
}
