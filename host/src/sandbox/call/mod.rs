//! Instances of guests, and calls of them.
//!
//! 1. A [`generation`] holds what instances are made of: a linked component, its configuration and
//!    its limits.
//! 2. Its [`trial`] calls it before it serves: it lists its parameters and takes its configuration.
//! 3. A worker's [`slot`] holds an [`instance`] of the generation, and replaces it after a failure.
//! 4. Each instance has a store of its own, whose [`state`] enforces the limits: memory, the
//!    [`deadline`] of the call, and a [`wasi`] with nothing behind it.
//! 5. A call goes through wasmtime's bindings. A plain component is called without the Component
//!    Model ([`direct`]), which reads and writes values in the guest's memory ([`canonical`]).
//! 6. The answer has to pass [`check`] before the host believes it.
//!
//! Slots and trials use instances and generations, an instance uses its generation, and a
//! generation uses none of them.

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
