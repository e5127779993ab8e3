//! A new generation's first time: who has seen it fail.
//!
//! Owns the count of clients that a failure has hit, and the decision that it is enough. One client
//! counts once, whatever it sends: nobody can turn a guest out alone. A failure counts once it is
//! known that the generation before answers the request: several clients cannot turn out a guest by
//! what no guest has ever answered. Whoever began the probation asks for that, beside the workers.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::exchange::Recorded;
use crate::sandbox::Generation;

/// Requests that are being asked again at once; further ones do not count.
const ASKED_MAX: usize = 16;

/// See the module.
pub struct Probation {
    terms: Arc<Terms>,
    clients: Arc<Mutex<Clients>>,
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
    /// Called with each request that may count, to find out whether it does. Does not wait.
    pub ask: Box<dyn Fn(Failed) + Send + Sync>,
    /// Called once, with the last failure, when it was enough.
    pub turn_out: Box<dyn Fn(&str) + Send + Sync>,
}

/// A request that a generation on probation failed at.
pub struct Failed {
    /// To be asked of the previous generation.
    pub request: Recorded,
    failure: String,
    client: IpAddr,
    terms: Arc<Terms>,
    clients: Arc<Mutex<Clients>>,
}

#[derive(Default)]
struct Clients {
    /// A request of theirs is being asked again.
    asked: HashSet<IpAddr>,
    failed: HashSet<IpAddr>,
    decided: bool,
}

impl Probation {
    /// Begins.
    pub fn new(terms: Terms) -> Probation {
        Probation { terms: Arc::new(terms), clients: Arc::default() }
    }

    /// Whether it is still going on.
    pub fn lasts(&self, now: Instant) -> bool {
        now < self.terms.ends
    }

    /// The generation that answers a request which failed, where that is wanted.
    pub fn retry(&self) -> Option<&Arc<Generation>> {
        self.terms.retry.then_some(&self.terms.previous)
    }

    /// A call for `peer` failed: for which request, and in which way, `failure` says.
    pub fn failed(&self, peer: IpAddr, failure: impl FnOnce() -> (Recorded, String)) {
        let client = client(peer);
        let mut clients = lock(&self.clients);
        if clients.decided
            || clients.failed.contains(&client)
            || clients.asked.len() >= ASKED_MAX
            || !clients.asked.insert(client)
        {
            return;
        }
        drop(clients);
        let (request, failure) = failure();
        let (terms, clients) = (Arc::clone(&self.terms), Arc::clone(&self.clients));
        (self.terms.ask)(Failed { request, failure, client, terms, clients });
    }
}

impl Failed {
    /// The previous generation answers this request.
    pub fn count(self) {
        let mut clients = lock(&self.clients);
        clients.failed.insert(self.client);
        if clients.failed.len() >= self.terms.clients && !clients.decided {
            clients.decided = true;
            drop(clients);
            (self.terms.turn_out)(&self.failure);
        }
    }
}

impl Drop for Failed {
    fn drop(&mut self) {
        lock(&self.clients).asked.remove(&self.client);
    }
}

fn lock(clients: &Mutex<Clients>) -> MutexGuard<'_, Clients> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
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
