//! What else there is to know of wasmhttpd, each question in a file of its own.

pub mod connections;
pub mod hosts;
pub mod idle;
pub mod isolation;
pub mod start;

use crate::cli::Command;
use crate::compare;
use crate::measure::{Bench, Contender};
use crate::report::{Section, Table};

/// An experiment, or the comparison.
pub type Measurement = fn(&Bench<'_>) -> anyhow::Result<Section>;

/// What a command asks for, in the order of a report.
pub fn of(command: Option<&Command>) -> &'static [Measurement] {
    match command {
        None => &[compare::run],
        Some(Command::All) => {
            &[compare::run, connections::run, idle::run, isolation::run, start::run, hosts::run]
        }
        Some(Command::Connections) => &[connections::run],
        Some(Command::Idle) => &[idle::run],
        Some(Command::Isolation) => &[isolation::run],
        Some(Command::Start) => &[start::run],
        Some(Command::Hosts) => &[hosts::run],
        Some(Command::Floor(_)) => &[],
    }
}

/// What was measured of each.
fn table(title: &str, contenders: &[Contender<'_>]) -> Table {
    let mut table = Table::of_rounds(title);
    for contender in contenders {
        table.add_rounds(&contender.name, &contender.rounds);
    }
    table
}
