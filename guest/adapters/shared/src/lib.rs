//! What the adapters share: one request, from its head to an answer, on top of WASI.
//!
//! An adapter stands between a guest and a host that knows nothing of guests: it imports the
//! handler, does what wasmhttpd would do for it, and exports what that host calls. This crate has
//! what does not depend on how requests come and answers go:
//!
//! 1. the folders that the host lends ([`folders`]), of which the name of the site picks one;
//! 2. `parse`, the lookup beneath that folder ([`lookup`], [`entries`]), `respond` ([`exchange`]);
//! 3. what the guest returned is checked before it is believed ([`check`]);
//! 4. the content, of which octets of a file are sent piece by piece ([`content`]).
//!
//! What the guest never sees, or fails on, has a page of wasmhttpd's own. On native targets this is
//! empty.
#![cfg_attr(
    not(target_family = "wasm"),
    allow(rustdoc::broken_intra_doc_links, reason = "its modules are not there")
)]

#[cfg(target_family = "wasm")]
pub mod bindings;
#[cfg(target_family = "wasm")]
pub mod check;
#[cfg(target_family = "wasm")]
pub mod content;
#[cfg(target_family = "wasm")]
pub mod entries;
#[cfg(target_family = "wasm")]
pub mod exchange;
#[cfg(target_family = "wasm")]
pub mod folders;
#[cfg(target_family = "wasm")]
pub mod lookup;

/// Largest request head, in octets: what wasmhttpd reads by default.
pub const HEAD_OCTETS_MAX: usize = 16 << 10;

/// Each octet as the character of the same number.
pub fn octets_as_text(octets: &[u8]) -> String {
    match str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => octets.iter().copied().map(char::from).collect(),
    }
}
