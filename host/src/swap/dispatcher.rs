//! The one place where events are handled.
//!
//! Owns the jobs and the pulls. [`Dispatcher::handle`] decides what follows an event: the state
//! changes at once ([`super::state`]), or a job begins or goes on. It waits for nothing, except for
//! the file system to say whether the watched file has changed.

use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use tracing::Level;

use super::command::{Command, Reply};
use super::effect::Effect;
use super::event::Event;
use super::jobs::{Job, Jobs, Task, Wanted};
use super::lineage::Moment;
use super::poll::{Looked, Poll};
use super::pulls::{Arrival, Brought, Pull, Pulls, Purpose};
use super::reload::Reload;
use super::shadow::Shadow;
use super::stage::{Next, Stage};
use super::state::{NO_SHADOW, State};
use super::view::{Doing, View};
use super::watch::Watch;
use super::work::{Done, Work};
use crate::config::Reference;
use crate::registry::Puller;
use crate::sandbox::Step;
use crate::startup::{Candidate, Found, Refusal, Source, found};

/// How often at least the status is made while a shadow counts, or a probation runs.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// See the module.
pub struct Dispatcher {
    state: State,
    jobs: Jobs<Candidate, Reload>,
    pulls: Pulls,
    /// For pulls, which end in an event.
    events: Sender<Event>,
}

impl Dispatcher {
    /// Changes `state` as events demand. Pulls end in an event.
    pub fn new(state: State, events: Sender<Event>) -> Dispatcher {
        Dispatcher { state, jobs: Jobs::default(), pulls: Pulls::default(), events }
    }

    /// How long until something is due.
    pub fn pause(&self, now: Instant) -> Duration {
        let lineage = self.state.lineage();
        let probation = lineage.serving().probation;
        let is_moving = lineage.shadow().is_some() || probation.is_some();
        let status = is_moving.then(|| now + STATUS_INTERVAL);
        let watch = lineage.watch().filter(|_| self.jobs.is_free()).map(Watch::look_at);
        let poll = lineage.poll().map(Poll::look_at);
        let due = [status, watch, poll, probation].into_iter().flatten().min();
        due.map_or(Duration::MAX, |at| at.saturating_duration_since(now))
    }

    /// What others see.
    pub fn view(&self, now: Instant) -> View {
        let doing = Doing { job: self.jobs.doing(), pulling: self.pulls.in_words() };
        self.state.view(doing, now)
    }

    /// Decides what follows an event. Returns what has to be done, in order.
    pub fn handle(&mut self, event: Event, now: Moment) -> Vec<Effect> {
        match event {
            Event::Command { command, reply } => self.command(command, reply, now),
            Event::FileNews => {
                // The look is below, or after the running job.
                if let Some(watch) = self.state.lineage_mut().watch_mut() {
                    watch.look_now();
                }
            }
            Event::Pulled(arrival) => self.arrived(arrival),
            Event::Done { job, done } => self.done(job, done, now),
            Event::ProbationFailed(failure) => self.state.fail(failure, now),
            // Only now: an event that waited may have been the generation's failure.
            Event::Tick => self.state.pass_probation(now.instant),
        }
        self.look_at_tag(now.instant);
        self.run_next(now.instant);
        self.state.take_effects()
    }

    fn command(&mut self, command: Command, reply: Reply, now: Moment) {
        match command {
            Command::Rollback => {
                let outcome = self.state.roll_back(now);
                self.state.reply(reply, outcome);
            }
            Command::EndShadow => {
                let outcome = self.state.end_shadow();
                self.state.reply(reply, outcome);
            }
            Command::Swap { guest } => {
                let source = Source::from(guest);
                let what = format!("a swap to {source}");
                self.queue(what, Task::Swap(Wanted::At(source)), reply);
            }
            Command::Shadow { guest, every } => {
                let source = Source::from(guest);
                let what = format!("{source} to run beside");
                self.queue(what, Task::Shadow { wanted: Wanted::At(source), every }, reply);
            }
            Command::Reload => {
                self.queue("reading web.conf again".into(), Task::Reload { pulled: None }, reply);
            }
            Command::Promote => self.queue("the promotion".into(), Task::Promote, reply),
        }
    }

    /// Makes a job, which waits for its turn, or first for a pull.
    fn queue(&mut self, what: String, task: Task, reply: Reply) {
        let job = self.jobs.make(what, task, reply);
        match job.task.needs().cloned() {
            Some(reference) => {
                let puller = self.state.host().loader.puller().clone();
                self.pull(Purpose::Job(Box::new(job)), reference, puller);
            }
            None => self.jobs.wait(job),
        }
    }

    /// Runs the job whose turn it is, unless one runs. A watched file that has changed goes first.
    fn run_next(&mut self, now: Instant) {
        while self.jobs.is_free() {
            let watched = self.watched_job(now);
            let Some(job) = watched.or_else(|| self.jobs.take_next()) else { return };
            match job.task {
                Task::Promote => self.promote(job),
                _ => {
                    let beside = self.state.serving();
                    self.run(job, Stage::Load { beside });
                }
            }
        }
    }

    /// The job for a watched file that has changed and rests.
    fn watched_job(&mut self, now: Instant) -> Option<Job> {
        let watch = self.state.lineage_mut().watch_mut()?;
        if now < watch.look_at() || !watch.look(now) {
            return None;
        }
        let source = Source::File(watch.path().to_path_buf());
        let what = format!("a swap, since the file changed, to {source}");
        // The log has the outcome.
        Some(self.jobs.make(what, Task::Swap(Wanted::At(source)), Reply::nowhere()))
    }

    fn promote(&mut self, job: Job) {
        let candidate = self.state.lineage().shadow().map(Shadow::candidate).cloned();
        let Some(candidate) = candidate else {
            self.state.reply(job.reply, Err(vec![NO_SHADOW.into()]));
            return;
        };
        let job = Job { what: format!("the promotion of {}", candidate.source), ..job };
        let beside = self.state.serving();
        self.run(job, Stage::Rehearse { beside, candidate, reload: None });
    }

    /// Begins a stage of a job.
    fn run(&mut self, job: Job, stage: Stage<Candidate, Reload>) {
        let work = Work::new(&job.task, &stage, self.state.lineage(), self.state.host());
        let (number, step) = (job.number, stage.step());
        self.state.effect(Effect::Begin { job: number, step, work: Box::new(work) });
        self.jobs.run(job, stage);
    }

    /// A stage of job `number` has ended: so does the job, or its next stage begins.
    fn done(&mut self, number: u64, done: Done, now: Moment) {
        let Some((job, stage)) = self.jobs.take(number) else { return };
        let ended = match stage.after(done, self.state.serving()) {
            Next::Stage(stage) => return self.run(job, stage),
            Next::Pull(reference, puller) => {
                return self.pull(Purpose::Job(Box::new(job)), reference, puller);
            }
            Next::Refuse(refusal) => Err(refusal),
            Next::Same(source) => Ok(self.state.keep(source)),
            Next::Shadow { candidate, roots, every } => {
                self.state.start_shadow(candidate, roots, every)
            }
            Next::Publish(candidate, report) => Ok(self.state.publish(candidate, report, now)),
            Next::ChangeOver { reload, rehearsed, opened } => {
                Ok(self.state.change_over(reload, rehearsed, opened, now))
            }
        };
        self.end(job, ended);
    }

    fn end(&mut self, job: Job, ended: Result<String, Refusal>) {
        let outcome = ended.or_else(|refusal| self.state.refuse(&job.what, refusal));
        self.state.reply(job.reply, outcome);
    }

    fn pull(&mut self, purpose: Purpose, reference: Reference, puller: Puller) {
        let events = self.events.clone();
        let begun = self.pulls.begin(purpose, reference, puller, move |arrival| {
            // The swapper ends with the process.
            let _ = events.send(Event::Pulled(arrival));
        });
        if let Err(refused) = begun {
            let (pull, error) = *refused;
            self.pulled(pull, Err(error));
        }
    }

    fn arrived(&mut self, arrival: Arrival) {
        if let Some((pull, brought)) = self.pulls.end(arrival) {
            self.pulled(pull, brought);
        }
    }

    /// A pull has ended: the job or the look that it was for goes on.
    fn pulled(&mut self, pull: Pull, brought: Brought) {
        let reference = pull.reference;
        let job = match pull.purpose {
            Purpose::Job(job) => *job,
            Purpose::Poll { .. } => return self.looked(&reference, brought),
        };
        let found = match brought {
            Ok(Some(pulled)) => Ok(found(pulled)),
            Ok(None) => Err(Refusal::at(Step::Pull, "there is nothing new")),
            Err(error) => Err(error.into()),
        };
        let found = match job.task {
            Task::Reload { .. } => self.or_what_serves(&reference, found),
            _ => found,
        };
        match found {
            Ok(found) => {
                let task = job.task.pulled(reference, found);
                self.jobs.wait(Job { task, ..job });
            }
            Err(refusal) => self.end(job, Err(refusal)),
        }
    }

    /// For a reload: a guest that cannot be pulled is kept if it serves already.
    fn or_what_serves(
        &mut self,
        reference: &Reference,
        found: Result<Found, Refusal>,
    ) -> Result<Found, Refusal> {
        let Err(refusal) = found else { return found };
        let guest = &self.state.lineage().serving().guest;
        match guest.source() {
            Source::Registry(serving)
                if serving == reference || serving.unpinned() == *reference =>
            {
                let found = (guest.source().clone(), guest.octets().clone());
                let line =
                    format!("{reference} could not be pulled, and stays as it is: {refusal}");
                self.state.log(Level::WARN, line);
                Ok(found)
            }
            _ => Err(refusal.of(&Source::Registry(reference.clone()))),
        }
    }

    /// Begins a look at the tag of web.conf's guest, if it is time.
    fn look_at_tag(&mut self, now: Instant) {
        let look = self.state.lineage_mut().poll_mut().and_then(|poll| poll.begin(now));
        if let Some((reference, seen)) = look {
            let puller = self.state.host().loader.puller().clone();
            self.pull(Purpose::Poll { seen }, reference, puller);
        }
    }

    /// A look at the tag has ended.
    fn looked(&mut self, reference: &Reference, brought: Brought) {
        // By now another tag may be polled.
        let poll = self.state.lineage_mut().poll_mut().filter(|poll| poll.is_of(reference));
        let Some(poll) = poll else { return };
        let moved = match poll.end(brought) {
            Looked::Same => return,
            Looked::Failed(line) => return self.state.log(Level::WARN, line),
            Looked::Moved(moved) => moved,
        };
        let what = format!("a swap, since the tag moved, to guest {reference}");
        match moved {
            Ok(found) => {
                let task = Task::Swap(Wanted::Pulled(found));
                let job = self.jobs.make(what, task, Reply::nowhere());
                self.jobs.wait(job);
            }
            // The log has it.
            Err(refusal) => drop(self.state.refuse(&what, refusal)),
        }
    }
}

#[cfg(test)]
mod tests;
