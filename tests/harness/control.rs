//! A server told what to do while it serves, by the real `wasmhttpd ctl`.

use serde_json::Value;

use super::server::Server;
use super::site::Finished;
use super::wait_until;

/// The socket, in the site's folder.
pub const SOCKET: &str = "ctl.sock";

impl Server {
    /// Runs `wasmhttpd ctl` with these words.
    pub fn ctl(&self, words: &[&str]) -> Finished {
        let arguments: Vec<_> = ["ctl", "--socket", SOCKET].iter().chain(words).copied().collect();
        self.site.run(&arguments)
    }

    /// Swaps the guest for this file of the site's folder. Returns what is said of it.
    pub fn swap(&self, file: &str) -> String {
        self.ctl(&["swap", file]).succeeds().stdout
    }

    pub fn status(&self) -> Value {
        let text = self.ctl(&["status", "--json"]).succeeds().stdout;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text:?}"))
    }

    /// The number of the generation that serves.
    pub fn generation(&self) -> u64 {
        self.status()["generation"].as_u64().expect("a number")
    }

    /// Waits until a generation serves. Of a new one the status tells a moment before all workers
    /// have it, and the log when they do.
    pub fn waits_for_generation(&self, number: u64) {
        let line = format!("generation {number} serves");
        wait_until(&line, || self.generation() == number && self.count_logged(&[&line]) > 0);
    }

    /// How many lines of the log have all of these words in them.
    pub fn count_logged(&self, words: &[&str]) -> usize {
        let lines = self.stderr.all();
        lines.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
    }
}
