//! From the octets of a component to code that the engine runs.
//!
//! 1. If the component is [`plain`], its one module is exported, so that the host can call it.
//! 2. The [`code_cache`] may have its code from an earlier run.
//! 3. Otherwise the [`compiler`] starts a child process, which compiles the component with the
//!    settings of [`compiler_config()`]. It reuses [`functions`] that it compiled for others.
//! 4. The result is [`code`], which is run unseen because of where it comes from.
//!
//! A release contains the default guest's code: [`prebuilt`] makes it, for the processors of a
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
