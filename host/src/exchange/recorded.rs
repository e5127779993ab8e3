//! A request that can be asked again: all that an answer depends on.

use std::net::IpAddr;

use crate::sandbox::contract::{Context, Found};
use crate::sandbox::ip_address;

/// A request, and what its answer depended on.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// As received.
    pub head: Vec<u8>,
    /// The client.
    pub peer: IpAddr,
    /// When, in seconds since the Unix epoch.
    pub now: u64,
    /// The number of the generation that answered it.
    pub number: u64,
    /// What was found.
    pub seen: Seen,
}

/// What was found for a request.
#[derive(Debug, Clone, Default)]
pub enum Seen {
    /// Nothing was looked for.
    #[default]
    Unasked,
    /// This.
    Found(Found),
    /// The entries of a directory, which are too many to keep.
    Entries,
}

impl Seen {
    /// What is kept of `found`.
    #[inline]
    pub fn of(found: &Found) -> Seen {
        match found {
            Found::Directory(_) => Seen::Entries,
            kept => Seen::Found(kept.clone()),
        }
    }
}

impl Recorded {
    /// What a guest is told besides the head.
    pub fn context(&self) -> Context {
        context(self.peer, self.now)
    }
}

/// What a guest is told of a request besides its head: the client, and the time in seconds since
/// the Unix epoch. No connection is secure.
#[inline]
pub fn context(peer: IpAddr, now: u64) -> Context {
    Context { peer: ip_address(peer), secure: false, now }
}
