//! Logs: written by threads of their own, so that a full disk or a stuck pipe stops nobody.
//!
//! Lines go into a bounded queue. When it is full, lines are dropped and counted, never waited for.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::OFlags;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;

use crate::config::AccessLog;

/// Lines that may wait to be written.
const LINES_MAX: usize = 16 << 10;

/// Starts the log on standard error. Lines still waiting are written when the guard is dropped.
pub fn start(debug: bool) -> WorkerGuard {
    let (writer, guard) = queue(io::stderr());
    let level = if debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(writer)
        .init();
    guard
}

/// The access log: a queue that each worker has a handle of.
#[derive(Clone)]
pub struct AccessLogger {
    queue: NonBlocking,
    /// Dropped lines that were reported, of all handles.
    reported: Arc<AtomicUsize>,
}

/// What the process keeps of the access log.
pub struct AccessLogHandle {
    reopen: Arc<AtomicBool>,
    queue: NonBlocking,
    _guard: WorkerGuard,
}

impl AccessLogger {
    /// Opens the log.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(target: &AccessLog) -> io::Result<(AccessLogger, AccessLogHandle)> {
        let reopen = Arc::new(AtomicBool::new(false));
        let (queue, guard) = match target {
            AccessLog::Output => queue(io::stdout()),
            AccessLog::File { path, .. } => queue(ReopenedFile {
                file: open_to_append(path)?,
                path: path.clone(),
                reopen: Arc::clone(&reopen),
            }),
        };
        let handle = AccessLogHandle { reopen, queue: queue.clone(), _guard: guard };
        Ok((AccessLogger { queue, reported: Arc::default() }, handle))
    }

    /// Whether the log can be written to, without making it.
    ///
    /// # Errors
    /// As the file system says.
    pub fn check(path: &Path) -> io::Result<()> {
        match appending().open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                folder.unwrap_or(Path::new(".")).read_dir().map(drop)
            }
            result => result.map(drop),
        }
    }

    /// Hands over one line, its line feed included.
    pub fn write(&mut self, line: &[u8]) {
        // The queue drops and counts what it has no room for; there is no error to see.
        let _ = self.queue.write_all(line);
    }

    /// Lines dropped because they came faster than they were written, since this was last asked of
    /// any handle.
    pub fn take_dropped(&self) -> usize {
        let dropped = self.queue.error_counter().dropped_lines();
        dropped.saturating_sub(self.reported.swap(dropped, Ordering::Relaxed))
    }
}

impl AccessLogHandle {
    /// Opens the file anew, after the old one was renamed. Lines handed over before may still go
    /// to the old one.
    pub fn reopen(&self) {
        self.reopen.store(true, Ordering::Relaxed);
        // A line of nothing wakes the thread.
        let _ = self.queue.clone().write(b"");
    }
}

/// The access log that is in use, if there is one, for those who reopen it or put another in its
/// place.
#[derive(Clone, Default)]
pub struct SharedAccessLog(Arc<Mutex<Option<AccessLogHandle>>>);

impl SharedAccessLog {
    /// Puts a log in place of the one there is, which is written to its end.
    pub fn replace(&self, handle: Option<AccessLogHandle>) {
        let old = std::mem::replace(&mut *self.lock(), handle);
        drop(old);
    }

    /// See [`AccessLogHandle::reopen`].
    pub fn reopen(&self) {
        if let Some(handle) = &*self.lock() {
            handle.reopen();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<AccessLogHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn queue(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    let writer = Patient(BufWriter::new(writer));
    NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES_MAX).finish(writer)
}

/// Collects lines while more of them wait, and does not fail: octets that cannot be written are
/// lost, and serving goes on.
struct Patient<W: Write>(BufWriter<W>);

impl<W: Write> Write for Patient<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Called when no more lines wait.
        let _ = self.0.flush();
        Ok(())
    }
}

/// A file that is opened anew on demand.
struct ReopenedFile {
    file: File,
    path: PathBuf,
    reopen: Arc<AtomicBool>,
}

impl ReopenedFile {
    fn follow(&mut self) {
        if self.reopen.swap(false, Ordering::Relaxed) {
            match open_to_append(&self.path) {
                Ok(file) => self.file = file,
                Err(error) => {
                    tracing::error!(
                        "cannot reopen the access log {}: {error}",
                        self.path.display()
                    );
                }
            }
        }
    }
}

impl Write for ReopenedFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.follow();
        self.file.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.follow();
        self.file.flush()
    }
}

fn open_to_append(path: &Path) -> io::Result<File> {
    appending().create(true).open(path)
}

/// Not waiting: a FIFO that nobody reads is an error.
fn appending() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.append(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
    options
}
