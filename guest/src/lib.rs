//! The default guest of wasmhttpd: everything HTTP says about a request for a static site.
//!
//! It owns no socket, file or clock. The host passes the head of a request (`parse`), looks for the
//! files that it is told to look for, and passes what it found (`respond`). Both are pure functions
//! of [`site::Site`], written against the types of [`contract`] and tested on any target; only
//! `bindings` and the lower half of [`heap`] are about WebAssembly.
//!
//! From a head to an answer, in the order of the work: [`memo`], [`request`] ([`head`],
//! [`framing`], [`authority`], [`target`], [`path`], [`refusal`]), [`site`], [`conditional`],
//! [`range`], [`media`], [`response`]; and below all of them [`field`], [`octet`] and [`date`].

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod authority;
pub mod conditional;
pub mod contract;
pub mod date;
pub mod field;
pub mod framing;
pub mod head;
pub mod heap;
pub mod media;
pub mod memo;
pub mod octet;
pub mod path;
pub mod range;
pub mod refusal;
pub mod request;
pub mod response;
pub mod settings;
pub mod site;
pub mod target;

#[cfg(target_family = "wasm")]
mod bindings;
