//! The process around the server: command line, complaints, exit status.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{Arguments, Command};
use crate::config::Diagnostics;
use crate::sandbox::{self, EMBEDDED_GUEST};
use crate::server::Server;
use crate::startup::Plan;
use crate::swap::{self, Swapper};
use crate::{compose, control, inspect, log, project, server, startup};

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    abort_on_panic();
    let arguments =
        Arguments::parse_or_exit(|| startup::embedded_guest_settings().unwrap_or_default());
    match carry_out(&arguments) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("wasmhttpd: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// A panic is a bug of ours, in whatever thread: better no server, and a supervisor that starts it
/// again, than one that serves with a part missing.
fn abort_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        std::process::abort();
    }));
}

fn carry_out(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        None => serve(arguments),
        Some(Command::Guest { configured: false, .. }) => write_guest(EMBEDDED_GUEST),
        Some(Command::Guest { configured: true, config }) => {
            match startup::configured_guest(config.as_deref())? {
                Ok(component) => write_guest(&component),
                Err(diagnostics) => Ok(refuse(&diagnostics)),
            }
        }
        Some(Command::New { name, lang }) => {
            io::stdout().write_all(project::write(name, *lang)?.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Inspect(arguments)) => match inspect::run(arguments)? {
            Ok(code) => Ok(code),
            Err(diagnostics) => Ok(refuse(&diagnostics)),
        },
        Some(Command::Compose(arguments)) => match compose::run(arguments)? {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(diagnostics) => Ok(refuse(&diagnostics)),
        },
        Some(Command::Ctl(control)) => control::run(control),
        Some(Command::CompileGuest { seconds, octets, folder }) => {
            Ok(sandbox::compile_for_parent(*seconds, *octets, folder.as_deref()))
        }
        Some(Command::Prebuild { folder }) => {
            sandbox::prebuild(folder)
                .with_context(|| format!("cannot prebuild to {}", folder.display()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn serve(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let _log = log::start(arguments.debug);
    let signals = server::hold_signals().context("cannot take signals")?;
    let plan = match Plan::make(arguments)? {
        Ok(plan) => plan,
        Err(diagnostics) => return Ok(refuse(&diagnostics)),
    };
    if arguments.check {
        io::stdout().write_all(startup::describe(&plan).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let limit = server::raise_descriptor_limit();
    tracing::debug!("descriptors: {limit:?}, workers: {}", plan.config.settings.workers);
    let mut listeners = Vec::new();
    for listen in &plan.config.settings.listen {
        let sockets = server::listen(listen.address, plan.config.settings.workers)
            .with_context(|| format!("cannot listen on {}", listen.address))?;
        listeners.push(sockets);
    }
    let server = Server::new(&plan.config, &swap::first_publication(&plan), listeners)?;
    let control = plan.config.settings.control.clone();
    let swapper = Swapper::start(arguments, plan, &server).context("cannot start the swapper")?;
    let _control = match &control {
        None => None,
        Some(path) => Some(control::Server::start(path, swapper.clone()).with_context(|| {
            format!("control: cannot listen at {} (try another file)", path.display())
        })?),
    };
    server.run(signals, || swapper.send(swap::Command::Reload))?;
    Ok(ExitCode::SUCCESS)
}

fn write_guest(component: &[u8]) -> anyhow::Result<ExitCode> {
    use std::io::IsTerminal;
    let mut output = io::stdout().lock();
    if output.is_terminal() {
        anyhow::bail!("a component is not for a terminal (try `wasmhttpd guest > site.wasm`)");
    }
    output.write_all(component).and_then(|()| output.flush()).context("cannot write the guest")?;
    Ok(ExitCode::SUCCESS)
}

/// Says everything that is wrong with the configuration.
fn refuse(diagnostics: &Diagnostics) -> ExitCode {
    for diagnostic in diagnostics.iter() {
        complain(&diagnostic.to_string());
    }
    ExitCode::FAILURE
}

/// Says something on standard error; where that is closed, nobody wants to know.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
