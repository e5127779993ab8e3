//! How things stand, for people and for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::rehearsal::Report;

/// How things stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// This program's version.
    pub version: String,
    /// Process id.
    pub process: u32,
    /// The number of the generation that serves.
    pub generation: u64,
    /// Its guest.
    pub guest: String,
    /// Octets of its component.
    pub octets: u64,
    /// Seconds since the Unix epoch when it was published.
    pub since: u64,
    /// Seconds of its probation that are left; none when it has passed.
    pub probation: Option<u64>,
    /// What `rollback` would bring back.
    pub previous: Option<u64>,
    /// What came of its rehearsal.
    pub rehearsal: Option<Report>,
    /// What is being done.
    pub doing: Option<String>,
    /// Guests that registries are being asked for, and what for.
    pub pulling: Vec<String>,
    /// Why it is not known whether the guest's tag has moved.
    pub poll_failure: Option<String>,
    /// Swaps, reloads and rollbacks that were published.
    pub published: u64,
    /// Swaps and reloads that were refused.
    pub refused: u64,
    /// Generations that were turned out during their probation.
    pub turned_out: u64,
    /// Why the last one that was refused or turned out was.
    pub last_refusal: Option<String>,
    /// The candidate that runs beside.
    pub shadow: Option<ShadowStatus>,
    /// Threads that serve.
    pub workers: usize,
    /// What is listened on.
    pub addresses: Vec<String>,
}

/// How a candidate does that runs beside the serving guest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ShadowStatus {
    /// The candidate.
    pub guest: String,
    /// It gets one in so many requests.
    pub every: u64,
    /// Requests that it had no time for.
    pub skipped: u64,
    /// How it failed first.
    pub first_failure: Option<String>,
    /// How its answers compare.
    pub report: Report,
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = httpdate::fmt_http_date(
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(self.since),
        );
        writeln!(
            formatter,
            "generation {} serves since {since}: {}, {} octets",
            self.generation, self.guest, self.octets
        )?;
        if let Some(seconds) = self.probation {
            writeln!(formatter, "on probation for another {seconds} s")?;
        }
        if let Some(report) = &self.rehearsal {
            writeln!(formatter, "rehearsed: {report}")?;
        }
        if let Some(number) = self.previous {
            writeln!(formatter, "rollback brings generation {number} back")?;
        }
        if let Some(doing) = &self.doing {
            writeln!(formatter, "now: {doing}")?;
        }
        for pulling in &self.pulling {
            writeln!(formatter, "being pulled: {pulling}")?;
        }
        if let Some(failure) = &self.poll_failure {
            writeln!(formatter, "the tag could not be looked at: {failure}")?;
        }
        writeln!(
            formatter,
            "published {}, refused {}, turned out {}",
            self.published, self.refused, self.turned_out
        )?;
        if let Some(refusal) = &self.last_refusal {
            writeln!(formatter, "last refusal: {refusal}")?;
        }
        if let Some(shadow) = &self.shadow {
            writeln!(formatter, "{shadow}")?;
        }
        for address in &self.addresses {
            writeln!(formatter, "listening on http://{address}/")?;
        }
        write!(
            formatter,
            "wasmhttpd {}, process {}, {} workers",
            self.version, self.process, self.workers
        )
    }
}

/// One in `every` requests, in words.
pub fn share(every: u64) -> String {
    match every {
        1 => "every request".into(),
        every => format!("one in {every} requests"),
    }
}

impl fmt::Display for ShadowStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "shadow: {} on {}: {}, {} skipped",
            self.guest,
            share(self.every),
            self.report,
            self.skipped
        )?;
        match &self.first_failure {
            Some(failure) => write!(formatter, ", first failure {failure}"),
            None => Ok(()),
        }
    }
}
