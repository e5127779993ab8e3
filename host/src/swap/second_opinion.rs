//! Whether a request that a generation on probation failed at is answered by the one before it.
//!
//! Only then does the failure count: what both fail at says nothing against the new one. A thread
//! is started for each such request, so that neither the client nor the worker waits. There are
//! few: [`Probation`] has one of each client at a time, and a limit.
//!
//! [`Probation`]: crate::server::Probation

use std::sync::Arc;

use crate::background::{self, NICE_AWAITED};
use crate::config::Config;
use crate::rehearsal;
use crate::sandbox::Generation;
use crate::server::{self, Failed};

/// Asks `previous`, on the files of `config`.
pub fn of(previous: &Arc<Generation>, config: &Arc<Config>) -> Box<dyn Fn(Failed) + Send + Sync> {
    let (previous, config) = (Arc::clone(previous), Arc::clone(config));
    Box::new(move |failed| {
        let (previous, config) = (Arc::clone(&previous), Arc::clone(&config));
        // Where the system has no thread to give, the failure does not count.
        let _ = background::spawn("probation", NICE_AWAITED, move || {
            let answers = match server::roots(&config) {
                Ok(roots) => rehearsal::answers(&previous, roots, &failed.request),
                // It cannot be asked: the failure is believed.
                Err(_) => true,
            };
            if answers {
                failed.count();
            }
        });
    })
}
