//! What do idle connections cost, and how long do others wait beside them?

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;

use crate::case::Case;
use crate::client::Client;
use crate::load::{self, IdleConnections};
use crate::measure::Bench;
use crate::report::{Bar, Section, Table};
use crate::requests::Requests;
use crate::server::Server;
use crate::site::Site;
use crate::statistics::{count, number};
use crate::usage;

const IDLE: usize = 15_000;

/// The bar: resident memory of an idle connection.
const OCTETS_MAX: f64 = 1024.0;

/// The bar: 99 of 100 requests beside them are answered within this time.
const P99_MILLIS_MAX: f64 = 1.0;

/// How often the probe asks.
const ASK_EVERY: Duration = Duration::from_millis(1);

/// Requests before anything is measured, so that the server has all that it needs to answer one.
const WARM_UP_REQUESTS: usize = 1000;

/// Measures the memory of idle connections, and the latency of a probe beside them.
///
/// # Errors
/// When the server does not start, takes less connections, or gives a wrong answer.
pub fn run(bench: &Bench<'_>) -> anyhow::Result<Section> {
    let case = Case { connections: 1, idle: IDLE, ..Case::SMALL };
    let site = Site::write(case.files())?;
    site.settle();
    let server = bench.start(&site, "wasmhttpd", &case, &[])?;
    let requests = Requests::new(&case, |_| String::new());
    let mut probe = Probe { client: Client::connect(server.address)?, requests, next: 0 };
    for _ in 0..WARM_UP_REQUESTS {
        probe.ask()?;
    }
    let before = usage::resident_octets(server.id())?;
    let idle = open(bench, &server, &probe.requests)?;
    let after = usage::resident_octets(server.id())?;
    let per_connection = (after as f64 - before as f64) / IDLE as f64;
    let latencies = probe.ask_steadily(bench, bench.options.seconds * bench.options.rounds)?;
    idle.check_open()?;

    let millis = |percent| latencies.value_at_percentile(percent) as f64 / 1e6;
    let mut table =
        Table::new(&format!("{} idle connections", count(IDLE as u64)), &["", "measured"]);
    let rows = [
        ("resident memory without them, MiB", before as f64 / f64::from(1 << 20)),
        ("resident memory with them, MiB", after as f64 / f64::from(1 << 20)),
        ("octets for each", per_connection),
        ("p50 of the probe, ms", millis(50.0)),
        ("p99 of the probe, ms", millis(99.0)),
        ("p99.9 of the probe, ms", millis(99.9)),
    ];
    for (name, value) in rows {
        table.row(vec![name.to_owned(), number(value)]);
    }
    let mut section = Section::new("Idle connections");
    table.notes.push(format!("The probe asked {} times.", count(latencies.len())));
    section.tables.push(table);
    let what = "RSS of an idle connection".to_owned();
    section.bars.push(Bar::below(what, per_connection, OCTETS_MAX, " octets"));
    let what = format!("p99 beside {} idle connections", count(IDLE as u64));
    section.bars.push(Bar::below(what, millis(99.0), P99_MILLIS_MAX, " ms"));
    Ok(section)
}

fn open(
    bench: &Bench<'_>,
    server: &Server,
    requests: &Requests,
) -> anyhow::Result<IdleConnections> {
    let status = Case::SMALL.status();
    IdleConnections::open(bench.machine, server.address, IDLE, requests.first(), status)
}

/// One connection that asks at a steady rate.
struct Probe {
    client: Client,
    requests: Requests,
    next: usize,
}

impl Probe {
    fn ask(&mut self) -> anyhow::Result<()> {
        let head = &self.requests.octets()[self.requests.batch(self.next, 1)];
        self.next += 1;
        let answer = self.client.ask(head)?;
        let right = (answer.status, Some(answer.content_octets));
        ensure!(right == (Case::SMALL.status(), Case::SMALL.content_octets()), "a wrong answer");
        Ok(())
    }

    /// Nanoseconds from when a request was due to its answer: one that is slow makes those wait
    /// that come after it, as it would in earnest.
    fn ask_steadily(
        &mut self,
        bench: &Bench<'_>,
        duration: Duration,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut latencies = load::latencies()?;
        let start = Instant::now();
        let mut due = start;
        while due < start + duration {
            bench.machine.check_interrupted()?;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            self.ask().context("the probe")?;
            latencies.saturating_record(due.elapsed().as_nanos() as u64);
            due += ASK_EVERY;
        }
        Ok(latencies)
    }
}
