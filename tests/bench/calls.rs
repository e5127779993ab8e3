//! What the sandbox costs: `cargo run --release --example calls [FILE]`.
//!
//! Prints nanoseconds for each call of the built-in guest, or of the component in FILE, with heads of about 300 octets that all
//! differ: the best of several batches, since whatever disturbs a measurement makes it longer.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmhttpd::sandbox::contract::{
    Action, Configuration, Context, Datetime, File, Found, IpAddress, Trouble,
};
use wasmhttpd::sandbox::{EMBEDDED_GUEST, Runtime, RuntimeOptions, Sandbox};

const HEADS: usize = 64;
const BATCHES: usize = 15;
const CALLS: usize = 20_000;
const INSTANCES: usize = 500;

fn main() {
    let runtime = Runtime::new(RuntimeOptions {
        workers: 1,
        deadline: Duration::from_millis(20),
        memory_octets_max: 64 << 20,
        wasi: false,
    })
    .expect("an engine");
    let component = match std::env::args_os().nth(1) {
        Some(path) => Runtime::read(Path::new(&path)).expect("a component"),
        None => EMBEDDED_GUEST.to_vec(),
    };
    let mut generation = runtime.load(&component).expect("a guest");
    let configuration = Configuration { media: Vec::new(), parameters: Vec::new() };
    generation.configure(configuration).expect("a start").expect("no problems");

    let heads: Vec<String> = (0..HEADS).map(head).collect();
    let context =
        Some(Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now: 1_800_000_000 });
    let found = Found::File(File {
        candidate: 0,
        size: 1024,
        modified: Datetime { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
        after: None,
    });
    let missing = Found::Nothing(Trouble::Missing);
    println!("heads of {} octets, {HEADS} in turn; ns", heads[0].len());

    let generation = Arc::new(generation);
    let mut sandbox = Sandbox::new(Arc::clone(&generation), false, 0);
    sandbox.begin_turn();
    let Ok(instance) = sandbox.instance(Instant::now()) else { panic!("no instance") };
    measure("parse", CALLS, |call| {
        let parsed = instance.parse(&heads[call % HEADS], context).expect("an answer");
        assert!(matches!(black_box(parsed).action, Action::LookUp(_)));
    });
    measure("respond, another head than parse", CALLS, |call| {
        black_box(instance.respond(&heads[call % HEADS], &found, context).expect("an answer"));
    });
    measure("parse and respond", CALLS, |call| {
        let head = &heads[call % HEADS];
        black_box(instance.parse(head, context).expect("an answer"));
        black_box(instance.respond(head, &found, context).expect("an answer"));
    });
    measure("parse and respond, 404", CALLS, |call| {
        let head = &heads[call % HEADS];
        black_box(instance.parse(head, context).expect("an answer"));
        black_box(instance.respond(head, &missing, context).expect("an answer"));
    });

    let mut fresh = Sandbox::new(generation, true, 0);
    measure("a fresh instance, configured", INSTANCES, |_| {
        assert!(fresh.instance(Instant::now()).is_ok());
        fresh.finish(false);
    });
    sandbox.end_turn();
}

/// What a browser sends, nearly.
fn head(number: usize) -> String {
    format!(
        "GET /css/site-{number}.css HTTP/1.1\r\nHost: www.example.org\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.{number}\r\n\
         Accept: text/css,*/*;q=0.1\r\nAccept-Language: en-US,en;q=0.5\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n\
         Referer: http://www.example.org/page-{number}\r\nSec-Fetch-Dest: style\r\n\r\n"
    )
}

fn measure(what: &str, calls: usize, mut call: impl FnMut(usize)) {
    let best = (0..BATCHES)
        .map(|_| {
            let start = Instant::now();
            (0..calls).for_each(&mut call);
            start.elapsed()
        })
        .min()
        .unwrap_or_default();
    println!("{:>8.0}  {what}", best.as_nanos() as f64 / calls as f64);
}
