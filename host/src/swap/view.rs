//! What other threads see of the swapper: a projection of its state.

use std::time::Instant;

use super::guest::Guest;
use super::host::Host;
use super::lineage::Lineage;
use super::poll::Poll;
use super::shadow::Shadow;
use super::status::Status;

/// See the module.
#[derive(Clone)]
pub struct View {
    /// For `ctl status`.
    pub status: Status,
    /// The serving guest, for `ctl guest`.
    pub guest: Guest,
}

/// Counts since the process began.
#[derive(Debug, Default)]
pub struct Counts {
    /// Swaps, reloads and rollbacks that were published.
    pub published: u64,
    /// Swaps and reloads that were refused.
    pub refused: u64,
    /// Generations that failed during their probation.
    pub turned_out: u64,
    /// Why the last one of these was refused, or failed.
    pub last_refusal: Option<String>,
}

/// What takes long and is under way.
pub struct Doing {
    /// The running job.
    pub job: Option<String>,
    /// The pulls.
    pub pulling: Vec<String>,
}

impl View {
    /// Makes it, at the time `now`.
    pub fn new(
        lineage: &Lineage,
        host: &Host,
        doing: Doing,
        counts: &Counts,
        now: Instant,
    ) -> View {
        let serving = lineage.serving();
        let left = serving.probation.map(|ends| ends.saturating_duration_since(now));
        let status = Status {
            version: env!("CARGO_PKG_VERSION").into(),
            process: std::process::id(),
            generation: serving.number,
            guest: serving.guest.source().to_string(),
            octets: serving.guest.octets().len() as u64,
            since: serving.since,
            probation: left.map(|left| left.as_secs_f64().ceil() as u64),
            previous: lineage.previous().map(|previous| previous.number),
            rehearsal: serving.rehearsal.clone(),
            doing: doing.job,
            pulling: doing.pulling,
            poll_failure: lineage.poll().and_then(Poll::failure).cloned(),
            published: counts.published,
            refused: counts.refused,
            turned_out: counts.turned_out,
            last_refusal: counts.last_refusal.clone(),
            shadow: lineage.shadow().map(Shadow::status),
            workers: host.config.settings.listen.workers,
            addresses: host.listening.iter().map(|it| it.local.to_string()).collect(),
        };
        View { status, guest: serving.guest.clone() }
    }
}
