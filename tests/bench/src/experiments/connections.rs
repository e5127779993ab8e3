//! Does a request cost the same, however many connections are busy?

use super::table;
use crate::case::Case;
use crate::measure::{self, Bench, Contender};
use crate::report::{Bar, Section};
use crate::site::Site;
use crate::statistics::{Measure, count};

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
    let site = Site::write(&cases)?;
    site.settle();
    let server = bench.start(&site, "wasmhttpd", &cases[COUNTS.len() - 1], &[])?;
    let contender = |case: Case| {
        Contender::new(&format!("{} connections", count(case.connections as u64)), &server, case)
    };
    let mut contenders = cases.into_iter().map(contender).collect::<anyhow::Result<Vec<_>>>()?;
    measure::take_turns(bench, &mut contenders)?;
    let compared = COUNTS.iter().zip(&contenders).filter(|(count, _)| **count >= COMPARED_FROM);
    let times = compared.map(|(_, contender)| Measure::Cpu.median(&contender.rounds));
    let (least, most) = times
        .fold((f64::INFINITY, 0.0_f64), |(least, most), time| (least.min(time), most.max(time)));
    let spread_percent = (most / least - 1.0) * 100.0;
    let what = format!("CPU time from {COMPARED_FROM} connections up, apart");
    let mut section = Section::new("Busy connections");
    section.tables.push(table("1 KiB", &contenders));
    section.bars.push(Bar::at_most(what, spread_percent, SPREAD_PERCENT_MAX, "%"));
    Ok(section)
}
