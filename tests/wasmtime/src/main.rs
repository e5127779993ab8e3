//! `wasmtime run` and `wasmtime serve` as they are, for tests on machines without a wasmtime of the
//! right version. Nothing of this project is in it.

use clap::Parser;
use wasmtime_cli::commands::{RunCommand, ServeCommand};

/// The part of the wasmtime CLI that runs and serves components
#[derive(Parser)]
#[command(name = "wasmtime", version = VERSION)]
enum Command {
    /// Runs a WebAssembly module
    Run(RunCommand),
    /// Serves requests from a wasi-http proxy component
    Serve(ServeCommand),
}

/// The version of wasmtime, not of this package.
const VERSION: &str = "48";

fn main() -> wasmtime::Result<()> {
    match Command::parse() {
        Command::Run(run) => run.execute(),
        Command::Serve(serve) => serve.execute(),
    }
}
