//! The swapper's thread. For each event it has the [`Dispatcher`] decide, publishes the new status,
//! and carries out the effects, in this order.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use super::dispatcher::Dispatcher;
use super::event::Event;
use super::guest::Guest;
use super::handle::{Handle, SharedView};
use super::host::{Host, Listening};
use super::lineage::{Lineage, Moment};
use super::poll::Poll;
use super::state::State;
use super::watch::{self, Watch};
use crate::cli::Arguments;
use crate::log::SharedAccessLog;
use crate::server::{Crew, Publication, Server};
use crate::startup::Plan;

/// See the module.
pub struct Swapper {
    dispatcher: Dispatcher,
    events: Receiver<Event>,
    /// For slow work, which ends in an event.
    sender: Sender<Event>,
    view: SharedView,
    crew: Crew,
    access_log: SharedAccessLog,
}

/// The first generation. It is on no probation: there is none to go back to.
pub fn first_publication(plan: &Plan) -> Arc<Publication> {
    let generation = Arc::clone(&plan.candidate.generation);
    Arc::new(Publication { number: 1, generation, probation: None })
}

impl Swapper {
    /// Starts the swapper of `server`, which was made by `plan` with its first publication.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub fn start(arguments: &Arguments, plan: Plan, server: &Server) -> std::io::Result<Handle> {
        let Plan { config, loader, candidate } = plan;
        let (sender, events) = mpsc::channel();
        let now = Moment::now();
        let news = sender.clone();
        let host = Host {
            arguments: Arc::new(arguments.clone()),
            listening: Listening::all(&config.settings, server.addresses()),
            config: Arc::new(config),
            loader: Arc::new(loader),
            crew: server.crew().clone(),
            file_news: Arc::new(move || {
                // The swapper ends with the process.
                let _ = news.send(Event::FileNews);
            }),
        };
        tracing::info!("generation 1 serves: {}", candidate.source);
        let lineage = first_lineage(Guest::new(candidate, &host.config), &host, now);
        let state = State::new(lineage, host, sender.clone());
        let dispatcher = Dispatcher::new(state, sender.clone());
        let view = SharedView::new(dispatcher.view(now.instant));
        let crew = server.crew().clone();
        let handle = Handle::new(sender.clone(), view.clone(), crew.clone());
        let access_log = server.access_log().clone();
        let swapper = Swapper { dispatcher, events, sender, view, crew, access_log };
        thread::Builder::new().name("swapper".into()).spawn(move || swapper.run())?;
        Ok(handle)
    }

    fn run(mut self) {
        loop {
            let event = match self.events.recv_timeout(self.dispatcher.pause(Instant::now())) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => Event::Tick,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = Moment::now();
            let effects = self.dispatcher.handle(event, now);
            self.view.set(self.dispatcher.view(now.instant));
            for effect in effects {
                effect.carry_out(&self.crew, &self.access_log, &self.sender);
            }
        }
    }
}

/// The lineage of a server that starts, with the watch or the poll of its guest.
fn first_lineage(guest: Guest, host: &Host, now: Moment) -> Lineage {
    let settings = &host.config.settings;
    let watch = watch::wanted(settings).map(|path| {
        let news = Arc::clone(&host.file_news);
        Watch::since(path, guest.octets(), &host.loader, move || news())
    });
    let poll = Poll::new(settings, guest.source(), now.instant);
    let mut lineage = Lineage::new(guest, now);
    lineage.set_watch(watch);
    lineage.set_poll(poll);
    lineage
}
