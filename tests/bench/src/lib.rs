//! Compares wasmhttpd with other web servers on the machine that it runs on.
//!
//! [`run`] is the program `bench`. A run, in order:
//!
//! 1. [`program`] builds wasmhttpd and finds the other servers.
//! 2. [`site`] writes the files that all of them serve.
//! 3. [`server`] starts each server on a core of its own.
//! 4. [`measure`] lets the servers take turns under the requests of [`load`], watches the distance
//!    between the cores with [`distance`], and reads from [`usage`] what each turn used.
//! 5. [`compare`] and [`experiments`] compute the ratios, and [`report`] prints them.
//!
//! The table of cases is in [`case`].
//!
//! The package `instructions` counts what a request costs instead of timing it. It takes the
//! servers, their configurations and commands, and the site from here, so that both measure the
//! same: that is what the public modules are for.

mod answer;
mod case;
mod cli;
mod client;
mod compare;
mod distance;
mod experiments;
mod floor;
mod load;
mod machine;
mod measure;
pub mod program;
mod report;
mod requests;
pub mod server;
pub mod site;
mod statistics;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command, Options};
use crate::machine::Machine;
use crate::measure::Bench;
use crate::report::Report;

/// Does what the command line says.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Floor(options)) => floor::serve(&options),
        command => execute(command, &arguments.options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Option<Command>, options: &Options) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        anyhow::bail!("a debug build is too slow to load a server (try cargo run --release)");
    }
    let measurements = experiments::of(command.as_ref());
    // Before this process is pinned to a core: the build may use all of them.
    let wasmhttpd = program::wasmhttpd(options.binary.as_deref())?;
    let wasmtime = match command {
        Some(Command::All | Command::Hosts) => Some(program::wasmtime()?),
        _ => None,
    };
    let machine = Machine::prepare()?;
    let bench = Bench { machine: &machine, wasmhttpd, wasmtime, options };
    let Options { rounds, seconds, .. } = options;
    let mut report =
        Report::new(format!("{}; medians of {rounds} turns of {seconds:?}", machine.describe()));
    for measurement in measurements {
        report.add(measurement(&bench)?);
    }
    report.write_files(options)
}
