//! What workers are told while they serve.
//!
//! Each worker has a queue of orders, which it empties between two turns of its loop, so that no
//! request ever sees half of a change. Whoever gives orders has the [`Crew`].

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};

use mio::Waker;

use super::probation::Probation;
use super::record::Tap;
use crate::config::Settings;
use crate::exchange::Recorded;
use crate::files::Roots;
use crate::log::AccessLogger;
use crate::sandbox::Generation;
use crate::transport::Listener;

/// Longest time for all workers to say something. One that is held up by its disk says nothing.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// A generation that requests are answered by.
pub struct Publication {
    /// Counts the generations of a process, from 1.
    pub number: u64,
    /// The guest and its configuration.
    pub generation: Arc<Generation>,
    /// Where it has yet to prove itself.
    pub probation: Option<Probation>,
}

/// What one worker has to do.
pub enum Order {
    /// Answers every request that begins from now on by this generation.
    Publish(Arc<Publication>),
    /// The same, if generation `number` is what answers by now.
    Replace {
        /// What is not to go on.
        number: u64,
        /// What answers in its place.
        by: Arc<Publication>,
    },
    /// Goes on with another configuration of the host.
    Apply(Box<Changes>),
    /// Passes copies of requests on.
    Tap(Tap),
    /// Says which requests it remembers.
    Recall(Sender<Vec<Recorded>>),
    /// Says, by dropping this, that it has done what it was told before.
    Confirm(Sender<()>),
    /// Finishes what is in flight, and ends.
    Stop,
}

/// What becomes of a worker when web.conf has been read again.
pub struct Changes {
    /// What web.conf says now.
    pub settings: Arc<Settings>,
    /// A generation to go with it.
    pub publication: Option<Arc<Publication>>,
    /// The worker's own.
    pub roots: Roots,
    /// In place of the access log there was.
    pub access_log: Option<AccessLogger>,
    /// New sockets to accept from.
    pub opened: Vec<Listener>,
    /// Addresses that are not listened on any more.
    pub closed: Vec<SocketAddr>,
}

/// All workers of a server.
#[derive(Clone, Default)]
pub struct Crew {
    workers: Vec<(Sender<Order>, Arc<Waker>)>,
}

impl Crew {
    /// Adds a worker that `waker` wakes. It gets its orders from what is returned.
    pub fn add(&mut self, waker: Arc<Waker>) -> Receiver<Order> {
        let (sender, orders) = mpsc::channel();
        self.workers.push((sender, waker));
        orders
    }

    /// Gives each worker the order that `order` makes for it.
    pub fn tell(&self, order: impl FnMut() -> Order) {
        self.tell_each(std::iter::repeat_with(order));
    }

    /// Gives each worker an order of its own.
    pub fn tell_each(&self, orders: impl IntoIterator<Item = Order>) {
        for ((sender, waker), order) in self.workers.iter().zip(orders) {
            // A worker that has ended needs no orders.
            if sender.send(order).is_ok() {
                // Where this fails, the worker takes the order in its next turn.
                let _ = waker.wake();
            }
        }
    }

    /// Has requests answered by `publication`: once this returns, all that begin are. A worker that
    /// is held up does so later.
    pub fn publish(&self, publication: &Arc<Publication>) {
        self.tell(|| Order::Publish(Arc::clone(publication)));
        self.wait();
    }

    /// Waits until the workers have done what they were told.
    pub fn wait(&self) {
        let (sender, confirmed) = mpsc::channel();
        self.tell(|| Order::Confirm(sender.clone()));
        drop(sender);
        // Nothing is ever sent: it ends when all have dropped theirs.
        let _ = confirmed.recv_timeout(ANSWER_TIME);
    }

    /// The requests that the workers remember, each worker's oldest first.
    pub fn recall(&self) -> Vec<Recorded> {
        let (sender, recalled) = mpsc::channel();
        self.tell(|| Order::Recall(sender.clone()));
        drop(sender);
        let end = Instant::now() + ANSWER_TIME;
        let mut all = Vec::new();
        while let Ok(some) = recalled.recv_timeout(end.saturating_duration_since(Instant::now())) {
            all.extend(some);
        }
        all
    }
}
