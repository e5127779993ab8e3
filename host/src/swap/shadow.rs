//! A candidate that runs beside the serving guest, on a share of live requests.
//!
//! Workers pass copies of requests on and do not wait; a thread of low priority asks both guests
//! and compares. Nothing of it is ever sent to a client.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::status::ShadowStatus;
use crate::background::{self, NICE_UNATTENDED};
use crate::exchange::Recorded;
use crate::rehearsal::{Comparison, Report, request_line};
use crate::server::Tap;
use crate::startup::Candidate;

/// Requests that wait to be compared; further ones are skipped.
const QUEUE_MAX: usize = 256;

/// The thread notices within this time that it is not wanted any more.
const INTERVAL: Duration = Duration::from_millis(200);

/// See the module. Dropping it ends the thread.
pub struct Shadow {
    candidate: Candidate,
    every: u64,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ended: AtomicBool,
    skipped: Arc<AtomicU64>,
    results: Mutex<Results>,
}

#[derive(Default)]
struct Results {
    report: Report,
    first_failure: Option<String>,
}

impl Shadow {
    /// Compares on one in `every` requests, which the workers pass on by the tap that is returned.
    /// Generation `number` serves.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(
        candidate: Candidate,
        comparison: Comparison,
        number: u64,
        every: u64,
    ) -> io::Result<(Shadow, Tap)> {
        let shared = Arc::new(Shared::default());
        let (listener, requests) = sync_channel(QUEUE_MAX);
        let theirs = Arc::clone(&shared);
        background::spawn("shadow", NICE_UNATTENDED, move || {
            compare(comparison, number, &requests, &theirs)
        })?;
        let tap = Tap::new(every, listener, Arc::clone(&shared.skipped));
        Ok((Shadow { candidate, every, shared }, tap))
    }

    /// The candidate.
    pub fn candidate(&self) -> &Candidate {
        &self.candidate
    }

    /// How it does.
    pub fn status(&self) -> ShadowStatus {
        let results = self.shared.results.lock().unwrap_or_else(PoisonError::into_inner);
        ShadowStatus {
            guest: self.candidate.source.to_string(),
            every: self.every,
            skipped: self.shared.skipped.load(Ordering::Relaxed),
            first_failure: results.first_failure.clone(),
            report: results.report.clone(),
        }
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
    }
}

fn compare(
    mut comparison: Comparison,
    number: u64,
    requests: &Receiver<Recorded>,
    shared: &Shared,
) {
    while !shared.ended.load(Ordering::Relaxed) {
        let request = match requests.recv_timeout(INTERVAL) {
            Ok(request) => request,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let failed = comparison.ask_recorded(&request, number).err();
        let mut results = shared.results.lock().unwrap_or_else(PoisonError::into_inner);
        results.report = comparison.report().clone();
        if let Some(failed) = failed {
            let line = request_line(&request.head);
            results.first_failure.get_or_insert_with(|| format!("`{line}`: {failed}"));
        }
    }
}
