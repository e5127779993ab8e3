//! What the sandbox costs: `cargo run --release --example calls [FILE...]`.
//!
//! Prints nanoseconds for each call of the built-in guest, or of the components in the files, with
//! heads of about 300 octets that all differ: the best of many batches, since whatever disturbs a
//! measurement makes it longer. Batches of several components take turns, and each is compared with
//! the first by the median of the ratios of neighbours.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmhttpd::sandbox::contract::{Action, Configuration, Found, Trouble};
use wasmhttpd::sandbox::{
    EMBEDDED_GUEST, Generation, GuestLimits, Instance, Runtime, RuntimeOptions, Sandbox,
};

const BATCHES: usize = 61;
const CALLS: usize = 5_000;
const INSTANCES: usize = 200;

#[path = "heads.rs"]
mod heads;

use heads::{CONTEXT, FILE, HEADS};

/// A guest that is measured.
struct Subject {
    name: String,
    generation: Arc<Generation>,
}

fn main() {
    let limits =
        GuestLimits { deadline: Duration::from_secs(1), memory_octets_max: 64 << 20, wasi: true };
    let runtime = Runtime::new(RuntimeOptions::for_guest(1, limits)).expect("an engine");
    let mut components: Vec<(String, Vec<u8>)> = std::env::args()
        .skip(1)
        .map(|path| (path.clone(), Runtime::read(Path::new(&path)).expect("a component")))
        .collect();
    if components.is_empty() {
        components.push(("built in".into(), EMBEDDED_GUEST.to_vec()));
    }
    let subjects: Vec<_> = components
        .into_iter()
        .map(|(name, component)| {
            let mut generation = runtime.load_trusted(&component, limits).expect("a guest");
            let configuration = Configuration { media: Vec::new(), parameters: Vec::new() };
            generation.configure(configuration).expect("a start").expect("no problems");
            Subject { name, generation: Arc::new(generation) }
        })
        .collect();

    let heads: Vec<String> = (0..HEADS).map(heads::head).collect();
    let context = Some(CONTEXT);
    let file = Found::File(FILE);
    let missing = Found::Nothing(Trouble::Missing);
    println!("heads of {} octets, {HEADS} in turn; ns", heads[0].len());

    let head = |call: usize| &heads[call % HEADS];
    measure_calls("parse", &subjects, |instance, call| {
        let parsed = instance.parse(head(call), context).expect("an answer");
        assert!(matches!(black_box(parsed).action, Action::LookUp(_)));
    });
    measure_calls("respond, another head than parse", &subjects, |instance, call| {
        black_box(instance.respond(head(call), &file, context).expect("an answer"));
    });
    measure_calls("parse and respond", &subjects, |instance, call| {
        black_box(instance.parse(head(call), context).expect("an answer"));
        black_box(instance.respond(head(call), &file, context).expect("an answer"));
    });
    measure_calls("parse and respond, 404", &subjects, |instance, call| {
        black_box(instance.parse(head(call), context).expect("an answer"));
        black_box(instance.respond(head(call), &missing, context).expect("an answer"));
    });

    let mut fresh: Vec<_> = sandboxes(&subjects, true);
    measure("a fresh instance, configured", &subjects, INSTANCES, |subject, _| {
        let sandbox = &mut fresh[subject];
        assert!(sandbox.instance(Instant::now()).is_ok());
        sandbox.finish(false);
    });
}

fn sandboxes(subjects: &[Subject], fresh_for_each: bool) -> Vec<Sandbox> {
    let sandbox =
        |subject: &Subject| Sandbox::new(Arc::clone(&subject.generation), fresh_for_each, 0);
    let mut sandboxes: Vec<_> = subjects.iter().map(sandbox).collect();
    sandboxes.iter_mut().for_each(Sandbox::begin_turn);
    sandboxes
}

fn measure_calls(what: &str, subjects: &[Subject], mut call: impl FnMut(&mut Instance, usize)) {
    let mut sandboxes = sandboxes(subjects, false);
    let now = Instant::now();
    measure(what, subjects, CALLS, |subject, number| {
        let Ok(instance) = sandboxes[subject].instance(now) else { panic!("no instance") };
        call(instance, number);
    });
}

/// Calls with the number of a subject and the number of a call, in batches.
fn measure(what: &str, subjects: &[Subject], calls: usize, mut call: impl FnMut(usize, usize)) {
    let mut best = vec![Duration::MAX; subjects.len()];
    let mut ratios = vec![Vec::new(); subjects.len()];
    for _ in 0..BATCHES {
        let mut first = Duration::ZERO;
        for subject in 0..subjects.len() {
            let start = Instant::now();
            (0..calls).for_each(|number| call(subject, number));
            let time = start.elapsed();
            if subject == 0 {
                first = time;
            }
            best[subject] = best[subject].min(time);
            ratios[subject].push(time.as_secs_f64() / first.as_secs_f64());
        }
    }
    for (subject, Subject { name, .. }) in subjects.iter().enumerate() {
        ratios[subject].sort_by(f64::total_cmp);
        let time = best[subject].as_nanos() as f64 / calls as f64;
        print!("{time:>8.0}  {what}");
        match subjects.len() {
            1 => println!(),
            _ => println!(", {name}: {:.3} of the first", ratios[subject][BATCHES / 2]),
        }
    }
}
