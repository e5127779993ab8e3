//! What does a fresh instance of the guest for each request cost?

use super::table;
use crate::case::Case;
use crate::measure::{self, Bench, Contender};
use crate::report::{Bar, Section};
use crate::site::Site;
use crate::statistics::Measure;

/// The bar: requests per second, as a ratio to those with an instance for each worker.
const RATIO_MIN: f64 = 0.5;

/// Measures both kinds of isolation.
///
/// # Errors
/// When the server does not start, or gives a wrong answer.
pub fn run(bench: &Bench<'_>) -> anyhow::Result<Section> {
    let case = Case::SMALL;
    let site = Site::write(case.files())?;
    site.settle();
    let names = ["isolation worker", "isolation request"];
    let start = |name: &str| bench.start(&site, name, &case, &[&format!("parameter {name}")]);
    let servers = [start(names[0])?, start(names[1])?];
    let mut contenders = [
        Contender::new(names[0], &servers[0], case)?,
        Contender::new(names[1], &servers[1], case)?,
    ];
    measure::take_turns(bench, &mut contenders)?;
    let [worker, request] = &contenders;
    let ratio = Measure::Requests.ratio(&request.rounds, &worker.rounds);
    let what = "requests/s with a fresh instance each, ratio".to_owned();
    let mut section = Section::new("Isolation");
    section.tables.push(table("1 KiB", &contenders));
    section.bars.push(Bar::at_least(what, ratio, RATIO_MIN));
    Ok(section)
}
