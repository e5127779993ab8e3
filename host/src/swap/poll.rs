//! Looking now and then whether the tag of web.conf's guest has moved.
//!
//! Owns when to look, and where the tag was seen. The pull itself is [`super::pulls`]'.

use std::time::{Duration, Instant};

use crate::config::{Digest, GuestPlace, Reference, Settings};
use crate::registry::{PullError, Pulled};
use crate::startup::{Found, Refusal, Source, found};

/// See the module.
pub struct Poll {
    reference: Reference,
    interval: Duration,
    /// Where the tag was when it was last looked at, whatever came of what is there.
    seen: Option<Digest>,
    look_at: Instant,
    is_under_way: bool,
    /// Why the last look failed.
    failure: Option<String>,
}

/// What came of a look.
pub enum Looked {
    /// The tag is where it was seen, or nothing new is known of it.
    Same,
    /// The look failed, in another way than the last one: a line for the log.
    Failed(String),
    /// The tag has moved: to this guest, or to what is none.
    Moved(Result<Found, Refusal>),
}

impl Poll {
    /// Polls web.conf's guest, if that is a tag and the settings want it. `source` is where the
    /// guest was found last.
    pub fn new(settings: &Settings, source: &Source, now: Instant) -> Option<Poll> {
        let interval = settings.registry.poll;
        let reference = match &settings.guest.place {
            Some(GuestPlace::Registry(reference)) => reference.clone(),
            _ => return None,
        };
        if reference.digest().is_some() || interval.is_zero() {
            return None;
        }
        let seen = match source {
            Source::Registry(reference) => reference.digest(),
            _ => None,
        };
        let (look_at, failure) = (now + interval, None);
        Some(Poll { reference, interval, seen, look_at, is_under_way: false, failure })
    }

    /// When to look next.
    pub fn look_at(&self) -> Instant {
        self.look_at
    }

    /// Why the last look failed.
    pub fn failure(&self) -> Option<&String> {
        self.failure.as_ref()
    }

    /// Whether this is the tag.
    pub fn is_of(&self, reference: &Reference) -> bool {
        self.reference == *reference
    }

    /// Begins a look, if it is time and the last one is done: at which tag, and where that was
    /// seen.
    pub fn begin(&mut self, now: Instant) -> Option<(Reference, Option<Digest>)> {
        if now < self.look_at {
            return None;
        }
        self.look_at = now + self.interval;
        let is_first = !std::mem::replace(&mut self.is_under_way, true);
        is_first.then(|| (self.reference.clone(), self.seen))
    }

    /// Ends a look.
    pub fn end(&mut self, brought: Result<Option<Pulled>, PullError>) -> Looked {
        self.is_under_way = false;
        let (digest, moved) = match brought {
            Ok(None) => {
                self.failure = None;
                return Looked::Same;
            }
            Ok(Some(pulled)) => (pulled.reference.digest(), Ok(found(pulled))),
            // It will not be another when it is looked at again.
            Err(error @ PullError::Unfit { digest, .. }) => (Some(digest), Err(error.into())),
            Err(error) => {
                let failure = Some(error.to_string());
                let is_new = self.failure != failure;
                self.failure = failure;
                return match is_new {
                    true => Looked::Failed(format!(
                        "{} could not be looked at: {error}",
                        self.reference
                    )),
                    false => Looked::Same,
                };
            }
        };
        self.seen = digest;
        self.failure = None;
        Looked::Moved(moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    fn reference() -> Reference {
        "oci://registry.example/guest:1".parse().expect("a reference")
    }

    fn settings(reference: Reference) -> Settings {
        let mut settings = Settings::default();
        settings.guest.place = Some(GuestPlace::Registry(reference));
        settings.registry.poll = INTERVAL;
        settings
    }

    fn poll(now: Instant) -> Poll {
        let pinned = reference().pinned(Digest::of(b"one"));
        let poll = Poll::new(&settings(reference()), &Source::Registry(pinned), now);
        poll.expect("a poll")
    }

    fn busy() -> Result<Option<Pulled>, PullError> {
        Err(PullError::Busy { reason: "much".into() })
    }

    #[test]
    fn only_a_tag_is_polled_and_only_where_that_is_wanted() {
        let now = Instant::now();
        let polled = |settings: &Settings| Poll::new(settings, &Source::BuiltIn, now).is_some();
        assert!(polled(&settings(reference())));
        assert!(!polled(&settings(reference().pinned(Digest::of(b"one")))));
        let mut never = settings(reference());
        never.registry.poll = Duration::ZERO;
        assert!(!polled(&never));
        let mut built_in = settings(reference());
        built_in.guest.place = None;
        assert!(!polled(&built_in));
    }

    #[test]
    fn a_look_begins_when_it_is_time_and_the_last_one_is_done() {
        let now = Instant::now();
        let mut poll = poll(now);
        assert!(poll.begin(now).is_none());
        let (asked, seen) = poll.begin(now + INTERVAL).expect("a look");
        assert_eq!((asked, seen), (reference(), Some(Digest::of(b"one"))));
        assert!(poll.begin(now + 2 * INTERVAL).is_none(), "the last one is not done");
        assert_eq!(poll.look_at(), now + 3 * INTERVAL);
        assert!(matches!(poll.end(Ok(None)), Looked::Same));
        assert!(poll.begin(now + 3 * INTERVAL).is_some());
    }

    #[test]
    fn where_the_tag_moved_to_is_seen_once_fit_or_not() {
        let now = Instant::now();
        let mut poll = poll(now);
        let two = Pulled { reference: reference().pinned(Digest::of(b"two")), octets: vec![] };
        assert!(matches!(poll.end(Ok(Some(two))), Looked::Moved(Ok(_))));
        assert_eq!(poll.seen, Some(Digest::of(b"two")));
        let unfit = PullError::Unfit { digest: Digest::of(b"three"), reason: "text".into() };
        assert!(matches!(poll.end(Err(unfit)), Looked::Moved(Err(_))));
        assert_eq!(poll.seen, Some(Digest::of(b"three")));
        assert!(poll.failure().is_none());
    }

    #[test]
    fn a_failure_is_logged_once_and_told_until_a_look_succeeds() {
        let mut poll = poll(Instant::now());
        assert!(matches!(poll.end(busy()), Looked::Failed(line) if line.contains("much")));
        assert!(matches!(poll.end(busy()), Looked::Same));
        assert!(poll.failure().is_some_and(|failure| failure.contains("much")));
        assert_eq!(poll.seen, Some(Digest::of(b"one")));
        assert!(matches!(poll.end(Ok(None)), Looked::Same));
        assert!(poll.failure().is_none());
        assert!(matches!(poll.end(busy()), Looked::Failed(_)));
    }
}
