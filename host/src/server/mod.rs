//! The server: sockets, threads, signals, time.
//!
//! The main thread starts the workers and waits for signals; each worker serves its connections on
//! its own. A request goes through [`session`] (socket), [`crate::http`] (state), [`handler`]
//! (guest and files) and back.

mod access_log;
mod content;
mod control;
mod guest_log;
mod handler;
mod io;
mod listener;
mod reader;
mod session;
mod timers;
mod words;
mod worker;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread;

use anyhow::Context as _;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook_mio::v1_0::Signals;

use self::access_log::AccessLog;
use self::control::Control;
use self::handler::Handler;
use self::worker::Worker;
use crate::config::Config;
use crate::log::{AccessLogHandle, AccessLogger};
use crate::sandbox::Generation;

pub use self::listener::{listen, probe};
pub use self::worker::raise_descriptor_limit;

const SIGNAL: Token = Token(0);
const WORKER_ENDED: Token = Token(1);

/// A server that is bound and ready.
pub struct Server {
    workers: Vec<Worker>,
    wakers: Vec<Arc<Waker>>,
    addresses: Vec<SocketAddr>,
    control: Arc<Control>,
    access_log: Option<AccessLogHandle>,
}

impl Server {
    /// Sets up the workers. `listeners` has the sockets of each address, one for each worker.
    ///
    /// # Errors
    /// When the system has no poll to give, or a document root or log cannot be opened any more.
    pub fn new(
        config: &Config,
        generation: &Arc<Generation>,
        listeners: Vec<Vec<TcpListener>>,
    ) -> anyhow::Result<Server> {
        let settings = &config.settings;
        let (logger, access_log) = match &settings.access_log {
            Some(target) => {
                let (logger, handle) =
                    AccessLogger::open(target).context("cannot open the access log")?;
                (Some(logger), Some(handle))
            }
            None => (None, None),
        };
        let control = Arc::new(Control::default());
        let mut sockets: Vec<_> = listeners.into_iter().map(Vec::into_iter).collect();
        let mut server = Server {
            workers: Vec::new(),
            wakers: Vec::new(),
            addresses: Vec::new(),
            control: Arc::clone(&control),
            access_log,
        };
        for _ in 0..settings.workers {
            let own = sockets.iter_mut().filter_map(Iterator::next).collect();
            let handler = Handler::new(config, Arc::clone(generation))?;
            let log = logger.clone().map(AccessLog::new);
            let (worker, waker) = Worker::new(own, settings, handler, log, Arc::clone(&control))?;
            server.addresses = worker.addresses()?;
            server.workers.push(worker);
            server.wakers.push(waker);
        }
        Ok(server)
    }

    /// Serves until SIGTERM or SIGINT, and then until what is in flight has finished or the drain
    /// time is over. A second signal ends the process at once.
    ///
    /// # Errors
    /// When a worker fails.
    pub fn run(self) -> anyhow::Result<()> {
        let mut poll = Poll::new()?;
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGUSR1])?;
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
                    SIGUSR1 => {
                        if let Some(log) = &self.access_log {
                            log.reopen();
                        }
                    }
                    signal if self.control.is_stopping() => std::process::exit(128 + signal),
                    _ => {
                        tracing::info!("stopping: what is in flight may finish");
                        self.control.stop();
                        for waker in &self.wakers {
                            waker.wake()?;
                        }
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

/// One line for each address, for people and for programs that asked for port 0.
fn announce(addresses: &[SocketAddr]) {
    let mut output = std::io::stdout().lock();
    for address in addresses {
        // Nobody reads it: so be it.
        let _ = writeln!(output, "listening on http://{address}/");
    }
    let _ = output.flush();
}
