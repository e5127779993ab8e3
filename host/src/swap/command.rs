//! Commands to the swapper, and their outcomes.

use std::sync::mpsc::Sender;

use crate::config::GuestPlace;

/// What was done, in a line; or why nothing was done, in lines.
pub type Outcome = Result<String, Vec<String>>;

/// What an operator, or a signal, has the swapper do.
pub enum Command {
    /// Replace the guest.
    Swap {
        /// By this one.
        guest: GuestPlace,
    },
    /// Read web.conf again.
    Reload,
    /// Publish the previous generation again.
    Rollback,
    /// Run a candidate beside the serving guest.
    Shadow {
        /// The candidate.
        guest: GuestPlace,
        /// It gets one in this many requests.
        every: u64,
    },
    /// End the candidate that runs beside the serving guest.
    EndShadow,
    /// Publish the candidate that runs beside the serving guest.
    Promote,
}

/// Where the outcome of a command is sent.
pub struct Reply(Option<Sender<Outcome>>);

impl Reply {
    /// To a thread that waits for it.
    pub fn to(waiting: Sender<Outcome>) -> Reply {
        Reply(Some(waiting))
    }

    /// Nowhere: the log has it.
    pub fn nowhere() -> Reply {
        Reply(None)
    }

    /// Sends the outcome.
    pub fn send(self, outcome: Outcome) {
        if let Some(waiting) = self.0 {
            // The thread may have ended.
            let _ = waiting.send(outcome);
        }
    }
}
