//! Does a request cost the same, however many connections are busy? And how much of the difference
//! is the kernel's, for which the floor stands?

use super::table;
use crate::case::Case;
use crate::measure::{self, Bench, Contender};
use crate::report::{Bar, Section};
use crate::site::Site;
use crate::statistics::{Measure, count, number};

/// Busy connections. With one of them alone, the server sleeps and wakes for each request.
const COUNTS: [usize; 5] = [1, 8, 64, 512, 4096];

/// The bar holds from so many connections on.
const COMPARED_FROM: usize = 8;

/// The bar: how far the CPU times of a request may be apart, in percent.
const SPREAD_PERCENT_MAX: f64 = 20.0;

/// Measures each number of them, and how far apart they are.
///
/// # Errors
/// When the server does not start, or gives a wrong answer.
pub fn run(bench: &Bench<'_>) -> anyhow::Result<Section> {
    let cases = COUNTS.map(|connections| Case { connections, ..Case::SMALL });
    let site = Site::write(cases.iter().filter_map(Case::files))?;
    site.settle();
    let servers = [
        bench.start(&site, "wasmhttpd", &cases[COUNTS.len() - 1], &[])?,
        bench.start_floor(&site, &cases[COUNTS.len() - 1])?,
    ];
    let mut contenders = Vec::new();
    for (server, case) in servers.iter().flat_map(|server| cases.map(|case| (server, case))) {
        let name = format!("{}, {}", server.name(), count(case.connections as u64));
        contenders.push(Contender::new(&name, server, case)?);
    }
    measure::take_turns(bench, &mut contenders)?;
    let (ours, floor) = contenders.split_at(COUNTS.len());
    let what = format!("CPU time from {COMPARED_FROM} connections up, apart");
    let mut section = Section::new("Busy connections");
    section.notes.push(format!("The floor's are {}% apart.", number(spread_percent(floor))));
    section.tables.push(table("1 KiB", &contenders));
    section.bars.push(Bar::at_most(what, spread_percent(ours), SPREAD_PERCENT_MAX, "%"));
    Ok(section)
}

/// How far apart the CPU times of a request are that are compared.
fn spread_percent(contenders: &[Contender<'_>]) -> f64 {
    let compared = COUNTS.iter().zip(contenders).filter(|(count, _)| **count >= COMPARED_FROM);
    let times = compared.map(|(_, contender)| Measure::Cpu.median(&contender.rounds));
    let (least, most) = times
        .fold((f64::INFINITY, 0.0_f64), |(least, most), time| (least.min(time), most.max(time)));
    (most / least - 1.0) * 100.0
}
