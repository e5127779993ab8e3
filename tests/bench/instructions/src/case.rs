//! What is asked: the cases, and the heads of their requests. A case is data.

use anyhow::bail;
use bench::site::Files;

const KIB: u64 = 1 << 10;

/// Files of each size: heads that all differ ask for all of them in turn.
pub const FILES: usize = 64;

/// All files of the site.
pub const SITE: [Files; 3] = [ONE_KIB, TEN_KIB, HUNDRED_KIB];

const ONE_KIB: Files = Files { prefix: "1k", octets: KIB, count: FILES };
const TEN_KIB: Files = Files { prefix: "10k", octets: 10 * KIB, count: FILES };
const HUNDRED_KIB: Files = Files { prefix: "100k", octets: 100 * KIB, count: FILES };

/// Files that are asked for and do not exist.
const NONE: Files = Files { prefix: "none", octets: 0, count: FILES };

/// One row of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// The files that are asked for.
    pub files: Files,
    /// A field that only this case has.
    pub field: Field,
    /// The status of each answer.
    pub status: u16,
    /// Requests that are sent at once.
    pub pipeline: usize,
    /// Whether each request has a connection of its own.
    pub connection_per_request: bool,
    /// Requests that are counted: N. Twice as many are sent the second time.
    pub requests: usize,
    /// By how many per cent its system calls may grow.
    pub system_calls_percent: u64,
}

/// A field of a request besides those that all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// None.
    None,
    /// `Range`, for half of a KiB.
    Range,
    /// `If-None-Match`, with the file's own ETag.
    Unchanged,
}

const SMALL: Case = Case {
    name: "1k",
    files: ONE_KIB,
    field: Field::None,
    status: 200,
    pipeline: 1,
    connection_per_request: false,
    requests: 1600,
    system_calls_percent: 0,
};

/// All of them, in the order of the tables.
pub const CASES: &[Case] = &[
    SMALL,
    Case { name: "10k", files: TEN_KIB, ..SMALL },
    Case { name: "100k", files: HUNDRED_KIB, requests: 640, system_calls_percent: 5, ..SMALL },
    Case { name: "304", field: Field::Unchanged, status: 304, ..SMALL },
    Case { name: "404", files: NONE, status: 404, ..SMALL },
    Case { name: "range", field: Field::Range, status: 206, ..SMALL },
    Case { name: "pipeline", pipeline: 16, ..SMALL },
    Case { name: "connection", connection_per_request: true, requests: 640, ..SMALL },
];

/// The cases of these names; all of them if there are no names.
///
/// # Errors
/// When a name is none of them.
pub fn selected(names: &[String]) -> anyhow::Result<Vec<Case>> {
    if let Some(wrong) = names.iter().find(|name| CASES.iter().all(|case| case.name != **name)) {
        let known: Vec<&str> = CASES.iter().map(|case| case.name).collect();
        bail!("--case: there is no case `{wrong}` (try one of {})", known.join(", "));
    }
    let selected = |case: &&Case| names.is_empty() || names.iter().any(|name| name == case.name);
    Ok(CASES.iter().filter(selected).copied().collect())
}

/// Whether heads differ, as those of many clients do, or are always the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heads {
    /// All of them.
    Different,
    /// One, again and again.
    Repeated,
}

impl Heads {
    /// Both kinds.
    pub const BOTH: [Heads; 2] = [Heads::Different, Heads::Repeated];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Heads::Different => "different",
            Heads::Repeated => "repeated",
        }
    }
}

impl Case {
    /// The target of the file of a number.
    pub fn target(&self, number: usize) -> String {
        self.files.target(number % FILES)
    }

    /// The head of a request: all are of one length. `tag` is the ETag of the file.
    pub fn head(&self, heads: Heads, number: usize, tag: &str) -> String {
        let number = match heads {
            Heads::Different => number,
            Heads::Repeated => 0,
        };
        let version = 100 + number % 900;
        let field = match self.field {
            Field::None => String::new(),
            Field::Range => "Range: bytes=512-1023\r\n".to_owned(),
            Field::Unchanged => format!("If-None-Match: {tag}\r\n"),
        };
        let close = if self.connection_per_request { "Connection: close\r\n" } else { "" };
        format!(
            "GET {} HTTP/1.1\r\n\
             Host: www.example.org\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0\r\n\
             Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
             Accept-Language: en-US,en;q=0.5\r\n\
             Accept-Encoding: identity\r\n\
             Referer: http://www.example.org/from/{number:05}\r\n\
             {close}{field}\r\n",
            self.target(number)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_select_cases_and_wrong_ones_are_refused() {
        for case in CASES {
            assert_eq!(selected(&[case.name.to_owned()]).expect("a case"), [*case]);
            assert_eq!(case.requests % FILES, 0, "all files are asked for equally often");
            assert_eq!(case.requests % case.pipeline, 0);
        }
        assert_eq!(selected(&[]).expect("all of them").len(), CASES.len());
        let error = selected(&["2k".to_owned()]).expect_err("no such case").to_string();
        assert!(error.contains("`2k` (try one of 1k, 10k"), "{error}");
    }

    #[test]
    fn heads_differ_or_do_not_and_are_of_one_length() {
        for case in CASES {
            let head = |heads, number| case.head(heads, number, "\"tag\"");
            let lengths = (0..3000).map(|number| head(Heads::Different, number).len());
            assert!(lengths.clone().min() == lengths.max(), "{}", case.name);
            for number in 1..3000 {
                assert_ne!(head(Heads::Different, number), head(Heads::Different, number - 1));
                assert_eq!(head(Heads::Repeated, number), head(Heads::Repeated, 0));
            }
        }
    }
}
