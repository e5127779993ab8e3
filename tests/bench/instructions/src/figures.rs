//! The figures: how they are written down, kept, and compared.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::callgrind::Instructions;
use crate::case::CASES;
use crate::strace::SystemCalls;

/// By how many per cent instructions may grow.
const INSTRUCTIONS_PERCENT: i64 = 2;

/// What is said at the top of the file.
const HEADER: &str = "\
# What a request costs, counted: `cargo run --release --package instructions` compares, --bless writes this file.
# Instructions of a request, by where they are: `instructions CASE HEADS TOTAL GUEST HOST LIBC`; more than 2% more in
# TOTAL is a failure. The calls of the guest without sockets are the case `calls`.
# System calls of a request: `system-calls CASE NAME=NUMBER…`; one more is a failure, for 100 KiB more than 5%.
";

/// Counted or kept.
#[derive(Debug, Default)]
pub struct Figures {
    /// By case and heads.
    pub instructions: Vec<(String, String, Instructions)>,
    /// By case, in hundredths.
    pub system_calls: Vec<(String, SystemCalls)>,
}

/// What differs from what is kept.
#[derive(Debug)]
pub struct Complaint {
    /// Something has grown; else it has shrunk, which only asks to be kept.
    pub is_failure: bool,
    text: String,
}

impl std::fmt::Display for Complaint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("figures.txt")
}

impl Figures {
    /// What is kept.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn read() -> anyhow::Result<Figures> {
        let file = file();
        let text = fs::read_to_string(&file);
        let text = text.with_context(|| format!("{} (try --bless)", file.display()))?;
        Figures::parse(&text)
    }

    fn parse(text: &str) -> anyhow::Result<Figures> {
        let mut figures = Figures::default();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let parsed = match &*words {
                [] => Some(()),
                [first, ..] if first.starts_with('#') => Some(()),
                ["instructions", case, heads, _, guest, host, libc] => {
                    let counts = [guest, host, libc].map(|count| count.parse().ok());
                    let [Some(guest), Some(host), Some(libc)] = counts else {
                        bail!("figures.txt:{}: no numbers", number + 1)
                    };
                    let counted = Instructions { guest, host, libc };
                    figures.instructions.push(((*case).into(), (*heads).into(), counted));
                    Some(())
                }
                ["system-calls", case, calls @ ..] => {
                    let calls = calls.iter().map(|call| {
                        let (name, count) = call.split_once('=')?;
                        Some((name.to_owned(), (count.parse::<f64>().ok()? * 100.0).round() as i64))
                    });
                    calls.collect::<Option<SystemCalls>>().map(|calls| {
                        figures.system_calls.push(((*case).into(), calls));
                    })
                }
                _ => None,
            };
            if parsed.is_none() {
                bail!("figures.txt:{}: not understood (try --bless)", number + 1);
            }
        }
        Ok(figures)
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        let mut text = String::from(HEADER);
        // Writing to a string does not fail.
        for (case, heads, counted) in &self.instructions {
            let Instructions { guest, host, libc } = counted;
            let total = counted.total();
            let _ = writeln!(
                text,
                "instructions {case:10} {heads:9} {total:7} {guest:7} {host:7} {libc:6}"
            );
        }
        for (case, calls) in &self.system_calls {
            let _ = write!(text, "system-calls {case:10}");
            for (name, hundredths) in calls {
                let _ = write!(text, " {name}={}", *hundredths as f64 / 100.0);
            }
            text.push('\n');
        }
        text
    }

    /// Keeps them. Where only some `cases` were counted, those of others stay as they are.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn write(mut self, cases: &[String]) -> anyhow::Result<()> {
        if !cases.is_empty() {
            let mut kept = Figures::read()?;
            kept.instructions
                .retain(|(case, ..)| self.instructions.iter().all(|(other, ..)| other != case));
            kept.system_calls
                .retain(|(case, _)| self.system_calls.iter().all(|(other, _)| other != case));
            self.instructions.append(&mut kept.instructions);
            self.system_calls.append(&mut kept.system_calls);
            let place = |name: &str| CASES.iter().position(|case| case.name == name);
            let place = |name: &str| place(name).unwrap_or(CASES.len());
            self.instructions.sort_by_key(|(case, ..)| place(case));
            self.system_calls.sort_by_key(|(case, _)| place(case));
        }
        let file = file();
        fs::write(&file, self.text())
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    /// How what was counted differs from these.
    pub fn complaints(&self, counted: &Figures) -> Vec<Complaint> {
        let instructions = counted.instructions.iter().filter_map(|(case, heads, counted)| {
            let mut kept = self.instructions.iter();
            let kept = kept.find(|(other, kind, _)| other == case && kind == heads);
            let name = format!("instructions of {case}, heads {heads}");
            compare(
                &name,
                kept.map(|kept| kept.2.total()),
                counted.total(),
                INSTRUCTIONS_PERCENT,
                1,
            )
        });
        let system_calls = counted.system_calls.iter().flat_map(|(case, counted)| {
            let kept = self.system_calls.iter().find(|(other, _)| other == case);
            let percent = CASES.iter().find(|known| known.name == case);
            let percent = percent.map_or(0, |case| case.system_calls_percent as i64);
            let kept = kept.map(|(_, calls)| calls.values().sum());
            compare(&format!("system calls of {case}"), kept, counted.values().sum(), percent, 100)
        });
        instructions.chain(system_calls).collect()
    }
}

/// What there is to say of a number that was `kept`; `unit` of it are one.
fn compare(
    name: &str,
    kept: Option<i64>,
    counted: i64,
    percent: i64,
    unit: i64,
) -> Option<Complaint> {
    let Some(kept) = kept else {
        let text = format!("{name}: not in figures.txt");
        return Some(Complaint { is_failure: true, text });
    };
    let (is_more, is_less) =
        (counted * 100 > kept * (100 + percent), counted * (100 + percent) < kept * 100);
    let change = 100.0 * (counted - kept) as f64 / kept as f64;
    let one = |number: i64| number as f64 / unit as f64;
    (is_more || is_less).then(|| Complaint {
        is_failure: is_more,
        text: format!("{name}: {} instead of {} ({change:+.1}%)", one(counted), one(kept)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(host: i64, reads: i64) -> Figures {
        let counted = Instructions { guest: 5000, host, libc: 0 };
        Figures {
            instructions: vec![("1k".into(), "repeated".into(), counted)],
            system_calls: vec![("1k".into(), [("read".to_owned(), reads)].into())],
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (one, text) = (figures(7, 150), figures(7, 150).text());
        let other = Figures::parse(&text).expect("its own text");
        assert_eq!(other.instructions, one.instructions);
        assert_eq!(other.system_calls, one.system_calls);
        assert!(Figures::parse("instructions 1k").is_err());
        assert!(Figures::parse("system-calls 1k read=x").is_err());
    }

    #[test]
    fn more_is_a_failure_and_less_is_said() {
        let kept = figures(5000, 200);
        let complaints = |host, reads| kept.complaints(&figures(host, reads));
        assert!(complaints(5200, 200).is_empty());
        assert!(complaints(5201, 200)[0].is_failure);
        assert!(complaints(4805, 200).is_empty());
        assert!(!complaints(4000, 200)[0].is_failure);
        let more = &complaints(5000, 201)[0];
        assert!(more.is_failure);
        assert_eq!(more.to_string(), "system calls of 1k: 2.01 instead of 2 (+0.5%)");
        let none = Figures::default().complaints(&kept);
        assert!(none.len() == 2 && none.iter().all(|complaint| complaint.is_failure));
    }
}
