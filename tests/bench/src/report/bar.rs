//! Bars: what was asked for, and what was measured.

use super::Table;
use crate::statistics::number;

/// How a bar was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// It cannot be told, for this reason.
    Open(&'static str),
}

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    what: String,
    asked: String,
    measured: String,
    /// How it was passed.
    pub verdict: Verdict,
}

impl Bar {
    /// A number, in a unit, that may be so large.
    pub fn at_most(what: String, measured: f64, limit: f64, unit: &str) -> Bar {
        Bar::new(what, ("<=", measured <= limit), measured, limit, unit)
    }

    /// A number that has to be smaller.
    pub fn below(what: String, measured: f64, limit: f64, unit: &str) -> Bar {
        Bar::new(what, ("<", measured < limit), measured, limit, unit)
    }

    /// A ratio that has to be so large.
    pub fn at_least(what: String, measured: f64, limit: f64) -> Bar {
        Bar::new(what, (">=", measured >= limit), measured, limit, "")
    }

    fn new(what: String, (sign, met): (&str, bool), measured: f64, limit: f64, unit: &str) -> Bar {
        let asked = format!("{sign} {}{unit}", number(limit));
        let measured = format!("{}{unit}", number(measured));
        Bar { what, asked, measured, verdict: if met { Verdict::Met } else { Verdict::Missed } }
    }
}

/// All of them.
pub fn table(bars: &[Bar]) -> Table {
    let mut table = Table::new("Bars", &["bar", "asked", "measured", ""]);
    for bar in bars {
        let verdict = match bar.verdict {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::Open(reason) => reason,
        };
        table.row(vec![
            bar.what.clone(),
            bar.asked.clone(),
            bar.measured.clone(),
            verdict.to_owned(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_up_to_its_edge() {
        let verdict = |bar: Bar| bar.verdict;
        let what = String::new;
        assert_eq!(verdict(Bar::at_most(what(), 0.9, 0.9, "")), Verdict::Met);
        assert_eq!(verdict(Bar::at_most(what(), 0.901, 0.9, "")), Verdict::Missed);
        assert_eq!(verdict(Bar::below(what(), 49.9, 50.0, " ms")), Verdict::Met);
        assert_eq!(verdict(Bar::below(what(), 50.0, 50.0, " ms")), Verdict::Missed);
        assert_eq!(verdict(Bar::at_least(what(), 1.0, 1.0)), Verdict::Met);
        assert_eq!(verdict(Bar::at_least(what(), 0.99, 1.0)), Verdict::Missed);
        assert_eq!(verdict(Bar::at_most(what(), f64::NAN, 1.0, "")), Verdict::Missed);
    }

    #[test]
    fn it_says_what_was_asked_and_measured() {
        let text = table(&[Bar::below("start".to_owned(), 12.34, 50.0, " ms")]).text();
        assert_eq!(text, "Bars\n  bar        asked  measured\n  start  < 50.0 ms   12.3 ms  met");
    }
}
