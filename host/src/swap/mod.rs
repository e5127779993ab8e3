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

mod guest;
mod jobs;
mod lineage;
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
use std::time::{Duration, Instant};

use self::jobs::Order as Request;
use self::lineage::{Lineage, Moment, Release};
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

pub use self::guest::{Guest, Limits};
pub use self::jobs::{Handle, Job, Outcome};
pub use self::status::{ShadowStatus, Status};

/// Longest wait for the next job: the status tells of a shadow at least this often.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Priority of the swapper, and so of the compiler that it starts: lower than the workers', but not
/// so low that it gets nowhere beside them. Of a core that is wanted by one of them it gets a
/// quarter; the lowest priority would get a hundredth, and run into time limits.
const NICE: i32 = 5;

/// Said to who asks for something of a shadow that is not there.
const NO_SHADOW: &str = "no candidate runs beside (try `wasmhttpd ctl shadow FILE` first)";

/// See the module.
pub struct Swapper {
    arguments: Arguments,
    config: Config,
    loader: Loader,
    crew: Crew,
    listening: Vec<Listening>,
    access_log: SharedAccessLog,
    lineage: Lineage,
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
        let guest = Guest::new(candidate, &config);
        let handle = Handle {
            orders: sender,
            board: Arc::default(),
            guest: Arc::new(Mutex::new(guest.clone())),
            crew: server.crew().clone(),
        };
        let mut swapper = Swapper {
            arguments: arguments.clone(),
            listening: Listening::all(&config.settings, server.addresses()),
            crew: server.crew().clone(),
            access_log: server.access_log().clone(),
            config,
            loader,
            lineage: Lineage::new(guest.clone(), Moment::now()),
            pulls: Pulls::default(),
            orders,
            handle: handle.clone(),
        };
        swapper.watch_guest(guest.octets());
        let poll = Poll::new(&swapper.config.settings, guest.source(), Instant::now());
        swapper.lineage.set_poll(poll);
        swapper.take_notes();
        tracing::info!("generation 1 serves: {}", guest.source());
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
            let watch = self.lineage.watch_mut();
            if watch.is_some_and(|watch| now >= watch.look_at() && watch.look(now)) {
                self.swap_watched();
            }
            self.look_at_tag(now);
            self.take_notes();
        }
    }

    /// How long until something is due.
    fn pause(&self) -> Duration {
        let status = self.lineage.shadow().map(|_| Instant::now() + STATUS_INTERVAL);
        let watch = self.lineage.watch().map(Watch::look_at);
        let poll = self.lineage.poll().map(Poll::look_at);
        let probation = self.lineage.serving().probation;
        let due = [status, watch, poll, probation].into_iter().flatten().min();
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
                if let Some(watch) = self.lineage.watch_mut() {
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
            Job::EndShadow => match self.lineage.take_shadow() {
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
            return Ok(format!("generation {} serves it already", self.lineage.serving().number));
        }
        let candidate = self.loader.load(found, &self.config)?;
        self.take_over(candidate)
    }

    /// Whether what was found is what serves. A registry may have the same component with another
    /// manifest: then its digest is that one from now on.
    fn serves_already(&mut self, (source, octets): &Found) -> bool {
        let serving = self.lineage.serving_guest_mut();
        let is_same = **octets == **serving.octets();
        if is_same {
            serving.found_at(source.clone());
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
                let serving = self.lineage.serving().number;
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
        let publication = self.release(candidate, report);
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
        let serving = self.lineage.serving();
        let comparison = Comparison::new(serving.guest.generation(), &candidate.generation, roots);
        let recorded = self.crew.recall();
        let report = rehearsal::rehearse(comparison, &recorded, serving.number)
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
    fn release(&mut self, candidate: Candidate, rehearsal: Report) -> Arc<Publication> {
        // It may have run out since there was time to look.
        self.end_probation(Instant::now());
        let guest = Guest::new(candidate, &self.config);
        let probation = self.config.settings.probation;
        self.lineage.publish(guest, rehearsal, probation, Moment::now());
        // Whoever has an answer of it finds it in the status.
        self.take_notes();
        self.publication()
    }

    /// The serving release, as workers get it.
    fn publication(&self) -> Arc<Publication> {
        let serving = self.lineage.serving();
        let (number, generation) = (serving.number, Arc::clone(serving.guest.generation()));
        let probation = serving.probation.zip(self.lineage.proven()).map(|(ends, proven)| {
            let settings = &self.config.settings;
            Probation::new(Terms {
                previous: Arc::clone(proven.guest.generation()),
                ends,
                clients: settings.probation_clients,
                retry: settings.swap_retry,
                ask: second_opinion::of(proven.guest.generation(), &self.config),
                turn_out: self.turn_out(proven),
            })
        });
        Arc::new(Publication { number, generation, probation })
    }

    /// Tells that the serving release serves, and why if that is not because it is new.
    fn announce(&mut self, why: Option<&str>) -> String {
        let Release { number, guest, rehearsal, probation, .. } = self.lineage.serving();
        let mut text = format!("generation {number} serves: {}", guest.source());
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
        *lock(&self.handle.guest) = self.lineage.serving().guest.clone();
        text
    }

    fn end_probation(&mut self, now: Instant) {
        self.take_notes();
        if self.lineage.pass(now) {
            tracing::info!("generation {} has passed its probation", self.lineage.serving().number);
            // The workers let go of the generation that stood by.
            let publication = self.publication();
            self.crew.tell(|| Order::Publish(Arc::clone(&publication)));
        }
    }

    fn roll_back(&mut self) -> Outcome {
        let Some(left) = self.lineage.roll_back(Moment::now()) else {
            return Err(vec!["there is no generation to go back to".into()]);
        };
        self.take_notes();
        let publication = self.publication();
        self.crew.publish(&publication);
        Ok(self.announce(Some(&format!("rolled back from {left}"))))
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
        let serving = self.lineage.serving();
        let comparison = Comparison::new(serving.guest.generation(), &candidate.generation, roots);
        let shadow = Shadow::start(candidate, comparison, serving.number, every, &self.crew)
            .map_err(|error| Refusal::at(Step::Publish, error))?;
        let text = format!(
            "{} runs beside generation {}, on {}",
            shadow.candidate().source,
            serving.number,
            status::share(every)
        );
        tracing::info!("{text}");
        self.lineage.set_shadow(shadow);
        Ok(text)
    }

    fn promote(&mut self) -> Outcome {
        let Some(shadow) = self.lineage.shadow() else { return Err(vec![NO_SHADOW.into()]) };
        let candidate = shadow.candidate().clone();
        let what = format!("the promotion of {}", candidate.source);
        let promoted = self.take_over(candidate);
        self.conclude(&what, promoted)
    }

    fn swap_watched(&mut self) {
        let Some(path) = self.lineage.watch().map(|watch| watch.path().to_path_buf()) else {
            return;
        };
        // What came of it is in the log.
        let _ = self.swap("a swap, since the file changed,", Source::File(path));
    }

    /// Watches the guest's file, if web.conf names one and wants that. `loaded` is what was read of
    /// it.
    fn watch_guest(&mut self, loaded: &Octets) {
        let wanted = watch::wanted(&self.config.settings);
        if wanted != self.lineage.watch().map(Watch::path) {
            let handle = self.handle.clone();
            let watch = wanted.map(|path| {
                Watch::since(path, loaded, &self.loader, move || handle.send(Job::Look))
            });
            self.lineage.set_watch(watch);
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
        show(self.lineage.serving(), status);
        status.version = env!("CARGO_PKG_VERSION").into();
        status.process = std::process::id();
        status.previous = self.lineage.previous().map(|previous| previous.number);
        status.shadow = self.lineage.shadow().map(Shadow::status);
        status.pulling = self.pulls.in_words();
        status.poll_failure = self.lineage.poll().and_then(Poll::failure).cloned();
        status.workers = self.config.settings.workers;
        let addresses = self.listening.iter().map(|listening| listening.local.to_string());
        status.addresses = addresses.collect();
    }
}

/// Has a release in the status as what serves.
fn show(release: &Release, status: &mut Status) {
    let left = release.probation.map(|ends| ends.saturating_duration_since(Instant::now()));
    status.generation = release.number;
    status.guest = release.guest.source().to_string();
    status.octets = release.guest.octets().len() as u64;
    status.since = release.since;
    status.probation = left.map(|left| left.as_secs_f64().ceil() as u64);
    status.rehearsal.clone_from(&release.rehearsal);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
