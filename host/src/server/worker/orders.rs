//! What a worker does when it is told something: between two turns of its loop.

use std::time::Duration;

use wasmhttpd_http::Timer;

use super::{Listener, Worker};
use crate::config::Settings;
use crate::server::journal::Journal;
use crate::server::orders::{Changes, Order};

/// Longest time for a peer to take note that nothing more comes (RFC 9112, section 9.6).
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);

/// Room for octets of the next request behind the longest head.
const READ_AHEAD_OCTETS: usize = 1 << 10;

impl Worker {
    /// Does what the worker has been told since the last turn.
    pub(super) fn take_orders(&mut self) {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Publish(publication) => self.shell.handler.site().publish(publication),
                Order::Replace { number, by } => {
                    let site = self.shell.handler.site();
                    if site.number() == number {
                        site.publish(by);
                    }
                }
                Order::Apply(changes) => self.apply(*changes),
                Order::Tap(tap) => self.shell.handler.site().add_tap(tap),
                Order::Recall(sender) => {
                    // Who asked may have given up.
                    let _ = sender.send(self.shell.handler.site().recall());
                }
                Order::Confirm(sender) => drop(sender),
                Order::Stop => self.stop_ordered = true,
            }
        }
    }

    /// Goes by `settings` from now on: all of them that a worker goes by, at the start and whenever
    /// web.conf was read again.
    pub(super) fn set(&mut self, settings: &Settings) {
        self.timers.set_durations(durations(settings));
        self.connections_max = connections_max(settings);
        self.drain = settings.limits.drain;
        let shell = &mut self.shell;
        shell.handler.set(settings);
        shell.reader.set_entries_max(settings.files.listing_entries_max);
        shell.reader.set_timeout(settings.limits.send_timeout);
        shell.buffers.resize_inputs(settings.limits.head_octets_max + READ_AHEAD_OCTETS);
        shell.head_octets_max = settings.limits.head_octets_max;
    }

    fn apply(&mut self, changes: Changes) {
        let Changes { settings, publication, roots, access_log, opened, closed } = changes;
        self.set(&settings);
        let shell = &mut self.shell;
        shell.handler.set_roots(roots);
        if let Some(publication) = publication {
            shell.handler.site().publish(publication);
        }
        match (access_log, &settings.log.access_log) {
            (Some(logger), _) => shell.journal = Journal::new(Some(logger)),
            (None, None) => shell.journal = Journal::new(None),
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
}

fn durations(settings: &Settings) -> impl Fn(Timer) -> Duration {
    |timer| match timer {
        Timer::Idle => settings.limits.idle_timeout,
        Timer::Head => settings.limits.head_timeout,
        Timer::Answer | Timer::Send => settings.limits.send_timeout,
        Timer::Linger => LINGER_TIMEOUT,
    }
}

/// A worker's share.
fn connections_max(settings: &Settings) -> usize {
    settings.limits.connections.div_ceil(settings.listen.workers)
}
