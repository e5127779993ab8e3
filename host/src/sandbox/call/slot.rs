//! A worker's place for an instance: when it is replaced, and what happens when it cannot be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::generation::Generation;
use super::instance::Instance;
use crate::sandbox::bindings::contract::{Context, Found, Parsed, Response};
use crate::sandbox::error::{CallError, CallFailed, START};

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
    pub fn instance(&mut self, now: Instant) -> Result<&mut Instance, CallError> {
        if self.instance.is_none() {
            if self.retry.as_ref().is_some_and(|retry| now < retry.at) {
                return Err(CallError::Waiting);
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
                    return Err(CallError::Failed(CallFailed { call: START, error }));
                }
            }
        }
        Ok(self.instance.as_mut().expect("it was there or has been made"))
    }

    /// Calls `parse`, see [`Instance::parse`].
    ///
    /// # Errors
    /// When it failed, or there is no instance to call.
    #[inline]
    pub fn parse(
        &mut self,
        head: &str,
        context: Option<Context>,
        now: Instant,
    ) -> Result<Parsed, CallError> {
        let parsed = self.instance(now)?.parse(head, context);
        parsed.map_err(|error| CallError::Failed(CallFailed { call: "parse", error }))
    }

    /// Calls `respond`, see [`Instance::respond`].
    ///
    /// # Errors
    /// When it failed, or there is no instance to call.
    #[inline]
    pub fn respond(
        &mut self,
        head: &str,
        found: &Found,
        context: Option<Context>,
        now: Instant,
    ) -> Result<Response, CallError> {
        let response = self.instance(now)?.respond(head, found, context);
        response.map_err(|error| CallError::Failed(CallFailed { call: "respond", error }))
    }

    /// See [`Instance::take_stderr`].
    #[inline]
    pub fn take_stderr(&mut self) -> Option<String> {
        if !self.generation.has_stderr() {
            return None;
        }
        self.instance.as_mut()?.take_stderr()
    }

    /// The request that an instance was called for is answered.
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
