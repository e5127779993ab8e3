//! Compares wasmhttpd with other web servers on the machine that it runs on.
//!
//! A run, in order: [`program`] builds the server and finds the others, [`site`] writes the files,
//! [`server`] starts each of them on a core of its own, [`measure`] lets them take turns under the
//! requests of [`load`] while [`distance`] watches the cores, and reads what they used from
//! [`usage`], [`compare`] and [`experiments`] draw the ratios, and [`report`] prints them. What is
//! asked is a table, in [`case`].

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
mod program;
mod report;
mod requests;
mod server;
mod site;
mod statistics;
mod usage;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, Command, Options};
use crate::machine::Machine;
use crate::measure::Bench;
use crate::report::Report;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Floor(options)) => floor::serve(&options),
        command => run(command, &arguments.options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<Command>, options: &Options) -> anyhow::Result<()> {
    if cfg!(debug_assertions) {
        anyhow::bail!("a debug build is too slow to load a server (try cargo run --release)");
    }
    let measurements = experiments::of(command.as_ref());
    // Before this process is pinned to a core: what it builds may have all of them.
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
