//! Connections that have had an answer each and ask for nothing more.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, ensure};

use crate::client::Client;
use crate::machine::Machine;

/// Connections from one source address; then comes the next one. Each has about 28,000 ports.
const PER_SOURCE: usize = 4_000;

/// The first source address. Those of other clients are of 127.0.0.1.
const FIRST_SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// So many connections. Dropping them closes them.
#[derive(Debug)]
pub struct IdleConnections {
    clients: Vec<Client>,
}

impl IdleConnections {
    /// Opens `count` of them, and asks once on each.
    ///
    /// # Errors
    /// When the server takes less, or an answer has another status than `status`.
    pub fn open(
        machine: &Machine,
        address: SocketAddr,
        count: usize,
        head: &[u8],
        status: u16,
    ) -> anyhow::Result<IdleConnections> {
        let mut clients = Vec::with_capacity(count);
        for number in 0..count {
            machine.check_interrupted()?;
            let source = u32::from(FIRST_SOURCE) + (number / PER_SOURCE) as u32;
            let open = || {
                let mut client = Client::connect_from(source.into(), address)?;
                let answer = client.ask(head)?;
                ensure!(answer.status == status, "status {}, not {status}", answer.status);
                Ok(client)
            };
            let client = open().with_context(|| format!("idle connection {}", number + 1))?;
            clients.push(client);
        }
        Ok(IdleConnections { clients })
    }

    /// Asserts that all of them are still open.
    ///
    /// # Errors
    /// When one is not.
    pub fn check_open(&self) -> anyhow::Result<()> {
        self.clients.iter().try_for_each(Client::check_quiet)
    }
}
