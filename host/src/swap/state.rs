//! The swapper's state, and every change of it.
//!
//! Owns the lineage, the configuration in force and the counts, which change together. What the
//! workers, the log and waiting operators need to know of a change is added to a list of effects.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use tracing::Level;

use super::command::{Outcome, Reply};
use super::effect::Effect;
use super::event::Event;
use super::guest::Guest;
use super::host::Host;
use super::lineage::{Lineage, Moment, Role};
use super::poll::Poll;
use super::probation::{self, Failure};
use super::reload::{Opened, Reload};
use super::shadow::Shadow;
use super::status;
use super::view::{Counts, Doing, View};
use crate::files::Roots;
use crate::rehearsal::{Comparison, Report};
use crate::sandbox::Step;
use crate::server::Publication;
use crate::startup::{Candidate, Refusal, Source};

/// Refuses a command about a shadow when there is none.
pub const NO_SHADOW: &str = "no candidate runs beside (try `wasmhttpd ctl shadow FILE` first)";

/// See the module.
pub struct State {
    lineage: Lineage,
    host: Host,
    counts: Counts,
    effects: Vec<Effect>,
    /// For probations, whose failure is an event.
    events: Sender<Event>,
}

impl State {
    /// The state of a server that starts.
    pub fn new(lineage: Lineage, host: Host, events: Sender<Event>) -> State {
        State { lineage, host, counts: Counts::default(), effects: Vec::new(), events }
    }

    /// The generations, and what belongs to the serving one.
    pub fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// See [`State::lineage`].
    pub fn lineage_mut(&mut self) -> &mut Lineage {
        &mut self.lineage
    }

    /// The configuration in force.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The number of the generation that serves.
    pub fn serving(&self) -> u64 {
        self.lineage.serving().number
    }

    /// See [`View`].
    pub fn view(&self, doing: Doing, now: Instant) -> View {
        View::new(&self.lineage, &self.host, doing, &self.counts, now)
    }

    /// Takes the list of effects, in order.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Adds an effect.
    pub fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Adds the outcome of a command.
    pub fn reply(&mut self, reply: Reply, outcome: Outcome) {
        self.effect(Effect::Reply(reply, outcome));
    }

    /// Adds a line of the log.
    pub fn log(&mut self, level: Level, line: impl Into<String>) {
        self.effect(Effect::Log(level, line.into()));
    }

    /// Publishes a candidate that has been rehearsed. Returns the announcement.
    pub fn publish(&mut self, candidate: Candidate, report: Report, now: Moment) -> String {
        let publication = self.release(candidate, report, now);
        self.effect(Effect::Publish(publication));
        self.announce(None)
    }

    /// Makes a candidate the serving release. The publication is for the workers.
    fn release(&mut self, candidate: Candidate, report: Report, now: Moment) -> Arc<Publication> {
        // Its time may be over without a tick.
        self.pass_probation(now.instant);
        let config = &self.host.config;
        let guest = Guest::new(candidate, config);
        self.lineage.publish(guest, report, config.settings.swap.probation, now);
        self.counts.published += 1;
        self.publication()
    }

    /// The serving release, as workers get it.
    fn publication(&self) -> Arc<Publication> {
        let events = self.events.clone();
        probation::publication(&self.lineage, &self.host, move |failure| {
            // The swapper ends with the process.
            let _ = events.send(Event::ProbationFailed(failure));
        })
    }

    /// Logs and returns that the serving release serves; `why`, if it is not new.
    fn announce(&mut self, why: Option<String>) -> String {
        let serving = self.lineage.serving();
        let mut text = format!("generation {} serves: {}", serving.number, serving.guest.source());
        if let Some(why) = why {
            text += &format!("; {why}");
        }
        if let Some(report) = &serving.rehearsal {
            text += &format!("; rehearsed: {report}");
        }
        if serving.probation.is_some() {
            let seconds = self.host.config.settings.swap.probation.as_secs_f64();
            text += &format!("; on probation for {seconds} s");
        }
        self.log(Level::INFO, text.clone());
        text
    }

    /// The guest that a swap asks for serves already, and was found at `source`.
    pub fn keep(&mut self, source: Source) -> String {
        self.lineage.serving_guest_mut().found_at(source);
        format!("generation {} serves it already", self.serving())
    }

    /// Puts a web.conf in force that was read again, with its guest unless that serves already.
    pub fn change_over(
        &mut self,
        reload: Reload,
        rehearsed: Option<(Candidate, Report)>,
        opened: Opened,
        now: Moment,
    ) -> String {
        let Opened { listening, mut changes, access_log, watch } = opened;
        let before = std::mem::replace(&mut self.host.listening, listening);
        self.host.config = reload.config;
        self.host.loader = reload.loader;
        let publication = match rehearsed {
            Some((candidate, report)) => Some(self.release(candidate, report, now)),
            None => {
                // The same component, perhaps by another name.
                self.lineage.serving_guest_mut().found_at(reload.source.clone());
                None
            }
        };
        for change in &mut changes {
            change.publication.clone_from(&publication);
        }
        self.effect(Effect::Apply { changes, access_log });
        if let Some(watch) = watch {
            self.lineage.set_watch(watch);
        }
        let settings = &self.host.config.settings;
        self.lineage.set_poll(Poll::new(settings, &reload.source, now.instant));
        let mut text = match publication {
            Some(_) => self.announce(None),
            None => format!("generation {} goes on", self.serving()),
        };
        let listening = &self.host.listening;
        for new in listening.iter().filter(|new| !before.contains(new)) {
            text += &format!("; listening on http://{}/", new.local);
        }
        for old in before.iter().filter(|old| !listening.contains(old)) {
            text += &format!("; not listening on http://{}/ any more", old.local);
        }
        for what in reload.left {
            text += &format!("; {what} takes a restart");
        }
        self.log(Level::INFO, format!("web.conf was read again: {text}"));
        text
    }

    /// Publishes the previous generation again.
    pub fn roll_back(&mut self, now: Moment) -> Outcome {
        let Some(left) = self.lineage.roll_back(now) else {
            return Err(vec!["there is no generation to go back to".into()]);
        };
        self.counts.published += 1;
        let publication = self.publication();
        self.effect(Effect::Publish(publication));
        Ok(self.announce(Some(format!("rolled back from {left}"))))
    }

    /// A generation has failed during its probation, and the workers have gone back already.
    pub fn fail(&mut self, failure: Failure, now: Moment) {
        let Failure { number, back, reason } = failure;
        match self.lineage.fail(number, back, now) {
            Role::Gone => return,
            Role::Previous => self.log(Level::ERROR, reason.clone()),
            Role::Serving => {
                self.counts.published += 1;
                // A worker may have gone back first and published the failed generation then.
                let publication = self.publication();
                self.effect(Effect::Offer(publication));
                let serving = self.lineage.serving();
                let (number, source) = (serving.number, serving.guest.source().to_string());
                self.log(Level::ERROR, format!("{reason}: generation {number} comes back"));
                self.log(Level::INFO, format!("generation {number} serves: {source}"));
            }
        }
        self.counts.turned_out += 1;
        self.counts.last_refusal = Some(reason);
    }

    /// Ends the serving generation's probation, if its time is over.
    pub fn pass_probation(&mut self, now: Instant) {
        if self.lineage.pass(now) {
            let text = format!("generation {} has passed its probation", self.serving());
            self.log(Level::INFO, text);
            // The workers need the proven generation no longer.
            let publication = self.publication();
            self.effect(Effect::Offer(publication));
        }
    }

    /// Starts a candidate beside the serving generation, on one in `every` requests.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start_shadow(
        &mut self,
        candidate: Candidate,
        roots: Roots,
        every: u64,
    ) -> Result<String, Refusal> {
        let serving = self.lineage.serving();
        let comparison = Comparison::new(serving.guest.generation(), &candidate.generation, roots);
        let number = serving.number;
        let source = candidate.source.clone();
        let (shadow, tap) = Shadow::start(candidate, comparison, number, every)
            .map_err(|error| Refusal::at(Step::Publish, error))?;
        self.lineage.set_shadow(shadow);
        self.effect(Effect::Tap(tap));
        let share = status::share(every);
        let text = format!("{source} runs beside generation {number}, on {share}");
        self.log(Level::INFO, text.clone());
        Ok(text)
    }

    /// Ends the candidate that runs beside the serving generation.
    pub fn end_shadow(&mut self) -> Outcome {
        match self.lineage.take_shadow() {
            Some(shadow) => Ok(format!("ended: {}", shadow.status())),
            None => Err(vec![NO_SHADOW.into()]),
        }
    }

    /// Counts and logs that `what` was refused.
    pub fn refuse(&mut self, what: &str, refusal: Refusal) -> Outcome {
        self.counts.refused += 1;
        self.counts.last_refusal = Some(format!("{what}: {refusal}"));
        let Refusal { step, complaints } = refusal;
        let mut lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        let serving = self.serving();
        lines.push(format!("{what} was refused at the step {step}: generation {serving} goes on"));
        for line in &lines {
            self.log(Level::ERROR, line.clone());
        }
        Err(lines)
    }
}
