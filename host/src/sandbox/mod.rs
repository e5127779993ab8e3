//! The sandbox: guests, and what the host believes of them.
//!
//! Owns everything that touches wasmtime. A [`Runtime`] compiles a component into a
//! [`Generation`]: code and configuration. A worker's [`Sandbox`] holds an instance of it,
//! replaces it after a failure, and calls it; whatever comes back has passed [`check`], or is a
//! [`GuestError`]. Sockets and files are unknown here.

mod bindings;
mod canonical;
mod check;
mod code;
mod code_cache;
mod compiler;
mod compiler_config;
mod credentials;
mod deadline;
mod direct;
mod embedded;
mod error;
mod functions;
mod generation;
mod instance;
pub mod invocation;
mod load;
mod names;
mod outline;
mod plain;
mod prebuilt;
mod runtime;
mod slot;
pub mod snapshot;
mod state;
mod target;
mod ticker;
mod trial;
mod wasi;

pub use bindings::contract;
pub use check::{Facts, response as check_response};
pub use code::is_embedded as is_code_embedded;
pub use code_cache::CodeCache;
pub use compiler::{
    Compiler, CompilerLimits, SUBCOMMAND as COMPILE_SUBCOMMAND, compile_for_parent,
};
pub use compiler_config::compiler_config;
pub use credentials::mask;
pub use embedded::EMBEDDED_GUEST;
pub use error::{Breach, GuestError, LoadError, START, Step};
pub use generation::Generation;
pub use instance::Instance;
pub use names::{CONTRACT_VERSION, HANDLER, contract_version, is_wasi};
pub use outline::{Age, Kind, Outline, World};
pub use prebuilt::{SUBCOMMAND as PREBUILD_SUBCOMMAND, prebuild};
pub use runtime::{Runtime, RuntimeOptions};
pub use slot::{Sandbox, Unavailable};
