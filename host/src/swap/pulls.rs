//! Guests from registries, which may take long or never come.
//!
//! Owns the pulls under way, each on a thread of its own: other jobs run meanwhile. A pull ends by
//! its time limit. The end of the server does not wait for it.

use super::jobs::{Job, Task};
use crate::background::{self, NICE_AWAITED};
use crate::config::{Digest, Reference};
use crate::registry::{PullError, Pulled, Puller};
use crate::startup::{self, Source};

/// Pulls under way at once; a further one is refused.
const PULLS_MAX: usize = 4;

/// What a guest is pulled for.
pub enum Purpose {
    /// A job that needs it.
    Job(Box<Job>),
    /// A look at a tag: it is pulled if the tag is not where it was seen.
    Poll {
        /// Where it was seen.
        seen: Option<Digest>,
    },
}

/// A pull.
pub struct Pull {
    number: u64,
    /// What the guest is pulled for.
    pub purpose: Purpose,
    /// Where it is pulled from.
    pub reference: Reference,
}

/// The result of a pull: none if there is nothing new.
pub type Brought = Result<Option<Pulled>, PullError>;

/// The end of a pull.
pub struct Arrival {
    number: u64,
    brought: Brought,
}

/// See the module.
#[derive(Default)]
pub struct Pulls {
    /// Number of pulls so far.
    numbers: u64,
    under_way: Vec<Pull>,
}

impl Pulls {
    /// What is being pulled, and what for.
    pub fn in_words(&self) -> Vec<String> {
        self.under_way.iter().map(Pull::in_words).collect()
    }

    /// Begins a pull. Its end is passed to `deliver`.
    ///
    /// # Errors
    /// When there are too many, or no thread: the pull comes back with the reason.
    pub fn begin(
        &mut self,
        purpose: Purpose,
        reference: Reference,
        puller: Puller,
        deliver: impl FnOnce(Arrival) + Send + 'static,
    ) -> Result<(), Box<(Pull, PullError)>> {
        self.numbers += 1;
        let number = self.numbers;
        let pull = Pull { number, purpose, reference };
        let work = pull.work(puller);
        let begun = match self.under_way.len() < PULLS_MAX {
            true => background::spawn("pull", NICE_AWAITED, move || {
                deliver(Arrival { number, brought: work() });
            })
            .map_err(|error| error.to_string()),
            false => Err(format!("{PULLS_MAX} guests are being pulled")),
        };
        match begun {
            Ok(()) => {
                self.under_way.push(pull);
                Ok(())
            }
            Err(reason) => Err(Box::new((pull, PullError::Busy { reason }))),
        }
    }

    /// Takes a pull that has ended, and its result.
    pub fn end(&mut self, Arrival { number, brought }: Arrival) -> Option<(Pull, Brought)> {
        let index = self.under_way.iter().position(|pull| pull.number == number)?;
        Some((self.under_way.swap_remove(index), brought))
    }
}

impl Pull {
    fn in_words(&self) -> String {
        match &self.purpose {
            Purpose::Job(job) => job.pulling(&self.reference),
            Purpose::Poll { .. } => {
                format!("{}, if its tag has moved", Source::Registry(self.reference.clone()))
            }
        }
    }

    fn work(&self, puller: Puller) -> impl FnOnce() -> Brought + Send + 'static {
        let reference = self.reference.clone();
        let (is_reload, poll) = match &self.purpose {
            Purpose::Job(job) => (matches!(job.task, Task::Reload { .. }), None),
            Purpose::Poll { seen } => (false, Some(*seen)),
        };
        move || match poll {
            Some(seen) => puller.pull_if_moved(&reference, seen),
            None if is_reload => startup::pull_or_last(&puller, &reference).map(Some),
            None => puller.pull(&reference).map(Some),
        }
    }
}
