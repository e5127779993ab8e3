//! What workers and the main thread tell each other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Shared by all threads of a server.
#[derive(Debug, Default)]
pub struct Control {
    stopping: AtomicBool,
    /// Open connections of all workers.
    connections: AtomicUsize,
}

impl Control {
    /// Asks every worker to stop; they take note when they are woken.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Whether workers should stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Open connections.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// A connection was opened.
    pub fn opened(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection was closed.
    pub fn closed(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
