//! Reads what strace wrote: the system calls of the thread that serves, between two marks.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

/// System calls by name.
pub type SystemCalls = BTreeMap<String, i64>;

/// The target of the two requests that counting begins and ends with. There is no such file.
pub const MARK: &str = "/mark";

/// The calls that the serving thread completed between the first request for [`MARK`] and the last
/// one. Idle connections are opened before the first and closed after the last: what that costs
/// differs by a call or so per connection. Other threads are left out: they wake by the clock.
///
/// # Errors
/// When there are not two marks.
pub fn count(text: &str) -> anyhow::Result<SystemCalls> {
    let mark = format!("\"GET {MARK} ");
    let lines = || text.lines().filter_map(|line| line.split_once(' '));
    let serving = lines().find(|(_, line)| line.contains(&mark));
    let (serving, _) = serving.with_context(|| format!("strace shows no request for {MARK}"))?;
    let lines = lines().filter(|(thread, _)| *thread == serving);
    let lines: Vec<&str> = lines.map(|(_, line)| line.trim_start()).collect();
    let is_mark = |number: &usize| lines[*number].contains(&mark);
    let marks: Vec<usize> = (0..lines.len()).filter(is_mark).collect();
    let [first, .., last] = marks[..] else {
        bail!("strace shows only one request for {MARK}");
    };
    let mut calls = SystemCalls::new();
    for name in lines[first + 1..last].iter().filter_map(|line| completed(line)) {
        *calls.entry(name.to_owned()).or_default() += 1;
    }
    Ok(calls)
}

/// The name of the call that this line completes. A call is a line `read(3, …) = 5`, or, if another
/// thread is shown in between, `read(3,  <unfinished ...>` and `<... read resumed>…) = 5`.
fn completed(line: &str) -> Option<&str> {
    let (name, _) = match line.strip_prefix("<... ") {
        Some(resumed) => resumed.split_once(' ')?,
        None if line.ends_with("<unfinished ...>") => return None,
        None => line.split_once('(')?,
    };
    let is_name = name
        .bytes()
        .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_');
    is_name.then_some(name)
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
    fn calls_of_the_serving_thread_are_counted_between_the_marks() {
        let text = "10    execve(\"/bin/server\", [\"server\"], 0x7ffe) = 0\n\
            11    accept4(5, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 8\n\
            11    recvfrom(8,  <unfinished ...>\n12    clock_nanosleep(CLOCK_MONOTONIC, 0) = 0\n\
            11    <... recvfrom resumed>\"GET /mark HTTP/1.1\\r\\n\", 16384) = 47\n\
            11    accept4(5, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 9\n\
            12    clock_nanosleep(CLOCK_MONOTONIC, 0 <unfinished ...>\n\
            11    recvfrom(9,  <unfinished ...>\n12    <... clock_nanosleep resumed>) = 0\n\
            11    <... recvfrom resumed>\"GET / HTTP/1.1\\r\\n(\", 16384) = 300\n\
            11    sendto(9, \"HTTP/1.1 200\", 1200, MSG_NOSIGNAL) = 1200\n\
            11    epoll_wait(4,  <unfinished ...>\n12    clock_nanosleep(CLOCK_MONOTONIC, 0) = 0\n\
            11    <... epoll_wait resumed>[{EPOLLIN, {u32=8}}], 64, -1) = 1\n\
            11    recvfrom(8, \"GET /mark HTTP/1.1\\r\\n\", 16384) = 47\n\
            11    --- SIGTERM {si_signo=SIGTERM} ---\n11    close(9) = 0\n\
            11    +++ exited with 0 +++\n";
        let expected = [("accept4", 1), ("epoll_wait", 1), ("recvfrom", 1), ("sendto", 1)];
        let expected = expected.map(|(name, count)| (name.to_owned(), count)).into();
        assert_eq!(count(text).expect("two marks"), expected);
        let one = text.rsplit_once("GET /mark").expect("a mark").0;
        assert_eq!(
            count(one).expect_err("one mark").to_string(),
            "strace shows only one request for /mark"
        );
        assert!(count("11    close(9) = 0\n").is_err());
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
