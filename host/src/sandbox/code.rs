//! Compiled code: the one thing that the host runs without looking at it, and so the one that may
//! come from nowhere but its own compiler.
#![allow(unsafe_code, reason = "running native code is a matter of trust, not of types")]

use wasmtime::Engine;
use wasmtime::component::Component;

use super::plain::Plain;

/// Machine code of a component, as wasmtime's compiler serialised it.
///
/// Only [`super::compiler`] and [`super::code_cache`] make one: from the pipe of a child process that
/// is this program, or from a file that only this user could have written.
pub struct Code {
    octets: Vec<u8>,
    /// What the component is called by, if it is plain.
    plain: Option<Plain>,
}

impl Code {
    /// The caller vouches that `octets` are what the compiler made of a component, prepared by
    /// [`super::plain::prepare`].
    pub(super) fn vouched_for(octets: Vec<u8>, plain: Option<Plain>) -> Code {
        Code { octets, plain }
    }

    /// What the component is called by, if it is plain.
    pub(super) fn plain(&self) -> Option<&Plain> {
        self.plain.as_ref()
    }

    /// The serialised code.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Makes the code ready to be run.
    ///
    /// # Errors
    /// When it was made by another version of wasmtime or for another engine or processor.
    pub(super) fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the octets were written by `Engine::precompile_component` of this very program,
        // which is what the two callers of `vouched_for` make sure of; wasmtime checks by itself that
        // version and settings are its own.
        unsafe { Component::deserialize(engine, &self.octets) }
    }
}
