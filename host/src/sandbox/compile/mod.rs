//! From the octets of a component to code that the engine runs.
//!
//! 1. A component that is [`plain`] gets its one module exported, so that the host can call it.
//! 2. If the [`code_cache`] has its code from an earlier time, that is all.
//! 3. Otherwise the [`compiler`] starts a child process, which compiles it as [`compiler_config`]
//!    says, and takes from [`functions`] what it compiled for other components.
//! 4. What comes of either is [`code`], which is believed because of where it comes from.
//!
//! A release has the default guest's code inside: [`prebuilt`] makes it, for the processors of a
//! [`target`].

mod code;
mod code_cache;
mod compiler;
mod compiler_config;
mod functions;
pub(super) mod plain;
mod prebuilt;
mod target;

pub use code::is_embedded as is_code_embedded;
pub use code_cache::CodeCache;
pub use compiler::{
    Compiler, CompilerLimits, SUBCOMMAND as COMPILE_SUBCOMMAND, compile_for_parent,
};
pub use compiler_config::compiler_config;
pub use prebuilt::{SUBCOMMAND as PREBUILD_SUBCOMMAND, prebuild};

pub(super) use code::Code;
