//! Whether a request that a generation on probation failed at is answered by the one before it.
//!
//! Only then does the failure count: what both fail at says nothing against the new one. A thread
//! is started for each such request, so that neither the client nor the worker waits, nor does the
//! decision for the swapper. There are few: [`Probation`] has one of each client at a time, and a
//! limit.
//!
//! [`Probation`]: crate::server::Probation

use std::sync::Arc;
use std::thread;

use super::NICE;
use crate::config::Config;
use crate::rehearsal;
use crate::sandbox::Generation;
use crate::server::{self, Failed};

/// Asks `previous`, on the files of `config`.
pub(super) fn of(previous: &Arc<Generation>, config: &Config) -> Box<dyn Fn(Failed) + Send + Sync> {
    let asked = Arc::new((Arc::clone(previous), config.clone()));
    Box::new(move |failed| {
        let asked = Arc::clone(&asked);
        // Where the system has no thread to give, the failure does not count.
        let _ = thread::Builder::new().name("probation".into()).spawn(move || {
            // On Linux this is the thread's own priority. Where it is refused, it competes as an
            // equal.
            let _ = rustix::process::nice(NICE);
            let (previous, config) = &*asked;
            let answers = match server::roots(config) {
                Ok(roots) => rehearsal::answers(previous, roots, &failed.request),
                // It cannot be asked: the failure is believed.
                Err(_) => true,
            };
            if answers {
                failed.count();
            }
        });
    })
}
