//! What the pieces of a request cost, each by itself: `cargo bench --package wasmhttpd --bench
//! micro`.
//!
//! The calls of the built-in guest stand beside the same calls of its native build, with heads of
//! about 300 octets that all differ. `examples/calls` compares components with one another.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use wasmhttpd::sandbox::contract::{Action, Configuration, Content, Found, Response, Slice};
use wasmhttpd::sandbox::{
    EMBEDDED_GUEST, Facts, Generation, GuestLimits, Instance, Runtime, RuntimeOptions, Sandbox,
    check_response, compiler_config,
};
use wasmhttpd_guest::contract as native;
use wasmhttpd_guest::site::Site;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

#[path = "heads.rs"]
mod heads;

use heads::{CONTEXT, FILE};

/// What the host does for every call, whatever is called.
const EMPTY: &str = r#"(component
    (core module $empty (func (export "call")))
    (core instance $instance (instantiate $empty))
    (func (export "call") (canon lift (core func $instance "call"))))"#;

const NATIVE_CONTEXT: native::Context = native::Context {
    peer: native::IpAddress::Ipv4(0x7f00_0001),
    secure: false,
    now: 1_800_000_000,
};

const NATIVE_FILE: native::File = native::File {
    candidate: 0,
    size: 1024,
    modified: native::Datetime { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
    after: None,
};

/// Samples of what is called.
const SAMPLES: u32 = 500;

/// Calls in each: one alone is little beside what a look at the clock costs. What they return is
/// dropped at once, as in the server, so that memory is used again.
const CALLS: u32 = 20;

fn main() {
    divan::main();
}

/// A call that takes nothing, does nothing and returns nothing.
#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn call_empty(bencher: Bencher) {
    let engine = Engine::new(&compiler_config()).expect("an engine");
    let component = wat::parse_str(EMPTY).expect("a component");
    let component = Component::new(&engine, component).expect("code");
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = Linker::new(&engine).instantiate(&mut store, &component).expect("an instance");
    let call = instance.get_typed_func::<(), ()>(&mut store, "call").expect("a function");
    bencher.bench_local(|| call.call(&mut store, ()).expect("nothing"));
}

#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn call_parse(bencher: Bencher) {
    let (mut sandbox, heads) = (sandbox(false), Heads::new());
    bencher.bench_local(|| parse(instance(&mut sandbox), heads.next()));
}

/// Without the parse that a guest may remember.
#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn call_respond(bencher: Bencher) {
    let (mut sandbox, heads) = (sandbox(false), Heads::new());
    bencher.bench_local(|| drop(respond(instance(&mut sandbox), heads.next())));
}

#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn call_parse_and_respond(bencher: Bencher) {
    let (mut sandbox, heads) = (sandbox(false), Heads::new());
    bencher.bench_local(|| {
        let head = heads.next();
        let instance = instance(&mut sandbox);
        parse(instance, head);
        drop(respond(instance, head));
    });
}

/// The same logic without a sandbox.
#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn native_parse(bencher: Bencher) {
    let (mut site, heads) = (native_site(), Heads::new());
    bencher.bench_local(|| drop(black_box(site.parse(heads.next(), Some(NATIVE_CONTEXT)))));
}

#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn native_respond(bencher: Bencher) {
    let (mut site, heads) = (native_site(), Heads::new());
    let found = native::Found::File(NATIVE_FILE);
    bencher
        .bench_local(|| drop(black_box(site.respond(heads.next(), &found, Some(NATIVE_CONTEXT)))));
}

#[divan::bench(sample_count = SAMPLES, sample_size = CALLS)]
fn native_parse_and_respond(bencher: Bencher) {
    let (mut site, heads) = (native_site(), Heads::new());
    let found = native::Found::File(NATIVE_FILE);
    bencher.bench_local(|| {
        let head = heads.next();
        drop(black_box(site.parse(head, Some(NATIVE_CONTEXT))));
        drop(black_box(site.respond(head, &found, Some(NATIVE_CONTEXT))));
    });
}

/// What the host does not believe without a look: the fields of an answer about a file.
#[divan::bench]
fn check_of_a_response(bencher: Bencher) {
    let mut sandbox = sandbox(false);
    let response = respond(instance(&mut sandbox), Heads::new().next());
    let facts = Facts { file_octets: Some(FILE.size) };
    assert!(matches!(response.content, Content::Slice(Slice { start: 0, length: 1024 })));
    bencher.bench_local(|| check_response(black_box(&response), facts));
}

/// A fresh instance, before it is configured.
#[divan::bench]
fn instance_start(bencher: Bencher) {
    let generation = generation();
    bencher.bench_local(|| Instance::start(&generation).expect("an instance"));
}

/// The call that configures a fresh instance.
#[divan::bench]
fn instance_configure(bencher: Bencher) {
    let generation = generation();
    bencher.with_inputs(|| Instance::start(&generation).expect("an instance")).bench_local_values(
        |mut instance| {
            instance.configure(generation.configuration()).expect("no problems");
            instance
        },
    );
}

/// All that `isolation request` does for a request.
#[divan::bench]
fn instance_for_each_request(bencher: Bencher) {
    let (mut sandbox, heads) = (sandbox(true), Heads::new());
    bencher.bench_local(|| {
        let head = heads.next();
        let instance = instance(&mut sandbox);
        parse(instance, head);
        let response = respond(instance, head);
        sandbox.finish(false);
        response
    });
}

/// What a swap costs a worker: it lets one generation go, and makes an instance of the next.
#[divan::bench]
fn swap_in_a_worker(bencher: Bencher) {
    let runtime = runtime();
    let generations = [built_in(&runtime), built_in(&runtime)];
    let turn = Cell::new(0);
    let mut sandbox = Sandbox::new(Arc::clone(&generations[0]), false, 0);
    bencher.bench_local(|| {
        turn.set(turn.get() + 1);
        sandbox = Sandbox::new(Arc::clone(&generations[turn.get() % 2]), false, 0);
        sandbox.begin_turn();
        let is_ready = sandbox.instance(Instant::now()).is_ok();
        assert!(is_ready);
    });
}

/// What a swap costs before: the guest compiled by one thread, checked and configured.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn swap_compile(bencher: Bencher) {
    let runtime = runtime();
    bencher.bench_local(|| configured(runtime.load(EMBEDDED_GUEST, LIMITS).expect("a guest")));
}

/// Heads that differ, in turn.
struct Heads {
    heads: Vec<String>,
    next: Cell<usize>,
}

impl Heads {
    fn new() -> Heads {
        Heads { heads: (0..heads::HEADS).map(heads::head).collect(), next: Cell::new(0) }
    }

    fn next(&self) -> &str {
        let number = self.next.get();
        self.next.set((number + 1) % self.heads.len());
        &self.heads[number]
    }
}

fn parse(instance: &mut Instance, head: &str) {
    let parsed = instance.parse(head, Some(CONTEXT)).expect("an answer");
    assert!(matches!(black_box(parsed).action, Action::LookUp(_)));
}

fn respond(instance: &mut Instance, head: &str) -> Response {
    instance.respond(head, &Found::File(FILE), Some(CONTEXT)).expect("an answer")
}

fn instance(sandbox: &mut Sandbox) -> &mut Instance {
    // No time limit is near: that of an instance's failure is not asked for.
    sandbox.instance(Instant::now()).unwrap_or_else(|_| panic!("no instance"))
}

fn sandbox(fresh_for_each: bool) -> Sandbox {
    let mut sandbox = Sandbox::new(generation(), fresh_for_each, 0);
    sandbox.begin_turn();
    sandbox
}

fn generation() -> Arc<Generation> {
    built_in(&runtime())
}

/// The guest as it serves.
fn built_in(runtime: &Arc<Runtime>) -> Arc<Generation> {
    configured(runtime.load_trusted(EMBEDDED_GUEST, LIMITS).expect("a guest"))
}

fn configured(mut generation: Generation) -> Arc<Generation> {
    let configuration = Configuration { media: Vec::new(), parameters: Vec::new() };
    generation.configure(configuration).expect("a start").expect("no problems");
    Arc::new(generation)
}

const LIMITS: GuestLimits =
    GuestLimits { deadline: Duration::from_secs(1), memory_octets_max: 64 << 20, wasi: true };

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeOptions::for_guest(1, LIMITS)).expect("an engine")
}

fn native_site() -> Site {
    let configuration = native::Configuration { media: Vec::new(), parameters: Vec::new() };
    Site::configure(&configuration).expect("no problems")
}
