//! What came out, for a person.

use std::fmt;
use std::fmt::Write as _;

use super::Inspection;
use super::examination::{Answer, Asked, Examination, Times, findings};
use crate::sandbox::CONTRACT_VERSION;
use crate::text::readable;

/// Characters of a request in the table.
const REQUEST_WIDTH: usize = 60;

/// What an answer without a lookup is headed by.
const AT_ONCE: &str = "at once";

impl fmt::Display for Inspection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}: {}", readable(&self.file), self.what())?;
        if let Some(octets) = self.octets {
            writeln!(formatter, "  size: {octets} octets")?;
        }
        if self.kind == "component" {
            writeln!(formatter, "  imports: {}", list(&self.imports))?;
            writeln!(formatter, "  exports: {}", list(&self.exports))?;
        }
        if let Some(examination) = &self.examination {
            let names: Vec<_> = self.settings.iter().map(|setting| setting.name.clone()).collect();
            writeln!(formatter, "  parameters: {}", list(&names))?;
            write!(formatter, "\n{}", Table(examination))?;
        }
        if let Some(refused) = &self.refused {
            writeln!(formatter, "\nrefused at the step {}:", refused.step)?;
            for complaint in &refused.complaints {
                writeln!(formatter, "  {complaint}")?;
            }
        }
        writeln!(formatter, "\n{}", if self.sound { "sound" } else { "not sound" })
    }
}

impl Inspection {
    /// One line: the world, the version, and what follows from them.
    fn what(&self) -> String {
        let Some((world, contract)) = self.world.zip(self.contract.as_ref()) else {
            return match self.kind {
                _ if self.octets.is_none() => "it cannot be read".into(),
                "component" => {
                    "a component, but no guest: it exports no wasmhttpd:guest/handler".into()
                }
                "core-module" => {
                    "a core module, no component (try a target such as wasm32-wasip2)".into()
                }
                _ => "no WebAssembly, or not all of it".into(),
            };
        };
        let mut what = match contract.as_str() {
            "" => format!("a {world} of a contract without a version"),
            contract => format!("a {world} of the contract wasmhttpd:guest@{}", readable(contract)),
        };
        if let Some(age @ ("older" | "newer")) = self.age {
            let _ = write!(what, ", {age} than this server's, {CONTRACT_VERSION}");
        }
        if world == "middleware" {
            what += ", to be put in front of a guest (try `wac plug`)";
        }
        what
    }
}

/// The answers, the time they took, the breaches.
struct Table<'a>(&'a Examination);

impl fmt::Display for Table<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Examination { complete, requests, parse, respond, breaches } = self.0;
        let width = requests.iter().map(|asked| cell(&asked.request).chars().count()).max();
        let width = width.unwrap_or(0).max("request".len());
        let cells =
            requests.iter().flat_map(|asked| &asked.answers).map(|answer| shown(answer).len());
        let least = cells.max().unwrap_or(0);
        write!(formatter, "{:width$}  {AT_ONCE:>least$}", "request")?;
        findings().try_for_each(|name| write!(formatter, "  {name:>least$}"))?;
        writeln!(formatter)?;
        for asked in requests {
            writeln!(formatter, "{}", row(asked, width, least))?;
        }
        if !complete {
            writeln!(formatter, "there was no time for more: it is too slow")?;
        }
        writeln!(formatter, "\nfunction   calls     median      worst")?;
        for (name, Times { count, median, worst }) in [("parse", parse), ("respond", respond)] {
            let [median, worst] = [median, worst].map(|time| match count {
                0 => "-".into(),
                _ => microseconds(*time),
            });
            writeln!(formatter, "{name:8} {count:>7} {median:>10} {worst:>10}")?;
        }
        if !breaches.is_empty() {
            writeln!(formatter, "\nbreaches:")?;
        }
        for breach in breaches {
            let count = match breach.count {
                1 => "once".into(),
                count => format!("{count} times"),
            };
            let (name, call, reason) = (breach.name, breach.call, readable(&breach.reason));
            writeln!(formatter, "  {name}, {count} in {call}: {reason}\n    {}", breach.line)?;
        }
        Ok(())
    }
}

fn row(asked: &Asked, width: usize, least: usize) -> String {
    let mut row = format!("{:width$}", cell(&asked.request));
    if asked.looks_for.is_some() {
        row += &" ".repeat(2 + AT_ONCE.len().max(least));
    }
    for answer in &asked.answers {
        let width = answer.found.unwrap_or(AT_ONCE).len().max(least);
        row += &format!("  {:>width$}", shown(answer));
    }
    row
}

/// The status, or in a word why there is none.
fn shown(answer: &Answer) -> String {
    match (answer.status, answer.failed) {
        (Some(status), _) => status.to_string(),
        (None, Some(failed)) => failed.into(),
        (None, None) => "-".into(),
    }
}

fn cell(request: &str) -> String {
    match request.char_indices().nth(REQUEST_WIDTH) {
        _ if request.is_empty() => "(an empty line)".into(),
        Some((end, _)) => format!("{}…", &request[..end]),
        None => request.into(),
    }
}

fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{} us", nanoseconds / 1000, nanoseconds / 100 % 10)
}

fn list(names: &[String]) -> String {
    match names {
        [] => "nothing".into(),
        names => readable(&names.join(", ")),
    }
}
