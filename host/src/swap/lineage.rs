//! The generations of a site: which one serves, and which ones may serve again.
//!
//! Owns the transitions between them, and what belongs to the serving one: the candidate that runs
//! beside it, the watch of its file and the poll of its tag. A transition changes only this value;
//! the workers, the log and the status follow. Time is passed in.

use std::time::{Duration, Instant, SystemTime};

use super::guest::Guest;
use super::poll::Poll;
use super::shadow::Shadow;
use super::watch::Watch;
use crate::rehearsal::Report;

/// A point in time, on two clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// On the clock for deadlines.
    pub instant: Instant,
    /// On the clock for people: seconds since the Unix epoch.
    pub unix_seconds: u64,
}

impl Moment {
    /// The present.
    pub fn now() -> Moment {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Moment { instant: Instant::now(), unix_seconds: since.map_or(0, |since| since.as_secs()) }
    }
}

/// A generation that serves or has served.
#[derive(Debug, Clone)]
pub struct Release<G = Guest> {
    /// Counts the generations of a process, from 1.
    pub number: u64,
    /// Its guest.
    pub guest: G,
    /// The result of its rehearsal.
    pub rehearsal: Option<Report>,
    /// When its probation ends; none once it has passed.
    pub probation: Option<Instant>,
    /// Seconds since the Unix epoch when it was last published.
    pub since: u64,
}

/// See the module.
pub struct Lineage<G = Guest, S = Shadow> {
    serving: Release<G>,
    /// Served before the serving one: a rollback publishes it again.
    previous: Option<Release<G>>,
    /// The last one that passed its probation, unless it is the serving one: it is published again
    /// if the serving one fails during its probation.
    proven: Option<Release<G>>,
    /// Number of generations so far.
    numbers: u64,
    shadow: Option<S>,
    watch: Option<Watch>,
    poll: Option<Poll>,
}

/// What a generation was when its failure was heard of.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
    /// The serving one: now another one serves.
    Serving,
    /// The previous one: now a rollback does not bring it back.
    Previous,
    /// Neither: nothing has changed.
    Gone,
}

impl<G: Clone, S> Lineage<G, S> {
    /// The first generation, which is on no probation: nothing could come back.
    pub fn new(guest: G, now: Moment) -> Lineage<G, S> {
        let since = now.unix_seconds;
        Lineage {
            serving: Release { number: 1, guest, rehearsal: None, probation: None, since },
            previous: None,
            proven: None,
            numbers: 1,
            shadow: None,
            watch: None,
            poll: None,
        }
    }

    /// The generation that serves.
    pub fn serving(&self) -> &Release<G> {
        &self.serving
    }

    /// What a rollback publishes.
    pub fn previous(&self) -> Option<&Release<G>> {
        self.previous.as_ref()
    }

    /// What is published if the serving generation fails during its probation.
    pub fn proven(&self) -> Option<&Release<G>> {
        self.proven.as_ref()
    }

    /// Publishes `guest` as a new generation, which is on probation for `probation` unless that is
    /// zero.
    pub fn publish(&mut self, guest: G, rehearsal: Report, probation: Duration, now: Moment) {
        self.numbers += 1;
        let release = Release {
            number: self.numbers,
            guest,
            rehearsal: Some(rehearsal),
            probation: (!probation.is_zero()).then(|| now.instant + probation),
            since: now.unix_seconds,
        };
        let before = std::mem::replace(&mut self.serving, release);
        if before.probation.is_none() {
            self.proven = Some(before.clone());
        }
        self.previous = Some(before);
        self.shadow = None;
    }

    /// Publishes the previous generation again. The serving one becomes the previous, so that a
    /// second rollback undoes the first. Returns its number; none if there is no previous one. No
    /// probation follows: a rollback is an operator's decision.
    pub fn roll_back(&mut self, now: Moment) -> Option<u64> {
        let back = Release {
            rehearsal: None,
            probation: None,
            since: now.unix_seconds,
            ..self.previous.take()?
        };
        let left = std::mem::replace(&mut self.serving, back);
        let number = left.number;
        self.previous = Some(left);
        self.proven = None;
        self.shadow = None;
        Some(number)
    }

    /// Generation `number` has failed during its probation, and the workers have gone back to
    /// `back`. By now another generation may have been published.
    pub fn fail(&mut self, number: u64, back: Release<G>, now: Moment) -> Role {
        let is = |release: &Release<G>| release.number == number;
        if is(&self.serving) {
            self.serving = Release { since: now.unix_seconds, ..back };
            self.previous = None;
            self.proven = None;
            self.shadow = None;
            return Role::Serving;
        }
        if !self.previous.as_ref().is_some_and(is) {
            return Role::Gone;
        }
        if self.proven.as_ref().is_some_and(is) {
            self.proven = Some(back.clone());
        }
        self.previous = (back.number != self.serving.number).then_some(back);
        Role::Previous
    }

    /// Ends the serving generation's probation if its time is over. Returns whether it was.
    pub fn pass(&mut self, now: Instant) -> bool {
        let passes = self.serving.probation.is_some_and(|ends| now >= ends);
        if passes {
            self.serving.probation = None;
            self.proven = None;
        }
        passes
    }

    /// The serving guest.
    pub fn serving_guest_mut(&mut self) -> &mut G {
        &mut self.serving.guest
    }

    /// The candidate that runs beside the serving generation. It ends when another one serves,
    /// because it compares with the serving one.
    pub fn shadow(&self) -> Option<&S> {
        self.shadow.as_ref()
    }

    /// Sets the candidate that runs beside the serving generation, in place of any other.
    pub fn set_shadow(&mut self, shadow: S) {
        self.shadow = Some(shadow);
    }

    /// Takes the candidate that runs beside the serving generation.
    pub fn take_shadow(&mut self) -> Option<S> {
        self.shadow.take()
    }

    /// The watch of web.conf's guest, if that is a file.
    pub fn watch(&self) -> Option<&Watch> {
        self.watch.as_ref()
    }

    /// See [`Lineage::watch`].
    pub fn watch_mut(&mut self) -> Option<&mut Watch> {
        self.watch.as_mut()
    }

    /// Watches another file, or none.
    pub fn set_watch(&mut self, mut watch: Option<Watch>) {
        if let Some(watch) = &mut watch {
            // Until now, nobody looked when the kernel reported a change.
            watch.look_now();
        }
        self.watch = watch;
    }

    /// The poll of web.conf's guest, if that is a tag.
    pub fn poll(&self) -> Option<&Poll> {
        self.poll.as_ref()
    }

    /// See [`Lineage::poll`].
    pub fn poll_mut(&mut self) -> Option<&mut Poll> {
        self.poll.as_mut()
    }

    /// Polls another tag, or none.
    pub fn set_poll(&mut self, poll: Option<Poll>) {
        self.poll = poll;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Names = Lineage<&'static str, &'static str>;

    const PROBATION: Duration = Duration::from_secs(30);

    fn start() -> (Names, Moment) {
        let now = Moment { instant: Instant::now(), unix_seconds: 100 };
        (Lineage::new("one", now), now)
    }

    fn later(now: Moment, seconds: u64) -> Moment {
        let instant = now.instant + Duration::from_secs(seconds);
        Moment { instant, unix_seconds: now.unix_seconds + seconds }
    }

    fn publish(lineage: &mut Names, guest: &'static str, now: Moment) {
        lineage.publish(guest, Report::default(), PROBATION, now);
    }

    /// The numbers of the serving, the previous and the proven generation; 0: there is none.
    fn numbers(lineage: &Names) -> [u64; 3] {
        let number = |release: Option<&Release<_>>| release.map_or(0, |release| release.number);
        [lineage.serving.number, number(lineage.previous()), number(lineage.proven())]
    }

    #[test]
    fn a_new_generation_is_on_probation_and_the_one_before_stands_by() {
        let (mut lineage, now) = start();
        assert_eq!(numbers(&lineage), [1, 0, 0]);
        publish(&mut lineage, "two", later(now, 5));
        assert_eq!(numbers(&lineage), [2, 1, 1]);
        let serving = lineage.serving();
        assert_eq!((serving.guest, serving.since), ("two", 105));
        assert_eq!(serving.probation, Some(later(now, 35).instant));
        lineage.publish("three", Report::default(), Duration::ZERO, now);
        assert_eq!(numbers(&lineage), [3, 2, 1]);
        assert_eq!(lineage.serving().probation, None);
    }

    #[test]
    fn a_probation_is_passed_when_its_time_is_over_and_not_before() {
        let (mut lineage, now) = start();
        assert!(!lineage.pass(now.instant));
        publish(&mut lineage, "two", now);
        assert!(!lineage.pass(later(now, 29).instant));
        assert!(lineage.pass(later(now, 30).instant));
        assert!(!lineage.pass(later(now, 31).instant), "once");
        assert_eq!(numbers(&lineage), [2, 1, 0]);
        publish(&mut lineage, "three", later(now, 31));
        assert_eq!(numbers(&lineage), [3, 2, 2]);
    }

    #[test]
    fn a_rollback_goes_back_and_the_next_one_forth_without_probation() {
        let (mut lineage, now) = start();
        assert_eq!(lineage.roll_back(now), None);
        publish(&mut lineage, "two", now);
        assert_eq!(lineage.roll_back(later(now, 7)), Some(2));
        assert_eq!(numbers(&lineage), [1, 2, 0]);
        assert_eq!((lineage.serving().guest, lineage.serving().since), ("one", 107));
        assert_eq!(lineage.roll_back(now), Some(1));
        assert_eq!(numbers(&lineage), [2, 1, 0]);
        assert!(lineage.serving().probation.is_none() && lineage.serving().rehearsal.is_none());
        // A number is never used twice.
        publish(&mut lineage, "three", now);
        assert_eq!(numbers(&lineage), [3, 2, 2]);
    }

    #[test]
    fn of_two_generations_on_probation_the_proven_one_comes_back() {
        let (mut lineage, now) = start();
        publish(&mut lineage, "two", now);
        publish(&mut lineage, "three", now);
        assert_eq!(numbers(&lineage), [3, 2, 1]);
        let proven = lineage.proven().expect("a proven generation").clone();
        assert_eq!(lineage.fail(3, proven, later(now, 9)), Role::Serving);
        assert_eq!(numbers(&lineage), [1, 0, 0]);
        assert_eq!(lineage.serving().since, 109);
        assert_eq!(lineage.roll_back(now), None);
    }

    /// The workers have gone back already.
    #[test]
    fn a_failure_that_is_heard_of_after_the_probation_counts() {
        let (mut lineage, now) = start();
        publish(&mut lineage, "two", now);
        let proven = lineage.proven().expect("a proven generation").clone();
        assert!(lineage.pass(later(now, 30).instant));
        assert_eq!(lineage.fail(2, proven, now), Role::Serving);
        assert_eq!(numbers(&lineage), [1, 0, 0]);
    }

    #[test]
    fn what_failed_just_before_it_was_replaced_does_not_come_back() {
        let (mut lineage, now) = start();
        publish(&mut lineage, "two", now);
        let proven = lineage.proven().expect("a proven generation").clone();
        publish(&mut lineage, "three", now);
        assert_eq!(lineage.fail(2, proven, now), Role::Previous);
        assert_eq!(numbers(&lineage), [3, 1, 1]);
    }

    #[test]
    fn what_failed_though_its_probation_was_over_does_not_come_back_either() {
        let (mut lineage, now) = start();
        publish(&mut lineage, "two", now);
        let proven = lineage.proven().expect("a proven generation").clone();
        assert!(lineage.pass(later(now, 30).instant));
        publish(&mut lineage, "three", now);
        assert_eq!(numbers(&lineage), [3, 2, 2]);
        assert_eq!(lineage.fail(2, proven, now), Role::Previous);
        assert_eq!(numbers(&lineage), [3, 1, 1]);
    }

    #[test]
    fn what_failed_just_before_it_was_rolled_back_is_not_gone_forth_to() {
        let (mut lineage, now) = start();
        publish(&mut lineage, "two", now);
        let proven = lineage.proven().expect("a proven generation").clone();
        assert_eq!(lineage.roll_back(now), Some(2));
        assert_eq!(lineage.fail(2, proven, now), Role::Previous);
        assert_eq!(numbers(&lineage), [1, 0, 0]);
    }

    #[test]
    fn a_failure_of_what_is_gone_changes_nothing() {
        let (mut lineage, now) = start();
        publish(&mut lineage, "two", now);
        let proven = lineage.proven().expect("a proven generation").clone();
        publish(&mut lineage, "three", now);
        publish(&mut lineage, "four", now);
        assert_eq!(lineage.fail(2, proven, now), Role::Gone);
        assert_eq!(numbers(&lineage), [4, 3, 1]);
    }

    #[test]
    fn whatever_changes_the_serving_generation_ends_the_shadow() {
        let (mut lineage, now) = start();
        lineage.set_shadow("shadow");
        assert!(lineage.shadow().is_some());
        publish(&mut lineage, "two", now);
        assert!(lineage.shadow().is_none());
        lineage.set_shadow("shadow");
        let proven = lineage.proven().expect("a proven generation").clone();
        assert!(!lineage.pass(now.instant) && lineage.shadow().is_some());
        assert_eq!(lineage.fail(2, proven, now), Role::Serving);
        assert!(lineage.shadow().is_none());
        publish(&mut lineage, "three", now);
        lineage.set_shadow("shadow");
        assert_eq!(lineage.roll_back(now), Some(3));
        assert!(lineage.take_shadow().is_none());
    }
}
