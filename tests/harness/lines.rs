//! The lines that a process writes, collected by a thread of their own.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What a process has written so far on one of its outputs.
#[derive(Clone)]
pub struct Lines {
    written: Arc<(Mutex<Written>, Condvar)>,
}

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    ended: bool,
}

impl Lines {
    /// Reads to the end, or stops and closes the output after the given number of lines.
    pub fn collect(output: impl Read + Send + 'static, stop_after: Option<usize>) -> Lines {
        let lines = Lines { written: Arc::default() };
        let collected = lines.clone();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut octets = Vec::new();
            for count in 1.. {
                octets.clear();
                if !output.read_until(b'\n', &mut octets).is_ok_and(|length| length > 0) {
                    break;
                }
                let line = String::from_utf8_lossy(&octets);
                collected.lock().lines.push(line.trim_end_matches('\n').to_owned());
                collected.written.1.notify_all();
                if Some(count) == stop_after {
                    break;
                }
            }
            drop(output);
            collected.lock().ended = true;
            collected.written.1.notify_all();
        });
        lines
    }

    pub fn all(&self) -> Vec<String> {
        self.lock().lines.clone()
    }

    pub fn text(&self) -> String {
        self.all().join("\n")
    }

    /// The first line that is as wanted, once there is one.
    pub fn wait_for(&self, time: Duration, wanted: impl Fn(&str) -> bool) -> Option<String> {
        let end = Instant::now() + time;
        let mut written = self.lock();
        loop {
            if let Some(line) = written.lines.iter().find(|line| wanted(line)) {
                return Some(line.clone());
            }
            let left = end.saturating_duration_since(Instant::now());
            if written.ended || left.is_zero() {
                return None;
            }
            let waited = self.written.1.wait_timeout(written, left);
            written = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The first so many lines, once there are as many; fewer if the output ends before.
    pub fn first(&self, count: usize, time: Duration) -> Vec<String> {
        let end = Instant::now() + time;
        let mut written = self.lock();
        while written.lines.len() < count && !written.ended {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.written.1.wait_timeout(written, left);
            written = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        written.lines.iter().take(count).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
