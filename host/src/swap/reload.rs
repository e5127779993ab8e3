//! Reading web.conf again while serving.
//!
//! All of it is looked at as at the start, and nothing changes unless all of it is fine: hosts,
//! media types, parameters of the server and of the guest, the guest itself, listeners. Those
//! listeners stay that the new configuration has too. What cannot change without a new process is
//! said.

use std::net::SocketAddr;
use std::sync::Arc;

use super::{Outcome, Swapper};
use crate::config::{Config, Diagnostics, Line, Reference, Settings};
use crate::log::{AccessLogHandle, AccessLogger};
use crate::rehearsal::Report;
use crate::sandbox::Step;
use crate::sandbox::contract::Setting;
use crate::server::{self, Changes, Order};
use crate::startup::{self, Candidate, Found, Loader, Refusal, Source};

/// An address that is listened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// As web.conf has it.
    pub configured: SocketAddr,
    /// The same, with the port that was taken for port 0.
    pub local: SocketAddr,
}

impl Listening {
    /// The addresses of `settings`, which became `locals`, in the same order.
    pub fn all(settings: &Settings, locals: &[SocketAddr]) -> Vec<Listening> {
        let configured = settings.listen.addresses.iter().map(|listen| listen.address);
        let pairs = configured.zip(locals);
        pairs.map(|(configured, local)| Listening { configured, local: *local }).collect()
    }
}

/// A new configuration, and all that it needs.
struct Prepared {
    config: Config,
    loader: Loader,
    /// A guest, unless the serving one goes on.
    candidate: Option<(Candidate, Report)>,
    listening: Vec<Listening>,
    changes: Vec<Changes>,
    access_log: Option<AccessLogHandle>,
    /// What has to wait for a restart.
    left: Vec<&'static str>,
    /// Where web.conf's guest is.
    source: Source,
}

/// What a registry has, or why it is not to be had.
type Pulled = (Reference, Result<Found, Refusal>);

impl Swapper {
    /// Reads web.conf again. What it names in a registry has to be `pulled` already.
    pub(super) fn reload(&mut self, pulled: Option<Pulled>) -> Outcome {
        self.update_status(|status| status.doing = Some("reading web.conf again".into()));
        let reloaded = self.prepare(pulled).map(|prepared| self.change_over(prepared));
        self.conclude("reading web.conf again", reloaded)
    }

    fn prepare(&mut self, pulled: Option<Pulled>) -> Result<Prepared, Refusal> {
        let (mut diagnostics, mut config) = startup::read_config(&self.arguments)
            .map_err(|diagnostics| refusal(Step::Read, &diagnostics))?;
        let left = keep_what_cannot_change(&mut config, &self.config);
        startup::check(&config, |address| self.has_port_of(address), &mut diagnostics);
        let loader = self.loader.renewed(&config.settings, &mut diagnostics);
        let loader = loader.map_err(|error| Refusal::at(Step::Configure, error))?;
        if !diagnostics.is_empty() {
            return Err(refusal(Step::Read, &diagnostics));
        }
        let (source, candidate) = self.load_if_other(&loader, &config, pulled)?;
        let failed = |error: std::io::Error| Refusal::at(Step::Publish, error);
        let candidate = match candidate {
            Some(candidate) => {
                let report = self.rehearse(&candidate, server::roots_beside(&config))?;
                Some((candidate, report))
            }
            None => None,
        };
        let (access_log, logger) = self.open_access_log(&config)?;
        let (listening, mut opened) = self.listen(&config.settings)?;
        let closed: Vec<_> = self
            .listening
            .iter()
            .filter(|old| !listening.contains(old))
            .map(|old| old.local)
            .collect();
        let settings = Arc::new(config.settings.clone());
        let mut changes = Vec::new();
        for _ in 0..config.settings.listen.workers {
            changes.push(Changes {
                settings: Arc::clone(&settings),
                publication: None,
                roots: server::roots(&config).map_err(failed)?,
                access_log: logger.clone(),
                opened: opened.iter_mut().filter_map(Iterator::next).collect(),
                closed: closed.clone(),
            });
        }
        Ok(Prepared { config, loader, candidate, listening, changes, access_log, left, source })
    }

    /// Where the guest of `config` is, and the guest, unless that is what serves.
    fn load_if_other(
        &self,
        loader: &Loader,
        config: &Config,
        pulled: Option<Pulled>,
    ) -> Result<(Source, Option<Candidate>), Refusal> {
        let source = Source::configured(&config.settings);
        let found = match (&source, pulled) {
            (Source::Registry(named), Some((reference, found))) if *named == reference => found,
            (Source::Registry(_), _) => {
                Err(Refusal::at(Step::Pull, "web.conf has changed meanwhile (try again)"))
            }
            _ => loader.read(source.clone()),
        };
        let (source, octets) = found.map_err(|refusal| refusal.of(&source))?;
        let serving = &self.serving.candidate;
        let has = |lines: &[Line], settings: &[Setting]| {
            lines.len() == settings.len()
                && lines
                    .iter()
                    .zip(settings)
                    .all(|(line, setting)| line.name == setting.name && line.value == setting.value)
        };
        let configuration = serving.generation.configuration();
        let is_same = *octets == *serving.octets
            && loader.is_of(&serving.generation)
            && has(&config.media, &configuration.media)
            && has(&config.guest_parameters, &configuration.parameters);
        match is_same {
            true => Ok((source, None)),
            false => match loader.load((source.clone(), octets), config) {
                Ok(candidate) => Ok((source, Some(candidate))),
                Err(refusal) => Err(refusal.of(&source)),
            },
        }
    }

    fn open_access_log(
        &self,
        config: &Config,
    ) -> Result<(Option<AccessLogHandle>, Option<AccessLogger>), Refusal> {
        match &config.settings.log.access_log {
            Some(target)
                if config.settings.log.access_log != self.config.settings.log.access_log =>
            {
                let (logger, handle) = AccessLogger::open(target).map_err(|error| {
                    Refusal::at(Step::Publish, format!("cannot open the access log: {error}"))
                })?;
                Ok((Some(handle), Some(logger)))
            }
            _ => Ok((None, None)),
        }
    }

    /// Whether the port of `address` is this server's, at this address or at another.
    fn has_port_of(&self, address: SocketAddr) -> bool {
        address.port() != 0 && self.listening.iter().any(|it| it.local.port() == address.port())
    }

    /// Binds what is not bound yet: for each such address, a socket for each worker.
    fn listen(
        &self,
        settings: &Settings,
    ) -> Result<(Vec<Listening>, Vec<std::vec::IntoIter<server::Listener>>), Refusal> {
        let (mut listening, mut opened) = (Vec::new(), Vec::new());
        let mut ours = self.listening.clone();
        for listen in &settings.listen.addresses {
            let configured = listen.address;
            let old = ours.iter().position(|old| old.configured == configured);
            if let Some(index) = old {
                listening.push(ours.swap_remove(index));
                continue;
            }
            let cannot = |error: std::io::Error| {
                Refusal::at(Step::Publish, format!("cannot listen on {configured}: {error}"))
            };
            let sockets = match self.has_port_of(configured) {
                true => server::listen_beside(configured, settings.listen.workers),
                false => server::listen(configured, settings.listen.workers),
            };
            let sockets = sockets.map_err(cannot)?;
            let local = sockets.first().map_or(Ok(configured), |socket| socket.local_addr());
            listening.push(Listening { configured, local: local.map_err(cannot)? });
            opened.push(sockets.into_iter());
        }
        Ok((listening, opened))
    }

    fn change_over(&mut self, prepared: Prepared) -> String {
        let Prepared {
            config,
            loader,
            candidate,
            listening,
            mut changes,
            access_log,
            left,
            source,
        } = prepared;
        let new: Vec<_> =
            listening.iter().filter(|new| !self.listening.contains(new)).copied().collect();
        let old: Vec<_> =
            self.listening.iter().filter(|old| !listening.contains(old)).copied().collect();
        if config.settings.log.access_log != self.config.settings.log.access_log {
            self.access_log.replace(access_log);
        }
        self.config = config;
        self.loader = loader;
        self.listening = listening;
        if candidate.is_none() && matches!(source, Source::Registry(_)) {
            // The same component, perhaps by another name.
            self.serving.candidate.source = source.clone();
        }
        let published = candidate.map(|(candidate, report)| self.release(candidate, Some(report)));
        let loaded = self.serving.candidate.octets.clone();
        for change in &mut changes {
            change.publication.clone_from(&published);
        }
        self.crew.tell_each(changes.into_iter().map(|change| Order::Apply(Box::new(change))));
        self.crew.wait();
        self.watch_guest(&loaded);
        self.poll_guest(&source);
        let mut text = match published {
            Some(_) => self.announce(None),
            None => format!("generation {} goes on", self.serving.number),
        };
        for listening in new {
            text += &format!("; listening on http://{}/", listening.local);
        }
        for listening in old {
            text += &format!("; not listening on http://{}/ any more", listening.local);
        }
        for what in left {
            text += &format!("; {what} takes a restart");
        }
        tracing::info!("web.conf was read again: {text}");
        text
    }
}

/// What is part of the process stays as it is. Says what web.conf has otherwise.
fn keep_what_cannot_change(config: &mut Config, old: &Config) -> Vec<&'static str> {
    let (new, old) = (&mut config.settings, &old.settings);
    let mut left = Vec::new();
    if new.listen.workers != old.listen.workers {
        new.listen.workers = old.listen.workers;
        left.push("workers");
    }
    if new.control.socket != old.control.socket {
        new.control.socket.clone_from(&old.control.socket);
        left.push("control");
    }
    left
}

fn refusal(step: Step, diagnostics: &Diagnostics) -> Refusal {
    Refusal { step, complaints: diagnostics.iter().cloned().collect() }
}
