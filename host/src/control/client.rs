//! The side of `wasmhttpd ctl`.

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use super::{MESSAGE_OCTETS_MAX, Reply, Request, Setting};
use crate::cli::{Control, ControlCommand};
use crate::config::{Config, DEFAULT_FILE, Diagnostics, GuestPlace, Line, Settings};
use crate::startup::{Loader, Octets, Source};
use crate::swap::Limits;

/// Does what the command line asks of a server that serves. Prints what comes of it; the exit
/// status says whether it was done.
///
/// # Errors
/// When the server cannot be reached, or the output cannot be written.
pub fn run(control: &Control) -> anyhow::Result<ExitCode> {
    let path = socket(control)?;
    let stream = UnixStream::connect(&path).with_context(|| {
        format!("no server listens at {} (is it running, and by this user?)", path.display())
    })?;
    let request = request(&control.command)?;
    let mut message = serde_json::to_vec(&request)?;
    message.push(b'\n');
    (&stream).write_all(&message)?;
    let mut replies = BufReader::new(stream);
    let mut output = io::stdout().lock();
    loop {
        let mut line = String::new();
        (&mut replies).take(MESSAGE_OCTETS_MAX).read_line(&mut line)?;
        if line.is_empty() {
            anyhow::bail!("the server has ended, or it has too many controllers");
        }
        match serde_json::from_str(&line).context("the server speaks otherwise than this ctl")? {
            Reply::Wait => {}
            Reply::Line(text) => writeln!(output, "{text}")?,
            Reply::Done(text) => {
                writeln!(output, "{text}")?;
                return Ok(ExitCode::SUCCESS);
            }
            Reply::Refused(lines) => {
                for line in lines {
                    let _ = writeln!(io::stderr(), "{line}");
                }
                return Ok(ExitCode::FAILURE);
            }
            Reply::Status(status) => {
                match control.command {
                    ControlCommand::Status { json: true } => {
                        writeln!(output, "{}", serde_json::to_string_pretty(&status)?)?;
                    }
                    _ => writeln!(output, "{status}")?,
                }
                return Ok(ExitCode::SUCCESS);
            }
            Reply::Guest { octets, media, parameters, limits } => {
                let mut component = Vec::new();
                (&mut replies).take(octets).read_to_end(&mut component)?;
                anyhow::ensure!(component.len() as u64 == octets, "the server has ended");
                output.write_all(&configured(component, media, parameters, limits)?)?;
                output.flush()?;
                return Ok(ExitCode::SUCCESS);
            }
        }
    }
}

/// Where the server listens: as the command line says, or web.conf.
fn socket(control: &Control) -> anyhow::Result<PathBuf> {
    if let Some(path) = &control.socket {
        return Ok(path.clone());
    }
    let file = control.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    let mut diagnostics = Diagnostics::new(file.display().to_string());
    let config = Config::read(&file, &mut diagnostics);
    match config.settings.control.socket {
        Some(path) => Ok(path),
        None => anyhow::bail!(
            "{} says nothing of a socket (try a line `parameter control wasmhttpd.sock`, \
             or -c FILE, or --socket FILE)",
            file.display()
        ),
    }
}

fn request(command: &ControlCommand) -> anyhow::Result<Request> {
    // The server's working folder is another.
    let absolute = |guest: &GuestPlace| -> anyhow::Result<GuestPlace> {
        Ok(match guest {
            GuestPlace::File(path) => GuestPlace::File(
                std::path::absolute(path).with_context(|| path.display().to_string())?,
            ),
            GuestPlace::Registry(_) => guest.clone(),
        })
    };
    Ok(match command {
        ControlCommand::Status { .. } => Request::Status,
        ControlCommand::Swap { guest } => Request::Swap(absolute(guest)?),
        ControlCommand::Reload => Request::Reload,
        ControlCommand::Rollback => Request::Rollback,
        ControlCommand::Shadow { guest: Some(guest), every, .. } => {
            Request::Shadow { guest: absolute(guest)?, every: *every }
        }
        ControlCommand::Shadow { guest: None, .. } => Request::EndShadow,
        ControlCommand::Promote => Request::Promote,
        ControlCommand::Capture { count, whole } => {
            Request::Capture { count: *count, whole: *whole }
        }
        ControlCommand::Guest => {
            if io::stdout().is_terminal() {
                anyhow::bail!(
                    "a component is not for a terminal (try `ctl guest > configured.wasm`)"
                );
            }
            Request::Guest
        }
        ControlCommand::Stop => Request::Stop,
    })
}

/// The component with its configuration inside. That is done here: it takes time, which the server
/// has better uses for.
fn configured(
    component: Vec<u8>,
    media: Vec<Setting>,
    parameters: Vec<Setting>,
    limits: Limits,
) -> anyhow::Result<Vec<u8>> {
    let lines = |settings: Vec<Setting>| -> Vec<Line> {
        let settings = settings.into_iter();
        settings.map(|Setting { line, name, value }| Line { line, name, value }).collect()
    };
    let mut settings = Settings::default();
    // It needs no less here than there.
    settings.guest.deadline = limits.deadline;
    settings.guest.memory_octets = limits.memory_octets;
    settings.compile.timeout = limits.compile_time;
    settings.compile.memory_octets = limits.compile_memory_octets;
    let config = Config {
        file: DEFAULT_FILE.into(),
        sites: Vec::new(),
        media: lines(media),
        guest_parameters: lines(parameters),
        settings,
    };
    let loader = Loader::new(&config.settings, &mut Diagnostics::new(""))?;
    let octets = Octets::Read(component.into());
    let candidate = loader
        .load((Source::File("of the server".into()), octets), &config)
        .map_err(|refusal| anyhow::anyhow!("the guest: {refusal}"))?;
    loader.with_configuration_inside(&candidate).map_err(anyhow::Error::msg)
}
