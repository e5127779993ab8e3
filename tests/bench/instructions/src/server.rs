//! A server that is counted: started under a counter, asked, and ended, so that the counter writes
//! its file.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal};

use crate::counter::Counter;
use crate::site::Site;

/// A server that does not listen, or end, within this time has failed: valgrind makes it fifty
/// times as slow.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often it is asked whether it listens or has ended: most have no other way to say so.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// How often it is told to end: nginx misses a signal that comes just before it waits.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Connections that a server takes, idle ones among them.
const CONNECTIONS: &str = "16000";

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The one that this is about.
    Wasmhttpd,
    /// A peer.
    Lighttpd,
    /// A peer.
    Nginx,
}

impl Kind {
    /// What there is to compare with.
    pub const PEERS: [Kind; 2] = [Kind::Lighttpd, Kind::Nginx];

    /// Its name, which is its program's.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Wasmhttpd => "wasmhttpd",
            Kind::Lighttpd => "lighttpd",
            Kind::Nginx => "nginx",
        }
    }

    /// The configuration that the comparison of speed uses, and what is said besides: nothing is
    /// looked at again while it is counted, and nothing ends by the clock, which counting slows
    /// down.
    fn configuration(self) -> String {
        match self {
            Kind::Wasmhttpd => {
                include_str!("../../servers/web.conf").to_owned()
                    + "parameter file-freshness 3600\nparameter head-timeout 3600\n\
                       parameter send-timeout 3600\nparameter guest-deadline 10000\n\
                       parameter guest-memory 16M\n"
            }
            Kind::Lighttpd => include_str!("../../servers/lighttpd.conf").to_owned(),
            Kind::Nginx => {
                "master_process off;\n".to_owned() + include_str!("../../servers/nginx.conf")
            }
        }
    }

    fn arguments(self, file: &Path) -> Vec<String> {
        let file = file.display().to_string();
        let arguments: &[&str] = match self {
            Kind::Wasmhttpd => &["-c", &file],
            Kind::Lighttpd => &["-D", "-f", &file],
            // Its log, too, would else be where only root may write.
            Kind::Nginx => &["-p", ".", "-e", "stderr", "-c", &file],
        };
        arguments.iter().map(ToString::to_string).collect()
    }

    fn user_line(self) -> &'static str {
        match self {
            Kind::Nginx if rustix::process::geteuid().is_root() => "user root root;",
            _ => "",
        }
    }
}

/// A program that can be started on a site.
#[derive(Debug, Clone)]
pub struct Program {
    /// Which server it is.
    pub kind: Kind,
    /// Where it is.
    pub path: PathBuf,
}

impl Program {
    /// Starts it under a counter, has it asked, and ends it. Returns what the counter has written.
    ///
    /// # Errors
    /// When it does not start or end, or an answer is wrong; with what it said.
    pub fn count(
        &self,
        counter: Counter,
        site: &Site,
        ask: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
    ) -> anyhow::Result<String> {
        let folder = tempfile::tempdir_in(site.path()).context("no folder for a server")?;
        let (mut command, counted) = counter.around(&self.path, folder.path())?;
        let address = free_address()?;
        let file = folder.path().join("configuration");
        fs::write(&file, self.configuration(site, folder.path(), address))
            .context("a configuration cannot be written")?;
        let said = folder.path().join("said");
        let output = fs::File::create(&said).context("a log cannot be written")?;
        command
            .args(self.kind.arguments(&file))
            .current_dir(folder.path())
            .env("HOME", site.path());
        let errors = output.try_clone().context("a log")?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let asked = run(&mut command, address, ask);
        let said = || fs::read_to_string(&said).unwrap_or_default();
        asked.with_context(|| format!("{}: it said: {}", self.kind.name(), said()))?;
        fs::read_to_string(&counted).with_context(|| format!("no counts; it said: {}", said()))
    }

    fn configuration(&self, site: &Site, folder: &Path, address: SocketAddr) -> String {
        self.kind
            .configuration()
            .replace("@FOLDER@", &folder.display().to_string())
            .replace(&format!("{}/code", folder.display()), &site.code().display().to_string())
            .replace("@ROOT@", &site.root().display().to_string())
            .replace("@PORT@", &address.port().to_string())
            .replace("@CONNECTIONS@", CONNECTIONS)
            .replace("@DESCRIPTORS@", "32000")
            .replace("@IDLE_SECONDS@", "3600")
            .replace("@USER@", self.kind.user_line())
    }
}

fn run(
    command: &mut Command,
    address: SocketAddr,
    ask: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut child = Running(command.spawn().context("it cannot be run")?);
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        if let Some(status) = child.0.try_wait().context("a child")? {
            bail!("it ended with {status}");
        }
        ensure!(Instant::now() < deadline, "it does not listen");
        thread::sleep(ASK_EVERY);
    }
    ask(address)?;
    child.end()
}

/// A process that is ended, whatever happens.
struct Running(Child);

impl Running {
    /// Ends it in an orderly way: the counter writes at its end.
    fn end(mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut told = None;
        while self.0.try_wait().context("a child")?.is_none() {
            ensure!(Instant::now() < deadline, "it does not end");
            if told.is_none_or(|told: Instant| told.elapsed() > TELL_EVERY) {
                for process in self.processes() {
                    // It may have ended by now.
                    let _ = rustix::process::kill_process(process, Signal::TERM);
                }
                told = Some(Instant::now());
            }
            thread::sleep(ASK_EVERY);
        }
        Ok(())
    }

    /// The server, which is the child itself, or a child of strace.
    fn processes(&self) -> Vec<Pid> {
        let own = Pid::from_child(&self.0);
        let id = self.0.id();
        let children =
            fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
        let children =
            children.split_whitespace().filter_map(|child| Pid::from_raw(child.parse().ok()?));
        let children: Vec<Pid> = children.collect();
        if children.is_empty() { vec![own] } else { children }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// An address that nobody listens on. Somebody else might take it before it is used: then the
/// server says so.
fn free_address() -> anyhow::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .context("no port of 127.0.0.1 is free")
}
