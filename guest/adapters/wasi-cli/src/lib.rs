//! Answers one request on standard input, for shells and fuzzers.
//!
//! Standard output gets the whole answer: its status-line, its fields and its content. Nothing in
//! it depends on the time, except what the guest makes of it. What is wrong is told on standard
//! error, and by the exit status. On native targets this is empty.

#[cfg(target_family = "wasm")]
mod command;
