//! Turning out a generation that failed during its probation.
//!
//! It is decided beside the swapper, and happens at once, however long that is busy: the workers go
//! back to the generation that has proved itself, and the log and the status say so. The swapper
//! takes note before it tells how things stand, and before a rehearsal: what it has in hand is then
//! measured by, and published on top of, what came back.

use std::sync::Arc;

use super::jobs::{Board, Handle, Job};
use super::lineage::{Moment, Release, Role};
use super::{Swapper, lock, show};
use crate::server::{Order, Publication};

/// What the end of a generation's probation would be, should it fail.
pub(super) struct Fate {
    /// The generation on probation.
    number: u64,
    clients: usize,
    /// What comes back.
    by: Release,
}

/// A generation that was turned out, of which the swapper has yet to take note.
pub(super) struct TurnedOut {
    fate: Arc<Fate>,
    reason: String,
    /// It is in the status. It is not yet if the generation was not yet.
    told: bool,
}

impl Fate {
    /// What comes back, as workers get it.
    fn publication(&self) -> Arc<Publication> {
        let generation = Arc::clone(self.by.guest.generation());
        Arc::new(Publication { number: self.by.number, generation, probation: None })
    }

    /// Logs and counts it.
    fn tell(&self, reason: &str, handle: &Handle, board: &mut Board) {
        let number = self.by.number;
        tracing::error!("{reason}: generation {number} comes back");
        tracing::info!("generation {number} serves: {}", self.by.guest.source());
        let status = &mut board.status;
        status.turned_out += 1;
        status.published += 1;
        status.last_refusal = Some(reason.to_owned());
        status.previous = None;
        show(&self.by, status);
        status.since = Moment::now().unix_seconds;
        *lock(&handle.guest) = self.by.guest.clone();
    }
}

impl Swapper {
    /// What is called when the serving release has failed for enough clients: `proven` comes back.
    pub(super) fn turn_out(&self, proven: &Release) -> Box<dyn Fn(&str) + Send + Sync> {
        let handle = self.handle.clone();
        let fate = Arc::new(Fate {
            number: self.lineage.serving().number,
            clients: self.config.settings.probation_clients,
            by: proven.clone(),
        });
        Box::new(move |failure| {
            let Fate { number, clients, .. } = *fate;
            let by = fate.publication();
            handle.crew.tell(|| Order::Replace { number, by: Arc::clone(&by) });
            let reason = format!(
                "generation {number} failed for {clients} clients during its probation, \
                 last in {failure}"
            );
            let mut board = lock(&handle.board);
            let told = board.status.generation == number;
            if told {
                fate.tell(&reason, &handle, &mut board);
            }
            board.turned_out.push(TurnedOut { fate: Arc::clone(&fate), reason, told });
            drop(board);
            handle.send(Job::TakeNote);
        })
    }

    /// Takes note of a generation that was turned out.
    pub(super) fn take_note(&mut self, turned_out: &TurnedOut, board: &mut Board) {
        let TurnedOut { fate, reason, told } = turned_out;
        // Another one may have been published on top just then, perhaps because its probation was
        // over.
        let role = self.lineage.fail(fate.number, fate.by.clone(), Moment::now());
        if role == Role::Serving {
            if !told {
                fate.tell(reason, &self.handle, board);
            }
            // Some may have heard of the end before they heard of the beginning.
            let publication = self.publication();
            self.crew.tell(|| Order::Publish(Arc::clone(&publication)));
        }
    }
}
