//! A site: the guests that answer for it, and what is remembered and logged of them.
//!
//! Owns what a site has to itself in a worker; what all its sites share (roots, the time) is the
//! handler's. There is one.

use std::sync::Arc;
use std::time::Instant;

use super::guest_log::GuestLog;
use super::handled::{By, Course, Incoming};
use super::orders::Publication;
use super::record::{Ring, Tap};
use crate::config::{Capture, GuestSettings, Isolation, SwapSettings};
use crate::exchange::{Recorded, Seen};
use crate::sandbox::contract::{Context, Found};
use crate::sandbox::{CallError, CallFailed, Generation, START, Sandbox};

/// See the module.
pub struct Site {
    publication: Arc<Publication>,
    /// The guest of the publication.
    guest: Sandbox,
    /// A guest of another generation: the one that a request began with, or that answers what the
    /// serving one failed to.
    other_guest: Option<Sandbox>,
    isolation: Isolation,
    recycle_after: u64,
    guest_log: GuestLog,
    ring: Ring,
    taps: Vec<Tap>,
}

impl Site {
    /// Is answered for by `publication`. What settings say comes with [`Site::set`].
    pub fn new(publication: Arc<Publication>) -> Site {
        let (isolation, recycle_after) = (Isolation::Worker, 0);
        Site {
            guest: sandbox(&publication.generation, isolation, recycle_after),
            other_guest: None,
            publication,
            isolation,
            recycle_after,
            guest_log: GuestLog::new(Capture::Masked),
            ring: Ring::new(0),
            taps: Vec::new(),
        }
    }

    /// Answers every request from now on by `publication`. Between two turns only.
    pub fn publish(&mut self, publication: Arc<Publication>) {
        self.guest = sandbox(&publication.generation, self.isolation, self.recycle_after);
        self.other_guest = None;
        self.publication = publication;
    }

    /// The number of the generation that answers.
    pub fn number(&self) -> u64 {
        self.publication.number
    }

    /// Goes by these settings from now on. Between two turns only.
    pub fn set(&mut self, guest: &GuestSettings, swap: &SwapSettings) {
        self.isolation = guest.isolation;
        self.recycle_after = guest.recycle_after;
        self.guest = sandbox(&self.publication.generation, self.isolation, self.recycle_after);
        self.guest_log = GuestLog::new(guest.capture);
        self.ring.resize(swap.rehearsed_requests);
    }

    /// Passes copies of requests on to `tap`.
    pub fn add_tap(&mut self, tap: Tap) {
        self.taps.push(tap);
    }

    /// The requests that are remembered, the oldest first.
    pub fn recall(&self) -> Vec<Recorded> {
        self.ring.recall()
    }

    /// Lets the clock of deadlines go, once for each turn of the loop, before any request.
    pub fn begin_turn(&mut self) {
        self.guest.begin_turn();
        if let Some(guest) = &mut self.other_guest {
            guest.begin_turn();
        }
    }

    /// No request follows until the next turn.
    pub fn end_turn(&mut self, now: Instant) {
        self.guest.end_turn();
        if let Some(guest) = &mut self.other_guest {
            guest.end_turn();
            // A generation in the past is not kept alive, unless it stands by.
            if !self.publication.probation.as_ref().is_some_and(|probation| probation.lasts(now)) {
                self.other_guest = None;
            }
        }
    }

    /// A generation on probation has failed: that may count, and where it is wanted the previous
    /// one answers, starting again. False: it does not.
    pub fn is_tried_again(
        &mut self,
        error: &CallError,
        course: &mut Course,
        incoming: &Incoming<'_>,
        now: u64,
    ) -> bool {
        let publication = self.began(course);
        let Some(probation) = &publication.probation else { return false };
        // If it is the previous one that has failed, there is none to try.
        let is_on_probation = self.guest(course.by).is_of(&publication.generation);
        if !is_on_probation || !probation.lasts(incoming.now) {
            return false;
        }
        if let CallError::Failed(failed) = error {
            let Incoming { head, peer, .. } = *incoming;
            let (number, seen) = (publication.number, Seen::Unasked);
            let request = || Recorded { head: head.to_vec(), peer, now, number, seen };
            probation.failed(peer, || (request(), failed.to_string()));
        }
        let Some(previous) = probation.retry() else { return false };
        course.by = self.engage(previous);
        course.look_up = None;
        course.seen = Seen::Unasked;
        true
    }

    /// Makes sure that a guest of `generation` can be called; says which one that is.
    pub fn engage(&mut self, generation: &Arc<Generation>) -> By {
        if self.guest.is_of(generation) {
            return By::Serving;
        }
        if !self.other_guest.as_ref().is_some_and(|guest| guest.is_of(generation)) {
            let mut guest = sandbox(generation, self.isolation, self.recycle_after);
            guest.begin_turn();
            self.other_guest = Some(guest);
        }
        By::Other
    }

    /// What a request began with.
    pub fn began(&self, course: &Course) -> Arc<Publication> {
        Arc::clone(course.began.as_ref().unwrap_or(&self.publication))
    }

    /// The guest that handles a request.
    #[inline]
    pub fn guest(&mut self, by: By) -> &mut Sandbox {
        match (by, &mut self.other_guest) {
            (By::Other, Some(guest)) => guest,
            _ => &mut self.guest,
        }
    }

    /// Remembers a request that was answered at this time, in seconds since the Unix epoch, for
    /// those who ask for it or listen.
    pub fn record(&mut self, incoming: Incoming<'_>, course: &Course, now: u64) {
        let Incoming { head, peer, .. } = incoming;
        let number = if course.by == By::Serving { self.publication.number } else { 0 };
        if !self.taps.is_empty() {
            let recorded =
                || Recorded { head: head.to_vec(), peer, now, number, seen: course.seen.clone() };
            self.taps.retain_mut(|tap| tap.pass(recorded));
        }
        self.ring.record(head, peer, now, number, &course.seen);
    }

    /// Logs what a guest has written to standard error, if anything.
    #[inline]
    pub fn log_stderr(&mut self, by: By) {
        let stderr = self.guest(by).take_stderr();
        self.guest_log.stderr(stderr);
    }

    /// Logs why there is no answer; `found` is what `respond` was called with.
    pub fn log(
        &mut self,
        error: &CallError,
        found: Option<&Found>,
        incoming: &Incoming<'_>,
        context: Context,
    ) {
        let CallError::Failed(CallFailed { call, error }) = error else { return };
        self.guest_log.failure(call, error, incoming.now);
        if *call != START {
            self.guest_log.capture(incoming.head, found, context, incoming.now);
        }
    }
}

/// A guest of `generation`, which gets its first instance when it is asked for one.
fn sandbox(generation: &Arc<Generation>, isolation: Isolation, recycle_after: u64) -> Sandbox {
    Sandbox::new(Arc::clone(generation), isolation == Isolation::Request, recycle_after)
}
