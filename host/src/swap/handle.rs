//! What other threads hold of the swapper.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Signal, getpid, kill_process};

use super::command::{Command, Outcome, Reply};
use super::event::Event;
use super::guest::Guest;
use super::status::Status;
use super::view::View;
use crate::server::Crew;

/// See the module.
#[derive(Clone)]
pub struct Handle {
    events: Sender<Event>,
    view: SharedView,
    crew: Crew,
}

/// The [`View`] after the last event.
#[derive(Clone)]
pub struct SharedView(Arc<Mutex<View>>);

impl SharedView {
    /// Holds `view`.
    pub fn new(view: View) -> SharedView {
        SharedView(Arc::new(Mutex::new(view)))
    }

    /// Holds `view` from now on.
    pub fn set(&self, view: View) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn read<T>(&self, read: impl FnOnce(&View) -> T) -> T {
        read(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Handle {
    /// For a swapper with these events, this view and these workers.
    pub(super) fn new(events: Sender<Event>, view: SharedView, crew: Crew) -> Handle {
        Handle { events, view, crew }
    }

    /// Sends a command, whose outcome nobody waits for.
    pub fn send(&self, command: Command) {
        // The swapper ends with the process.
        let _ = self.events.send(Event::Command { command, reply: Reply::nowhere() });
    }

    /// Sends a command, and waits for its outcome.
    pub fn ask(&self, command: Command) -> Outcome {
        let (reply, outcome) = mpsc::channel();
        let ended = || vec!["the server is stopping".to_owned()];
        let event = Event::Command { command, reply: Reply::to(reply) };
        self.events.send(event).map_err(|_| ended())?;
        outcome.recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Ends the process as SIGTERM does, whatever is being done.
    pub fn stop(&self) {
        // A process may send signals to itself.
        let _ = kill_process(getpid(), Signal::TERM);
    }

    /// How things stand. Does not wait for the swapper.
    pub fn status(&self) -> Status {
        self.view.read(|view| view.status.clone())
    }

    /// The guest that serves.
    pub fn guest(&self) -> Guest {
        self.view.read(|view| view.guest.clone())
    }

    /// The workers.
    pub fn crew(&self) -> &Crew {
        &self.crew
    }
}
