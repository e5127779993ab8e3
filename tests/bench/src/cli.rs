//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::floor;

/// Compare wasmhttpd with the web servers that are installed here: requests per second, CPU time,
/// latency and memory, on loopback, a core for the server and one for the load
#[derive(Debug, Clone, Parser)]
#[command(name = "bench")]
pub struct Arguments {
    /// What to do instead of comparing
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How to go about it
    #[command(flatten)]
    pub options: Options,
}

/// What to do instead of comparing.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Compare, and then all of the following
    All,
    /// What a request costs with 1 to 4,096 busy connections
    Connections,
    /// What 15,000 idle connections cost, and how long others wait beside them
    Idle,
    /// What a fresh instance of the guest for each request costs
    Isolation,
    /// How long it takes from the start to the first answer, and how large the binary is
    Start,
    /// Compare with `wasmtime serve` on the same guest
    Hosts,
    /// Serve a canned answer, for the floor of the comparison
    #[command(name = floor::SUBCOMMAND, hide = true)]
    Floor(floor::Options),
}

/// How to go about it.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Rounds, in each of which every server has one turn; the results are medians of them
    #[arg(long, global = true, value_name = "N", default_value_t = 5,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,

    /// How long a turn takes
    #[arg(long, global = true, value_name = "SECONDS", default_value = "3", value_parser = seconds)]
    pub seconds: Duration,

    /// Measure while a trip from core to core and back takes at most so long, and wait if it does
    /// not: virtual machines have their cores moved
    #[arg(long, global = true, value_name = "NANOSECONDS")]
    pub apart_max: Option<f64>,

    /// Measure this wasmhttpd instead of building one
    #[arg(long, global = true, value_name = "FILE")]
    pub binary: Option<PathBuf>,

    /// Compare with this wasmhttpd, too: the commit before, to see whether a change costs anything
    #[arg(long, global = true, value_name = "FILE")]
    pub base: Option<PathBuf>,

    /// Compare in this case only; may be given several times
    #[arg(long = "case", global = true, value_name = "NAME")]
    pub cases: Vec<String>,

    /// Compare with this server only; may be given several times
    #[arg(long = "peer", global = true, value_name = "NAME")]
    pub peers: Vec<String>,

    /// Draw the CPU time of a request to this file
    #[arg(long, global = true, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Write the tables to this file, too
    #[arg(long, global = true, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// Longest turn, in seconds: a connection of lighttpd ends after 65,535 requests.
const TURN_SECONDS_MAX: f64 = 30.0;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=TURN_SECONDS_MAX).contains(&seconds) => {
            Ok(Duration::from_secs_f64(seconds))
        }
        _ => Err(format!("not a number from 0.1 to {TURN_SECONDS_MAX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_turn_has_a_length_between_its_limits() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(seconds("30"), Ok(Duration::from_secs(30)));
        for wrong in ["0.09", "30.1", "nan", "-1", "soon"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
