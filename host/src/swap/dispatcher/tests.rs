//! What follows an event, without a thread and without a worker.

use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, OnceLock};

use super::super::guest::Guest;
use super::super::host::Host;
use super::super::lineage::{Lineage, Release};
use super::super::probation::Failure;
use super::super::stage::Loaded;
use super::super::status::Status;
use super::*;
use crate::cli::Arguments;
use crate::config::{Config, Diagnostics, GuestPlace, Settings};
use crate::rehearsal::Report;
use crate::sandbox::{EMBEDDED_GUEST, Generation, GuestLimits, Runtime, RuntimeOptions};
use crate::server::Crew;
use crate::startup::{Loader, Octets};

/// A dispatcher without threads: what would happen elsewhere, happens when a test says so.
struct Alone {
    dispatcher: Dispatcher,
    now: Moment,
    _events: Receiver<Event>,
}

/// The same for all, since nobody asks it for anything.
fn generation() -> Arc<Generation> {
    static GENERATION: OnceLock<Arc<Generation>> = OnceLock::new();
    let load = || {
        let limits = GuestLimits {
            deadline: Duration::from_secs(1),
            memory_octets_max: 64 << 20,
            wasi: false,
        };
        let runtime = Runtime::new(RuntimeOptions::for_guest(1, limits)).expect("an engine");
        Arc::new(runtime.load_trusted(EMBEDDED_GUEST, limits).expect("a guest"))
    };
    Arc::clone(GENERATION.get_or_init(load))
}

fn candidate(name: &str) -> Candidate {
    let source = Source::File(name.into());
    Candidate { source, octets: Octets::BuiltIn, generation: generation() }
}

fn host() -> Host {
    let settings = Settings::default();
    let loader = Loader::new(&settings, &mut Diagnostics::new("")).expect("an engine");
    let (sites, media, guest_parameters) = Default::default();
    let file = String::new();
    let config = Config { file, sites, media, guest_parameters, settings };
    let arguments = Arguments {
        folder: None,
        config: None,
        port: None,
        debug: false,
        check: false,
        command: None,
    };
    Host {
        arguments: Arc::new(arguments),
        config: Arc::new(config),
        loader: Arc::new(loader),
        listening: Vec::new(),
        crew: Crew::default(),
        file_news: Arc::new(|| {}),
    }
}

impl Alone {
    /// Generation 1 serves.
    fn new() -> Alone {
        let (host, now) = (host(), Moment::now());
        let (sender, events) = mpsc::channel();
        let lineage = Lineage::new(Guest::new(candidate("one"), &host.config), now);
        let state = State::new(lineage, host, sender.clone());
        Alone { dispatcher: Dispatcher::new(state, sender), now, _events: events }
    }

    /// Generation 2 has replaced it, by job 1.
    fn swapped() -> Alone {
        let mut alone = Alone::new();
        alone.swap("two");
        alone.loaded(1, "two");
        alone.rehearsed(1);
        alone
    }

    /// The effects of an event, in words, without those on the log.
    fn handle(&mut self, event: Event) -> Vec<String> {
        let effects = self.dispatcher.handle(event, self.now).into_iter();
        effects.filter_map(in_words).collect()
    }

    fn command(&mut self, command: Command) -> Vec<String> {
        self.handle(Event::Command { command, reply: Reply::nowhere() })
    }

    fn swap(&mut self, file: &str) -> Vec<String> {
        self.command(Command::Swap { guest: GuestPlace::File(file.into()) })
    }

    fn loaded(&mut self, job: u64, file: &str) -> Vec<String> {
        let done = Done::Loaded(Box::new(Loaded::Guest(candidate(file))));
        self.handle(Event::Done { job, done })
    }

    fn rehearsed(&mut self, job: u64) -> Vec<String> {
        self.handle(Event::Done { job, done: Done::Rehearsed(Report::default()) })
    }

    fn status(&self) -> Status {
        self.dispatcher.view(self.now.instant).status
    }

    fn serving(&self) -> &Release {
        self.dispatcher.state.lineage().serving()
    }
}

fn in_words(effect: Effect) -> Option<String> {
    Some(match effect {
        Effect::Publish(publication) => format!("publish {}", publication.number),
        Effect::Offer(publication) => format!("offer {}", publication.number),
        Effect::Apply { .. } => "apply".into(),
        Effect::Tap(_) => "tap".into(),
        Effect::Log(..) => return None,
        Effect::Reply(_, Ok(line)) => format!("done: {line}"),
        Effect::Reply(_, Err(lines)) => format!("refused: {}", lines.join("; ")),
        Effect::Begin { job, work, .. } => format!("job {job}: {}", work.name()),
    })
}

/// Asserts that these effects follow, each of which begins so.
fn follow<const COUNT: usize>(effects: &[String], expected: [&str; COUNT]) {
    let is_so = effects.len() == COUNT
        && effects.iter().zip(expected).all(|(effect, start)| effect.starts_with(start));
    assert!(is_so, "{effects:?}, not {expected:?}");
}

#[test]
fn a_swap_goes_through_its_stages_and_is_published() {
    let mut alone = Alone::new();
    follow(&alone.swap("two"), ["job 1: load"]);
    assert_eq!(alone.status().doing.as_deref(), Some("a swap to guest two"));
    follow(&alone.loaded(1, "two"), ["job 1: rehearse"]);
    assert_eq!(alone.status().generation, 1);
    follow(&alone.rehearsed(1), ["publish 2", "done: generation 2 serves: guest two"]);
    let status = alone.status();
    assert_eq!((status.generation, status.previous, status.published), (2, Some(1), 1));
    assert_eq!((status.doing, status.probation), (None, Some(30)));
}

#[test]
fn a_refusal_is_counted_and_changes_nothing_else() {
    let mut alone = Alone::new();
    alone.swap("two");
    let done = Done::Refused(Refusal::at(Step::Compile, "it is no component"));
    let end = "refused: it is no component; a swap to guest two was refused at the step \
               compile: generation 1 goes on";
    follow(&alone.handle(Event::Done { job: 1, done }), [end]);
    let status = alone.status();
    assert_eq!((status.generation, status.refused, status.doing), (1, 1, None));
}

#[test]
fn a_rollback_is_done_while_a_job_runs_and_the_job_goes_on_on_top_of_it() {
    let mut alone = Alone::swapped();
    follow(&alone.swap("three"), ["job 2: load"]);
    let back = alone.command(Command::Rollback);
    follow(&back, ["publish 1", "done: generation 1 serves: guest one; rolled back from 2"]);
    assert_eq!(alone.status().doing.as_deref(), Some("a swap to guest three"));
    follow(&alone.loaded(2, "three"), ["job 2: rehearse"]);
    follow(&alone.command(Command::Rollback), ["publish 2", "done: generation 2 serves"]);
    // Beside generation 1.
    follow(&alone.rehearsed(2), ["job 2: rehearse"]);
    follow(&alone.rehearsed(2), ["publish 3", "done: generation 3 serves"]);
    assert_eq!(alone.status().previous, Some(2));
}

#[test]
fn a_generation_that_fails_goes_at_once_while_a_job_runs() {
    let mut alone = Alone::new();
    let back = alone.serving().clone();
    alone.swap("two");
    alone.loaded(1, "two");
    alone.rehearsed(1);
    alone.swap("three");
    let failure = Failure { number: 2, back, reason: "generation 2 failed".into() };
    follow(&alone.handle(Event::ProbationFailed(failure)), ["offer 1"]);
    let status = alone.status();
    assert_eq!((status.generation, status.previous, status.probation), (1, None, None));
    assert_eq!((status.turned_out, status.published), (1, 2));
    assert_eq!(status.last_refusal.as_deref(), Some("generation 2 failed"));
    follow(&alone.loaded(2, "three"), ["job 2: rehearse"]);
    follow(&alone.rehearsed(2), ["publish 3", "done"]);
    assert_eq!(alone.status().previous, Some(1));
}

#[test]
fn jobs_wait_for_one_another_and_are_answered_in_order() {
    let mut alone = Alone::new();
    follow(&alone.swap("two"), ["job 1: load"]);
    follow(&alone.swap("three"), []);
    follow(&alone.command(Command::Reload), []);
    follow(&alone.loaded(1, "two"), ["job 1: rehearse"]);
    let next = ["publish 2", "done: generation 2", "job 2: load"];
    follow(&alone.rehearsed(1), next);
    let done = Done::Refused(Refusal::at(Step::Read, "it is not there"));
    follow(&alone.handle(Event::Done { job: 2, done }), ["refused", "job 3: load"]);
    assert_eq!(alone.status().doing.as_deref(), Some("reading web.conf again"));
}

#[test]
fn a_result_that_comes_too_late_is_dropped() {
    let mut alone = Alone::swapped();
    follow(&alone.rehearsed(1), []);
    alone.swap("three");
    follow(&alone.loaded(1, "two"), []);
    assert_eq!(alone.status().generation, 2);
    follow(&alone.loaded(2, "three"), ["job 2: rehearse"]);
}

#[test]
fn what_needs_no_job_is_answered_while_one_runs() {
    let mut alone = Alone::new();
    alone.swap("two");
    follow(&alone.command(Command::EndShadow), ["refused: no candidate runs beside"]);
    follow(&alone.command(Command::Rollback), ["refused: there is no generation to go back"]);
    // A promotion may be of a shadow that is still loaded.
    follow(&alone.command(Command::Promote), []);
    let end = ["publish 2", "done", "refused: no candidate runs beside"];
    alone.loaded(1, "two");
    follow(&alone.rehearsed(1), end);
}

#[test]
fn a_probation_ends_with_a_tick_and_the_status_changes_nothing() {
    let mut alone = Alone::swapped();
    assert_eq!(alone.dispatcher.pause(alone.now.instant), STATUS_INTERVAL);
    alone.now.instant += Duration::from_secs(29);
    follow(&alone.handle(Event::Tick), []);
    assert_eq!(alone.status(), alone.status());
    assert_eq!(alone.status().probation, Some(1));
    alone.now.instant += Duration::from_secs(1);
    // That its time is over is nothing that the status decides.
    assert_eq!(alone.status().probation, Some(0));
    assert!(alone.serving().probation.is_some());
    follow(&alone.handle(Event::Tick), ["offer 2"]);
    assert_eq!(alone.status().probation, None);
    assert_eq!(alone.dispatcher.pause(alone.now.instant), Duration::MAX);
}
