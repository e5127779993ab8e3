//! The sandbox: guests, and what the host believes of them.
//!
//! Owns everything that touches wasmtime. A [`Runtime`] compiles a component into a
//! [`Generation`]: code and configuration. A worker's [`Sandbox`] holds an instance of it,
//! replaces it after a failure, and calls it; whatever comes back has been checked, or is a
//! [`GuestError`]. Sockets and files are unknown here.
//!
//! 1. An [`outline`] says what a component is, by the [`names`] that it imports and exports.
//! 2. [`compile`] makes code of it.
//! 3. [`load`] makes a generation of the code and its [`limits`], for the one [`runtime`] of a
//!    process and its [`ticker`], the clock that ends calls.
//! 4. [`call`] makes instances of the generation, and calls them. What fails has a name
//!    ([`error`]).
//! 5. A call can be written down, to be made again by hand ([`invocation`]), without the
//!    [`credentials`] in it; and a configured guest becomes a component of its own ([`snapshot`]).
//!
//! Files use one another in one direction only, and so do the folders.

mod bindings;
mod call;
mod compile;
mod credentials;
mod embedded;
mod error;
pub mod invocation;
mod limits;
mod load;
mod names;
mod outline;
mod runtime;
pub mod snapshot;
mod ticker;

pub use bindings::contract;
pub use call::{Facts, Generation, Instance, Sandbox, Unavailable, check_response};
pub use compile::{
    COMPILE_SUBCOMMAND, CodeCache, Compiler, CompilerLimits, PREBUILD_SUBCOMMAND,
    compile_for_parent, compiler_config, is_code_embedded, prebuild,
};
pub use credentials::mask;
pub use embedded::EMBEDDED_GUEST;
pub use error::{Breach, GuestError, LoadError, START, Step};
pub use limits::GuestLimits;
pub use names::{CONTRACT_VERSION, HANDLER, contract_version, is_wasi};
pub use outline::{Age, Kind, Outline, World};
pub use runtime::{Runtime, RuntimeOptions};
