//! Components that `wasmhttpd compose` wrote, on the stock wasmtime CLI.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use super::client::{Client, Response};
use super::lines::Lines;
use super::process::Process;
use super::wasmtime::wasmtime;
use super::{DEADLINE, Site};

/// What the component is written to, in the site's folder.
const FILE: &str = "app.wasm";

/// A component that `wasmtime serve` serves. Dropping it ends the process.
pub struct Composed {
    pub site: Site,
    pub stderr: Lines,
    address: SocketAddr,
    child: Child,
}

impl Composed {
    /// Composes with these arguments, and serves the document root of `site`.
    pub fn serve(site: Site, arguments: &[&str]) -> Composed {
        let root = format!("{}::/", site.root().display());
        Composed::serve_folders(site, arguments, &[&root])
    }

    /// Composes with these arguments, and serves these folders: `HOST::NAME` each.
    pub fn serve_folders(site: Site, arguments: &[&str], folders: &[&str]) -> Composed {
        compose(&site, arguments);
        let mut command = command(&site, "serve");
        command.args(["-S", "cli", "--addr", "127.0.0.1:0"]);
        for folder in folders {
            command.args(["--dir", folder]);
        }
        command.arg(FILE).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stderr = Lines::collect(child.stderr.take().expect("piped"), None);
        let line = stderr.wait_for(DEADLINE, |line| line.contains("http://"));
        let address = line
            .as_deref()
            .and_then(|line| line.split_once("http://")?.1.trim_end_matches('/').parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("no address: {}", stderr.text());
        };
        Composed { site, stderr, address, child }
    }

    /// A new connection.
    pub fn client(&self) -> Client {
        Client::of_another_server(self.address)
    }

    /// The answer to a plain GET on a new connection.
    pub fn get(&self, target: &str) -> Response {
        self.client().get(target)
    }

    pub fn process(&self) -> Process {
        Process { id: self.child.id() }
    }

    /// Asserts that a line appears on stderr with all of these words in it.
    pub fn logs(&self, words: &[&str]) {
        let wanted = |line: &str| words.iter().all(|word| line.contains(word));
        let line = self.stderr.wait_for(DEADLINE, wanted);
        assert!(line.is_some(), "no line with {words:?}: {}", self.stderr.text());
    }
}

impl Drop for Composed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("what wasmtime said:\n{}", self.stderr.text());
        }
    }
}

/// A component that `wasmtime run` runs.
pub struct ComposedCommand {
    pub site: Site,
}

/// What it came to.
pub struct Ran {
    pub succeeded: bool,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl ComposedCommand {
    /// Composes with these arguments.
    pub fn new(site: Site, arguments: &[&str]) -> ComposedCommand {
        compose(&site, &[&["--cli"], arguments].concat());
        ComposedCommand { site }
    }

    /// Runs it on `input`, with the document root of its site.
    pub fn run(&self, input: &[u8]) -> Ran {
        let mut command = command(&self.site, "run");
        command.arg("--dir").arg(format!("{}::/", self.site.root().display())).arg(FILE);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // It may end before it has read everything.
        let _ = child.stdin.take().expect("piped").write_all(input);
        let output = child.wait_with_output().expect("a child to wait for");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ran { succeeded: output.status.success(), stdout: output.stdout, stderr }
    }
}

fn compose(site: &Site, arguments: &[&str]) {
    site.run(&[&["compose", "-o", FILE], arguments].concat()).succeeds();
    assert!(site.path(FILE).is_file());
}

/// A command of the CLI, in the folder of a site.
fn command(site: &Site, subcommand: &str) -> Command {
    let mut command = site.wrapped(wasmtime());
    command.arg(subcommand).current_dir(site.path(""));
    // Code that it compiled is kept away from anybody's home.
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    command.env("HOME", &cache).env("XDG_CACHE_HOME", &cache);
    command
}
