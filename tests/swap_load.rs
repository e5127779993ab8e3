//! The bar of hot swap: a thousand swaps under full load, which no request notices.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::load::{Target, load};
use crate::harness::{DEADLINE, KIB, Server, editions, pattern};

/// Connections, and the threads that drive them.
const LOAD: (usize, usize) = (64, 2);

/// Swaps, unless the environment variable `SWAPS` says another number.
const SWAPS: usize = 200;

/// After so many swaps the memory has its size.
const SETTLED: usize = 50;

/// It may grow by so many in a hundred.
const GROWTH_PERCENT: usize = 5;

const LARGE_OCTETS: usize = 48 * KIB;

/// Files, small and streamed, answers at once, and directories that are waited for.
fn targets() -> Vec<Target> {
    let large = pattern(LARGE_OCTETS);
    let text = |text: &'static str| Box::new(move |_| text.as_bytes().to_vec());
    vec![
        Target { path: "/page", content: Box::new(|n| format!("edition {n:04}\n").into()) },
        Target { path: "/now", content: Box::new(|n| format!("edition {n:04}, at once\n").into()) },
        Target { path: "/folder/a.txt", content: text("a\n") },
        Target { path: "/list/folder/", content: text("1 entries\n") },
        Target { path: "/page/7?a=b", content: Box::new(|n| format!("edition {n:04}\n").into()) },
        Target { path: "/large.bin", content: Box::new(move |_| large.clone()) },
    ]
}

/// As `ctl swap` does it, without a process for each.
fn swap(server: &Server, file: &str) {
    let mut stream = UnixStream::connect(server.site.path("ctl.sock")).expect("a server");
    stream.set_read_timeout(Some(DEADLINE)).expect("a read timeout");
    let file = server.site.path(file);
    writeln!(stream, "{}", serde_json::json!({ "swap": { "file": file } })).expect("it takes it");
    let reply = BufReader::new(stream).lines().next().expect("a reply").expect("a reply");
    assert!(reply.starts_with("{\"done\":\"generation "), "{reply}");
}

/// No request fails, no connection is dropped, every answer is by one guest from its parse to its
/// content; memory does not grow, and descriptors come back.
#[test]
fn swaps_under_load_are_not_noticed() {
    let count = std::env::var("SWAPS").map_or(SWAPS, |count| count.parse().expect("a number"));
    let server = editions()
        .edition("two.wasm", 2, "")
        .file("www/large.bin", pattern(LARGE_OCTETS))
        .serve_editions("");
    let (address, process, targets) = (server.address(), server.process(), targets());
    // Compiled while there is time.
    swap(&server, "two.wasm");
    swap(&server, "guest.wasm");
    let measured = Duration::from_secs(3);
    let (mut without, ()) = load(address, LOAD, &targets, || thread::sleep(measured));
    let descriptors = process.descriptors();

    let mut memory = Vec::new();
    let start = Instant::now();
    let (mut during, ()) = load(address, LOAD, &targets, || {
        for number in 1..=count {
            swap(&server, if number % 2 == 1 { "two.wasm" } else { "guest.wasm" });
            memory.push(process.resident_octets());
        }
    });
    let took = start.elapsed();

    let (settled, last) = (memory[SETTLED.min(count) - 1], memory[count - 1]);
    for (name, tally) in [("without swaps", &mut without), ("during swaps", &mut during)] {
        let (half, most) = (tally.percentile(50), tally.percentile(99));
        let requests = tally.latencies.len();
        eprintln!("{name}: {requests} answers, p50 {half:?}, p99 {most:?}");
    }
    eprintln!(
        "{count} swaps in {took:?}: answers by edition {:?}, {} wrong, {} connections dropped; \
         memory {} KiB after {SETTLED}, {} KiB at the end",
        during.answers,
        during.wrong.len(),
        during.dropped,
        settled / KIB,
        last / KIB
    );
    for tally in [&without, &during] {
        assert_eq!(tally.wrong.first(), None, "one of {}", tally.wrong.len());
        assert_eq!(tally.dropped, 0, "connections dropped");
    }
    assert!(during.answers.iter().all(|answers| *answers > 0), "{:?}", during.answers);
    assert!(last <= settled + settled * GROWTH_PERCENT / 100, "grew from {settled} to {last}");
    server.frees_descriptors(descriptors);
    assert_eq!(server.status()["published"], count + 2);
}
