//! Turns: a server, a case, and what both came to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::answer::Expected;
use crate::case::{Asked, Case};
use crate::cli::Options;
use crate::client::Client;
use crate::distance::Distance;
use crate::floor;
use crate::load::{IdleConnections, Load, Plan, Tally};
use crate::machine::Machine;
use crate::requests::Requests;
use crate::server::{self, Kind, Server};
use crate::site::Site;
use crate::statistics::{Measure, Round, micros, number};
use crate::usage::{self, CpuTime, CpuUsed};

/// Each turn begins with so much load that is not measured: files are remembered, buffers have
/// grown.
const WARM_UP: Duration = Duration::from_millis(300);

/// Rounds in which the cores are moved are begun anew so often; then they count as they are.
const ROUND_ATTEMPTS_MAX: u32 = 8;

/// Connections that a server may hold besides those of a case, and as a share of those: nginx
/// closes idle ones as soon as less than a sixteenth is free.
const SPARE_CONNECTIONS: usize = 256;
const SPARE_SHARE: usize = 8;

/// What every measurement needs.
#[derive(Debug)]
pub struct Bench<'a> {
    /// What it runs on.
    pub machine: &'a Machine,
    /// The program that it is about.
    pub wasmhttpd: PathBuf,
    /// The CLI of wasmtime, for who compares with it.
    pub wasmtime: Option<PathBuf>,
    /// How to go about it.
    pub options: &'a Options,
}

impl Bench<'_> {
    /// Starts wasmhttpd for a case, with further lines in its web.conf; `name` is its folder's.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(
        &self,
        site: &Site,
        name: &str,
        case: &Case,
        lines: &[&str],
    ) -> anyhow::Result<Server> {
        let plan = self.plan(Kind::Wasmhttpd, &self.wasmhttpd, site, name, case);
        Server::start(self.machine, &server::Plan { lines, ..plan })
    }

    /// Starts the floor for a case.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_floor(&self, site: &Site, case: &Case) -> anyhow::Result<Server> {
        let program = std::env::current_exe().context("where this program is")?;
        let head_octets = Requests::new(case, |_| String::new()).first().len();
        let arguments = [
            floor::SUBCOMMAND.to_owned(),
            "--port=@PORT@".to_owned(),
            format!("--head-octets={head_octets}"),
            format!("--status={}", case.status()),
            format!("--content-octets={}", case.content_octets().unwrap_or(0)),
        ];
        let plan = self.plan(Kind::Floor, &program, site, Kind::Floor.name(), case);
        Server::start(self.machine, &server::Plan { arguments: arguments.into(), ..plan })
    }

    /// How a server is started for a case, without anything special.
    pub fn plan<'a>(
        &self,
        kind: Kind,
        program: &'a Path,
        site: &Site,
        name: &str,
        case: &Case,
    ) -> server::Plan<'a> {
        let held = case.connections + case.idle;
        let folder = site.folder().join(name);
        server::Plan {
            kind,
            program,
            code: folder.join("code"),
            folder,
            root: site.root(),
            connections: held + held / SPARE_SHARE + SPARE_CONNECTIONS,
            descriptors: self.machine.descriptors,
            lines: &[],
            arguments: kind.arguments(),
        }
    }
}

/// A server in a case, and its rounds.
#[derive(Debug)]
pub struct Contender<'a> {
    /// What it is called in a report.
    pub name: String,
    /// What was measured.
    pub rounds: Vec<Round>,
    server: &'a Server,
    case: Case,
    requests: Requests,
}

impl<'a> Contender<'a> {
    /// Makes the requests for it.
    ///
    /// # Errors
    /// When it has no validators for conditional ones.
    pub fn new(name: &str, server: &'a Server, case: Case) -> anyhow::Result<Contender<'a>> {
        let conditions = match case.asked {
            Asked::Unchanged(_) if server.kind != Kind::Floor => conditions(server, &case)
                .with_context(|| format!("{name} in the case {}", case.name))?,
            _ => BTreeMap::new(),
        };
        let condition = |target: &str| conditions.get(target).cloned().unwrap_or_default();
        let requests = Requests::new(&case, condition);
        Ok(Contender { name: name.to_owned(), rounds: Vec::new(), server, case, requests })
    }

    /// One turn, and how far apart the cores are at its end.
    fn turn(&self, machine: &Machine, duration: Duration) -> anyhow::Result<Round> {
        let Contender { server, case, requests, .. } = self;
        let first = requests.first();
        let idle = IdleConnections::open(machine, server.address, case.idle, first, case.status())?;
        let mut load = Load::open(Plan {
            address: server.address,
            requests,
            connections: case.connections,
            pipeline: case.pipeline,
            connection_per_request: case.connection_per_request,
            expected: Expected { status: case.status(), content_octets: case.content_octets() },
        })?;
        load.run(machine, WARM_UP)?;
        let before = CpuTime::of(server.id())?;
        let start = Instant::now();
        let tally = load.run(machine, duration)?;
        let elapsed = start.elapsed();
        let used = CpuTime::of(server.id())?.since(&before);
        drop(load);
        idle.check_open()?;
        let peak_octets = usage::peak_resident_octets(server.id())?;
        let apart = Distance::measure(machine)?;
        Ok(self.round(&tally, elapsed, used, peak_octets, apart))
    }

    fn round(
        &self,
        tally: &Tally,
        elapsed: Duration,
        used: CpuUsed,
        peak_octets: u64,
        apart: Distance,
    ) -> Round {
        let requests = self.case.requests(tally.answers, tally.content_octets);
        let percentile = |percent| tally.latencies.value_at_percentile(percent) as f64 / 1e3;
        let share = |time: Duration| time.as_secs_f64() / elapsed.as_secs_f64();
        Round {
            requests_per_second: requests / elapsed.as_secs_f64(),
            cpu_micros: micros(used.running) / requests,
            busy: share(used.running),
            waiting: share(used.waiting),
            p50_micros: percentile(50.0),
            p99_micros: percentile(99.0),
            p999_micros: percentile(99.9),
            peak_mib: peak_octets as f64 / f64::from(1 << 20),
            apart_nanos: apart.0,
            threads_lost: used.threads_lost,
        }
    }
}

/// Lets all of them take turns, in another order in each round.
///
/// # Errors
/// When one of them gives a wrong answer, or none.
pub fn take_turns(bench: &Bench<'_>, contenders: &mut [Contender<'_>]) -> anyhow::Result<()> {
    for round in 0..bench.options.rounds as usize {
        let mut attempt = 1;
        let measured = loop {
            match take_round(bench, contenders, round, attempt == ROUND_ATTEMPTS_MAX)? {
                Some(measured) => break measured,
                None => eprintln!("the cores were moved: once more"),
            }
            attempt += 1;
        };
        for (contender, round) in contenders.iter_mut().zip(measured) {
            contender.rounds.push(round);
        }
    }
    Ok(())
}

/// A turn for each, in their order. None: the cores were moved meanwhile, and it is not the last
/// attempt.
fn take_round(
    bench: &Bench<'_>,
    contenders: &[Contender<'_>],
    round: usize,
    is_last: bool,
) -> anyhow::Result<Option<Vec<Round>>> {
    let Options { rounds, seconds, apart_max, .. } = *bench.options;
    let apart = Distance::at_most(bench.machine, apart_max)?;
    let mut measured = vec![None; contenders.len()];
    for turn in 0..contenders.len() {
        let index = (turn + round) % contenders.len();
        let contender = &contenders[index];
        let Contender { name, case, .. } = contender;
        let it = contender
            .turn(bench.machine, seconds)
            .with_context(|| format!("{name} in the case {}", case.name))?;
        eprintln!(
            "{:9} round {}/{rounds}  {name:28} {:>9} requests/s {:>9} us",
            case.name,
            round + 1,
            number(Measure::Requests.of(&it)),
            number(Measure::Cpu.of(&it)),
        );
        if !is_last && Distance(it.apart_nanos).has_changed_since(apart) {
            return Ok(None);
        }
        measured[index] = Some(it);
    }
    Ok(measured.into_iter().collect())
}

/// The fields that make a request for each target conditional, from what the server says of it.
fn conditions(server: &Server, case: &Case) -> anyhow::Result<BTreeMap<String, String>> {
    let mut conditions = BTreeMap::new();
    let mut client = Client::connect(server.address)?;
    let targets = case
        .files()
        .into_iter()
        .flat_map(|files| (0..files.count).map(move |number| files.target(number)));
    for target in targets {
        let head = format!("GET {target} HTTP/1.1\r\nHost: www.example.org\r\n\r\n");
        let answer = client.ask(head.as_bytes())?;
        ensure!(answer.status == 200, "status {} of {target}, not 200", answer.status);
        let condition = match (answer.field("ETag"), answer.field("Last-Modified")) {
            (Some(tag), _) => format!("If-None-Match: {tag}\r\n"),
            (None, Some(date)) => format!("If-Modified-Since: {date}\r\n"),
            (None, None) => anyhow::bail!("{target} has no validator"),
        };
        conditions.insert(target, condition);
    }
    Ok(conditions)
}
