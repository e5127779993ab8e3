//! The process around the server: command line, complaints, exit status.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::{Arguments, Command};
use crate::sandbox::{self, EMBEDDED_GUEST};
use crate::server::Server;
use crate::startup::{Failure, Plan};
use crate::swap::{self, Swapper};
use crate::{compose, control, inspect, log, project, server, startup, transport};

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    abort_on_panic();
    let arguments =
        Arguments::parse_or_exit(|| startup::embedded_guest_settings().unwrap_or_default());
    match carry_out(&arguments) {
        Ok(code) => code,
        Err(Failure::Configuration(diagnostics)) => {
            diagnostics.iter().for_each(|diagnostic| complain(&diagnostic.to_string()));
            ExitCode::FAILURE
        }
        Err(Failure::Other(error)) => {
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

fn carry_out(arguments: &Arguments) -> Result<ExitCode, Failure> {
    match &arguments.command {
        None => serve(arguments)?,
        Some(Command::Guest { configured: false, .. }) => write_guest(EMBEDDED_GUEST)?,
        Some(Command::Guest { configured: true, config }) => {
            write_guest(&startup::configured_guest(config.as_deref())?)?;
        }
        Some(Command::New { name, lang }) => {
            io::stdout().write_all(project::write(name, *lang)?.as_bytes())?;
        }
        Some(Command::Inspect(arguments)) => return inspect::run(arguments),
        Some(Command::Compose(arguments)) => compose::run(arguments)?,
        Some(Command::Ctl(control)) => return Ok(control::run(control)?),
        Some(Command::CompileGuest { seconds, octets, folder }) => {
            return Ok(sandbox::compile_for_parent(*seconds, *octets, folder.as_deref()));
        }
        Some(Command::Prebuild { folder }) => sandbox::prebuild(folder)
            .with_context(|| format!("cannot prebuild to {}", folder.display()))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Serves, in this order: web.conf is read; what it names is all that the process will need; then
/// threads start, the first of which writes the log.
fn serve(arguments: &Arguments) -> Result<(), Failure> {
    let signals = server::hold_signals().context("cannot take signals")?;
    let limit = server::raise_descriptor_limit();
    let read = startup::read_config(arguments)?;
    before_threads();
    let _log = log::start(arguments.debug);
    let plan = Plan::make(arguments, read)?;
    if arguments.check {
        io::stdout().write_all(startup::describe(&plan).as_bytes())?;
        return Ok(());
    }
    tracing::debug!("descriptors: {limit:?}, workers: {}", plan.config.settings.listen.workers);
    let mut listeners = Vec::new();
    for listen in &plan.config.settings.listen.addresses {
        let sockets = transport::listen(listen.address, plan.config.settings.listen.workers)
            .with_context(|| format!("cannot listen on {}", listen.address))?;
        listeners.push(sockets);
    }
    let server = Server::new(&plan.config, &swap::first_publication(&plan), listeners)?;
    let control = plan.config.settings.control.socket.clone();
    let swapper = Swapper::start(arguments, plan, &server).context("cannot start the swapper")?;
    let _control = match &control {
        None => None,
        Some(path) => Some(control::Server::start(path, swapper.clone()).with_context(|| {
            format!("control: cannot listen at {} (try another file)", path.display())
        })?),
    };
    Ok(server.run(signals, || swapper.send(swap::Command::Reload))?)
}

/// The point before which the process has no other thread, and after which none needs rights that
/// web.conf, which has been read, does not name. Whatever confines the process belongs here, since
/// a thread that exists is not confined with it.
fn before_threads() {
    let threads = || std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    debug_assert_eq!(threads(), 1, "a thread has been started too soon");
}

fn write_guest(component: &[u8]) -> anyhow::Result<()> {
    use std::io::IsTerminal;
    let mut output = io::stdout().lock();
    if output.is_terminal() {
        anyhow::bail!("a component is not for a terminal (try `wasmhttpd guest > site.wasm`)");
    }
    output.write_all(component).and_then(|()| output.flush()).context("cannot write the guest")
}

/// Says something on standard error; where that is closed, nobody wants to know.
fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
