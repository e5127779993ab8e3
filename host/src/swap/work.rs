//! The slow work of each stage of a job, for a thread of its own.
//!
//! It works on copies from when the stage began, changes nothing that others see, and returns a
//! result. [`super::stage`] decides what follows.

use std::path::PathBuf;
use std::sync::Arc;

use super::guest::Guest;
use super::host::Host;
use super::jobs::{Task, Wanted};
use super::lineage::{Lineage, Release};
use super::reload::{self, Opened, Reload};
use super::stage::{self, Stage};
use crate::config::{Config, Differences};
use crate::files::Roots;
use crate::rehearsal::{self, Comparison, Report};
use crate::sandbox::Step;
use crate::server;
use crate::startup::{Candidate, Octets, Refusal};

/// The result of a stage.
pub type Done = stage::Done<Candidate, Reload, Opened>;

/// The result of the stage Load.
type Loaded = stage::Loaded<Candidate, Reload>;

/// See the module.
pub enum Work {
    /// The stage Load.
    Load {
        /// The job's.
        task: Task,
        /// The guest or release that serves.
        serving: Guest,
        /// The configuration in force.
        host: Host,
    },
    /// The stage Rehearse.
    Rehearse {
        /// The guest that is rehearsed.
        candidate: Candidate,
        /// The web.conf that it was loaded for.
        config: Arc<Config>,
        /// The guest or release that serves.
        serving: Release,
        /// The configuration in force.
        host: Host,
    },
    /// The stage Open.
    Open {
        /// The web.conf whose listeners and so on are opened.
        reload: Reload,
        /// The component that will serve.
        guest: Octets,
        /// The file that is watched so far.
        watched: Option<PathBuf>,
        /// The configuration in force.
        host: Host,
    },
}

impl Work {
    /// The work of a stage of a job with this task.
    pub fn new(
        task: &Task,
        stage: &Stage<Candidate, Reload>,
        lineage: &Lineage,
        host: &Host,
    ) -> Work {
        let (host, serving) = (host.clone(), lineage.serving());
        match stage {
            Stage::Load { .. } => {
                Work::Load { task: task.clone(), serving: serving.guest.clone(), host }
            }
            Stage::Rehearse { candidate, reload, .. } => Work::Rehearse {
                candidate: candidate.clone(),
                config: Arc::clone(reload.as_ref().map_or(&host.config, |reload| &reload.config)),
                serving: serving.clone(),
                host,
            },
            Stage::Open { rehearsed, reload, .. } => Work::Open {
                reload: reload.clone(),
                guest: match rehearsed {
                    Some((candidate, _)) => candidate.octets.clone(),
                    None => serving.guest.octets().clone(),
                },
                watched: lineage.watch().map(|watch| watch.path().to_path_buf()),
                host,
            },
        }
    }

    /// The name of the thread for it.
    pub fn name(&self) -> &'static str {
        match self {
            Work::Load { .. } => "load",
            Work::Rehearse { .. } => "rehearse",
            Work::Open { .. } => "open",
        }
    }

    /// Does it.
    pub fn done(self) -> Done {
        let done = match self {
            Work::Load { task, serving, host } => {
                load(task, &serving, &host).map(|loaded| Done::Loaded(Box::new(loaded)))
            }
            Work::Rehearse { candidate, config, serving, host } => {
                rehearse(&candidate, &config, &serving, &host).map(Done::Rehearsed)
            }
            Work::Open { reload, guest, watched, host } => {
                reload::open(&host, &reload, &guest, watched.as_deref()).map(Done::Opened)
            }
        };
        done.unwrap_or_else(Done::Refused)
    }
}

fn load(task: Task, serving: &Guest, host: &Host) -> Result<Loaded, Refusal> {
    match task {
        Task::Swap(wanted) => swap(wanted, serving, host),
        Task::Shadow { wanted, every } => {
            let found = wanted.read(&host.loader)?;
            let candidate = host.loader.load(found, &host.config)?;
            let roots = roots_beside(&host.config)?;
            Ok(Loaded::Shadow { candidate, roots, every })
        }
        Task::Reload { pulled } => reload::read_again(host, serving, pulled),
        Task::Promote => Err(Refusal::at(Step::Read, "it was loaded already")),
    }
}

fn swap(wanted: Wanted, serving: &Guest, host: &Host) -> Result<Loaded, Refusal> {
    let (source, octets) = wanted.read(&host.loader)?;
    if *octets == **serving.octets() {
        return Ok(Loaded::Same(source));
    }
    host.loader.load((source, octets), &host.config).map(Loaded::Guest)
}

fn rehearse(
    candidate: &Candidate,
    config: &Config,
    serving: &Release,
    host: &Host,
) -> Result<Report, Refusal> {
    let refused = |reason: String| Refusal::at(Step::Rehearse, reason);
    let roots = roots_beside(config)?;
    let comparison = Comparison::new(serving.guest.generation(), &candidate.generation, roots);
    let recorded = host.crew.recall();
    let report = rehearsal::rehearse(comparison, &recorded, serving.number)
        .map_err(|failure| refused(format!("it failed at {failure}")))?;
    match host.config.settings.swap.differences {
        Differences::Refuse if report.is_different() => {
            Err(refused(format!("it answers otherwise (swap-differences refuse): {report}")))
        }
        _ => Ok(report),
    }
}

/// The document roots of `config`, for comparisons.
fn roots_beside(config: &Config) -> Result<Roots, Refusal> {
    server::roots_beside(config)
        .map_err(|error| Refusal::at(Step::Rehearse, format!("a document root: {error}")))
}
