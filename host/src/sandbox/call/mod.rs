//! Instances of guests, and calls of them.
//!
//! 1. A [`generation`] is what instances are made of: a component that is linked, its configuration
//!    and its limits.
//! 2. On its [`trial`], before it serves, it is asked for its parameters and given its
//!    configuration.
//! 3. A worker's [`slot`] holds an [`instance`] of it, and replaces that after a failure.
//! 4. Each instance is alone in a store, whose [`state`] has its limits: memory, the [`deadline`]
//!    of the call, and a [`wasi`] with nothing behind it.
//! 5. A call goes through wasmtime's bindings; for a plain component, past the Component Model
//!    ([`direct`]), to and from values as they lie in the guest's memory ([`canonical`]).
//! 6. Whatever comes back is believed once it has passed [`check`].
//!
//! A slot and a trial know instances and their generation, an instance knows its generation, and
//! that knows none of them.

mod canonical;
mod check;
mod deadline;
mod direct;
mod generation;
mod instance;
mod slot;
mod state;
mod trial;
mod wasi;

pub use check::{Facts, response as check_response};
pub use generation::Generation;
pub use instance::Instance;
pub use slot::{Sandbox, Unavailable};

pub(super) use state::State;
pub(super) use wasi::add_to_linker as add_wasi_to_linker;
