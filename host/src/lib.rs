//! wasmhttpd: a web server for static sites whose request handling is a sandboxed WebAssembly
//! component. ARCHITECTURE.md tells how the modules fit together.
//!
//! This library is the server itself, and the process around it. Its modules are public
//! for benches and tests, not as an interface for others to build on.
pub mod background;
pub mod cli;
pub mod clock;
pub mod compose;
pub mod config;
pub mod control;
pub mod files;
pub mod http;
pub mod inspect;
pub mod log;
pub mod private_folder;
pub mod process;
pub mod project;
pub mod registry;
pub mod rehearsal;
pub mod sandbox;
pub mod server;
pub mod startup;
pub mod swap;
pub mod text;
