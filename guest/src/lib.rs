//! The default guest of wasmhttpd: everything HTTP says about a request for a static site.
//!
//! It owns no socket, file or clock. The host passes the head of a request (`parse`), looks for the
//! files that it is told to look for, and passes what it found (`respond`). Both are pure functions
//! of [`site::Site`], written against the types of [`contract`] and tested on any target. Nothing
//! here is about WebAssembly: that is the SDK's, with which a few lines make a component of a site.
//!
//! From a head to an answer, in the order of the work: [`memo`], [`request`] ([`head`],
//! [`framing`], [`authority`], [`target`], [`path`], [`refusal`]), [`site`], [`redirects`],
//! [`negotiation`], [`candidates`], [`conditional`], [`range`], [`media`], [`representation`],
//! [`listing`], [`page`], [`extra`]; and below all of them [`pattern`], [`field`], [`octet`],
//! [`block`] and [`date`]. The parameters of web.conf are [`settings`]; [`answer`] is for those who
//! put rules of their own in front of a site.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod answer;
pub mod authority;
pub mod block;
pub mod candidates;
pub mod conditional;
pub mod contract;
pub mod date;
pub mod extra;
pub mod field;
pub mod framing;
pub mod head;
pub mod listing;
pub mod media;
pub mod memo;
pub mod negotiation;
pub mod octet;
pub mod page;
pub mod path;
pub mod pattern;
pub mod range;
pub mod redirects;
pub mod refusal;
pub mod representation;
pub mod request;
pub mod settings;
pub mod site;
pub mod target;
