//! From a command line to a server that is ready, or to everything that stands in its way.
//!
//! 1. web.conf is read.
//! 2. Document roots, addresses and the kernel are looked at.
//! 3. The guest is loaded, asked for its parameters, and configured.
//!
//! Each step complains into the same [`Diagnostics`] and the next one goes on as far as it can, so
//! that everything wrong is reported at once, before anything is served.

mod configured;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::Arguments;
use crate::config::{
    AccessLog, Config, DEFAULT_FILE, Diagnostics, GuestImports, Line, SETTINGS, Settings,
    suggestion,
};
use crate::files::{self, Root};
use crate::log::AccessLogger;
use crate::sandbox::contract::{Configuration, Setting, SettingHelp};
use crate::sandbox::{EMBEDDED_GUEST, Generation, Runtime, RuntimeOptions};
use crate::server;

pub use configured::configured_guest;

/// Everything needed to serve.
pub struct Plan {
    /// What web.conf says.
    pub config: Config,
    /// The guest, configured.
    pub generation: Arc<Generation>,
    /// Where the configuration came from, in words.
    pub source: String,
    /// The guest, in words.
    pub guest: String,
}

impl Plan {
    /// Makes a plan, or says everything that is wrong.
    ///
    /// # Errors
    /// When the system has no room for the engine: nothing that a configuration could mend.
    pub fn make(arguments: &Arguments) -> anyhow::Result<Result<Plan, Diagnostics>> {
        let (mut diagnostics, mut config, source) = match read_config(arguments) {
            Ok(read) => read,
            Err(diagnostics) => return Ok(Err(diagnostics)),
        };
        if let Some(port) = arguments.port {
            config.settings.listen_on_port(port);
        }
        check_roots(&config, &mut diagnostics);
        check_addresses(&config.settings, arguments.check, &mut diagnostics);
        check_access_log(&config.settings, &mut diagnostics);
        if let Err(reason) = files::check_kernel() {
            diagnostics.general(reason.into());
        }
        let guest = match &config.settings.guest {
            Some(path) => format!("{}", path.display()),
            None => "built in".into(),
        };
        let generation = load_guest(&config, &mut diagnostics)?;
        Ok(match generation {
            Some(generation) if diagnostics.is_empty() => {
                Ok(Plan { config, generation: Arc::new(generation), source, guest })
            }
            _ => Err(diagnostics),
        })
    }
}

fn read_config(arguments: &Arguments) -> Result<(Diagnostics, Config, String), Diagnostics> {
    if let Some(folder) = &arguments.folder {
        let mut diagnostics = Diagnostics::new("");
        let config = Config::for_folder(folder, &mut diagnostics);
        return Ok((diagnostics, config, "the command line".into()));
    }
    read_file(arguments.config.as_deref())
}

/// Reads the web.conf at `file`, or the one in the working folder.
fn read_file(file: Option<&Path>) -> Result<(Diagnostics, Config, String), Diagnostics> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    let mut diagnostics = Diagnostics::new(path.display().to_string());
    if file.is_none() && !path.exists() {
        diagnostics.general(format!(
            "there is no {DEFAULT_FILE} here (try `wasmhttpd DIR` to serve a folder, or -c FILE)"
        ));
        return Err(diagnostics);
    }
    let config = Config::read(path, &mut diagnostics);
    Ok((diagnostics, config, path.display().to_string()))
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

/// A configuration that is only checked may well be the one of a server that is running: its
/// addresses are not tried then.
fn check_addresses(settings: &Settings, only_check: bool, diagnostics: &mut Diagnostics) {
    let mut first_with: HashMap<SocketAddr, u32> = HashMap::new();
    for listen in &settings.listen {
        let free = listen.address.port() == 0;
        if !free && let Some(line) = first_with.insert(listen.address, listen.line) {
            diagnostics.at(
                listen.line,
                format!("{} is listened on already, by line {line}", listen.address),
            );
        } else if !only_check && let Err(error) = server::probe(listen.address) {
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
    if let Some(AccessLog::File { path, line }) = &settings.access_log
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
    config: &Config,
    diagnostics: &mut Diagnostics,
) -> anyhow::Result<Option<Generation>> {
    let runtime = runtime(&config.settings)?;
    let (octets, name);
    let component = match &config.settings.guest {
        None => {
            name = "the built-in guest".to_owned();
            EMBEDDED_GUEST
        }
        Some(path) => {
            name = format!("guest {}", path.display());
            match Runtime::read(path) {
                Ok(read) => octets = read,
                Err(error) => {
                    diagnostics.general(format!("{name} cannot be read: {error}"));
                    return Ok(None);
                }
            }
            &octets
        }
    };
    let configured = runtime.load(component).and_then(|mut generation| {
        let settings = generation.settings()?;
        let parameters = known_parameters(&config.guest_parameters, &settings, diagnostics);
        let media = config.media.iter().map(setting).collect();
        if let Err(problems) = generation.configure(Configuration { media, parameters })? {
            if problems.is_empty() {
                diagnostics
                    .general(format!("{name} refuses its configuration and does not say why"));
            }
            for problem in problems {
                diagnostics.at(problem.line, problem.reason.replace(char::is_control, " "));
            }
        }
        Ok(generation)
    });
    Ok(configured
        .map_err(|error| diagnostics.general(format!("{name} cannot be used: {error}")))
        .ok())
}

fn runtime(settings: &Settings) -> anyhow::Result<Arc<Runtime>> {
    Runtime::new(RuntimeOptions {
        workers: settings.workers,
        deadline: settings.guest_deadline,
        memory_octets_max: settings.guest_memory_octets,
        wasi: settings.guest_imports == GuestImports::Wasi,
    })
    .map_err(|error| anyhow::anyhow!("cannot set up the sandbox: {error:#}"))
}

/// The parameters that the guest knows; the others are complained about.
fn known_parameters(
    lines: &[Line],
    settings: &[SettingHelp],
    diagnostics: &mut Diagnostics,
) -> Vec<Setting> {
    let (known, unknown): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|line| settings.iter().any(|setting| setting.name == line.name));
    for line in unknown {
        let names = SETTINGS.iter().map(|setting| setting.name);
        let names = names.chain(settings.iter().map(|setting| setting.name.as_str()));
        let cure = suggestion(&line.name, names).unwrap_or("wasmhttpd --help lists them".into());
        diagnostics.at(
            line.line,
            format!("`{}` is a parameter of neither the server nor the guest ({cure})", line.name),
        );
    }
    known.into_iter().map(setting).collect()
}

fn setting(line: &Line) -> Setting {
    Setting { line: line.line, name: line.name.clone(), value: line.value.clone() }
}

/// The parameters of the guest that is built in, for `--help`.
///
/// # Errors
/// When the system has no room for the engine.
pub fn embedded_guest_settings() -> anyhow::Result<Vec<SettingHelp>> {
    let generation = runtime(&Settings::default())?.load(EMBEDDED_GUEST)?;
    Ok(generation.settings()?)
}

/// What `--check` says of a plan that is fine.
pub fn describe(plan: &Plan) -> String {
    let mut text = format!("{}: fine\n", plan.source);
    for site in &plan.config.sites {
        text += &format!("  host {} is {}\n", site.name, absolute(&site.root).display());
    }
    for listen in &plan.config.settings.listen {
        text += &format!("  on http://{}/\n", listen.address);
    }
    text + &format!("  by the guest {}\n", plan.guest)
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}
