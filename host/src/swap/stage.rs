//! The stages of a job, and what follows each.
//!
//! 1. Load: the guest is read, compiled, checked, instantiated and configured; for a reload,
//!    web.conf is read before.
//! 2. Rehearse: the guest answers requests beside the serving one.
//! 3. Open, for a reload alone: listeners, document roots and the access log.
//!
//! A guest in a registry is pulled before the stage Load. A reload finds out in that stage that it
//! needs a pull, and begins the stage again afterwards.
//!
//! A stage is slow, and is done elsewhere. Meanwhile another generation may come to serve, by a
//! rollback or by a failed probation. The job goes on, and is published on top of that generation;
//! but a result that depends on a generation which no longer serves is made again.
//!
//! `C` is a candidate, `R` a web.conf that was read again, `O` what was opened for it.

use crate::config::Reference;
use crate::files::Roots;
use crate::registry::Puller;
use crate::rehearsal::Report;
use crate::sandbox::Step;
use crate::startup::{Refusal, Source};

/// A stage of a job. `beside` is the number of the generation that served when the stage began.
#[derive(Debug, PartialEq)]
pub enum Stage<C, R> {
    /// See the module.
    Load {
        /// See [`Stage`].
        beside: u64,
    },
    /// See the module.
    Rehearse {
        /// See [`Stage`].
        beside: u64,
        /// The guest that is rehearsed.
        candidate: C,
        /// The web.conf that it was loaded for, if that is not the one in force.
        reload: Option<R>,
    },
    /// See the module.
    Open {
        /// See [`Stage`].
        beside: u64,
        /// The guest that will be published; none if the serving one goes on.
        rehearsed: Option<(C, Report)>,
        /// The web.conf whose listeners and so on are opened.
        reload: R,
    },
}

/// The result of a stage.
pub enum Done<C, R, O> {
    /// Of the stage Load.
    Loaded(Box<Loaded<C, R>>),
    /// Of the stage Rehearse.
    Rehearsed(Report),
    /// Of the stage Open.
    Opened(O),
    /// Of any stage: the job is refused.
    Refused(Refusal),
}

/// The result of the stage Load.
pub enum Loaded<C, R> {
    /// For a swap: the guest.
    Guest(C),
    /// For a swap: the guest serves already, and was found here.
    Same(Source),
    /// For a shadow.
    Shadow {
        /// The guest.
        candidate: C,
        /// The document roots for its requests.
        roots: Roots,
        /// One in this many.
        every: u64,
    },
    /// For a reload.
    Config {
        /// The web.conf that was read.
        reload: R,
        /// Its guest, unless that is the serving one.
        candidate: Option<C>,
    },
    /// For a reload: web.conf's guest has to be pulled first.
    Elsewhere(Reference, Puller),
}

/// What follows a stage.
pub enum Next<C, R, O> {
    /// This stage.
    Stage(Stage<C, R>),
    /// A pull, and then the stage Load.
    Pull(Reference, Puller),
    /// The end: nothing changes.
    Refuse(Refusal),
    /// The end: the guest serves already, and was found here.
    Same(Source),
    /// The end: the candidate runs beside. See [`Loaded::Shadow`].
    Shadow {
        /// The guest.
        candidate: C,
        /// The document roots for its requests.
        roots: Roots,
        /// One in this many.
        every: u64,
    },
    /// The end: the guest serves.
    Publish(C, Report),
    /// The end: web.conf holds, and its guest serves.
    ChangeOver {
        /// The web.conf that was read.
        reload: R,
        /// Its guest, unless that is the serving one.
        rehearsed: Option<(C, Report)>,
        /// What was opened for it.
        opened: O,
    },
}

impl<C, R> Stage<C, R> {
    /// The step that has failed if the stage cannot begin.
    pub fn step(&self) -> Step {
        match self {
            Stage::Load { .. } => Step::Read,
            Stage::Rehearse { .. } => Step::Rehearse,
            Stage::Open { .. } => Step::Publish,
        }
    }

    /// What follows this stage and its result while generation `serving` serves.
    pub fn after<O>(self, done: Done<C, R, O>, serving: u64) -> Next<C, R, O> {
        match (self, done) {
            (Stage::Rehearse { beside, candidate, reload }, _) if beside != serving => {
                // A refusal, too: beside the generation that serves it may pass.
                Next::Stage(Stage::Rehearse { beside: serving, candidate, reload })
            }
            (_, Done::Refused(refusal)) => Next::Refuse(refusal),
            (Stage::Load { beside }, Done::Loaded(loaded)) => after_load(*loaded, beside, serving),
            (Stage::Rehearse { candidate, reload, .. }, Done::Rehearsed(report)) => match reload {
                None => Next::Publish(candidate, report),
                Some(reload) => {
                    let rehearsed = Some((candidate, report));
                    Next::Stage(Stage::Open { beside: serving, rehearsed, reload })
                }
            },
            (Stage::Open { beside, rehearsed, reload }, Done::Opened(opened)) => match rehearsed {
                rehearsed if beside == serving => Next::ChangeOver { reload, rehearsed, opened },
                Some((candidate, _)) => {
                    let reload = Some(reload);
                    Next::Stage(Stage::Rehearse { beside: serving, candidate, reload })
                }
                None => Next::Stage(Stage::Load { beside: serving }),
            },
            // A stage ends only with a result of its own.
            (stage, _) => Next::Stage(stage),
        }
    }
}

fn after_load<C, R, O>(loaded: Loaded<C, R>, beside: u64, serving: u64) -> Next<C, R, O> {
    let rehearse =
        |candidate, reload| Next::Stage(Stage::Rehearse { beside: serving, candidate, reload });
    match loaded {
        Loaded::Guest(candidate) => rehearse(candidate, None),
        Loaded::Shadow { candidate, roots, every } => Next::Shadow { candidate, roots, every },
        Loaded::Config { candidate: Some(candidate), reload } => rehearse(candidate, Some(reload)),
        Loaded::Elsewhere(reference, puller) => Next::Pull(reference, puller),
        // The guest served, and does no longer.
        Loaded::Same(_) | Loaded::Config { .. } if beside != serving => {
            Next::Stage(Stage::Load { beside: serving })
        }
        Loaded::Same(source) => Next::Same(source),
        Loaded::Config { candidate: None, reload } => {
            Next::Stage(Stage::Open { beside: serving, rehearsed: None, reload })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    type Names = Stage<&'static str, &'static str>;
    type NamesDone = Done<&'static str, &'static str, &'static str>;
    type NamesNext = Next<&'static str, &'static str, &'static str>;

    const LOAD: Names = Stage::Load { beside: 1 };

    fn rehearse(beside: u64, reload: Option<&'static str>) -> Names {
        Stage::Rehearse { beside, candidate: "guest", reload }
    }

    fn open(beside: u64, rehearsed: bool) -> Names {
        let rehearsed = rehearsed.then(|| ("guest", report()));
        Stage::Open { beside, rehearsed, reload: "web.conf" }
    }

    fn report() -> Report {
        Report { requests: 5, ..Report::default() }
    }

    fn config(candidate: Option<&'static str>) -> NamesDone {
        loaded(Loaded::Config { reload: "web.conf", candidate })
    }

    fn loaded(loaded: Loaded<&'static str, &'static str>) -> NamesDone {
        Done::Loaded(Box::new(loaded))
    }

    fn refused() -> NamesDone {
        Done::Refused(Refusal::at(Step::Rehearse, "it failed"))
    }

    /// Asserts that this stage follows.
    fn goes_on(next: NamesNext, expected: Names) {
        assert!(matches!(next, Next::Stage(stage) if stage == expected), "not {expected:?}");
    }

    #[test]
    fn a_swap_is_loaded_rehearsed_and_published() {
        goes_on(LOAD.after(loaded(Loaded::Guest("guest")), 1), rehearse(1, None));
        let next: NamesNext = rehearse(1, None).after(Done::Rehearsed(report()), 1);
        assert!(matches!(next, Next::Publish("guest", told) if told == report()));
    }

    #[test]
    fn a_reload_opens_what_it_needs_when_its_guest_is_rehearsed() {
        goes_on(LOAD.after(config(Some("guest")), 1), rehearse(1, Some("web.conf")));
        let next = rehearse(1, Some("web.conf")).after(Done::Rehearsed(report()), 1);
        goes_on(next, open(1, true));
        let next = open(1, true).after(Done::Opened("sockets"), 1);
        let Next::ChangeOver { reload, rehearsed, opened } = next else { panic!("not the end") };
        assert_eq!((reload, opened), ("web.conf", "sockets"));
        assert_eq!(rehearsed, Some(("guest", report())));
    }

    #[test]
    fn a_reload_with_the_serving_guest_needs_no_rehearsal() {
        goes_on(LOAD.after(config(None), 1), open(1, false));
        let next = open(1, false).after(Done::Opened("sockets"), 1);
        assert!(matches!(next, Next::ChangeOver { rehearsed: None, .. }));
    }

    #[test]
    fn a_reload_whose_guest_is_in_a_registry_waits_for_a_pull() {
        let reference: Reference = "oci://registry.example/guest:1".parse().expect("a reference");
        let puller = Puller::new(Duration::from_secs(1), None, None);
        let done = loaded(Loaded::Elsewhere(reference.clone(), puller));
        assert!(matches!(LOAD.after(done, 2), Next::Pull(asked, _) if asked == reference));
    }

    #[test]
    fn the_guest_that_serves_already_is_not_loaded() {
        let done = loaded(Loaded::Same(Source::BuiltIn));
        assert!(matches!(LOAD.after(done, 1), Next::Same(Source::BuiltIn)));
    }

    #[test]
    fn a_refusal_is_the_end_at_every_stage() {
        for stage in [LOAD, rehearse(1, None), open(1, true), open(1, false)] {
            assert!(matches!(stage.after(refused(), 1), Next::Refuse(_)));
        }
        // It does not depend on what serves.
        for stage in [LOAD, open(1, true), open(1, false)] {
            assert!(matches!(stage.after(refused(), 2), Next::Refuse(_)));
        }
    }

    /// Loading takes longest, and compares with nothing.
    #[test]
    fn a_guest_that_was_loaded_meanwhile_is_rehearsed_beside_what_serves() {
        goes_on(LOAD.after(loaded(Loaded::Guest("guest")), 2), rehearse(2, None));
        goes_on(LOAD.after(config(Some("guest")), 2), rehearse(2, Some("web.conf")));
    }

    #[test]
    fn a_rehearsal_beside_what_does_not_serve_any_more_is_made_again() {
        for reload in [None, Some("web.conf")] {
            let next = rehearse(1, reload).after(Done::Rehearsed(report()), 2);
            goes_on(next, rehearse(2, reload));
            goes_on(rehearse(1, reload).after(refused(), 2), rehearse(2, reload));
        }
        let next = open(1, true).after(Done::Opened("sockets"), 2);
        goes_on(next, rehearse(2, Some("web.conf")));
    }

    #[test]
    fn what_was_the_serving_guest_is_loaded_once_it_is_not() {
        let again = Stage::Load { beside: 2 };
        goes_on(LOAD.after(loaded(Loaded::Same(Source::BuiltIn)), 2), again);
        goes_on(LOAD.after(config(None), 2), Stage::Load { beside: 2 });
        let next = open(1, false).after(Done::Opened("sockets"), 2);
        goes_on(next, Stage::Load { beside: 2 });
    }
}
