//! The comparison: every case, every server, and the bars.

use std::path::PathBuf;

use anyhow::bail;

use crate::case::Case;
use crate::measure::{self, Bench, Contender};
use crate::program;
use crate::report::{Bar, Chart, ChartBar, Section, Table, Verdict};
use crate::server::{Kind, Server};
use crate::site::Site;
use crate::statistics::{Limit, Measure, Round, number};

/// What our own binary is called when it is started once more, and the one of `--base`.
const AGAIN: &str = "wasmhttpd again";
const BASE: &str = "base";

/// The bar of memory under load, in MB.
const PEAK_MB_MAX: f64 = 40.0;

/// The rounds of every server in a case.
struct Compared {
    case: Case,
    servers: Vec<(Kind, Vec<Round>)>,
    /// Our own binary, started a second time: how far it is from itself is what the ratios are
    /// worth.
    again: Vec<Round>,
    /// The binary of `--base`, if there is one.
    base: Option<Vec<Round>>,
    notes: Vec<String>,
}

/// Compares with what is installed.
///
/// # Errors
/// When a server does not start, or gives a wrong answer.
pub fn run(bench: &Bench<'_>) -> anyhow::Result<Section> {
    let cases = Case::selected(&bench.options.cases)?;
    let peers = Peers::find(&bench.options.peers)?;
    let site = Site::write(cases.iter().filter_map(Case::files))?;
    site.settle();
    let mut section = Section::new("Comparison");
    if !peers.missing.is_empty() {
        section.notes.push(format!("Not installed: {}.", peers.missing.join(", ")));
    }
    for case in cases {
        let compared = compare(bench, &site, case, &peers.installed)?;
        section.tables.push(compared.table());
        section.charts.push(compared.chart());
        section.bars.extend(compared.bars());
    }
    Ok(section)
}

/// What there is to compare with.
struct Peers {
    installed: Vec<(Kind, PathBuf)>,
    missing: Vec<&'static str>,
}

impl Peers {
    /// Those of these names; all that are installed if there are no names.
    fn find(names: &[String]) -> anyhow::Result<Peers> {
        let known = Kind::PEERS.map(Kind::name);
        if let Some(wrong) = names.iter().find(|name| !known.contains(&name.as_str())) {
            bail!("--peer: there is no server `{wrong}` (try one of {})", known.join(", "));
        }
        let mut peers = Peers { installed: Vec::new(), missing: Vec::new() };
        for kind in Kind::PEERS {
            let named = names.iter().any(|name| name == kind.name());
            match program::installed(kind.name()) {
                Some(path) if named || names.is_empty() => peers.installed.push((kind, path)),
                Some(_) => {}
                None if named => bail!("--peer: {} is not installed", kind.name()),
                None => peers.missing.push(kind.name()),
            }
        }
        Ok(peers)
    }
}

fn compare(
    bench: &Bench<'_>,
    site: &Site,
    case: Case,
    peers: &[(Kind, PathBuf)],
) -> anyhow::Result<Compared> {
    let mut ours = vec![bench.start(site, AGAIN, &case, &[])?];
    if let Some(program) = &bench.options.base {
        let plan = bench.plan(Kind::Wasmhttpd, program, site, BASE, &case);
        ours.push(Server::start(bench.machine, &plan)?);
    }
    let mut servers = vec![bench.start(site, Kind::Wasmhttpd.name(), &case, &[])?];
    let mut notes = Vec::new();
    for (kind, program) in peers {
        let plan = bench.plan(*kind, program, site, kind.name(), &case);
        let descriptors = kind.descriptors(plan.connections);
        if descriptors as u64 > bench.machine.descriptors {
            notes.push(format!("{} is left out: it needs {descriptors} open files.", kind.name()));
            continue;
        }
        servers.push(Server::start(bench.machine, &plan)?);
    }
    if case.floor {
        servers.push(bench.start_floor(site, &case)?);
    }
    let contender = |server| Contender::new(Server::name(server), server, case);
    let mut contenders = servers.iter().map(contender).collect::<anyhow::Result<Vec<_>>>()?;
    for (name, server) in [AGAIN, BASE].into_iter().zip(&ours) {
        contenders.push(Contender::new(name, server, case)?);
    }
    measure::take_turns(bench, &mut contenders)?;
    let mut rounds = contenders.into_iter().map(|contender| contender.rounds);
    let servers = servers.iter().map(|server| server.kind).zip(&mut rounds).collect();
    let again = rounds.next().unwrap_or_default();
    Ok(Compared { case, servers, again, base: rounds.next(), notes })
}

impl Compared {
    fn rounds(&self, kind: Kind) -> Option<&[Round]> {
        let found = self.servers.iter().find(|(other, _)| *other == kind);
        found.map(|(_, rounds)| rounds.as_slice())
    }

    fn ours(&self) -> &[Round] {
        self.rounds(Kind::Wasmhttpd).unwrap_or_default()
    }

    /// The peer that is best in one measure, and our ratio to it.
    fn ratio_to_best(&self, measure: Measure) -> Option<(Kind, f64)> {
        let peers = self.servers.iter().filter(|(kind, _)| kind.sets_bars());
        let (best, rounds) = peers.reduce(|best, other| {
            match measure.is_better(measure.median(&other.1), measure.median(&best.1)) {
                true => other,
                false => best,
            }
        })?;
        Some((*best, measure.ratio(self.ours(), rounds)))
    }

    fn table(&self) -> Table {
        let mut table = Table::of_rounds(self.case.title);
        for (kind, rounds) in &self.servers {
            table.add_rounds(kind.name(), rounds);
        }
        let ratio = |measure| match self.ratio_to_best(measure) {
            Some((kind, ratio)) if measure.is_of_server() => {
                format!("{} {}", number(ratio), kind.name())
            }
            _ => String::new(),
        };
        if self.servers.iter().any(|(kind, _)| kind.sets_bars()) {
            let ratios = Measure::ALL.map(ratio);
            table.row([&["ratio to best".to_owned()], &ratios[..], &[String::new()]].concat());
        }
        table.notes.clone_from(&self.notes);
        table.notes.push(format!(
            "CPU time, ratio of the same binary started once more: {}.",
            spread(&self.again, self.ours())
        ));
        if let Some(base) = &self.base {
            let ratio = spread(self.ours(), base);
            table.notes.push(format!("CPU time, ratio to the base: {ratio}."));
        }
        if let Some(floor) = self.rounds(Kind::Floor) {
            let cpu = Measure::Cpu.ratio(self.ours(), floor);
            let more = Measure::Cpu.median(self.ours()) - Measure::Cpu.median(floor);
            table.notes.push(format!(
                "{} times the floor's CPU time: {} us are above it.",
                number(cpu),
                number(more)
            ));
        }
        table
    }

    fn chart(&self) -> Chart {
        let bar = |(kind, rounds): &(Kind, Vec<Round>)| ChartBar {
            name: kind.name(),
            micros: Measure::Cpu.median(rounds),
            ratio: Measure::Cpu.ratio(rounds, self.ours()),
        };
        Chart { title: self.case.title, bars: self.servers.iter().map(bar).collect() }
    }

    fn bars(&self) -> Vec<Bar> {
        let title = self.case.title;
        let mut bars = Vec::new();
        if let Some((kind, ratio)) = self.ratio_to_best(Measure::Cpu) {
            let what = format!("{title}: CPU time, ratio to {}", kind.name());
            bars.push(Bar::at_most(what, ratio, self.case.cpu_ratio_max, ""));
        }
        if let Some((kind, ratio)) = self.ratio_to_best(Measure::Requests) {
            let what = format!("{title}: requests/s, ratio to {}", kind.name());
            let mut bar = Bar::at_least(what, ratio, 1.0);
            if let Some(remark) = Limit::of(self.ours()).remark() {
                bar.verdict = Verdict::Open(remark);
            }
            bars.push(bar);
        }
        if let Some((kind, ratio)) = self.ratio_to_best(Measure::P999) {
            let what = format!("{title}: p99.9, ratio to {}", kind.name());
            bars.push(Bar::at_most(what, ratio, 1.0, ""));
        }
        let peak_mb = Measure::Peak.median(self.ours()) * f64::from(1 << 20) / 1e6;
        bars.push(Bar::at_most(format!("{title}: peak RSS"), peak_mb, PEAK_MB_MAX, " MB"));
        bars
    }
}

/// The ratio of processor times: its median, and from where to where it goes within the rounds.
fn spread(ours: &[Round], theirs: &[Round]) -> String {
    let ratios = ours.iter().zip(theirs).map(|(ours, theirs)| ours.cpu_micros / theirs.cpu_micros);
    let low = ratios.clone().fold(f64::INFINITY, f64::min);
    let high = ratios.fold(f64::NEG_INFINITY, f64::max);
    format!("{:.3} in the median, {low:.3} to {high:.3}", Measure::Cpu.ratio(ours, theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(cpu: &[f64], busy: f64) -> Vec<Round> {
        let round = |&cpu_micros: &f64| Round {
            requests_per_second: busy * 1e6 / cpu_micros,
            cpu_micros,
            busy,
            waiting: 0.0,
            p50_micros: 1.0,
            p99_micros: 1.0,
            p999_micros: 1.0,
            peak_mib: 30.0,
            apart_nanos: 70.0,
            threads_lost: 0,
        };
        cpu.iter().map(round).collect()
    }

    fn compared(busy: f64) -> Compared {
        let servers = vec![
            (Kind::Wasmhttpd, rounds(&[8.0, 80.0, 8.2], busy)),
            (Kind::Nginx, rounds(&[11.0, 110.0, 11.0], 1.0)),
            (Kind::H2o, rounds(&[10.0, 100.0, 10.0], 1.0)),
            (Kind::Caddy, rounds(&[1.0, 1.0, 1.0], 1.0)),
        ];
        let again = rounds(&[8.2, 79.2, 8.2], busy);
        Compared { case: Case::SMALL, servers, again, base: None, notes: Vec::new() }
    }

    #[test]
    fn the_ratio_is_to_the_best_of_those_that_the_bars_are_about() {
        assert_eq!(compared(1.0).ratio_to_best(Measure::Cpu), Some((Kind::H2o, 0.8)));
        let servers = vec![(Kind::Caddy, rounds(&[1.0], 1.0))];
        let alone = Compared { servers, ..compared(1.0) };
        assert_eq!(alone.ratio_to_best(Measure::Cpu), None);
    }

    #[test]
    fn the_same_binary_is_set_against_itself_and_the_base() {
        let text = |compared: &Compared| compared.table().notes.join("\n");
        let compared = compared(1.0);
        assert!(text(&compared).contains("once more: 1.000 in the median, 0.990 to 1.025."));
        assert!(!text(&compared).contains("the base"));
        let base = Some(rounds(&[10.0, 100.0, 10.0], 1.0));
        let compared = Compared { base, ..compared };
        assert!(
            text(&compared).contains("ratio to the base: 0.800 in the median, 0.800 to 0.820.")
        );
    }

    #[test]
    fn requests_are_judged_only_where_the_core_was_busy() {
        let verdicts =
            |busy| compared(busy).bars().iter().map(|bar| bar.verdict).collect::<Vec<_>>();
        let limited = Verdict::Open("the load was the limit");
        assert_eq!(verdicts(0.95), [Verdict::Met; 4]);
        assert_eq!(verdicts(0.94), [Verdict::Met, limited, Verdict::Met, Verdict::Met]);
    }
}
