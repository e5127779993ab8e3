//! `wasmhttpd ctl`: telling a server that serves what to do.
//!
//! The server has a Unix socket that only its own user may use ([`Server`]); `ctl` connects, sends
//! one request and prints what comes back ([`run`]). Both sides speak JSON, a message a line, and
//! are the same program: the messages are nobody else's interface.

mod client;
mod server;

use serde::{Deserialize, Serialize};

use crate::config::GuestPlace;
use crate::swap::{Limits, Status};

pub use client::run;
pub use server::Server;

/// Longest message that either side reads, in octets.
const MESSAGE_OCTETS_MAX: u64 = 1 << 20;

/// What `ctl` asks for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Request {
    Status,
    Swap(GuestPlace),
    Reload,
    Rollback,
    Shadow {
        #[serde(flatten)]
        guest: GuestPlace,
        every: u64,
    },
    EndShadow,
    Promote,
    Capture {
        count: u64,
        whole: bool,
    },
    Guest,
    Stop,
}

/// What the server answers; all but the first two end the exchange.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reply {
    /// Nothing yet.
    Wait,
    /// To be printed.
    Line(String),
    /// It is done: to be printed.
    Done(String),
    /// It is not done: why.
    Refused(Vec<String>),
    Status(Box<Status>),
    /// The guest's configuration, and what it may use; so many octets of component follow.
    Guest {
        octets: u64,
        media: Vec<Setting>,
        parameters: Vec<Setting>,
        limits: Limits,
    },
}

/// A line of web.conf for the guest.
#[derive(Debug, Serialize, Deserialize)]
struct Setting {
    line: u32,
    name: String,
    value: String,
}
