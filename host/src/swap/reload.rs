//! Reading web.conf again while serving.
//!
//! All of it is checked as at the start, and nothing changes unless all of it is fine: hosts, media
//! types, parameters of the server and of the guest, the guest itself, listeners. Listeners that
//! the new configuration has, too, stay. The outcome names what cannot change without a restart.
//!
//! Owns the slow work of a reload: [`read_again`] in the stage Load, [`open`] in the stage Open.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use super::guest::Guest;
use super::host::{Host, Listening};
use super::stage::Loaded;
use super::watch::{self, Watch};
use crate::config::{Config, Diagnostics, Line, Reference, Settings};
use crate::log::{AccessLogHandle, AccessLogger};
use crate::sandbox::Step;
use crate::sandbox::contract::Setting;
use crate::server::{self, Changes};
use crate::startup::{self, Candidate, Found, Loader, Octets, Refusal, Source};
use crate::transport;

/// A web.conf that was read again.
#[derive(Clone)]
pub struct Reload {
    /// What it says.
    pub config: Arc<Config>,
    /// Loads guests as it says.
    pub loader: Arc<Loader>,
    /// Where its guest is.
    pub source: Source,
    /// What has to wait for a restart.
    pub left: Vec<&'static str>,
}

/// All that is opened before a new web.conf is in force.
pub struct Opened {
    /// All listeners, those that stay included.
    pub listening: Vec<Listening>,
    /// For each worker.
    pub changes: Vec<Changes>,
    /// The access log from then on, if it is another one. `Some(None)`: there is none.
    pub access_log: Option<Option<AccessLogHandle>>,
    /// The watch from then on, if it is another one. `Some(None)`: there is none.
    pub watch: Option<Option<Watch>>,
}

/// Reads web.conf again, and loads its guest unless that is `serving`. A guest from a registry has
/// to be `pulled` before.
///
/// # Errors
/// All that is wrong with web.conf, or the first thing that is wrong with its guest.
pub fn read_again(
    host: &Host,
    serving: &Guest,
    pulled: Option<(Reference, Found)>,
) -> Result<Loaded<Candidate, Reload>, Refusal> {
    let (mut diagnostics, mut config) = startup::read_config(&host.arguments)
        .map_err(|diagnostics| refusal(Step::Read, &diagnostics))?;
    let left = keep_what_cannot_change(&mut config, &host.config);
    startup::check(&config, |address| has_port_of(host, address), &mut diagnostics);
    let loader = host.loader.renewed(&config.settings, &mut diagnostics);
    let loader = loader.map_err(|error| Refusal::at(Step::Configure, error))?;
    if !diagnostics.is_empty() {
        return Err(refusal(Step::Read, &diagnostics));
    }
    let source = Source::configured(&config.settings);
    let found = match (&source, pulled) {
        (Source::Registry(named), None) => {
            return Ok(Loaded::Elsewhere(named.clone(), loader.puller().clone()));
        }
        (Source::Registry(named), Some((reference, found))) if *named == reference => Ok(found),
        (Source::Registry(_), Some(_)) => {
            Err(Refusal::at(Step::Pull, "web.conf has changed meanwhile (try again)"))
        }
        _ => loader.read(source.clone()),
    };
    let (source, octets) = found.map_err(|refusal| refusal.of(&source))?;
    let candidate = match is_serving(serving, &octets, &loader, &config) {
        true => None,
        false => {
            let loaded = loader.load((source.clone(), octets), &config);
            Some(loaded.map_err(|refusal| refusal.of(&source))?)
        }
    };
    let (config, loader) = (Arc::new(config), Arc::new(loader));
    Ok(Loaded::Config { reload: Reload { config, loader, source, left }, candidate })
}

/// Whether `serving` is this component, loaded by `loader` for `config`.
fn is_serving(serving: &Guest, octets: &Octets, loader: &Loader, config: &Config) -> bool {
    let has = |lines: &[Line], settings: &[Setting]| {
        lines.len() == settings.len()
            && lines
                .iter()
                .zip(settings)
                .all(|(line, setting)| line.name == setting.name && line.value == setting.value)
    };
    let configuration = serving.generation().configuration();
    **octets == **serving.octets()
        && loader.is_of(serving.generation())
        && has(&config.media, &configuration.media)
        && has(&config.guest_parameters, &configuration.parameters)
}

/// Opens what `reload` needs. `guest` is the component that will serve; `watched` is the file that
/// is watched so far.
///
/// # Errors
/// What cannot be opened.
pub fn open(
    host: &Host,
    reload: &Reload,
    guest: &Octets,
    watched: Option<&Path>,
) -> Result<Opened, Refusal> {
    let config = &reload.config;
    let failed = |error: std::io::Error| Refusal::at(Step::Publish, error);
    let (access_log, logger) = open_access_log(&config.settings, &host.config.settings)?;
    let (listening, mut opened) = listen(host, &config.settings)?;
    let gone = host.listening.iter().filter(|old| !listening.contains(old));
    let closed: Vec<_> = gone.map(|old| old.local).collect();
    let settings = Arc::new(config.settings.clone());
    let mut changes = Vec::new();
    for _ in 0..config.settings.listen.workers {
        changes.push(Changes {
            settings: Arc::clone(&settings),
            publication: None,
            roots: server::roots(config).map_err(failed)?,
            access_log: logger.clone(),
            opened: opened.iter_mut().filter_map(Iterator::next).collect(),
            closed: closed.clone(),
        });
    }
    let wanted = watch::wanted(&config.settings);
    let watch = (wanted != watched).then(|| {
        wanted.map(|path| {
            let news = Arc::clone(&host.file_news);
            Watch::since(path, guest, &reload.loader, move || news())
        })
    });
    Ok(Opened { listening, changes, access_log, watch })
}

/// See [`Opened::access_log`]; and the workers' side of it.
type OpenedLog = (Option<Option<AccessLogHandle>>, Option<AccessLogger>);

fn open_access_log(new: &Settings, old: &Settings) -> Result<OpenedLog, Refusal> {
    if new.log.access_log == old.log.access_log {
        return Ok((None, None));
    }
    let Some(target) = &new.log.access_log else { return Ok((Some(None), None)) };
    let (logger, handle) = AccessLogger::open(target).map_err(|error| {
        Refusal::at(Step::Publish, format!("cannot open the access log: {error}"))
    })?;
    Ok((Some(Some(handle)), Some(logger)))
}

/// Whether the port of `address` is this server's, at this address or at another.
fn has_port_of(host: &Host, address: SocketAddr) -> bool {
    address.port() != 0 && host.listening.iter().any(|it| it.local.port() == address.port())
}

/// See [`Opened::listening`]; and of each new address, a socket for each worker.
type NewListeners = (Vec<Listening>, Vec<std::vec::IntoIter<transport::Listener>>);

/// Binds what is not bound yet.
fn listen(host: &Host, settings: &Settings) -> Result<NewListeners, Refusal> {
    let (mut listening, mut opened) = (Vec::new(), Vec::new());
    let mut ours = host.listening.clone();
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
        let sockets = match has_port_of(host, configured) {
            true => transport::listen_beside(configured, settings.listen.workers),
            false => transport::listen(configured, settings.listen.workers),
        };
        let sockets = sockets.map_err(cannot)?;
        let local = sockets.first().map_or(Ok(configured), |socket| socket.local_addr());
        listening.push(Listening { configured, local: local.map_err(cannot)? });
        opened.push(sockets.into_iter());
    }
    Ok((listening, opened))
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
