//! Guests from registries, which may take long or never come.
//!
//! A pull has a thread of its own, so that the swapper goes on with other jobs meanwhile; what it
//! brings, or why nothing, is then a job like any other. It ends by its time limit: nobody waits
//! for it when the server ends.
//!
//! What asks for pulls: `ctl`, a web.conf that is read again, and the [`super::poll`] of a tag.

use std::sync::mpsc::Sender;
use std::thread;
use std::time::Instant;

use super::jobs::Order;
use super::poll::Looked;
use super::{Job, NICE, Outcome, Swapper};
use crate::config::{Diagnostics, Digest, GuestPlace, Reference};
use crate::registry::{PullError, Pulled, Puller};
use crate::sandbox::Step;
use crate::startup::{self, Found, Refusal, Source, found};

/// Pulls under way at once; a further one is refused.
const PULLS_MAX: usize = 4;

/// What a guest is pulled for.
enum Purpose {
    Swap,
    Shadow {
        every: u64,
    },
    Reload,
    /// If the tag is not where it was seen.
    Poll {
        seen: Option<Digest>,
    },
}

/// A pull.
struct Pull {
    number: u64,
    purpose: Purpose,
    reference: Reference,
    /// Who waits for what comes of it.
    reply: Option<Sender<Outcome>>,
}

/// What a pull brought: none if there is nothing new.
type Brought = Result<Option<Pulled>, PullError>;

/// A pull is done.
pub struct Arrival {
    number: u64,
    brought: Brought,
}

/// The pulls that are under way.
#[derive(Default)]
pub(super) struct Pulls {
    begun: u64,
    under_way: Vec<Pull>,
}

impl Pulls {
    /// What is being pulled, and what for.
    pub fn in_words(&self) -> Vec<String> {
        self.under_way.iter().map(Pull::in_words).collect()
    }
}

impl Pull {
    fn in_words(&self) -> String {
        let guest = Source::Registry(self.reference.clone());
        match &self.purpose {
            Purpose::Swap => format!("a swap to {guest}"),
            Purpose::Shadow { .. } => format!("{guest} to run beside"),
            Purpose::Reload => format!("{guest}, since web.conf is read again"),
            Purpose::Poll { .. } => format!("{guest}, if its tag has moved"),
        }
    }

    fn work(&self, puller: Puller) -> impl FnOnce() -> Brought + Send + 'static {
        let reference = self.reference.clone();
        let (is_reload, poll) = match self.purpose {
            Purpose::Swap | Purpose::Shadow { .. } => (false, None),
            Purpose::Reload => (true, None),
            Purpose::Poll { seen } => (false, Some(seen)),
        };
        move || match poll {
            Some(seen) => puller.pull_if_moved(&reference, seen),
            None if is_reload => startup::pull_or_last(&puller, &reference).map(Some),
            None => puller.pull(&reference).map(Some),
        }
    }
}

impl Swapper {
    /// Pulls what a job needs, if it needs that. None: the job is done, or goes on, once that is
    /// there.
    pub(super) fn pull_first(
        &mut self,
        job: Job,
        reply: Option<Sender<Outcome>>,
    ) -> Option<(Job, Option<Sender<Outcome>>)> {
        let puller = self.loader.puller().clone();
        let (purpose, reference, puller) = match job {
            Job::Swap { guest: GuestPlace::Registry(reference) } => {
                (Purpose::Swap, reference, puller)
            }
            Job::Shadow { guest: GuestPlace::Registry(reference), every } => {
                (Purpose::Shadow { every }, reference, puller)
            }
            Job::Reload => match self.guest_to_be() {
                Some((reference, puller)) => (Purpose::Reload, reference, puller),
                None => return Some((job, reply)),
            },
            job => return Some((job, reply)),
        };
        self.pull(purpose, reference, puller, reply);
        None
    }

    /// What web.conf names now, if that is in a registry and nothing else is wrong.
    fn guest_to_be(&self) -> Option<(Reference, Puller)> {
        let (mut diagnostics, config) = startup::read_config(&self.arguments).ok()?;
        let Some(GuestPlace::Registry(reference)) = &config.settings.guest else { return None };
        let puller = startup::puller(&config.settings, &mut diagnostics);
        Diagnostics::is_empty(&diagnostics).then(|| (reference.clone(), puller))
    }

    fn pull(
        &mut self,
        purpose: Purpose,
        reference: Reference,
        puller: Puller,
        reply: Option<Sender<Outcome>>,
    ) {
        self.pulls.begun += 1;
        let number = self.pulls.begun;
        let pull = Pull { number, purpose, reference, reply };
        let (work, handle) = (pull.work(puller), self.handle.clone());
        let work = move || {
            // On Linux this is the thread's own priority. Where it is refused, it competes as an
            // equal.
            let _ = rustix::process::nice(NICE);
            let arrival = Arrival { number, brought: work() };
            // The swapper ends with the process.
            let _ = handle.orders.send(Order { job: Job::Arrived(arrival), reply: None });
        };
        let started = match self.pulls.under_way.len() < PULLS_MAX {
            true => thread::Builder::new()
                .name("pull".into())
                .spawn(work)
                .map_err(|error| error.to_string()),
            false => Err(format!("{PULLS_MAX} guests are being pulled")),
        };
        match started {
            Ok(_) => self.pulls.under_way.push(pull),
            Err(reason) => self.conclude_pull(pull, Err(PullError::Busy { reason })),
        }
        self.take_notes();
    }

    /// A pull is done: what it was for goes on.
    pub(super) fn take_arrival(&mut self, Arrival { number, brought }: Arrival) {
        let under_way = &mut self.pulls.under_way;
        if let Some(index) = under_way.iter().position(|pull| pull.number == number) {
            let pull = under_way.swap_remove(index);
            self.conclude_pull(pull, brought);
        }
    }

    fn conclude_pull(&mut self, pull: Pull, brought: Brought) {
        let what = pull.in_words();
        let arrived = |brought: Brought| match brought {
            Ok(Some(pulled)) => Ok(found(pulled)),
            Ok(None) => Err(Refusal::at(Step::Pull, "there is nothing new")),
            Err(error) => Err(error.into()),
        };
        let outcome = match pull.purpose {
            Purpose::Swap => self.swap_to(&what, arrived(brought)),
            Purpose::Shadow { every } => self.start_shadow_of(&what, arrived(brought), every),
            Purpose::Reload => {
                let found = self.or_what_serves(&pull.reference, arrived(brought));
                self.reload(Some((pull.reference, found)))
            }
            Purpose::Poll { .. } => self.take_look(&pull.reference, brought),
        };
        self.take_notes();
        if let Some(reply) = pull.reply {
            // Whoever asked may have gone.
            let _ = reply.send(outcome);
        }
    }

    /// What serves is as good as what cannot be pulled, if it came from there.
    fn or_what_serves(
        &self,
        reference: &Reference,
        found: Result<Found, Refusal>,
    ) -> Result<Found, Refusal> {
        found.or_else(|refusal| match self.lineage.serving().guest.source() {
            Source::Registry(serving)
                if serving == reference || serving.unpinned() == *reference =>
            {
                tracing::warn!("{reference} could not be pulled, and stays as it is: {refusal}");
                let guest = &self.lineage.serving().guest;
                Ok((guest.source().clone(), guest.octets().clone()))
            }
            _ => Err(refusal),
        })
    }

    /// Looks at the tag, if it is time and the last look is done.
    pub(super) fn look_at_tag(&mut self, now: Instant) {
        if let Some((reference, seen)) = self.lineage.poll_mut().and_then(|poll| poll.begin(now)) {
            let puller = self.loader.puller().clone();
            self.pull(Purpose::Poll { seen }, reference, puller, None);
        }
    }

    /// What came of a look at the tag.
    fn take_look(&mut self, reference: &Reference, brought: Brought) -> Outcome {
        // Another may be looked at by now.
        let poll = self.lineage.poll_mut().filter(|poll| poll.is_of(reference));
        match poll.map_or(Looked::Same, |poll| poll.end(brought)) {
            Looked::Same => Ok(String::new()),
            Looked::Failed(line) => {
                tracing::warn!("{line}");
                Ok(String::new())
            }
            Looked::Moved(found) => {
                self.swap_to(&format!("a swap, since the tag moved, to guest {reference}"), found)
            }
        }
    }
}
