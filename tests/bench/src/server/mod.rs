//! A server that runs: started with its configuration, waited for, ended.
//!
//! [`Plan::command`] is the one way to make the command that starts a server. [`Server::start`]
//! runs that command as it is; the package `instructions` runs it under a program that counts.

mod kind;
mod process;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::client::Client;
use crate::machine::Machine;

pub use self::kind::Kind;
pub use self::process::{Process, end, spawn};

/// A server that does not listen within this time has failed.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// How often a server that starts is asked whether it listens: most have no other way to say so.
const ASK_EVERY: Duration = Duration::from_millis(5);

/// How long an idle connection is kept, in seconds: longer than any case takes.
const IDLE_SECONDS: usize = 3600;

/// How a server is started: the settings that all measurements share are in the templates of
/// [`Kind::configuration`], the others are fields here.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Which one.
    pub kind: Kind,
    /// Its program.
    pub program: &'a Path,
    /// Where its configuration and its log go, a folder for each server.
    pub folder: PathBuf,
    /// Where wasmhttpd keeps compiled code.
    pub code: PathBuf,
    /// The document root.
    pub root: PathBuf,
    /// Connections that it has to hold.
    pub connections: usize,
    /// Open files that it may have.
    pub descriptors: u64,
    /// Lines after those of the template.
    pub lines: &'a [&'a str],
    /// Arguments after those that name the configuration.
    pub arguments: Vec<String>,
}

/// A server that listens. Dropping it ends it.
#[derive(Debug)]
pub struct Server {
    /// Which one.
    pub kind: Kind,
    /// Where it listens.
    pub address: SocketAddr,
    process: Process,
}

impl Server {
    /// Starts it on a free port of loopback, on its core, and waits until it listens.
    ///
    /// # Errors
    /// When it does not; with what it said.
    pub fn start(machine: &Machine, plan: &Plan<'_>) -> anyhow::Result<Server> {
        Server::try_start(machine, plan)
            .with_context(|| format!("{} does not start", plan.kind.name()))
    }

    fn try_start(machine: &Machine, plan: &Plan<'_>) -> anyhow::Result<Server> {
        fs::create_dir_all(&plan.folder).context("its folder cannot be made")?;
        let address = free_address()?;
        let command = plan.command(address.port())?;
        let log = plan.folder.join("log");
        let process = Process::start(command, &machine.server_core, &log)?;
        let mut server = Server { kind: plan.kind, address, process };
        server.wait_until_it_listens(machine)?;
        Ok(server)
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    fn wait_until_it_listens(&mut self, machine: &Machine) -> anyhow::Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            machine.check_interrupted()?;
            let Err(error) = Client::connect(self.address) else {
                return Ok(());
            };
            if let Some(status) = self.process.ended()? {
                bail!("it ended with {status} and said: {}", self.process.said());
            }
            if Instant::now() > deadline {
                bail!("{error:#}; it said: {}", self.process.said());
            }
            thread::sleep(ASK_EVERY);
        }
    }
}

impl Plan<'_> {
    /// The command that serves on this port.
    ///
    /// # Errors
    /// When its configuration cannot be written.
    pub fn command(&self, port: u16) -> anyhow::Result<Command> {
        let mut command = Command::new(self.program);
        // What it keeps for its user goes there, too.
        command.current_dir(&self.folder).env("HOME", &self.folder);
        for variable in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
            command.env_remove(variable);
        }
        if let Some((name, template)) = self.kind.configuration() {
            let mut text = self.fill(template, port);
            for line in self.lines {
                text = text + line + "\n";
            }
            let file = self.folder.join(name);
            fs::write(&file, text).with_context(|| format!("{}", file.display()))?;
            self.kind.configure(&mut command, &file);
        }
        command.args(self.arguments.iter().map(|argument| self.fill(argument, port)));
        Ok(command)
    }

    /// Puts values in place of the names between `@`.
    fn fill(&self, template: &str, port: u16) -> String {
        template
            .replace("@FOLDER@", &self.folder.to_string_lossy())
            .replace("@CODE@", &self.code.to_string_lossy())
            .replace("@ROOT@", &self.root.to_string_lossy())
            .replace("@PORT@", &port.to_string())
            .replace("@CONNECTIONS@", &self.connections.to_string())
            .replace("@DESCRIPTORS@", &self.descriptors.to_string())
            .replace("@IDLE_SECONDS@", &IDLE_SECONDS.to_string())
            .replace("@USER@\n", self.kind.user_line())
    }
}

/// An address with a free port. If another process takes the port before the server does, the
/// server says so, and the run fails.
///
/// # Errors
/// When no port is free.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .context("no port of 127.0.0.1 is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_between_at_signs_is_known() {
        for kind in [Kind::PEERS.as_slice(), &[Kind::Wasmhttpd]].concat() {
            let template = kind
                .configuration()
                .map_or_else(|| kind.arguments().join("\n"), |(_, template)| template.to_owned());
            assert!(template.contains("@PORT@") && template.contains("@ROOT@"), "{kind:?}");
            let plan = Plan {
                kind,
                program: Path::new("server"),
                folder: "/folder".into(),
                code: "/code".into(),
                root: "/root".into(),
                connections: 1000,
                descriptors: 4000,
                lines: &[],
                arguments: Vec::new(),
            };
            let filled = plan.fill(&template, 8080);
            assert!(!filled.contains('@') && filled.contains("8080"), "{filled}");
        }
    }
}
