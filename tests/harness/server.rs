//! The real server, as a process.

use std::net::SocketAddr;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::client::{Client, Response};
use super::lines::Lines;
use super::process::Process;
use super::site::{Site, wait_for_end};
use super::{DEADLINE, wait_until};

/// A running server. Dropping it checks that it still runs, and ends it.
pub struct Server {
    pub site: Site,
    pub addresses: Vec<SocketAddr>,
    pub stdout: Lines,
    pub stderr: Lines,
    child: Child,
    ended: bool,
}

impl Server {
    /// Takes a process that was started on a site, and waits until it listens.
    pub fn started(site: Site, mut child: Child, count: usize, stop_after: Option<usize>) -> Self {
        let stdout = Lines::collect(child.stdout.take().expect("piped"), stop_after);
        let stderr = Lines::collect(child.stderr.take().expect("piped"), None);
        let addresses = Vec::new();
        let mut server = Self { site, addresses, stdout, stderr, child, ended: false };
        let lines = server.stdout.first(count, DEADLINE);
        let addresses = lines.iter().filter_map(|line| {
            let address = line.strip_prefix("listening on http://")?.strip_suffix('/')?;
            address.parse().ok()
        });
        server.addresses = addresses.collect();
        assert_eq!(server.addresses.len(), count, "listening lines expected, not {lines:?}");
        server
    }

    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub fn process(&self) -> Process {
        Process { id: self.child.id() }
    }

    /// A new connection.
    pub fn client(&self) -> Client {
        Client::connect(self.address())
    }

    /// A new connection to one of its addresses, accepted without a request, which takes a second.
    pub fn silent_client(&self, address: SocketAddr) -> Client {
        let before = self.process().descriptors();
        let client = Client::connect(address);
        wait_until("a client that says nothing is accepted", || {
            self.process().descriptors() > before
        });
        client
    }

    /// The answer to a plain GET on a new connection.
    pub fn get(&self, target: &str) -> Response {
        self.client().get(target)
    }

    /// The answer to these octets on a new connection.
    pub fn ask(&self, octets: impl AsRef<[u8]>) -> Response {
        self.client().ask(octets)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a process to signal");
    }

    /// Waits for the end of the process: from now on it need not run.
    pub fn end(&mut self) -> ExitStatus {
        self.ended = true;
        wait_for_end(&mut self.child)
    }

    /// Asserts that a line appears on stderr with all of these words in it.
    pub fn logs(&self, words: &[&str]) -> String {
        let wanted = |line: &str| words.iter().all(|word| line.contains(word));
        let line = self.stderr.wait_for(DEADLINE, wanted);
        line.unwrap_or_else(|| panic!("no line with {words:?} in the log: {}", self.stderr.text()))
    }

    /// Waits until the process has no more descriptors open than it had.
    pub fn frees_descriptors(&self, before: usize) {
        wait_until("all descriptors are closed", || self.process().descriptors() <= before);
    }

    /// Asserts that a new client gets an answer, and soon.
    pub fn serves(&self) {
        let start = Instant::now();
        let status = self.get("/").status;
        assert!(matches!(status, 200 | 404), "a plain request got {status}");
        assert!(start.elapsed() < DEADLINE / 3, "an answer took {:?}", start.elapsed());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let status = if self.ended { None } else { self.child.try_wait().ok().flatten() };
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.stderr.text());
        } else if let Some(status) = status {
            panic!("the server ended by itself ({status}):\n{}", self.stderr.text());
        } else {
            let lines = self.stderr.all();
            let panic = lines
                .iter()
                .find(|line| line.contains("panicked at") && !line.contains("guest says"));
            assert_eq!(panic, None, "in the log");
        }
    }
}
