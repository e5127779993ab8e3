//! Compiled code: the one thing that the host runs without looking at it, and so the one that may
//! come from nowhere but its own compiler.
#![allow(unsafe_code, reason = "running native code is a matter of trust, not of types")]

use std::borrow::Cow;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::plain::Plain;
use crate::sandbox::embedded::EMBEDDED_GUEST;

/// The code of the default guest, made by [`super::prebuilt`] for a release; empty in other builds.
const EMBEDDED_CODE: &[u8] = include_bytes!(env!("WASMHTTPD_GUEST_CODE"));

/// Whether this program has the code of the default guest inside, as releases do.
pub fn is_embedded() -> bool {
    !EMBEDDED_CODE.is_empty()
}

/// Machine code of a component, as wasmtime's compiler serialised it.
///
/// It comes from this program itself, or [`super::compiler`] and [`super::code_cache`] make one:
/// from the pipe of a child process that is this program, or from a file that only this user could
/// have written.
pub struct Code {
    octets: Cow<'static, [u8]>,
    /// What the component is called by, if it is plain.
    plain: Option<Plain>,
}

impl Code {
    /// The caller vouches that `octets` are what the compiler made of a component, prepared by
    /// [`super::plain::prepare`].
    pub(super) fn vouched_for(octets: Vec<u8>, plain: Option<Plain>) -> Code {
        Code { octets: octets.into(), plain }
    }

    /// The code that is embedded, if that is the code of `component`.
    pub(in crate::sandbox) fn built_in(component: &[u8]) -> Option<Code> {
        let is_known = component == EMBEDDED_GUEST && is_embedded();
        is_known.then(|| Code { octets: EMBEDDED_CODE.into(), plain: Plain::of(component) })
    }

    /// What the component is called by, if it is plain.
    pub(in crate::sandbox) fn plain(&self) -> Option<&Plain> {
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
    pub(in crate::sandbox) fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the octets were written by `Engine::precompile_component` of this very program,
        // or of the one that it was built after, which is what the two callers of `vouched_for` and
        // the build script make sure of; wasmtime checks by itself that version, settings and
        // processor are its own.
        unsafe { Component::deserialize(engine, &self.octets) }
    }
}
