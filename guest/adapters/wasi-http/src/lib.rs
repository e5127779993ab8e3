//! Serves a guest and a folder on any host of wasi:http.
//!
//! The host has read the request already: its head is put together again from what is told of it,
//! which is not the octets that came. The host frames the answer, too. Everything between is the
//! crate `adapter`. On native targets this is empty.

#[cfg(target_family = "wasm")]
mod request;
#[cfg(target_family = "wasm")]
mod response;
