//! The configuration of the server itself, as it is for every generation.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::cli::Arguments;
use crate::config::{Config, Settings};
use crate::server::Crew;
use crate::startup::Loader;

/// See the module. A copy is cheap: slow work gets one, as it was when the work began.
#[derive(Clone)]
pub struct Host {
    /// The command line, for when web.conf is read again.
    pub arguments: Arc<Arguments>,
    /// The web.conf in force.
    pub config: Arc<Config>,
    /// Loads guests as that says.
    pub loader: Arc<Loader>,
    /// What is listened on.
    pub listening: Vec<Listening>,
    /// The workers.
    pub crew: Crew,
    /// Called when something happened near the file of web.conf's guest.
    pub file_news: Arc<dyn Fn() + Send + Sync>,
}

/// An address that is listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// As web.conf has it.
    pub configured: SocketAddr,
    /// The same, with the port that was taken for port 0.
    pub local: SocketAddr,
}

impl Listening {
    /// The addresses of `settings`, which became `locals`, in the same order.
    pub fn all(settings: &Settings, locals: &[SocketAddr]) -> Vec<Listening> {
        let configured = settings.listen.addresses.iter().map(|listen| listen.address);
        let pairs = configured.zip(locals);
        pairs.map(|(configured, local)| Listening { configured, local: *local }).collect()
    }
}
