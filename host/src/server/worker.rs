//! A worker: a thread with its own poll, listeners, connections and guest.
//!
//! A turn of the loop: wait for events; take orders; accept; resume a connection whose directory
//! has been read; let each connection that is ready take a turn; sweep the time limits. Connections
//! that used up their turn go to the back of the queue, and the loop does not wait while there is
//! one.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use rustix::io::Errno;
use slab::Slab;

use super::access_log::AccessLog;
use super::handler::Handler;
use super::orders::{Changes, Order};
use super::reader::Reader;
use super::session::{Session, Shell, Turn};
use super::timers::Timers;
use crate::config::Settings;
use crate::http::{Buffers, Timer};

/// Wakes the worker from outside.
const WAKE: Token = Token(usize::MAX);

/// Listeners count down from here, connections up from 0.
const FIRST_LISTENER: usize = usize::MAX - 1;

/// Events taken from the kernel at once: no more than there is room for, in the processor's caches,
/// for what the kernel looked at to tell of them, and looks at again when they are dealt with.
const EVENTS_MAX: usize = 64;

/// Connections accepted in one turn, of each listener.
const TURN_ACCEPTS_MAX: u32 = 64;

/// Turns of accepting when the server stops: as many connections as the kernel may hold for a
/// listener.
const STOP_ACCEPT_TURNS_MAX: u32 = 64;

/// Accepting rests for this long when the system has no descriptor or memory left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Longest time for a peer to take note that nothing more comes (RFC 9112, section 9.6).
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);

/// Room for octets of the next request behind the longest head.
const READ_AHEAD_OCTETS: usize = 1 << 10;

/// See the module.
pub struct Worker {
    poll: Poll,
    listeners: Slab<Listener>,
    sessions: Slab<Session>,
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

struct Listener {
    socket: TcpListener,
    /// Connections may be waiting.
    ready: bool,
}

/// Why accepting ended for now.
enum Accepted {
    /// Nothing is waiting.
    All,
    /// The turn is used up.
    UsedUp,
    /// There is no room for another connection.
    Full,
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
        handler: Handler,
        access_log: Option<AccessLog>,
    ) -> io::Result<Worker> {
        let mut worker = Worker {
            poll,
            listeners: Slab::new(),
            sessions: Slab::new(),
            timers: Timers::new(durations(settings)),
            ready: VecDeque::new(),
            shell: Shell {
                handler,
                reader: Reader::new(settings.listing_entries_max, Arc::clone(&waker)),
                buffers: Buffers::new(settings.head_octets_max + READ_AHEAD_OCTETS),
                access_log,
                head_octets_max: settings.head_octets_max,
                now: Instant::now(),
                stopping: false,
            },
            orders,
            connections_max: connections_max(settings),
            accept_again: None,
            stop_at: None,
            stop_ordered: false,
            drain: settings.drain,
        };
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

    fn listen(&mut self, mut socket: TcpListener) -> io::Result<()> {
        let entry = self.listeners.vacant_entry();
        let token = Token(FIRST_LISTENER - entry.key());
        self.poll.registry().register(&mut socket, token, Interest::READABLE)?;
        entry.insert(Listener { socket, ready: true });
        Ok(())
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
            if self.stop_at.is_some_and(|at| self.sessions.is_empty() || self.shell.now >= at) {
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

    /// Does what the worker has been told since the last turn.
    fn take_orders(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Publish(publication) => self.shell.handler.publish(publication),
                Order::Replace { number, by } => {
                    if self.shell.handler.number() == number {
                        self.shell.handler.publish(by);
                    }
                }
                Order::Apply(changes) => self.apply(*changes),
                Order::Tap(tap) => self.shell.handler.add_tap(tap),
                Order::Recall(sender) => {
                    // Who asked may have given up.
                    let _ = sender.send(self.shell.handler.recall());
                }
                Order::Confirm(sender) => drop(sender),
                Order::Stop => self.stop_ordered = true,
            }
        }
    }

    fn apply(&mut self, changes: Changes) {
        let Changes { settings, publication, roots, access_log, opened, closed } = changes;
        self.timers.set_durations(durations(&settings));
        self.connections_max = connections_max(&settings);
        self.drain = settings.drain;
        let shell = &mut self.shell;
        shell.handler.apply(&settings, roots);
        if let Some(publication) = publication {
            shell.handler.publish(publication);
        }
        shell.reader.set_entries_max(settings.listing_entries_max);
        shell.buffers.resize_inputs(settings.head_octets_max + READ_AHEAD_OCTETS);
        shell.head_octets_max = settings.head_octets_max;
        match (access_log, &settings.access_log) {
            (Some(logger), _) => shell.access_log = Some(AccessLog::new(logger)),
            (None, None) => shell.access_log = None,
            (None, Some(_)) => {}
        }
        if self.stop_at.is_some() {
            return;
        }
        // Chosen before there are new ones, which may have the same address.
        let leaves = |listener: &Listener| {
            listener.socket.local_addr().is_ok_and(|address| closed.contains(&address))
        };
        let left: Vec<_> =
            self.listeners.iter().filter(|(_, it)| leaves(it)).map(|(index, _)| index).collect();
        for socket in opened {
            if let Err(error) = self.listen(socket) {
                tracing::error!("a worker cannot accept on a new address: {error}");
            }
        }
        left.into_iter().for_each(|index| self.close_listener(index));
    }

    /// Takes what waits to be accepted, and closes a listener.
    fn close_listener(&mut self, index: usize) {
        for _ in 0..STOP_ACCEPT_TURNS_MAX {
            if !matches!(self.accept_from(index), Accepted::UsedUp) {
                break;
            }
        }
        self.listeners.remove(index);
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
        let due = self.shell.handler.due();
        [self.timers.pause(now), until(self.accept_again), until(self.stop_at), until(due)]
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
        } else if let Some(session) = self.sessions.get_mut(token) {
            session.became(event);
            self.enqueue(token);
        }
    }

    fn enqueue(&mut self, key: usize) {
        let session = &mut self.sessions[key];
        if !std::mem::replace(&mut session.queued, true) {
            self.ready.push_back(key);
        }
    }

    fn accept(&mut self) {
        match self.accept_again {
            Some(at) if self.shell.now < at => return,
            _ => self.accept_again = None,
        }
        for index in 0..self.listeners.capacity() {
            if self.listeners.get(index).is_some_and(|listener| listener.ready) {
                match self.accept_from(index) {
                    Accepted::All => self.listeners[index].ready = false,
                    Accepted::UsedUp => {}
                    Accepted::Full => {
                        self.accept_again = Some(self.shell.now + ACCEPT_PAUSE);
                        return;
                    }
                }
            }
        }
    }

    fn accept_from(&mut self, index: usize) -> Accepted {
        for _ in 0..TURN_ACCEPTS_MAX {
            let is_full = self.sessions.len() >= self.connections_max;
            let oldest = match self.oldest_idle() {
                None if is_full => return Accepted::Full,
                Some(key) if is_full && self.sessions[key].queued => return Accepted::UsedUp,
                oldest => oldest,
            };
            match self.listeners[index].socket.accept() {
                Ok((socket, peer)) => {
                    if is_full && let Some(key) = oldest {
                        self.close(key);
                    }
                    self.open(socket, peer.ip());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Accepted::All,
                // Files that were kept open have made room.
                Err(error) if is_exhausted(&error) && self.shell.handler.let_go() => {}
                Err(error) if is_exhausted(&error) => match oldest {
                    None => {
                        tracing::warn!("accepting rests: {error}");
                        return Accepted::Full;
                    }
                    Some(key) if self.sessions[key].queued => return Accepted::UsedUp,
                    Some(key) => self.close(key),
                },
                // That connection failed before it was accepted; the next one need not.
                Err(_) => {}
            }
        }
        Accepted::UsedUp
    }

    /// Takes a connection on. Its first octets are there already, as a rule: it is registered once
    /// it has to wait, and many a connection never has.
    fn open(&mut self, socket: TcpStream, peer: IpAddr) {
        let entry = self.sessions.vacant_entry();
        let key = entry.key();
        entry.insert(Session::new(key, socket, peer));
        self.timers.mark(key, Timer::Idle, self.shell.now);
        self.enqueue(key);
    }

    /// Has events tell when a connection is ready; one that is ready now is told at once. False: it
    /// cannot be registered.
    fn register(&mut self, key: usize) -> bool {
        let session = &mut self.sessions[key];
        if std::mem::replace(&mut session.registered, true) {
            return true;
        }
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.registry().register(session.socket(), Token(key), interest);
        if let Err(error) = &registered {
            tracing::warn!("a connection is not served: {error}");
        }
        registered.is_ok()
    }

    /// Closes the socket; the kernel forgets the registration with it.
    fn close(&mut self, key: usize) {
        self.timers.remove(key);
        let mut session = self.sessions.remove(key);
        session.log_streamed(&mut self.shell);
        if session.queued {
            self.ready.retain(|queued| *queued != key);
        }
        // There is a descriptor again.
        self.accept_again = None;
    }

    fn keys(&self) -> Vec<usize> {
        self.sessions.iter().map(|(key, _)| key).collect()
    }

    /// The connection that has been idle for longest. If it is queued it is idle no more, perhaps:
    /// its request may have arrived.
    fn oldest_idle(&self) -> Option<usize> {
        self.timers.oldest(Timer::Idle)
    }

    /// Lets a connection go on that waited for a directory which has been read.
    fn resume(&mut self) {
        let Some(read) = self.shell.reader.take() else { return };
        let key = read.key;
        // If that connection has ended, the key is another's by now, or nobody's.
        if let Some(session) = self.sessions.get_mut(key)
            && session.resume(read, &mut self.shell)
        {
            self.take_turn(key);
        }
    }

    /// Lets each connection that is ready take one turn.
    fn serve(&mut self) {
        for _ in 0..self.ready.len() {
            let Some(key) = self.ready.pop_front() else { return };
            self.sessions[key].queued = false;
            self.take_turn(key);
        }
    }

    fn take_turn(&mut self, key: usize) {
        let session = &mut self.sessions[key];
        let progress = match session.run(&mut self.shell) {
            Turn::Waits { progress } if self.register(key) => progress,
            Turn::UsedUp { progress } => {
                self.enqueue(key);
                progress
            }
            Turn::Waits { .. } | Turn::Over => return self.close(key),
        };
        let session = &self.sessions[key];
        if self.shell.stopping && session.is_idle() && !session.queued {
            return self.close(key);
        }
        let timer = session.timer();
        if progress || self.timers.kind(key) != Some(timer) {
            self.timers.mark(key, timer, self.shell.now);
        }
    }

    /// Ends what has passed its time limit.
    fn sweep(&mut self) {
        while let Some(key) = self.timers.sweep(self.shell.now) {
            if self.sessions[key].expire(&mut self.shell) {
                self.take_turn(key);
            } else {
                self.close(key);
            }
        }
        if let Some(log) = &mut self.shell.access_log {
            let dropped = log.take_dropped(self.shell.handler.common().seconds());
            if dropped > 0 {
                tracing::warn!(
                    "{dropped} lines of the access log were dropped: it is not written fast enough"
                );
            }
        }
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

    /// The listeners' addresses, port 0 resolved.
    ///
    /// # Errors
    /// As the system says.
    pub fn addresses(&self) -> io::Result<Vec<std::net::SocketAddr>> {
        self.listeners.iter().map(|(_, listener)| listener.socket.local_addr()).collect()
    }
}

fn durations(settings: &Settings) -> impl Fn(Timer) -> Duration {
    |timer| match timer {
        Timer::Idle => settings.timeout,
        Timer::Head => settings.head_timeout,
        Timer::Answer | Timer::Send => settings.send_timeout,
        Timer::Linger => LINGER_TIMEOUT,
    }
}

/// A worker's share.
fn connections_max(settings: &Settings) -> usize {
    settings.connections.div_ceil(settings.workers)
}

/// Whether the system has no descriptor or memory left.
fn is_exhausted(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    error.raw_os_error().is_some_and(|code| exhausted.contains(&Errno::from_raw_os_error(code)))
}

/// Raises the limit of open descriptors as far as the system lets an unprivileged process; returns
/// it.
pub fn raise_descriptor_limit() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // Where it is refused, the limit stays what it was; accepting copes with it.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current
}
