//! What is compared: the cases, each with the bar that wasmhttpd has to pass. A case is data.

use anyhow::bail;

use crate::site::Files;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// What the requests of a case ask for.
#[derive(Debug, Clone, Copy)]
pub enum Asked {
    /// Files that are there.
    Present(Files),
    /// Files that are not.
    Missing,
    /// Files that have not changed since the client was sent them.
    Unchanged(Files),
}

/// One row of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it is called in a report.
    pub title: &'static str,
    /// What is asked for.
    pub asked: Asked,
    /// Connections that always have requests in flight.
    pub connections: usize,
    /// Requests in flight on each.
    pub pipeline: usize,
    /// Whether each request has a connection of its own.
    pub connection_per_request: bool,
    /// Connections that have had an answer and ask for nothing more.
    pub idle: usize,
    /// Whether the canned answers of the floor are measured beside it.
    pub floor: bool,
    /// The bar: CPU time of a request, as a ratio to the best peer's.
    pub cpu_ratio_max: f64,
}

const ONE_KIB: Files = Files { prefix: "1k", octets: KIB, count: 64 };
const TEN_KIB: Files = Files { prefix: "10k", octets: 10 * KIB, count: 64 };
const HUNDRED_KIB: Files = Files { prefix: "100k", octets: 100 * KIB, count: 16 };
const ONE_MIB: Files = Files { prefix: "1m", octets: MIB, count: 4 };
const HUNDRED_MIB: Files = Files { prefix: "100m", octets: 100 * MIB, count: 1 };
const MANY: Files = Files { prefix: "many", octets: KIB, count: 10_000 };

/// What the others are variations of.
const SMALL: Case = Case {
    name: "1k",
    title: "1 KiB",
    asked: Asked::Present(ONE_KIB),
    connections: 64,
    pipeline: 1,
    connection_per_request: false,
    idle: 0,
    floor: true,
    cpu_ratio_max: 0.90,
};

const LARGE: Case = Case { floor: false, cpu_ratio_max: 0.95, ..SMALL };

/// All of them, in the order of the report.
pub const CASES: &[Case] = &[
    SMALL,
    Case { name: "10k", title: "10 KiB", asked: Asked::Present(TEN_KIB), ..SMALL },
    Case { name: "100k", title: "100 KiB", asked: Asked::Present(HUNDRED_KIB), ..LARGE },
    Case { name: "1m", title: "1 MiB", asked: Asked::Present(ONE_MIB), ..LARGE },
    Case {
        name: "100m",
        title: "100 MiB",
        asked: Asked::Present(HUNDRED_MIB),
        connections: 8,
        cpu_ratio_max: 1.0,
        ..LARGE
    },
    Case { name: "404", title: "404", asked: Asked::Missing, ..SMALL },
    Case { name: "304", title: "304", asked: Asked::Unchanged(ONE_KIB), ..SMALL },
    Case {
        name: "connect",
        title: "a connection per request",
        connection_per_request: true,
        ..LARGE
    },
    Case { name: "pipeline", title: "pipelines of 16", pipeline: 16, ..SMALL },
    Case { name: "many", title: "10,000 files", asked: Asked::Present(MANY), ..SMALL },
    Case { name: "idle", title: "beside 10,000 idle", idle: 10_000, ..SMALL },
];

/// From this size on, requests are counted by their octets: few are whole at the end of a turn.
const COUNT_BY_OCTETS_FROM: u64 = MIB;

impl Case {
    /// A file of 1 KiB, which the experiments ask for.
    pub const SMALL: Case = SMALL;

    /// The cases of these names, in the order of the table; all of them if there are no names.
    ///
    /// # Errors
    /// When a name is none of them.
    pub fn selected(names: &[String]) -> anyhow::Result<Vec<Case>> {
        if let Some(wrong) = names.iter().find(|name| !CASES.iter().any(|case| case.name == **name))
        {
            let known: Vec<&str> = CASES.iter().map(|case| case.name).collect();
            bail!("--case: there is no case `{wrong}` (try one of {})", known.join(", "));
        }
        let selected =
            |case: &&Case| names.is_empty() || names.iter().any(|name| name == case.name);
        Ok(CASES.iter().filter(selected).copied().collect())
    }

    /// The files that have to be there.
    pub fn files(&self) -> Option<Files> {
        match self.asked {
            Asked::Present(files) | Asked::Unchanged(files) => Some(files),
            Asked::Missing => None,
        }
    }

    /// The status of every answer.
    pub fn status(&self) -> u16 {
        match self.asked {
            Asked::Present(_) => 200,
            Asked::Missing => 404,
            Asked::Unchanged(_) => 304,
        }
    }

    /// Octets of content in every answer, where that is not left to the server.
    pub fn content_octets(&self) -> Option<u64> {
        match self.asked {
            Asked::Present(files) => Some(files.octets),
            Asked::Missing => None,
            Asked::Unchanged(_) => Some(0),
        }
    }

    /// How many requests so many answers, or so many octets of content, stand for.
    pub fn requests(&self, answers: u64, content_octets: u64) -> f64 {
        match self.asked {
            Asked::Present(files) if files.octets >= COUNT_BY_OCTETS_FROM => {
                content_octets as f64 / files.octets as f64
            }
            _ => answers as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_there_once_and_selects_its_case() {
        let names: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
        assert_eq!(names.len(), CASES.len());
        for case in CASES {
            let selected = Case::selected(&[case.name.to_owned()]).expect("a case of the table");
            assert_eq!(selected.len(), 1);
            assert_eq!(selected[0].title, case.title);
        }
        assert_eq!(Case::selected(&[]).expect("all of them").len(), CASES.len());
        let error = Case::selected(&["2k".to_owned()]).expect_err("no such case");
        assert!(error.to_string().contains("`2k` (try one of 1k, 10k"), "{error}");
    }

    #[test]
    fn files_of_one_name_are_of_one_kind() {
        let mut known: Vec<Files> = Vec::new();
        for files in CASES.iter().filter_map(Case::files) {
            assert!(known.iter().all(|other| *other == files || other.prefix != files.prefix));
            assert_eq!(files.target(0).len(), files.target(files.count - 1).len());
            known.push(files);
        }
    }

    #[test]
    fn large_files_are_counted_by_octets() {
        let of = |name: &str| Case::selected(&[name.to_owned()]).expect("a case")[0];
        assert_eq!(of("100m").requests(1, 150 * MIB), 1.5);
        assert_eq!(of("1m").requests(1, MIB / 2), 0.5);
        assert_eq!(of("100k").requests(7, 9 * MIB), 7.0);
        assert_eq!(of("304").requests(7, 0), 7.0);
    }
}
