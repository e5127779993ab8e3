//! Octets that nobody meant: whatever arrives, what goes out is HTTP, and the server lives.

use fuzzing::numbers::Numbers;

use crate::harness::{DEADLINE, Lost, Server, Site};

/// Requests to damage. None is HEAD, whose answers could not be told apart without knowing.
const REQUESTS: [&str; 4] = [
    "GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1,3-4\r\n\r\n",
    "GET /a%20b?c=d HTTP/1.1\r\nHost: localhost:80\r\nIf-None-Match: W/\"a\", \"b\"\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    "GET http://localhost/x/../ HTTP/1.0\r\nConnection: keep-alive\r\n\
     If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
];

/// What damage is likely to matter.
const OCTETS: &[u8] = b"\r\n\0 \t:;,\"%/.*-+0129aZ\x7f\x80\xff";

fn site() -> Server {
    Site::new().file("www/index.html", "front\n").serve("parameter head-limit 4K")
}

/// Sends octets and no more, and reads answers to the end.
fn check(server: &Server, octets: &[u8]) {
    let shown = || octets[..octets.len().min(400)].escape_ascii().to_string();
    let mut client = server.client();
    client.send(octets).half_close();
    loop {
        match client.try_answer(DEADLINE) {
            Ok(answer) => assert!((200..600).contains(&answer.status), "{answer:?} to {}", shown()),
            Err(Lost::Ended(rest)) if rest.is_empty() => return,
            Err(lost) => panic!("{lost:?} to {}", shown()),
        }
    }
}

/// Fault 24 and the readers' own test suites: requests with a few octets wrong.
#[test]
fn damaged_requests_are_answered_or_refused() {
    let server = site();
    let mut numbers = Numbers::new(0x5eed_0001);
    for _ in 0..1_500 {
        let mut octets = REQUESTS[numbers.below(REQUESTS.len())].as_bytes().to_vec();
        for _ in 0..=numbers.below(3) {
            let place = numbers.below(octets.len());
            let octet = OCTETS[numbers.below(OCTETS.len())];
            match numbers.below(4) {
                0 => octets[place] = octet,
                1 => octets.insert(place, octet),
                2 => drop(octets.remove(place)),
                _ => octets.truncate(place + 1),
            }
        }
        // A damaged request in front of a whole one, as on a connection of a proxy.
        octets.extend_from_slice(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        check(&server, &octets);
    }
    server.serves();
}

/// What is no HTTP at all: TLS, HTTP/2, binary noise of every length up to the limit of a head.
#[test]
fn other_protocols_are_refused() {
    let server = site();
    check(&server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    check(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    check(&server, b"SSH-2.0-OpenSSH_9.2\r\n");
    check(&server, b"");
    check(&server, &b"\r\n".repeat(50_000));
    let mut numbers = Numbers::new(0x5eed_0002);
    for length in [1, 2, 3, 10, 100, 1_000, 4_095, 4_096, 4_097, 5_000, 20_000, 100_000] {
        let noise: Vec<u8> = (0..length).map(|_| numbers.below(256) as u8).collect();
        check(&server, &noise);
    }
    server.serves();
}
