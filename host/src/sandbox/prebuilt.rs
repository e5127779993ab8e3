//! The default guest's code for a release: compiled by this program for any processor of a kind,
//! and embedded by the next build of it (`host/build.rs`).
#![allow(unsafe_code, reason = "what a processor has is promised to the compiler by name")]

use std::path::Path;
use std::{fs, io};

use wasmtime::{Config, Engine};

use super::EMBEDDED_GUEST;
use super::compiler_config::compiler_config;
use super::plain;
use crate::text::chain;

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "prebuild";

/// What processors of the last ten years have (x86-64-v3), in the words of the compiler. On others
/// the server compiles the guest when it first starts.
const X86_64_V3: [&str; 12] = [
    "has_cmpxchg16b",
    "has_sse3",
    "has_ssse3",
    "has_sse41",
    "has_sse42",
    "has_popcnt",
    "has_avx",
    "has_avx2",
    "has_bmi1",
    "has_bmi2",
    "has_fma",
    "has_lzcnt",
];

/// Writes the default guest and its code to `guest.wasm` and `guest.code` in `folder`, which has to
/// be there.
///
/// # Errors
/// When it cannot be compiled or written.
pub fn prebuild(folder: &Path) -> io::Result<()> {
    let failed = |error| io::Error::other(chain(&error));
    let mut config = compiler_config();
    set_target(&mut config).map_err(failed)?;
    let engine = Engine::new(&config).map_err(failed)?;
    let prepared = plain::prepare(EMBEDDED_GUEST).0;
    let code = engine.precompile_component(&prepared).map_err(failed)?;
    // The code last: without it, the component is of no use.
    fs::write(folder.join("guest.wasm"), EMBEDDED_GUEST)?;
    fs::write(folder.join("guest.code"), code)
}

/// Has code made for processors like the target's rather than for the one at hand.
///
/// # Errors
/// When the compiler knows no such target.
pub fn set_target(config: &mut Config) -> wasmtime::Result<()> {
    config.target(env!("WASMHTTPD_TARGET"))?;
    if cfg!(target_arch = "x86_64") {
        for flag in X86_64_V3 {
            // SAFETY: a flag lets the compiler use instructions; whether a processor has them is
            // asked when the code is loaded.
            unsafe { config.cranelift_flag_enable(flag) };
        }
    }
    Ok(())
}
