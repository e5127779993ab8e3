//! The sandbox: guests, and what the host believes of them.
//!
//! Owns everything that touches wasmtime. A [`Runtime`] compiles a component into a
//! [`Generation`]: code and configuration. A worker's [`Sandbox`] holds an instance of it,
//! replaces it after a failure, and calls it; whatever comes back has been checked, or is a
//! [`GuestError`]. Sockets and files are unknown here.
//!
//! 1. [`outline`] tells what a component is by the [`names`] that it imports and exports.
//! 2. [`compile`] turns the component into code.
//! 3. [`load`] turns code and [`limits`] into a generation, for the [`runtime`] of the process: the
//!    engine, and the [`ticker`] that ends calls.
//! 4. [`call`] makes instances of the generation and calls them. [`error`] names what can fail.
//! 5. [`invocation`] writes a call down, so that it can be made again by hand, without the
//!    [`credentials`] in it. [`snapshot`] makes a component of a guest and its configuration.
//!
//! Files and folders use one another without circles.

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
