//! Reading directories beside the loop, for one worker.
//!
//! Owns the thread that reads, the queue before it and the results behind it. Whoever asks gets a
//! [`Ticket`], which is all that ties a result to a request: a result whose ticket is gone belongs
//! to nobody, and what was asked for with it is not read, or not to its end. How long a request may
//! wait is limited here, for each request: others of its connection may go on meanwhile.
//!
//! The thread starts with the first directory. Both queues are bounded, so that no number of
//! requests takes more than so many descriptors and so much memory.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use std::{io, thread};

use mio::Waker;

use super::stream_key::StreamKey;
use crate::files::{Directory, Entries, Trouble};

/// Directories that wait to be read, besides the one that is being read; a further one is refused.
const QUEUE_MAX: usize = 64;

/// Results that wait for the worker. It takes one in a turn, so that others have their turns
/// between two; the thread waits meanwhile, since each result may be large.
const RESULTS_MAX: usize = 1;

/// Requests whose time is kept, of which those that nobody waits for any more are forgotten beyond
/// this: more than can wait at a time.
const WAITS_KEPT_MAX: usize = 4 * QUEUE_MAX;

/// See the module.
pub struct Reader {
    entries_max: usize,
    timeout: Duration,
    /// In the order of their beginning, which is that of their end too.
    waits: VecDeque<Wait>,
    /// Ends the worker's wait when there is a result.
    waker: Arc<Waker>,
    thread: Option<Thread>,
}

/// Both ends of the thread.
struct Thread {
    jobs: SyncSender<Job>,
    results: Receiver<Read>,
}

/// The right to a result. Dropping it tells the thread that the result is not wanted any more.
#[derive(Debug)]
pub struct Ticket(Arc<()>);

/// A request that waits, if its ticket is there still.
struct Wait {
    since: Instant,
    key: StreamKey,
    ticket: Weak<()>,
}

struct Job {
    key: StreamKey,
    entries_max: usize,
    ticket: Weak<()>,
    directory: Directory,
}

/// A directory that has been read, or could not be.
pub struct Read {
    /// The request that it was asked for, if that has the ticket still.
    pub key: StreamKey,
    pub entries: Result<Entries, Trouble>,
    ticket: Weak<()>,
}

impl Reader {
    /// Wakes the worker with `waker`.
    pub fn new(waker: Arc<Waker>) -> Reader {
        Reader {
            entries_max: 0,
            timeout: Duration::ZERO,
            waits: VecDeque::new(),
            waker,
            thread: None,
        }
    }

    /// Reads up to so many entries of each directory from now on; none at first.
    pub fn set_entries_max(&mut self, entries_max: usize) {
        self.entries_max = entries_max;
    }

    /// Has a request wait for this long from now on, those that wait already too.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// Has `directory` read for the request `key`, which waits from `now` on.
    ///
    /// # Errors
    /// [`Trouble::Busy`] when too many directories wait already, or there is no thread to be had.
    pub fn read(
        &mut self,
        key: StreamKey,
        directory: Directory,
        now: Instant,
    ) -> Result<Ticket, Trouble> {
        let thread = match &self.thread {
            Some(thread) => thread,
            None => self.thread.insert(self.start().map_err(|error| {
                tracing::warn!("a directory is not read: {error}");
                Trouble::Busy
            })?),
        };
        let ticket = Arc::new(());
        let entries_max = self.entries_max;
        let job = Job { key, entries_max, ticket: Arc::downgrade(&ticket), directory };
        thread.jobs.try_send(job).map_err(|_| Trouble::Busy)?;
        if self.waits.len() >= WAITS_KEPT_MAX {
            self.waits.retain(|wait| wait.ticket.strong_count() > 0);
        }
        self.waits.push_back(Wait { since: now, key, ticket: Arc::downgrade(&ticket) });
        Ok(Ticket(ticket))
    }

    fn start(&self) -> io::Result<Thread> {
        let (jobs, waiting) = sync_channel(QUEUE_MAX);
        let (done, results) = sync_channel(RESULTS_MAX);
        let waker = Arc::clone(&self.waker);
        thread::Builder::new()
            .name("reader".into())
            .spawn(move || read_all(&waiting, &done, &waker))?;
        Ok(Thread { jobs, results })
    }

    /// When to look for a request that has waited for too long; none if nobody waits.
    pub fn due(&self) -> Option<Instant> {
        Some(self.waits.front()?.since + self.timeout)
    }

    /// A request that has waited for too long, and has its ticket still; none when there are no
    /// more.
    pub fn take_expired(&mut self, now: Instant) -> Option<StreamKey> {
        while let Some(Wait { since, key, ticket }) = self.waits.front() {
            let (key, is_wanted) = (*key, ticket.strong_count() > 0);
            if is_wanted && *since + self.timeout > now {
                return None;
            }
            self.waits.pop_front();
            if is_wanted {
                return Some(key);
            }
        }
        None
    }

    /// A result, if there is one. The waker is woken after each: with one look in every turn of
    /// the loop none is overlooked.
    pub fn take(&self) -> Option<Read> {
        self.thread.as_ref()?.results.try_recv().ok()
    }
}

impl Read {
    /// Whether `ticket` gives the right to this.
    pub fn is_for(&self, ticket: &Ticket) -> bool {
        // No other ticket can have this address while there is a weak reference to it.
        self.ticket.as_ptr() == Arc::as_ptr(&ticket.0)
    }
}

/// Reads until the worker is no more.
fn read_all(jobs: &Receiver<Job>, results: &SyncSender<Read>, waker: &Waker) {
    for Job { key, entries_max, ticket, directory } in jobs {
        let is_wanted = || ticket.strong_count() > 0;
        if !is_wanted() {
            continue;
        }
        let entries = directory.read(entries_max, is_wanted);
        drop(directory);
        if results.send(Read { key, entries, ticket }).is_err() {
            return;
        }
        // Where this fails, the result is taken in the worker's next turn.
        let _ = waker.wake();
    }
}
