//! Numbers of rounds, and what is made of them.

use std::time::Duration;

/// What one turn of a server came to.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Answers in a second.
    pub requests_per_second: f64,
    /// Processor time for each, in microseconds.
    pub cpu_micros: f64,
    /// The share of the time in which the server's core was busy with it.
    pub busy: f64,
    /// The share of the time in which it would have run, had others not had its core.
    pub waiting: f64,
    /// Latencies in microseconds: half of the answers took longer,
    pub p50_micros: f64,
    /// one in a hundred,
    pub p99_micros: f64,
    /// and one in a thousand.
    pub p999_micros: f64,
    /// Largest resident memory since the server started, in MiB.
    pub peak_mib: f64,
    /// How far apart the cores of the server and of the load were, in nanoseconds.
    pub apart_nanos: f64,
    /// Threads that ended, with what they used.
    pub threads_lost: usize,
}

/// From this share on, a core counts as busy, and so as the limit.
const BUSY_MIN: f64 = 0.95;

/// What the requests per second of a server were limited by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Its core was busy with it.
    Server,
    /// Its core was busy, but with others, too.
    Others,
    /// It was asked for no more.
    Load,
}

impl Limit {
    /// By the medians of some rounds.
    pub fn of(rounds: &[Round]) -> Limit {
        let busy = Measure::Busy.median(rounds);
        let waiting = Measure::Waiting.median(rounds);
        match (busy >= BUSY_MIN, busy + waiting >= BUSY_MIN) {
            (true, _) => Limit::Server,
            (false, true) => Limit::Others,
            (false, false) => Limit::Load,
        }
    }

    /// What there is to say of numbers that are not the server's own.
    pub fn remark(self) -> Option<&'static str> {
        match self {
            Limit::Server => None,
            Limit::Others => Some("others used its core"),
            Limit::Load => Some("the load was the limit"),
        }
    }
}

/// One of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// [`Round::requests_per_second`].
    Requests,
    /// [`Round::cpu_micros`].
    Cpu,
    /// [`Round::busy`].
    Busy,
    /// [`Round::waiting`].
    Waiting,
    /// [`Round::p50_micros`].
    P50,
    /// [`Round::p99_micros`].
    P99,
    /// [`Round::p999_micros`].
    P999,
    /// [`Round::peak_mib`].
    Peak,
    /// [`Round::apart_nanos`].
    Apart,
}

impl Measure {
    /// All of them, in the order of a report.
    pub const ALL: [Measure; 9] = [
        Measure::Requests,
        Measure::Cpu,
        Measure::Busy,
        Measure::Waiting,
        Measure::P50,
        Measure::P99,
        Measure::P999,
        Measure::Peak,
        Measure::Apart,
    ];

    /// What is written over its column.
    pub fn title(self) -> &'static str {
        match self {
            Measure::Requests => "requests/s",
            Measure::Cpu => "CPU us",
            Measure::Busy => "busy %",
            Measure::Waiting => "others %",
            Measure::P50 => "p50 us",
            Measure::P99 => "p99 us",
            Measure::P999 => "p99.9 us",
            Measure::Peak => "RSS MiB",
            Measure::Apart => "apart ns",
        }
    }

    /// Its number in a round.
    pub fn of(self, round: &Round) -> f64 {
        match self {
            Measure::Requests => round.requests_per_second,
            Measure::Cpu => round.cpu_micros,
            Measure::Busy => round.busy,
            Measure::Waiting => round.waiting,
            Measure::P50 => round.p50_micros,
            Measure::P99 => round.p99_micros,
            Measure::P999 => round.p999_micros,
            Measure::Peak => round.peak_mib,
            Measure::Apart => round.apart_nanos,
        }
    }

    /// Its number as text.
    pub fn format(self, value: f64) -> String {
        match self {
            Measure::Busy => format!("{:.0}", value * 100.0),
            Measure::Waiting => format!("{:.1}", value * 100.0),
            Measure::Apart => format!("{value:.0}"),
            _ => number(value),
        }
    }

    /// The median of its numbers.
    pub fn median(self, rounds: &[Round]) -> f64 {
        median(rounds.iter().map(|round| self.of(round)).collect())
    }

    /// Whether it is about the server, rather than about what it ran on.
    pub fn is_of_server(self) -> bool {
        !matches!(self, Measure::Busy | Measure::Waiting | Measure::Apart)
    }

    /// Whether the first of two numbers is the better one.
    pub fn is_better(self, one: f64, other: f64) -> bool {
        match self {
            Measure::Requests => one > other,
            _ => one < other,
        }
    }

    /// The median of its ratios within each round: what else the machine does hits both alike.
    pub fn ratio(self, ours: &[Round], theirs: &[Round]) -> f64 {
        let pairs = ours.iter().zip(theirs);
        median(pairs.map(|(ours, theirs)| self.of(ours) / self.of(theirs)).collect())
    }
}

/// The number in the middle, or between the two there; not a number if there are none.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.len() % 2, numbers.get(middle)) {
        (1, Some(number)) => *number,
        (_, Some(number)) => (numbers[middle - 1] + number) / 2.0,
        (_, None) => f64::NAN,
    }
}

/// A duration in microseconds.
pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A number with three digits or more, thousands set apart.
pub fn number(value: f64) -> String {
    match value {
        _ if !value.is_finite() => "-".to_owned(),
        _ if value < 9.995 => format!("{value:.2}"),
        _ if value < 99.95 => format!("{value:.1}"),
        _ => count(value.round() as u64),
    }
}

/// A whole number, thousands set apart.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let group = |(index, digit): (usize, char)| {
        let apart = index > 0 && (digits.len() - index).is_multiple_of(3);
        apart.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(cpu: &[f64]) -> Vec<Round> {
        let round = |&cpu_micros: &f64| Round {
            requests_per_second: 1e6 / cpu_micros,
            cpu_micros,
            busy: 1.0,
            waiting: 0.0,
            p50_micros: 0.0,
            p99_micros: 0.0,
            p999_micros: 0.0,
            peak_mib: 0.0,
            apart_nanos: 70.0,
            threads_lost: 0,
        };
        cpu.iter().map(round).collect()
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn a_ratio_is_of_neighbours() {
        // The second round was slow for both.
        let (ours, theirs) = (rounds(&[9.0, 90.0, 8.0]), rounds(&[10.0, 100.0, 10.0]));
        assert_eq!(Measure::Cpu.ratio(&ours, &theirs), 0.9);
        assert!(Measure::Requests.ratio(&ours, &theirs) > 1.1);
    }

    #[test]
    fn a_core_that_is_busy_with_others_is_told_from_one_that_is_idle() {
        let limit = |busy, waiting| {
            let round = Round { busy, waiting, ..rounds(&[8.0])[0] };
            Limit::of(&[round])
        };
        assert_eq!(limit(0.95, 0.0), Limit::Server);
        assert_eq!(limit(0.94, 0.0), Limit::Load);
        assert_eq!(limit(0.5, 0.46), Limit::Others);
    }

    #[test]
    fn more_requests_are_better_and_less_of_all_else() {
        for measure in Measure::ALL {
            assert_eq!(measure.is_better(2.0, 1.0), measure == Measure::Requests);
        }
    }

    #[test]
    fn numbers_have_three_digits_or_more() {
        let cases = [
            (0.0, "0.00"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (99.96, "100"),
            (999.6, "1,000"),
            (119_234.4, "119,234"),
            (1_234_567.0, "1,234,567"),
            (f64::NAN, "-"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(Measure::Busy.format(0.954), "95");
        assert_eq!(Measure::Waiting.format(0.0154), "1.5");
    }
}
