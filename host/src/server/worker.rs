//! A worker: a thread with its own poll, listeners, connections and guest.
//!
//! A turn of the loop: wait for events; take orders; accept; resume a connection whose directory
//! has been read; let each connection that is ready take a turn; sweep the time limits. Connections
//! that used up their turn go to the back of the queue, and the loop does not wait while there is
//! one.

mod accepting;
mod orders;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use mio::net::TcpListener;
use mio::{Events, Poll, Token, Waker};
use slab::Slab;
use wasmhttpd_http::{Buffers, Timer};

use super::handler::Handler;
use super::journal::Journal;
use super::orders::{Order, Publication};
use super::reader::Reader;
use super::session::{Session, Shell, Turn};
use super::timers::Timers;
use crate::config::Settings;
use crate::files::Roots;

/// Wakes the worker from outside.
const WAKE: Token = Token(usize::MAX);

/// Listeners count down from here, connections up from 0.
const FIRST_LISTENER: usize = usize::MAX - 1;

/// Events taken from the kernel at once: no more than there is room for, in the processor's caches,
/// for what the kernel looked at to tell of them, and looks at again when they are dealt with.
const EVENTS_MAX: usize = 64;

/// See the module.
pub struct Worker {
    poll: Poll,
    listeners: Slab<Listener>,
    connections: Slab<Connection>,
    timers: Timers,
    ready: VecDeque<usize>,
    shell: Shell,
    orders: Receiver<Order>,
    connections_max: usize,
    accept_again: Option<Instant>,
    /// Set once stopping: what is in flight is cut off then.
    stop_at: Option<Instant>,
    /// Told to stop, and not begun to.
    stop_ordered: bool,
    drain: Duration,
}

/// A session, and what the worker knows of it.
struct Connection {
    session: Session,
    /// Waits for its turn.
    queued: bool,
    /// Events tell of it.
    registered: bool,
}

struct Listener {
    socket: TcpListener,
    /// Connections may be waiting.
    ready: bool,
}

impl Worker {
    /// Registers the listeners. `poll` and its `waker` are the worker's own; `orders` come with a
    /// call of the waker.
    ///
    /// # Errors
    /// As the system says.
    pub fn new(
        (poll, waker): (Poll, Arc<Waker>),
        orders: Receiver<Order>,
        listeners: Vec<TcpListener>,
        settings: &Settings,
        (publication, roots): (Arc<Publication>, Roots),
        journal: Journal,
    ) -> io::Result<Worker> {
        let handler = Handler::new(publication, roots);
        let mut worker = Worker {
            poll,
            listeners: Slab::new(),
            connections: Slab::new(),
            timers: Timers::default(),
            ready: VecDeque::new(),
            shell: Shell {
                handler,
                reader: Reader::new(waker),
                buffers: Buffers::default(),
                journal,
                head_octets_max: 0,
                now: Instant::now(),
                stopping: false,
            },
            orders,
            connections_max: 0,
            accept_again: None,
            stop_at: None,
            stop_ordered: false,
            drain: Duration::ZERO,
        };
        worker.set(settings);
        for socket in listeners {
            worker.listen(socket)?;
        }
        Ok(worker)
    }

    /// A poll for a worker, and what wakes it.
    ///
    /// # Errors
    /// As the system says.
    pub fn poll() -> io::Result<(Poll, Arc<Waker>)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        Ok((poll, waker))
    }

    /// Serves until told to stop and all is finished or cut off.
    ///
    /// # Errors
    /// When the system's poll fails.
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_MAX);
        loop {
            match self.poll.poll(&mut events, self.pause()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.shell.now = Instant::now();
            self.take_orders();
            self.shell.handler.begin_turn();
            self.take_turns(&events);
            self.shell.handler.end_turn(self.shell.now);
            if self.stop_at.is_some_and(|at| self.connections.is_empty() || self.shell.now >= at) {
                self.keys().into_iter().for_each(|key| self.close(key));
                return Ok(());
            }
        }
    }

    fn take_turns(&mut self, events: &Events) {
        for event in events {
            self.note(event);
        }
        self.accept();
        self.resume();
        self.serve();
        self.sweep();
        if self.stop_ordered && self.stop_at.is_none() {
            self.begin_stop();
        }
    }

    /// How long to wait for events; none: until there is one.
    fn pause(&self) -> Option<Duration> {
        let accepting = self.accept_again.is_none()
            && self.listeners.iter().any(|(_, listener)| listener.ready);
        if accepting || !self.ready.is_empty() {
            return Some(Duration::ZERO);
        }
        let now = self.shell.now;
        let until = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(now));
        let due = [self.shell.handler.due(), self.shell.reader.due()].map(until);
        [self.timers.pause(now), until(self.accept_again), until(self.stop_at), due[0], due[1]]
            .into_iter()
            .flatten()
            .min()
    }

    fn note(&mut self, event: &mio::event::Event) {
        let Token(token) = event.token();
        if let Some(listener) =
            FIRST_LISTENER.checked_sub(token).and_then(|index| self.listeners.get_mut(index))
        {
            listener.ready = true;
        } else if let Some(connection) = self.connections.get_mut(token) {
            connection.session.became(event);
            self.enqueue(token);
        }
    }

    fn enqueue(&mut self, key: usize) {
        if !std::mem::replace(&mut self.connections[key].queued, true) {
            self.ready.push_back(key);
        }
    }

    /// Has events tell when a connection is ready; one that is ready now is told at once. False: it
    /// cannot be registered.
    fn register(&mut self, key: usize) -> bool {
        let connection = &mut self.connections[key];
        if std::mem::replace(&mut connection.registered, true) {
            return true;
        }
        let registered = connection.session.register(self.poll.registry(), Token(key));
        if let Err(error) = &registered {
            tracing::warn!("a connection is not served: {error}");
        }
        registered.is_ok()
    }

    /// Closes the socket; the kernel forgets the registration with it.
    fn close(&mut self, key: usize) {
        self.timers.remove(key);
        let Connection { mut session, queued, .. } = self.connections.remove(key);
        session.end(&mut self.shell);
        if queued {
            self.ready.retain(|queued| *queued != key);
        }
        // There is a descriptor again.
        self.accept_again = None;
    }

    fn keys(&self) -> Vec<usize> {
        self.connections.iter().map(|(key, _)| key).collect()
    }

    /// The connection that has been idle for longest. If it is queued it is idle no more, perhaps:
    /// its request may have arrived.
    fn oldest_idle(&self) -> Option<usize> {
        self.timers.oldest(Timer::Idle)
    }

    /// Lets a connection go on that waited for a directory which has been read.
    fn resume(&mut self) {
        let Some(read) = self.shell.reader.take() else { return };
        let key = read.key.connection;
        // If that connection has ended, the key is another's by now, or nobody's.
        if let Some(connection) = self.connections.get_mut(key)
            && connection.session.resume(read, &mut self.shell)
        {
            self.take_turn(key);
        }
    }

    /// Lets each connection that is ready take one turn.
    fn serve(&mut self) {
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else { return };
            self.connections[key].queued = false;
            self.take_turn(key);
        }
    }

    fn take_turn(&mut self, key: usize) {
        let progress = match self.connections[key].session.run(&mut self.shell) {
            Turn::Waits { progress } if self.register(key) => progress,
            Turn::UsedUp { progress } => {
                self.enqueue(key);
                progress
            }
            Turn::Waits { .. } | Turn::Over => return self.close(key),
        };
        let Connection { session, queued, .. } = &self.connections[key];
        if self.shell.stopping && session.is_idle() && !queued {
            return self.close(key);
        }
        match session.timer() {
            // The reader keeps the time of those who wait for it.
            Timer::Answer => self.timers.remove(key),
            timer if progress || self.timers.kind(key) != Some(timer) => {
                self.timers.mark(key, timer, self.shell.now);
            }
            _ => {}
        }
    }

    /// Ends what has passed its time limit.
    fn sweep(&mut self) {
        while let Some(key) = self.timers.sweep(self.shell.now) {
            if self.connections[key].session.expire(&mut self.shell) {
                self.take_turn(key);
            } else {
                self.close(key);
            }
        }
        while let Some(key) = self.shell.reader.take_expired(self.shell.now) {
            // It has its ticket, so that the key is still that of its connection.
            self.connections[key.connection].session.give_up(key.stream, &mut self.shell);
            self.take_turn(key.connection);
        }
        self.shell.journal.report(self.shell.handler.common());
    }

    /// Takes what waits to be accepted, closes the listeners, and lets every connection look for
    /// a request once more: an idle one is closed after that.
    fn begin_stop(&mut self) {
        self.stop_at = Some(self.shell.now + self.drain);
        self.shell.stopping = true;
        self.accept_again = None;
        let listening: Vec<_> = self.listeners.iter().map(|(index, _)| index).collect();
        listening.into_iter().for_each(|index| self.close_listener(index));
        self.keys().into_iter().for_each(|key| self.enqueue(key));
        self.serve();
    }
}
