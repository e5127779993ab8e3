//! What the swapper is asked to do, and what it answers.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

use super::guest::Guest;
use super::pulls::Arrival;
use super::status::Status;
use super::turn_out::TurnedOut;
use crate::config::GuestPlace;
use crate::server::Crew;

/// What happened, in a line; or why nothing did, in lines.
pub type Outcome = Result<String, Vec<String>>;

/// Something for the swapper to do.
pub enum Job {
    /// Replace the guest.
    Swap {
        /// By this one.
        guest: GuestPlace,
    },
    /// Read web.conf again.
    Reload,
    /// Go back to the guest before this one.
    Rollback,
    /// Take note of a generation that was turned out.
    TakeNote,
    /// Something happened near the guest's file.
    Look,
    /// A registry gave what it was asked for, or did not.
    Arrived(Arrival),
    /// Run a candidate beside the serving guest.
    Shadow {
        /// The candidate.
        guest: GuestPlace,
        /// One in so many requests.
        every: u64,
    },
    /// End the candidate that runs beside.
    EndShadow,
    /// Let the candidate that runs beside serve.
    Promote,
}

/// A job, and who waits for its outcome.
pub struct Order {
    /// What to do.
    pub job: Job,
    /// Nobody may be waiting.
    pub reply: Option<Sender<Outcome>>,
}

/// What is known of how things stand.
#[derive(Default)]
pub(super) struct Board {
    pub status: Status,
    /// Decided, though the swapper has yet to take note.
    pub turned_out: Vec<TurnedOut>,
}

/// What others hold of the swapper.
#[derive(Clone)]
pub struct Handle {
    pub(super) orders: Sender<Order>,
    pub(super) board: Arc<Mutex<Board>>,
    pub(super) guest: Arc<Mutex<Guest>>,
    pub(super) crew: Crew,
}

impl Handle {
    /// Has a job done, sooner or later.
    pub fn send(&self, job: Job) {
        // The swapper ends with the process.
        let _ = self.orders.send(Order { job, reply: None });
    }

    /// Has a job done, and waits for what comes of it.
    pub fn ask(&self, job: Job) -> Outcome {
        let (reply, outcome) = mpsc::channel();
        let ended = || vec!["the server is stopping".to_owned()];
        self.orders.send(Order { job, reply: Some(reply) }).map_err(|_| ended())?;
        outcome.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Ends the process as SIGTERM does, whatever is being done.
    pub fn stop(&self) {
        // A process may send signals to itself.
        let _ = kill_process(getpid(), Signal::TERM);
    }

    /// How things stand. Does not wait for a job that is being done.
    pub fn status(&self) -> Status {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).status.clone()
    }

    /// The guest that serves.
    pub fn guest(&self) -> Guest {
        self.guest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The workers.
    pub fn crew(&self) -> &Crew {
        &self.crew
    }
}
