//! The terms of a probation, and what happens when a generation fails.
//!
//! The thread that counts the last failure has the workers go back to the proven generation at
//! once. The swapper learns of it by an event, a [`Failure`].

use std::sync::Arc;

use super::guest::Guest;
use super::host::Host;
use super::lineage::{Lineage, Release};
use super::second_opinion;
use crate::server::{Order, Probation, Publication, Terms};

/// A generation has failed for enough clients during its probation.
pub struct Failure {
    /// Its number.
    pub number: u64,
    /// What the workers have gone back to.
    pub back: Release,
    /// The reason, for the log and the status.
    pub reason: String,
}

/// The serving release, for the workers. `failed` is called if it fails during its probation.
pub fn publication(
    lineage: &Lineage,
    host: &Host,
    failed: impl Fn(Failure) + Send + Sync + 'static,
) -> Arc<Publication> {
    let serving = lineage.serving();
    let probation = serving.probation.zip(lineage.proven()).map(|(ends, proven)| {
        let settings = &host.config.settings;
        let previous = Arc::clone(proven.guest.generation());
        Probation::new(Terms {
            ends,
            clients: settings.swap.probation_clients,
            retry: settings.swap.retry,
            ask: second_opinion::of(&previous, &host.config),
            turn_out: go_back(serving.number, proven, host, failed),
            previous,
        })
    });
    let (number, generation) = (serving.number, Arc::clone(serving.guest.generation()));
    Arc::new(Publication { number, generation, probation })
}

/// Has the workers go back from generation `number` to `proven`.
fn go_back(
    number: u64,
    proven: &Release,
    host: &Host,
    failed: impl Fn(Failure) + Send + Sync + 'static,
) -> Box<dyn Fn(&str) + Send + Sync> {
    let clients = host.config.settings.swap.probation_clients;
    let (proven, crew) = (proven.clone(), host.crew.clone());
    Box::new(move |failure| {
        let by = without_probation(&proven);
        crew.tell(|| Order::Replace { number, by: Arc::clone(&by) });
        let reason = format!(
            "generation {number} failed for {clients} clients during its probation, \
             last in {failure}"
        );
        failed(Failure { number, back: proven.clone(), reason });
    })
}

fn without_probation(release: &Release<Guest>) -> Arc<Publication> {
    let generation = Arc::clone(release.guest.generation());
    Arc::new(Publication { number: release.number, generation, probation: None })
}
