//! A new generation's first time: who has seen it fail.
//!
//! Owns the count of clients that a failure has hit, and the decision that it is enough. One client
//! counts once, whatever it sends: nobody can turn a guest out alone.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::sandbox::Generation;

/// See the module.
pub struct Probation {
    terms: Terms,
    /// Emptied when the decision has been made.
    failed: Mutex<Option<HashSet<IpAddr>>>,
}

/// What is at stake.
pub struct Terms {
    /// What requests are answered by in place of a generation that failed.
    pub previous: Arc<Generation>,
    /// When it has been passed.
    pub ends: Instant,
    /// So many distinct clients turn it out.
    pub clients: usize,
    /// Whether a request that failed is answered by the previous generation.
    pub retry: bool,
    /// Called once, with the last failure, when it was enough.
    pub turn_out: Box<dyn Fn(String) + Send + Sync>,
}

impl Probation {
    /// Begins.
    pub fn new(terms: Terms) -> Probation {
        Probation { terms, failed: Mutex::new(Some(HashSet::new())) }
    }

    /// Whether it is still going on.
    pub fn lasts(&self, now: Instant) -> bool {
        now < self.terms.ends
    }

    /// The generation that answers a request which failed, where that is wanted.
    pub fn retry(&self) -> Option<&Arc<Generation>> {
        self.terms.retry.then_some(&self.terms.previous)
    }

    /// A call for `peer` failed, in the way `failure` says.
    pub fn failed(&self, peer: IpAddr, failure: impl FnOnce() -> String) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(clients) = failed.as_mut() else { return };
        clients.insert(client(peer));
        if clients.len() >= self.terms.clients {
            *failed = None;
            drop(failed);
            (self.terms.turn_out)(failure());
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 that an IPv6 host has to itself.
fn client(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(network.into())
        }
        ipv4 => ipv4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_network() {
        let client = |peer: &str| client(peer.parse().expect("an address")).to_string();
        assert_eq!(client("127.0.0.1"), "127.0.0.1");
        assert_eq!(client("::ffff:127.0.0.1"), "127.0.0.1");
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
