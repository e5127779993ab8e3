//! How long does it take from the start to the first answer, and how large is the binary?

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::case::Case;
use crate::client::Client;
use crate::measure::Bench;
use crate::report::{Bar, Section, Table};
use crate::server::{self, Kind, Plan};
use crate::site::Site;
use crate::statistics::{median, number};

/// So often the server is started with an empty code cache, and as often with a full one.
const STARTS: usize = 10;

/// The bar: from exec to the first answer, in milliseconds.
const START_MILLIS_MAX: f64 = 50.0;

/// The bar: the size of the binary, in MB.
const BINARY_MB_MAX: f64 = 25.0;

/// Starts the server again and again.
///
/// # Errors
/// When the server does not start, or gives a wrong answer.
pub fn run(bench: &Bench<'_>) -> anyhow::Result<Section> {
    let site = Site::write(Case::SMALL.files())?;
    let plan = bench.plan(Kind::Wasmhttpd, &bench.wasmhttpd, &site, "start", &Case::SMALL);
    let mut table =
        Table::new("Milliseconds to the first answer", &["code cache", "median", "longest"]);
    let mut section = Section::new("Start");
    for name in ["empty", "full"] {
        let mut millis = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            bench.machine.check_interrupted()?;
            if name == "empty" {
                empty(&plan.code)?;
            }
            millis.push(start(bench, &plan)?.as_secs_f64() * 1e3);
        }
        let longest = millis.iter().copied().fold(0.0, f64::max);
        let middle = median(millis);
        table.row(vec![name.to_owned(), number(middle), number(longest)]);
        let what = format!("start with {name} code cache");
        section.bars.push(Bar::below(what, middle, START_MILLIS_MAX, " ms"));
    }
    let size = fs::metadata(&bench.wasmhttpd).context("the size of the binary")?.len();
    let what = "size of the binary".to_owned();
    section.bars.push(Bar::below(what, size as f64 / 1e6, BINARY_MB_MAX, " MB"));
    section.tables.push(table);
    Ok(section)
}

fn empty(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("{} cannot be emptied", folder.display())),
    }
}

/// A child that [`server::spawn`] started.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        server::end(&mut self.0);
    }
}

/// From exec to the first answer.
fn start(bench: &Bench<'_>, plan: &Plan<'_>) -> anyhow::Result<Duration> {
    fs::create_dir_all(&plan.folder).context("the server's folder cannot be made")?;
    let address = server::free_address()?;
    let mut command = plan.command(address.port())?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = Started(server::spawn(&mut command, &bench.machine.all_cores)?);
    let mut line = String::new();
    let stdout = child.0.stdout.take().context("a pipe")?;
    BufReader::new(stdout).read_line(&mut line).context("what the server says")?;
    if !line.starts_with("listening on ") {
        let mut said = String::new();
        let stderr = child.0.stderr.take().context("a pipe")?;
        stderr.take(2048).read_to_string(&mut said).context("what the server says")?;
        anyhow::bail!("wasmhttpd does not start, it says: {line}{said}");
    }
    let mut client = Client::connect(address)?;
    let files = Case::SMALL.files().context("a case with files")?;
    let head = format!("GET {} HTTP/1.1\r\nHost: www.example.org\r\n\r\n", files.target(0));
    let answer = client.ask(head.as_bytes())?;
    let elapsed = begun.elapsed();
    ensure!(answer.status == 200, "status {}, not 200", answer.status);
    Ok(elapsed)
}
