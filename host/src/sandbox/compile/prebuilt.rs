//! The default guest's code for a release: compiled by this program for any processor of a kind,
//! and embedded by the next build of it (`host/build.rs`).

use std::path::Path;
use std::{fs, io};

use wasmtime::Engine;

use super::compiler_config::compiler_config;
use super::plain;
use super::target::set_target;
use crate::sandbox::embedded::EMBEDDED_GUEST;
use crate::text::chain;

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "prebuild";

/// Writes the default guest and its code to `guest.wasm` and `guest.code` in `folder`, which has to
/// be there.
///
/// # Errors
/// When it cannot be compiled or written.
pub fn prebuild(folder: &Path) -> io::Result<()> {
    let failed = |error: wasmtime::Error| io::Error::other(chain(&error));
    let mut config = compiler_config();
    set_target(&mut config).map_err(failed)?;
    let engine = Engine::new(&config).map_err(failed)?;
    let prepared = plain::prepare(EMBEDDED_GUEST).0;
    let code = engine.precompile_component(&prepared).map_err(failed)?;
    // The code last: without it, the component is of no use.
    fs::write(folder.join("guest.wasm"), EMBEDDED_GUEST)?;
    fs::write(folder.join("guest.code"), code)
}
