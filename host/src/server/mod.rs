//! The server: sockets, threads, signals, time.
//!
//! The main thread starts the workers and waits for signals; each worker serves its connections on
//! its own, and is told through its queue of [`orders`] what changes. A request goes through
//! [`session`] (the protocol's steps), [`handler`] (guest and files) and [`respond`] (output), and
//! its end is told to the [`journal`].

mod access_log;
mod descriptors;
mod guest_log;
mod handled;
mod handler;
mod journal;
mod orders;
mod probation;
mod reader;
mod record;
mod respond;
mod session;
mod site;
mod stream;
mod stream_key;
mod timers;
mod worker;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::Context as _;
use mio::{Events, Interest, Poll, Token, Waker};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook_mio::v1_0::Signals;

use self::journal::Journal;
use self::worker::Worker;
use crate::config::{Config, DEFAULT_HOST, Settings};
use crate::files::{Keep, Roots};
use crate::log::{AccessLogger, SharedAccessLog};

pub use self::descriptors::raise_descriptor_limit;
pub use self::guest_log::CALLED_FILE;
pub use self::orders::{Changes, Crew, Order, Publication};
pub use self::probation::{Failed, Probation, Terms};
pub use self::record::Tap;
pub use crate::exchange::{Recorded, Seen};
pub use crate::transport::{Listener, listen, listen_beside, probe};

const SIGNAL: Token = Token(0);
const WORKER_ENDED: Token = Token(1);

/// A server that is bound and ready.
pub struct Server {
    workers: Vec<Worker>,
    crew: Crew,
    addresses: Vec<SocketAddr>,
    access_log: SharedAccessLog,
}

impl Server {
    /// Sets up the workers. `listeners` has the sockets of each address, one for each worker.
    ///
    /// # Errors
    /// When the system has no poll to give, or a document root or log cannot be opened any more.
    pub fn new(
        config: &Config,
        publication: &Arc<Publication>,
        listeners: Vec<Vec<Listener>>,
    ) -> anyhow::Result<Server> {
        let settings = &config.settings;
        let access_log = SharedAccessLog::default();
        let logger = match &settings.log.access_log {
            Some(target) => {
                let (logger, handle) =
                    AccessLogger::open(target).context("cannot open the access log")?;
                access_log.replace(Some(handle));
                Some(logger)
            }
            None => None,
        };
        let mut sockets: Vec<_> = listeners.into_iter().map(Vec::into_iter).collect();
        let mut server = Server {
            workers: Vec::new(),
            crew: Crew::default(),
            addresses: Vec::new(),
            access_log,
        };
        for _ in 0..settings.listen.workers {
            let own = sockets.iter_mut().filter_map(Iterator::next).collect();
            let answers = (Arc::clone(publication), roots(config)?);
            let journal = Journal::new(logger.clone());
            let (poll, waker) = Worker::poll()?;
            let orders = server.crew.add(Arc::clone(&waker));
            let worker = Worker::new((poll, waker), orders, own, settings, answers, journal)?;
            server.addresses = worker.addresses()?;
            server.workers.push(worker);
        }
        Ok(server)
    }

    /// The workers, to be told what changes.
    pub fn crew(&self) -> &Crew {
        &self.crew
    }

    /// The access log, to be reopened or replaced.
    pub fn access_log(&self) -> &SharedAccessLog {
        &self.access_log
    }

    /// What is listened on, in the order of the listeners, port 0 resolved.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until SIGTERM or SIGINT, and then until what is in flight has finished or the drain
    /// time is over. A second signal ends the process at once. Each SIGHUP calls `hung_up`.
    /// `signals` are from [`hold_signals`].
    ///
    /// # Errors
    /// When a worker fails.
    pub fn run(self, mut signals: Signals, hung_up: impl Fn()) -> anyhow::Result<()> {
        let mut poll = Poll::new()?;
        signals.add_signal(SIGTERM)?;
        signals.add_signal(SIGINT)?;
        poll.registry().register(&mut signals, SIGNAL, Interest::READABLE)?;
        let ended = Arc::new(Waker::new(poll.registry(), WORKER_ENDED)?);

        let (results, ended_workers) = mpsc::channel();
        let mut running = self.workers.len();
        for (number, worker) in self.workers.into_iter().enumerate() {
            let (results, ended) = (results.clone(), Arc::clone(&ended));
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || {
                    // The main thread outlives the workers, and takes a result before it waits.
                    let _ = results.send(worker.run());
                    let _ = ended.wake();
                })
                .context("cannot start a worker")?;
        }
        announce(&self.addresses);

        let mut stopping = false;
        let mut events = Events::with_capacity(8);
        while running > 0 {
            match poll.poll(&mut events, None) {
                Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                    return Err(error.into());
                }
                _ => {}
            }
            for signal in signals.pending() {
                match signal {
                    SIGUSR1 => self.access_log.reopen(),
                    SIGHUP if stopping => {}
                    SIGHUP => hung_up(),
                    signal if stopping => std::process::exit(128 + signal),
                    _ => {
                        tracing::info!("stopping: what is in flight may finish");
                        stopping = true;
                        self.crew.tell(|| Order::Stop);
                    }
                }
            }
            for result in ended_workers.try_iter() {
                result.context("a worker failed")?;
                running -= 1;
            }
        }
        Ok(())
    }
}

/// From now on, what asks a server that serves for something else does not end the process: it is
/// taken when the server runs. A guest may take long to load.
///
/// # Errors
/// As the system says.
pub fn hold_signals() -> std::io::Result<Signals> {
    Signals::new([SIGUSR1, SIGHUP])
}

/// The document roots of a worker.
///
/// # Errors
/// When one cannot be opened.
pub fn roots(config: &Config) -> std::io::Result<Roots> {
    let Settings { files, listen, .. } = &config.settings;
    let keep = Keep::of_worker(files.freshness_seconds, files.cache_octets, listen.workers);
    open_roots(config, keep)
}

/// Document roots for who looks at files beside the workers, and keeps nothing of them.
///
/// # Errors
/// When one cannot be opened.
pub fn roots_beside(config: &Config) -> std::io::Result<Roots> {
    open_roots(config, Keep::NOTHING)
}

fn open_roots(config: &Config, keep: Keep) -> std::io::Result<Roots> {
    let sites = config.sites.iter().map(|site| (site.name.as_str(), site.root.as_path()));
    Roots::open(sites, DEFAULT_HOST, keep)
}

/// One line for each address, for people and for programs that asked for port 0.
fn announce(addresses: &[SocketAddr]) {
    let mut output = std::io::stdout().lock();
    for address in addresses {
        // Nobody reads it: so be it.
        let _ = writeln!(output, "listening on http://{address}/");
    }
    let _ = output.flush();
}
