//! From a command line to a server that is ready, or to everything that stands in its way.
//!
//! 1. web.conf is read.
//! 2. Document roots, addresses and the kernel are looked at.
//! 3. The guest is loaded, asked for its parameters, and configured.
//!
//! Each step complains into the same [`Diagnostics`] and the next one goes on as far as it can, so
//! that everything wrong is reported at once, before anything is served.

mod configured;
mod failure;
mod guest;
mod refusal;
mod source;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::cli::Arguments;
use crate::config::{AccessLog, Config, DEFAULT_FILE, Diagnostics, Settings};
use crate::files::{self, Root};
use crate::log::AccessLogger;
use crate::sandbox::contract::SettingHelp;
use crate::transport;

pub use self::configured::configured_guest;
pub use self::failure::Failure;
pub use self::guest::{Candidate, Loader, pull_or_last, puller};
pub use self::refusal::Refusal;
pub use self::source::{Found, Octets, Source, found};

/// Everything needed to serve.
pub struct Plan {
    /// What web.conf says.
    pub config: Config,
    /// What loads this guest and those that follow it.
    pub loader: Loader,
    /// The guest, configured.
    pub candidate: Candidate,
}

impl Plan {
    /// Makes a plan of what was read ([`read_config`]), or says everything that is wrong.
    ///
    /// # Errors
    /// When the configuration is wrong, or the system has no room for the engine.
    pub fn make(
        arguments: &Arguments,
        (mut diagnostics, config): (Diagnostics, Config),
    ) -> Result<Plan, Failure> {
        // A configuration that is only checked may well be the one of a server that is running: its
        // addresses are not tried then.
        check(&config, |_| arguments.check, &mut diagnostics);
        let loader = Loader::new(&config.settings, &mut diagnostics)?;
        match load_guest(&loader, &config, &mut diagnostics) {
            Some(candidate) if diagnostics.is_empty() => Ok(Plan { config, loader, candidate }),
            _ => Err(diagnostics.into()),
        }
    }
}

/// Reads what the command line says is to be read, and its port.
///
/// # Errors
/// When there is nothing to read.
pub fn read_config(arguments: &Arguments) -> Result<(Diagnostics, Config), Diagnostics> {
    let (diagnostics, mut config) = read_folder_or_file(arguments)?;
    if let Some(port) = arguments.port {
        config.settings.listen_on_port(port);
    }
    Ok((diagnostics, config))
}

fn read_folder_or_file(arguments: &Arguments) -> Result<(Diagnostics, Config), Diagnostics> {
    if let Some(folder) = &arguments.folder {
        let mut diagnostics = Diagnostics::new("");
        let config = Config::for_folder(folder, &mut diagnostics);
        return Ok((diagnostics, config));
    }
    read_file(arguments.config.as_deref())
}

/// Reads the web.conf at `file`, or the one in the working folder.
///
/// # Errors
/// When there is nothing to read.
pub fn read_file(file: Option<&Path>) -> Result<(Diagnostics, Config), Diagnostics> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    let mut diagnostics = Diagnostics::new(path.display().to_string());
    if file.is_none() && !path.exists() {
        diagnostics.general(format!(
            "there is no {DEFAULT_FILE} here (try `wasmhttpd DIR` to serve a folder, or -c FILE)"
        ));
        return Err(diagnostics);
    }
    let config = Config::read(path, &mut diagnostics);
    Ok((diagnostics, config))
}

/// Looks at what the configuration names, but for the guest. Addresses that `is_ours` are not
/// tried.
pub fn check(config: &Config, is_ours: impl Fn(SocketAddr) -> bool, diagnostics: &mut Diagnostics) {
    check_roots(config, diagnostics);
    check_addresses(&config.settings, is_ours, diagnostics);
    check_access_log(&config.settings, diagnostics);
    if let Err(reason) = files::check_kernel() {
        diagnostics.general(reason.into());
    }
}

fn check_roots(config: &Config, diagnostics: &mut Diagnostics) {
    for site in &config.sites {
        if let Err(error) = Root::open(&site.root) {
            let reason = match site.line {
                0 => format!("cannot serve {}: {error} (try a folder)", site.root.display()),
                _ => format!(
                    "the root of host {}, {}, cannot be opened: {error} (try a path relative to the folder of web.conf)",
                    site.name,
                    site.root.display()
                ),
            };
            diagnostics.at(site.line, reason);
        }
    }
}

fn check_addresses(
    settings: &Settings,
    is_ours: impl Fn(SocketAddr) -> bool,
    diagnostics: &mut Diagnostics,
) {
    let mut first_with: HashMap<SocketAddr, u32> = HashMap::new();
    for listen in &settings.listen.addresses {
        let free = listen.address.port() == 0;
        if !free && let Some(line) = first_with.insert(listen.address, listen.line) {
            diagnostics.at(
                listen.line,
                format!("{} is listened on already, by line {line}", listen.address),
            );
        } else if !is_ours(listen.address)
            && let Err(error) = transport::probe(listen.address)
        {
            diagnostics.at(listen.line, cannot_listen(listen.address, &error));
        }
    }
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> String {
    let cure = match error.kind() {
        std::io::ErrorKind::AddrInUse => " (try another port with -p, or stop what listens there)",
        std::io::ErrorKind::PermissionDenied => " (try a port above 1023)",
        std::io::ErrorKind::AddrNotAvailable => " (try an address that this machine has)",
        _ => "",
    };
    format!("cannot listen on {address}: {error}{cure}")
}

fn check_access_log(settings: &Settings, diagnostics: &mut Diagnostics) {
    if let Some(AccessLog::File { path, line }) = &settings.log.access_log
        && let Err(error) = AccessLogger::check(path)
    {
        diagnostics.at(
            *line,
            format!("access-log: cannot write to {}: {error} (try another file)", path.display()),
        );
    }
}

/// Loads and configures the guest. None: it cannot be used, which is complained about.
fn load_guest(
    loader: &Loader,
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> Option<Candidate> {
    let source = Source::configured(&config.settings);
    match loader.read(source.clone()).and_then(|found| loader.load(found, config)) {
        Ok(candidate) => Some(candidate),
        Err(refusal) => {
            diagnostics.extend(refusal.of(&source).complaints);
            None
        }
    }
}

/// The parameters of the guest that is built in, for `--help`.
///
/// # Errors
/// When the system has no room for the engine.
pub fn embedded_guest_settings() -> anyhow::Result<Vec<SettingHelp>> {
    let loader = Loader::new(&Settings::default(), &mut Diagnostics::new(""))?;
    Ok(loader.embedded_settings()?)
}

/// What `--check` says of a plan that is fine.
pub fn describe(plan: &Plan) -> String {
    let file = match plan.config.file.as_str() {
        "" => "the command line",
        file => file,
    };
    let mut text = format!("{file}: fine\n");
    for site in &plan.config.sites {
        text += &format!("  host {} is {}\n", site.name, absolute(&site.root).display());
    }
    for listen in &plan.config.settings.listen.addresses {
        text += &format!("  on http://{}/\n", listen.address);
    }
    text + &format!("  by {}\n", plan.candidate.source)
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
