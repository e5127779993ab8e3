//! What the main thread tells the workers.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by all threads of a server.
#[derive(Debug, Default)]
pub struct Control {
    stopping: AtomicBool,
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
}
