//! How much faster is it than a general host for components with the same guest?

use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::table;
use crate::case::Case;
use crate::measure::{self, Bench, Contender};
use crate::report::{Bar, Section};
use crate::server::{Kind, Plan, Server};
use crate::site::Site;
use crate::statistics::{Measure, number};

/// The bar: requests per second, as a ratio to the best setting of the other.
const RATIO_MIN: f64 = 8.0;

/// What the guest and its adapter are written to.
const COMPONENT: &str = "app.wasm";

/// What is always said to `wasmtime serve`.
const SERVE: [&str; 8] =
    ["serve", "-S", "cli", "--addr", "127.0.0.1:@PORT@", "--dir", "@ROOT@::/", COMPONENT];

/// Settings that are tried.
const SETTINGS: [(&str, &[&str]); 3] = [
    ("as it comes", &[]),
    ("pooling, reuse", &["-O", "pooling-allocator=y", "--max-instance-reuse-count", "1000000"]),
    ("no pooling, reuse", &["-O", "pooling-allocator=n", "--max-instance-reuse-count", "1000000"]),
];

/// Measures `wasmtime serve` in several settings, and takes the best.
///
/// # Errors
/// When a server does not start, or gives a wrong answer.
pub fn run(bench: &Bench<'_>) -> anyhow::Result<Section> {
    let case = Case::SMALL;
    let program = bench.wasmtime.as_deref().context("a CLI of wasmtime")?;
    let site = Site::write(case.files())?;
    site.settle();
    let mut servers = vec![bench.start(&site, "wasmhttpd", &case, &[])?];
    for (_, setting) in SETTINGS {
        let plan = bench.plan(Kind::Wasmtime, program, &site, "wasmtime", &case);
        std::fs::create_dir_all(&plan.folder).context("its folder cannot be made")?;
        compose(bench, &plan)?;
        // Options of the CLI stand before the component.
        let (component, options) = SERVE.split_last().context("a command")?;
        let arguments = [options, setting, &[component]].concat();
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        servers.push(Server::start(bench.machine, &Plan { arguments, ..plan })?);
    }
    let settings = SETTINGS.map(|(name, _)| format!("wasmtime serve, {name}"));
    let names = std::iter::once("wasmhttpd".to_owned()).chain(settings);
    let contender = |(name, server): (String, _)| Contender::new(&name, server, case);
    let mut contenders = names.zip(&servers).map(contender).collect::<anyhow::Result<Vec<_>>>()?;
    measure::take_turns(bench, &mut contenders)?;
    let (ours, theirs) = contenders.split_first().context("a contender")?;
    let requests = |contender: &&Contender<'_>| Measure::Requests.median(&contender.rounds);
    let best = theirs.iter().max_by(|one, other| requests(one).total_cmp(&requests(other)));
    let best = best.context("a setting")?;
    let ratio = Measure::Requests.ratio(&ours.rounds, &best.rounds);
    let mut section = Section::new("Hosts");
    section.notes.push(format!("{} times the requests/s of {}.", number(ratio), best.name));
    section.tables.push(table("1 KiB", &contenders));
    let what = "requests/s, ratio to wasmtime serve".to_owned();
    section.bars.push(Bar::at_least(what, ratio, RATIO_MIN));
    Ok(section)
}

/// Makes one component of the guest and the adapter.
fn compose(bench: &Bench<'_>, plan: &Plan<'_>) -> anyhow::Result<()> {
    let status = Command::new(&bench.wasmhttpd)
        .args(["compose", "--force", "--output", COMPONENT])
        .current_dir(&plan.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .context("wasmhttpd compose cannot be run")?;
    ensure!(status.success(), "wasmhttpd compose fails");
    Ok(())
}
