//! Replacing the guest, and the configuration, of a server that serves.
//!
//! Owns the thread that does it, the swapper: one job at a time, in the order they came. A job
//! leads through steps, each of which can refuse: the component is read, compiled, checked,
//! instantiated, configured ([`crate::startup`]), and rehearsed ([`crate::rehearsal`]) before the
//! workers take it over between two requests. For a while it is on probation
//! ([`crate::server::Probation`]): if it fails for several clients, the one before it comes back.
//! Whatever is refused changes nothing.
//!
//! What asks for swaps: the guest's file ([`watch`]) or tag ([`pulls`]), SIGHUP, and
//! [`crate::control`].

mod jobs;
mod poll;
mod pulls;
mod reload;
mod second_opinion;
mod shadow;
mod status;
mod turn_out;
mod watch;

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use self::jobs::Order as Request;
use self::poll::Poll;
use self::pulls::Pulls;
use self::reload::Listening;
use self::shadow::Shadow;
use self::watch::Watch;
use crate::cli::Arguments;
use crate::config::{Config, Differences};
use crate::log::SharedAccessLog;
use crate::rehearsal::{self, Comparison, Report};
use crate::sandbox::Step;
use crate::server::{self, Crew, Order, Probation, Publication, Server, Terms};
use crate::startup::{Candidate, Found, Loader, Octets, Plan, Refusal, Source};

pub use self::jobs::{Handle, Job, Limits, Outcome, Serving};
pub use self::status::{ShadowStatus, Status};

/// Longest wait for the next job: the status tells of a shadow at least this often.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Priority of the swapper, and so of the compiler that it starts: lower than the workers', but not
/// so low that it gets nowhere beside them. Of a core that is wanted by one of them it gets a
/// quarter; the lowest priority would get a hundredth, and run into time limits.
const NICE: i32 = 5;

/// Said to who asks for something of a shadow that is not there.
const NO_SHADOW: &str = "no candidate runs beside (try `wasmhttpd ctl shadow FILE` first)";

/// A generation that serves or has served.
#[derive(Clone)]
struct Release {
    number: u64,
    candidate: Candidate,
    /// The same with what it was loaded for, for those who ask for the guest.
    guest: Serving,
    /// What came of its rehearsal.
    rehearsal: Option<Report>,
    /// When its probation ends; none once it has passed.
    probation: Option<Instant>,
    since: u64,
}

/// See the module.
pub struct Swapper {
    arguments: Arguments,
    config: Config,
    loader: Loader,
    crew: Crew,
    listening: Vec<Listening>,
    access_log: SharedAccessLog,
    serving: Release,
    /// Served before the serving one: what an operator goes back to.
    previous: Option<Release>,
    /// The last one that passed its probation, if that is not the serving one: what comes back by
    /// itself.
    proven: Option<Release>,
    numbers: u64,
    shadow: Option<Shadow>,
    watch: Option<Watch>,
    poll: Option<Poll>,
    pulls: Pulls,
    orders: Receiver<Request>,
    handle: Handle,
}

/// The first generation: nothing comes before it, so that it is on no probation.
pub fn first_publication(plan: &Plan) -> Arc<Publication> {
    let generation = Arc::clone(&plan.candidate.generation);
    Arc::new(Publication { number: 1, generation, probation: None })
}

impl Swapper {
    /// Starts the swapper of `server`, which was made by `plan` with its first publication.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(arguments: &Arguments, plan: Plan, server: &Server) -> std::io::Result<Handle> {
        let Plan { config, loader, candidate } = plan;
        let (sender, orders) = mpsc::channel();
        let serving = Release {
            number: 1,
            guest: Serving::new(&candidate, &config),
            candidate,
            rehearsal: None,
            probation: None,
            since: unix_seconds(),
        };
        let handle = Handle {
            orders: sender,
            board: Arc::default(),
            serving: Arc::new(Mutex::new(serving.guest.clone())),
            crew: server.crew().clone(),
        };
        let mut swapper = Swapper {
            arguments: arguments.clone(),
            listening: Listening::all(&config.settings, server.addresses()),
            crew: server.crew().clone(),
            access_log: server.access_log().clone(),
            config,
            loader,
            serving,
            previous: None,
            proven: None,
            numbers: 1,
            shadow: None,
            watch: None,
            poll: None,
            pulls: Pulls::default(),
            orders,
            handle: handle.clone(),
        };
        swapper.watch_guest(&swapper.serving.candidate.octets.clone());
        let source = &swapper.serving.candidate.source;
        swapper.poll = Poll::new(&swapper.config.settings, source, Instant::now());
        swapper.take_notes();
        tracing::info!("generation 1 serves: {}", swapper.serving.candidate.source);
        thread::Builder::new().name("swapper".into()).spawn(move || swapper.run())?;
        Ok(handle)
    }

    fn run(mut self) {
        // On Linux this is the thread's own priority. Where it is refused, it competes as an equal.
        let _ = rustix::process::nice(NICE);
        loop {
            match self.orders.recv_timeout(self.pause()) {
                Ok(Request { job, reply }) => self.take(job, reply),
                // Not before: an order that waits may be to turn the generation out.
                Err(RecvTimeoutError::Timeout) => self.end_probation(Instant::now()),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if self.watch.as_mut().is_some_and(|watch| now >= watch.look_at() && watch.look(now)) {
                self.swap_watched();
            }
            self.look_at_tag(now);
            self.take_notes();
        }
    }

    /// How long until something is due.
    fn pause(&self) -> Duration {
        let status = self.shadow.as_ref().map(|_| Instant::now() + STATUS_INTERVAL);
        let watch = self.watch.as_ref().map(Watch::look_at);
        let poll = self.poll.as_ref().map(Poll::look_at);
        let due = [status, watch, poll, self.serving.probation].into_iter().flatten().min();
        due.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    fn take(&mut self, job: Job, reply: Option<Sender<Outcome>>) {
        self.take_notes();
        let Some((job, reply)) = self.pull_first(job, reply) else { return };
        let outcome = match job {
            Job::Swap { guest } => self.swap("a swap", guest.into()),
            Job::Reload => self.reload(None),
            Job::Rollback => self.roll_back(),
            // It is done below.
            Job::TakeNote => Ok(String::new()),
            Job::Look => {
                // Looked at next, and again after it has rested.
                if let Some(watch) = &mut self.watch {
                    watch.look_now();
                }
                return;
            }
            Job::Arrived(arrival) => {
                // Who waits for it is known there.
                self.take_arrival(arrival);
                return;
            }
            Job::Shadow { guest, every } => self.start_shadow(guest.into(), every),
            Job::EndShadow => match self.shadow.take() {
                Some(shadow) => Ok(format!("ended: {}", shadow.status())),
                None => Err(vec![NO_SHADOW.into()]),
            },
            Job::Promote => self.promote(),
        };
        self.take_notes();
        if let Some(reply) = reply {
            // Whoever asked may have gone.
            let _ = reply.send(outcome);
        }
    }

    /// Loads another guest for the configuration there is, and publishes it.
    fn swap(&mut self, doing: &str, source: Source) -> Outcome {
        let what = format!("{doing} to {source}");
        self.update_status(|status| status.doing = Some(what.clone()));
        let found = self.loader.read(source);
        self.swap_to(&what, found)
    }

    /// The same, with what was read.
    fn swap_to(&mut self, what: &str, found: Result<Found, Refusal>) -> Outcome {
        self.update_status(|status| status.doing = Some(what.into()));
        let swapped = found.and_then(|found| self.try_swap(found));
        self.conclude(what, swapped)
    }

    fn try_swap(&mut self, found: Found) -> Result<String, Refusal> {
        if self.serves_already(&found) {
            return Ok(format!("generation {} serves it already", self.serving.number));
        }
        let candidate = self.loader.load(found, &self.config)?;
        self.take_over(candidate)
    }

    /// Whether what was found is what serves. A registry may have the same component with another
    /// manifest: then its digest is that one from now on.
    fn serves_already(&mut self, (source, octets): &Found) -> bool {
        let is_same = **octets == *self.serving.candidate.octets;
        if is_same && matches!(source, Source::Registry(_)) {
            self.serving.candidate.source = source.clone();
        }
        is_same
    }

    /// Counts and tells what came of a swap.
    fn conclude(&mut self, what: &str, swapped: Result<String, Refusal>) -> Outcome {
        self.update_status(|status| {
            status.doing = None;
            match &swapped {
                Ok(_) => {}
                Err(refusal) => {
                    status.refused += 1;
                    status.last_refusal = Some(format!("{what}: {refusal}"));
                }
            }
        });
        match swapped {
            Ok(text) => Ok(text),
            Err(refusal) => {
                let Refusal { step, complaints } = refusal;
                let serving = self.serving.number;
                let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
                for line in &lines {
                    tracing::error!("{line}");
                }
                let end =
                    format!("{what} was refused at the step {step}: generation {serving} goes on");
                tracing::error!("{end}");
                Err(lines.into_iter().chain([end]).collect())
            }
        }
    }

    /// Rehearses a candidate, and publishes it.
    fn take_over(&mut self, candidate: Candidate) -> Result<String, Refusal> {
        let report = self.rehearse(&candidate, server::roots_beside(&self.config))?;
        let publication = self.release(candidate, Some(report));
        self.crew.publish(&publication);
        Ok(self.announce(None))
    }

    fn rehearse(
        &mut self,
        candidate: &Candidate,
        roots: std::io::Result<crate::files::Roots>,
    ) -> Result<Report, Refusal> {
        let refused = |reason: String| Refusal::at(Step::Rehearse, reason);
        self.take_notes();
        let roots = roots.map_err(|error| refused(format!("a document root: {error}")))?;
        let serving = &self.serving.candidate.generation;
        let comparison = Comparison::new(serving, &candidate.generation, roots);
        let recorded = self.crew.recall();
        let report = rehearsal::rehearse(comparison, &recorded, self.serving.number)
            .map_err(|failure| refused(format!("it failed at {failure}")))?;
        match report.is_different() && self.config.settings.swap_differences == Differences::Refuse
        {
            true => {
                Err(refused(format!("it answers otherwise (swap-differences refuse): {report}")))
            }
            false => Ok(report),
        }
    }

    /// Makes a candidate the serving release. The workers have yet to be told.
    fn release(&mut self, candidate: Candidate, rehearsal: Option<Report>) -> Arc<Publication> {
        // It may have run out since there was time to look.
        self.end_probation(Instant::now());
        self.numbers += 1;
        let settings = &self.config.settings;
        let ends = (!settings.probation.is_zero()).then(|| Instant::now() + settings.probation);
        let release = Release {
            number: self.numbers,
            guest: Serving::new(&candidate, &self.config),
            candidate,
            rehearsal,
            probation: ends,
            since: unix_seconds(),
        };
        let before = std::mem::replace(&mut self.serving, release);
        if before.probation.is_none() {
            self.proven = Some(before.clone());
        }
        self.previous = Some(before);
        // It compared with what does not serve any more.
        self.shadow = None;
        // Whoever has an answer of it finds it in the status.
        self.take_notes();
        self.publication()
    }

    /// The serving release, as workers get it.
    fn publication(&self) -> Arc<Publication> {
        let Release { number, candidate, probation, .. } = &self.serving;
        let (number, generation) = (*number, Arc::clone(&candidate.generation));
        let probation = probation.zip(self.proven.as_ref()).map(|(ends, proven)| {
            let settings = &self.config.settings;
            Probation::new(Terms {
                previous: Arc::clone(&proven.candidate.generation),
                ends,
                clients: settings.probation_clients,
                retry: settings.swap_retry,
                ask: second_opinion::of(&proven.candidate.generation, &self.config),
                turn_out: self.turn_out(proven),
            })
        });
        Arc::new(Publication { number, generation, probation })
    }

    /// Tells that the serving release serves, and why if that is not because it is new.
    fn announce(&mut self, why: Option<&str>) -> String {
        let Release { number, candidate, rehearsal, probation, .. } = &self.serving;
        let mut text = format!("generation {number} serves: {}", candidate.source);
        if let Some(why) = why {
            text += &format!("; {why}");
        }
        if let Some(report) = rehearsal {
            text += &format!("; rehearsed: {report}");
        }
        if probation.is_some() {
            let seconds = self.config.settings.probation.as_secs_f64();
            text += &format!("; on probation for {seconds} s");
        }
        tracing::info!("{text}");
        self.update_status(|status| status.published += 1);
        *lock(&self.handle.serving) = self.serving.guest.clone();
        text
    }

    fn end_probation(&mut self, now: Instant) {
        self.take_notes();
        if self.serving.probation.is_some_and(|ends| now >= ends) {
            self.serving.probation = None;
            self.proven = None;
            tracing::info!("generation {} has passed its probation", self.serving.number);
            // The workers let go of the generation that stood by.
            let publication = self.publication();
            self.crew.tell(|| Order::Publish(Arc::clone(&publication)));
        }
    }

    fn roll_back(&mut self) -> Outcome {
        let Some(previous) = self.previous.take() else {
            return Err(vec!["there is no generation to go back to".into()]);
        };
        let left = self.serving.clone();
        let text = self.bring_back(previous, &format!("rolled back from {}", left.number));
        self.previous = Some(left);
        Ok(text)
    }

    /// Publishes a release that served before, as what it was: it has nothing to prove.
    fn bring_back(&mut self, release: Release, why: &str) -> String {
        self.serving =
            Release { rehearsal: None, probation: None, since: unix_seconds(), ..release };
        self.proven = None;
        self.shadow = None;
        self.take_notes();
        let publication = self.publication();
        self.crew.publish(&publication);
        self.announce(Some(why))
    }

    fn start_shadow(&mut self, source: Source, every: u64) -> Outcome {
        let what = format!("{source} to run beside");
        let found = self.loader.read(source);
        self.start_shadow_of(&what, found, every)
    }

    /// The same, with what was read.
    fn start_shadow_of(
        &mut self,
        what: &str,
        found: Result<Found, Refusal>,
        every: u64,
    ) -> Outcome {
        self.update_status(|status| status.doing = Some(format!("loading {what}")));
        let started = found.and_then(|found| self.try_start_shadow(found, every));
        self.conclude(what, started)
    }

    fn try_start_shadow(&mut self, found: Found, every: u64) -> Result<String, Refusal> {
        let candidate = self.loader.load(found, &self.config)?;
        self.take_notes();
        let roots = server::roots_beside(&self.config)
            .map_err(|error| Refusal::at(Step::Rehearse, format!("a document root: {error}")))?;
        let serving = &self.serving.candidate.generation;
        let comparison = Comparison::new(serving, &candidate.generation, roots);
        let shadow = Shadow::start(candidate, comparison, self.serving.number, every, &self.crew)
            .map_err(|error| Refusal::at(Step::Publish, error))?;
        let text = format!(
            "{} runs beside generation {}, on {}",
            shadow.candidate().source,
            self.serving.number,
            status::share(every)
        );
        tracing::info!("{text}");
        self.shadow = Some(shadow);
        Ok(text)
    }

    fn promote(&mut self) -> Outcome {
        let Some(shadow) = &self.shadow else { return Err(vec![NO_SHADOW.into()]) };
        let candidate = shadow.candidate().clone();
        let what = format!("the promotion of {}", candidate.source);
        let promoted = self.take_over(candidate);
        self.conclude(&what, promoted)
    }

    fn swap_watched(&mut self) {
        let Some(path) = self.watch.as_ref().map(|watch| watch.path().to_path_buf()) else {
            return;
        };
        // What came of it is in the log.
        let _ = self.swap("a swap, since the file changed,", Source::File(path));
    }

    /// Watches the guest's file, if web.conf names one and wants that. `loaded` is what was read of
    /// it.
    fn watch_guest(&mut self, loaded: &Octets) {
        let wanted = watch::wanted(&self.config.settings);
        if wanted != self.watch.as_ref().map(Watch::path) {
            let handle = self.handle.clone();
            self.watch = wanted.map(|path| {
                Watch::since(path, loaded, &self.loader, move || handle.send(Job::Look))
            });
        }
    }

    /// Takes note of what was decided elsewhere, and has the status up to date.
    fn take_notes(&mut self) {
        self.update_status(|_| ());
    }

    fn update_status(&mut self, change: impl FnOnce(&mut Status)) {
        let board = Arc::clone(&self.handle.board);
        let mut board = lock(&board);
        for turned_out in std::mem::take(&mut board.turned_out) {
            self.take_note(&turned_out, &mut board);
        }
        let status = &mut board.status;
        change(status);
        self.serving.show(status);
        status.version = env!("CARGO_PKG_VERSION").into();
        status.process = std::process::id();
        status.previous = self.previous.as_ref().map(|previous| previous.number);
        status.shadow = self.shadow.as_ref().map(Shadow::status);
        status.pulling = self.pulls.in_words();
        status.poll_failure = self.poll.as_ref().and_then(Poll::failure).cloned();
        status.workers = self.config.settings.workers;
        let addresses = self.listening.iter().map(|listening| listening.local.to_string());
        status.addresses = addresses.collect();
    }
}

impl Release {
    /// Has it in the status as what serves.
    fn show(&self, status: &mut Status) {
        let left = self.probation.map(|ends| ends.saturating_duration_since(Instant::now()));
        status.generation = self.number;
        status.guest = self.candidate.source.to_string();
        status.octets = self.candidate.octets.len() as u64;
        status.since = self.since;
        status.probation = left.map(|left| left.as_secs_f64().ceil() as u64);
        status.rehearsal.clone_from(&self.rehearsal);
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
