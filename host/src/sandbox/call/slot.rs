//! A worker's place for an instance: when it is replaced, and what happens when it cannot be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::generation::Generation;
use super::instance::Instance;
use crate::sandbox::error::GuestError;

/// First and longest pause after a failure to make an instance.
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The guest of one worker.
pub struct Sandbox {
    generation: Arc<Generation>,
    instance: Option<Instance>,
    /// Every request gets an instance of its own.
    fresh_for_each: bool,
    /// Requests that an instance serves; 0: no end.
    requests_max: u64,
    requests: u64,
    retry: Option<Retry>,
    /// The clock of deadlines goes.
    in_turn: bool,
}

/// No instance could be made. A trap in a request costs a fresh instance and never a pause; only a
/// guest that cannot be instantiated or configured is left alone for a while.
struct Retry {
    at: Instant,
    pause: Duration,
}

/// Why there is no instance to call.
pub enum Unavailable {
    /// The attempt failed just now.
    Failed(GuestError),
    /// An attempt failed a short while ago.
    Waiting,
}

impl Sandbox {
    /// Makes its first instance when one is asked for.
    pub fn new(generation: Arc<Generation>, fresh_for_each: bool, requests_max: u64) -> Sandbox {
        Sandbox {
            generation,
            instance: None,
            fresh_for_each,
            requests_max,
            requests: 0,
            retry: None,
            in_turn: false,
        }
    }

    /// Whether its instances are of `generation`.
    pub fn is_of(&self, generation: &Arc<Generation>) -> bool {
        Arc::ptr_eq(&self.generation, generation)
    }

    /// What its instances are of.
    pub fn generation(&self) -> &Arc<Generation> {
        &self.generation
    }

    /// Lets the clock of deadlines go: without it no call may be made. Once for each turn of the
    /// loop.
    pub fn begin_turn(&mut self) {
        if !std::mem::replace(&mut self.in_turn, true) {
            self.generation.runtime().ticker().begin_use();
        }
    }

    /// No call follows until the next [`Sandbox::begin_turn`].
    pub fn end_turn(&mut self) {
        if std::mem::take(&mut self.in_turn) {
            self.generation.runtime().ticker().end_use();
        }
    }

    /// The instance that serves the next request, `now`.
    ///
    /// # Errors
    /// When none could be made.
    pub fn instance(&mut self, now: Instant) -> Result<&mut Instance, Unavailable> {
        if self.instance.is_none() {
            if self.retry.as_ref().is_some_and(|retry| now < retry.at) {
                return Err(Unavailable::Waiting);
            }
            match self.generation.instance() {
                Ok(instance) => {
                    self.retry = None;
                    self.requests = 0;
                    self.instance = Some(instance);
                }
                Err(error) => {
                    let pause = match &self.retry {
                        Some(last) => (last.pause * 2).min(RETRY_MAX),
                        None => RETRY_MIN,
                    };
                    // From now: the attempt itself may have taken seconds.
                    self.retry = Some(Retry { at: Instant::now() + pause, pause });
                    return Err(Unavailable::Failed(error));
                }
            }
        }
        Ok(self.instance.as_mut().expect("it was there or has been made"))
    }

    /// The request that [`Sandbox::instance`] was asked for is answered.
    pub fn finish(&mut self, failed: bool) {
        self.requests += 1;
        let used_up = self.requests_max > 0 && self.requests >= self.requests_max;
        if failed || self.fresh_for_each || used_up {
            self.instance = None;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end_turn();
    }
}
