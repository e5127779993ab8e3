//! Effects: what has to be done because of an event.
//!
//! [`super::dispatcher`] decides on them. The swapper carries them out when the status shows the
//! change, so that an answer of a new generation, or a line about it in the log, never comes first.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use tracing::Level;

use super::command::{Outcome, Reply};
use super::event::Event;
use super::work::{Done, Work};
use crate::background::{self, NICE_AWAITED};
use crate::log::{AccessLogHandle, SharedAccessLog};
use crate::sandbox::Step;
use crate::server::{Changes, Crew, Order, Publication, Tap};
use crate::startup::Refusal;

/// See the module.
pub enum Effect {
    /// The workers publish this, and the swapper waits for them, a second at most.
    Publish(Arc<Publication>),
    /// The workers publish this, each in its own time.
    Offer(Arc<Publication>),
    /// The workers change to another configuration, and the swapper waits for them, a second at
    /// most.
    Apply {
        /// For each worker.
        changes: Vec<Changes>,
        /// See [`super::reload::Opened`].
        access_log: Option<Option<AccessLogHandle>>,
    },
    /// The workers pass copies of requests to a shadow.
    Tap(Tap),
    /// A line of the log.
    Log(Level, String),
    /// The outcome of a command.
    Reply(Reply, Outcome),
    /// A stage of the running job begins.
    Begin {
        /// The job's number.
        job: u64,
        /// The step that has failed if there is no thread for it.
        step: Step,
        /// Its work.
        work: Box<Work>,
    },
}

impl Effect {
    /// Does it. The result of work is an event.
    pub fn carry_out(self, crew: &Crew, access_log: &SharedAccessLog, events: &Sender<Event>) {
        match self {
            Effect::Publish(publication) => crew.publish(&publication),
            Effect::Offer(publication) => crew.tell(|| Order::Publish(Arc::clone(&publication))),
            Effect::Apply { changes, access_log: opened } => {
                if let Some(opened) = opened {
                    access_log.replace(opened);
                }
                crew.tell_each(changes.into_iter().map(|change| Order::Apply(Box::new(change))));
                crew.wait();
            }
            Effect::Tap(tap) => crew.tell(|| Order::Tap(tap.clone())),
            Effect::Log(level, line) => log(level, &line),
            Effect::Reply(reply, outcome) => reply.send(outcome),
            Effect::Begin { job, step, work } => begin(job, step, work, events),
        }
    }
}

fn log(level: Level, line: &str) {
    match level {
        Level::ERROR => tracing::error!("{line}"),
        Level::WARN => tracing::warn!("{line}"),
        _ => tracing::info!("{line}"),
    }
}

fn begin(job: u64, step: Step, work: Box<Work>, events: &Sender<Event>) {
    let deliver = move |events: &Sender<Event>, done: Done| {
        // The swapper ends with the process.
        let _ = events.send(Event::Done { job, done });
    };
    let theirs = events.clone();
    let begun = background::spawn(work.name(), NICE_AWAITED, move || deliver(&theirs, work.done()));
    if let Err(error) = begun {
        deliver(events, Done::Refused(Refusal::at(step, error)));
    }
}
