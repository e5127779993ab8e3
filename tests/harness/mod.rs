//! What the tests share: a site in a folder of its own, the real server on it, and clients that
//! read what is on the wire.
//!
//! Every wait has a deadline, and what is waited for is a condition, never an amount of time. The
//! deadlines are for a slow and busy machine: a test that passes does not come near them.

pub mod artifact;
mod askers;
mod bomb;
mod client;
mod composed;
mod control;
pub mod document;
mod editions;
pub mod liar;
mod lines;
pub mod load;
mod packages;
mod process;
mod registry;
mod server;
pub mod shell;
mod site;
mod tiny;
mod wasmtime;

use std::thread;
use std::time::{Duration, Instant};

pub use artifact::Artifact;
pub use askers::Askers;
pub use bomb::bomb;
pub use client::{Client, Lost, Response};
pub use composed::{Composed, ComposedCommand};
pub use editions::{edition, editions};
pub use liar::{Liar, Then, Told};
pub use packages::{Packages, shell, shell_command};
pub use process::{Process, cpu_while, shell_limit};
pub use registry::Registry;
pub use server::Server;
pub use site::{Finished, Site, age, rename, without_file_privileges, write};
pub use tiny::Tiny;
pub use wasmtime::{find_wasmtime, wasmtime};

/// How long anything may take that should happen at once.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often a condition is looked at.
const POLL_PERIOD: Duration = Duration::from_millis(5);

pub const KIB: usize = 1024;
pub const MIB: usize = 1024 * KIB;

/// Returns once the condition holds; a test failure, named after `what`, when it never does.
pub fn wait_until(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_within(DEADLINE, condition), "waited {DEADLINE:?} in vain until {what}");
}

/// Whether the condition comes to hold before the time is over.
pub fn holds_within(time: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + time;
    while !condition() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(POLL_PERIOD);
    }
    true
}

/// Says that a test is not done here, as this machine cannot or nobody asked for it, and why.
pub fn skip(why: &str) {
    let name = thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped {name}: {why}");
}

/// Says that a test is not done for want of something that can be installed. Where the environment
/// variable WASMHTTPD_TOOLS is `required`, as `.ci/run` sets it, that is a failure.
pub fn missing(what: &str) {
    let is_required = std::env::var("WASMHTTPD_TOOLS").is_ok_and(|word| word == "required");
    assert!(!is_required, "missing: {what}");
    skip(what);
}

/// Octets of which every run of a few tells where it was, for files.
pub fn pattern(length: usize) -> Vec<u8> {
    let word = |index: u32| index.wrapping_mul(0x9e37_79b1).to_le_bytes();
    (0..).flat_map(word).take(length).collect()
}
