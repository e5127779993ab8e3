//! Reads what strace wrote: the system calls of the thread that served.

use std::collections::BTreeMap;

/// System calls by name.
pub type SystemCalls = BTreeMap<String, i64>;

/// A call that only the thread which serves connections makes for each of them.
const OF_WORKERS: [&str; 2] = ["accept4", "accept"];

/// The calls of the thread that accepts connections. Other threads wake by the clock.
pub fn count(text: &str) -> SystemCalls {
    let mut threads: BTreeMap<&str, SystemCalls> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        // `1234  read(…` and `1234  <... read resumed>…`, which has been counted when it began.
        let Some((name, _)) = rest.trim_start().split_once('(') else { continue };
        if name
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_')
        {
            *threads.entry(thread).or_default().entry(name.to_owned()).or_default() += 1;
        }
    }
    let accepted = |calls: &SystemCalls| -> i64 {
        OF_WORKERS.iter().filter_map(|name| calls.get(*name)).sum()
    };
    threads.into_values().max_by_key(accepted).unwrap_or_default()
}

/// What `more` has more of than `less`, in hundredths for one request of so many.
pub fn difference(less: &SystemCalls, more: &SystemCalls, count: usize) -> SystemCalls {
    let names = less.keys().chain(more.keys());
    let of = |calls: &SystemCalls, name: &String| calls.get(name).copied().unwrap_or(0);
    names
        .map(|name| {
            let hundredths = (of(more, name) - of(less, name)) as f64 * 100.0 / count as f64;
            (name.clone(), hundredths.round() as i64)
        })
        .filter(|(_, hundredths)| *hundredths != 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_the_thread_that_accepts_are_counted() {
        let text = "10    execve(\"/bin/server\", [\"server\"], 0x7ffe) = 0\n\
            11    accept4(5, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 9\n\
            12    clock_nanosleep(CLOCK_MONOTONIC, 0 <unfinished ...>\n\
            11    recvfrom(9,  <unfinished ...>\n12    <... clock_nanosleep resumed>) = 0\n\
            11    <... recvfrom resumed>\"GET / HTTP/1.1\\r\\n(\", 16384) = 300\n\
            11    sendto(9, \"HTTP/1.1 200\", 1200, MSG_NOSIGNAL) = 1200\n\
            11    --- SIGTERM {si_signo=SIGTERM} ---\n11    +++ exited with 0 +++\n";
        let calls = count(text);
        let expected = [("accept4", 1), ("recvfrom", 1), ("sendto", 1)];
        assert_eq!(calls, expected.map(|(name, count)| (name.to_owned(), count)).into());
    }

    #[test]
    fn differences_are_hundredths_for_each_request() {
        let calls = |read, write| -> SystemCalls {
            [("read".to_owned(), read), ("write".to_owned(), write), ("open".to_owned(), 3)].into()
        };
        let each = difference(&calls(10, 20), &calls(210, 70), 100);
        assert_eq!(each, [("read".to_owned(), 200), ("write".to_owned(), 50)].into());
    }
}
