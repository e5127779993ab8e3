//! Counts what a request costs: `cargo run --release --package instructions`.
//!
//! A clock says how fast a program was on one machine at one moment; a count is the same on every
//! run. So the server is started under `valgrind --tool=callgrind`, asked N requests over one
//! connection, one at a time, and then, started anew, 2N: the difference is what N requests take,
//! start and end apart. The system calls of the same requests are counted by `strace`, between two
//! requests that mark where counting begins and ends. Both are compared with the figures in
//! `figures.txt`, which `--bless` writes anew.
//!
//! A run, in order: [`bench::program`] builds the server, [`bench::site`] writes the files, [`case`]
//! says what is asked, [`server`] starts a program under a [`counter`] and [`client`] asks it,
//! [`callgrind`] and [`strace`] read what was counted, [`figures`] compares. The servers, their
//! configurations and the commands that start them are those of [`bench::server`], with a few
//! settings for counting.

mod callgrind;
mod case;
mod client;
mod counter;
mod figures;
mod measure;
mod server;
mod strace;

use std::process::ExitCode;

use clap::Parser;

use crate::figures::Figures;
use crate::measure::Bench;

/// Counts instructions and system calls per request, and compares them with those that are kept
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Keep what is counted now, in place of what is in the file
    #[arg(long)]
    bless: bool,

    /// Count lighttpd and nginx as well, where they are installed
    #[arg(long)]
    peers: bool,

    /// Report system calls beside 10,000 idle connections as well
    #[arg(long)]
    idle: bool,

    /// Count only these cases; may be given several times
    #[arg(long = "case", value_name = "NAME")]
    cases: Vec<String>,

    /// Count this program instead of building one with the feature `counting`
    #[arg(long, value_name = "FILE")]
    binary: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all figures are as they should be.
fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let cases = case::selected(&arguments.cases)?;
    let bench = Bench::prepare(arguments.binary.as_deref())?;
    let counted = bench.count(&cases)?;
    println!("{}", counted.text());
    if arguments.peers {
        println!("{}", bench.count_peers(&cases)?);
    }
    if arguments.idle {
        println!("{}", bench.count_beside_idle()?);
    }
    if arguments.bless {
        counted.write(&arguments.cases)?;
        return Ok(true);
    }
    let complaints = Figures::read()?.complaints(&counted);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if !complaints.is_empty() {
        eprintln!("who means it runs this with --bless, and says why in the commit");
    }
    Ok(complaints.iter().all(|complaint| !complaint.is_failure))
}
