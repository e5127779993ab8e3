//! One request and one guest: what it looks for, and what it answers.
//!
//! A guest is a pure function in two steps, and so an exchange is a machine of two steps that does
//! no I/O. Whoever drives it finds the files between them, and may leave it there:
//!
//! 1. [`Question::begin`] calls `parse`: the guest answers at once, or wants something looked up.
//! 2. The driver looks for the files; [`convert`] says what is wanted in the file system's words,
//!    and what was found in the contract's.
//! 3. [`Question::found`] calls `respond`, and that is the answer.
//!
//! A worker's handler drives it for clients, and a rehearsal's player for nobody. [`Recorded`] is a
//! request that can be asked again.

pub mod convert;
mod recorded;

use std::time::Instant;

use crate::sandbox::contract::{Action, Context, Found, Lookup, Parsed, Persistence, Response};
use crate::sandbox::{CallError, Sandbox};

pub use self::recorded::{Recorded, Seen, context};

/// What a guest is asked: a request head, each byte as a character, and what is known besides.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// See [`octets_as_text`].
    ///
    /// [`octets_as_text`]: crate::sandbox::octets_as_text
    pub head: &'a str,
    /// The client, the time, and whether the connection is secure.
    pub context: Context,
}

/// What `parse` came to.
pub enum Begun {
    /// An answer that depends on no file.
    Answer {
        /// It has passed the checks.
        response: Response,
        /// What the guest wants of the connection.
        persistence: Persistence,
    },
    /// Something has to be looked up first.
    LookUp(LookUp),
}

/// An exchange between its two steps.
#[derive(Debug)]
pub struct LookUp {
    /// What the guest wants looked up.
    pub lookup: Lookup,
    /// What the guest wants of the connection.
    pub persistence: Persistence,
}

impl Question<'_> {
    /// Has `guest` say what the request is about.
    ///
    /// # Errors
    /// When it cannot, or there is none to call.
    #[inline]
    pub fn begin(&self, guest: &mut Sandbox, now: Instant) -> Result<Begun, CallError> {
        let Parsed { action, persistence } = guest.parse(self.head, Some(self.context), now)?;
        Ok(match action {
            Action::Answer(response) => Begun::Answer { response, persistence },
            Action::LookUp(lookup) => Begun::LookUp(LookUp { lookup, persistence }),
        })
    }

    /// Has `guest` answer, now that its lookup has `found` this.
    ///
    /// # Errors
    /// When it cannot, or there is none to call.
    #[inline]
    pub fn found(
        &self,
        found: &Found,
        guest: &mut Sandbox,
        now: Instant,
    ) -> Result<Response, CallError> {
        guest.respond(self.head, found, Some(self.context), now)
    }
}
