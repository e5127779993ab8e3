//! Request heads, made before anything is measured: as a browser sends them, and no two alike.

use crate::case::{Asked, Case};

/// So many heads are made; then they are sent again from the first one.
const HEADS: usize = 10_000;

/// Where the order of the files starts; the same one in every run.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Request heads, one after another.
#[derive(Debug)]
pub struct Requests {
    octets: Vec<u8>,
    /// Where each begins, and where the last one ends.
    bounds: Vec<usize>,
}

impl Requests {
    /// The heads of a case; `condition` has the fields that make a request for a target
    /// conditional.
    pub fn new(case: &Case, condition: impl Fn(&str) -> String) -> Requests {
        let mut requests = Requests { octets: Vec::new(), bounds: vec![0] };
        let connection = if case.connection_per_request { "close" } else { "keep-alive" };
        for (number, file) in shuffled(HEADS).into_iter().enumerate() {
            let target = target(case, file);
            let fields = condition(&target);
            requests.octets.extend(head(&target, number, connection, &fields).into_bytes());
            requests.bounds.push(requests.octets.len());
        }
        requests
    }

    /// So many heads from that of `number` on, which goes on with the first after the last. A batch
    /// is one piece, so that it is sent in one call: `count` has to divide their number.
    pub fn batch(&self, number: usize, count: usize) -> std::ops::Range<usize> {
        debug_assert!(HEADS.is_multiple_of(count) && number.is_multiple_of(count));
        let first = number % HEADS;
        self.bounds[first]..self.bounds[first + count]
    }

    /// The octets of all heads, which a batch is a range of.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The first head.
    pub fn first(&self) -> &[u8] {
        &self.octets[..self.bounds[1]]
    }
}

fn target(case: &Case, number: usize) -> String {
    match case.asked {
        Asked::Present(files) | Asked::Unchanged(files) => files.target(number % files.count),
        Asked::Missing => format!("/none-{number:05}.html"),
    }
}

/// All of one length for targets and fields of one length, so that the floor may count them by
/// octets.
fn head(target: &str, number: usize, connection: &str, fields: &str) -> String {
    let version = 100 + number % 100;
    format!(
        "GET {target} HTTP/1.1\r\n\
         Host: www.example.org\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0\r\n\
         Accept: text/html,*/*;q=0.8\r\n\
         Accept-Language: en-US,en;q=0.5\r\n\
         Accept-Encoding: gzip, deflate, br\r\n\
         Referer: http://www.example.org/from/{number:05}\r\n\
         Connection: {connection}\r\n\
         {fields}\r\n"
    )
}

/// The numbers below `count`, in an order that looks random and is always the same.
fn shuffled(count: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    let mut state = SEED;
    for last in (1..count).rev() {
        // Xorshift: Marsaglia's first triple.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        numbers.swap(last, (state % (last as u64 + 1)) as usize);
    }
    numbers
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::case::CASES;

    #[test]
    fn heads_are_about_300_octets_and_all_different() {
        for case in CASES {
            let requests = Requests::new(case, |_| String::new());
            let mut seen = BTreeSet::new();
            for number in 0..HEADS {
                let head = &requests.octets()[requests.batch(number, 1)];
                assert!((280..=340).contains(&head.len()), "{} octets", head.len());
                assert_eq!(head.len(), requests.first().len());
                assert!(seen.insert(head), "{} twice", String::from_utf8_lossy(head));
            }
        }
    }

    #[test]
    fn every_file_is_asked_for() {
        for case in CASES {
            let Some(files) = case.files() else { continue };
            let targets: BTreeSet<_> = (0..HEADS).map(|number| target(case, number)).collect();
            assert_eq!(targets.len(), files.count);
        }
    }

    #[test]
    fn a_batch_is_whole_heads_and_they_start_again_after_the_last() {
        let requests = Requests::new(&CASES[0], |_| String::new());
        let batch = &requests.octets()[requests.batch(HEADS - 16, 16)];
        assert!(batch.ends_with(b"\r\n\r\n"));
        assert_eq!(batch.windows(4).filter(|window| *window == b"\r\n\r\n").count(), 16);
        assert_eq!(requests.batch(HEADS, 16), requests.batch(0, 16));
    }

    #[test]
    fn the_order_is_a_permutation_and_no_row() {
        let numbers = shuffled(HEADS);
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), HEADS);
        let in_a_row = numbers.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
        assert!(in_a_row < 10, "{in_a_row}");
        assert_eq!(numbers, shuffled(HEADS));
    }
}
