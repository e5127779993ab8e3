//! What a registry says, damaged at random: a pull brings what was pushed, or says why not. It
//! never panics, which would end the server, and never takes longer than it may.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fuzzing::numbers::Numbers;
use wasmhttpd::registry::{PullError, Puller};

use crate::harness::liar::honestly;
use crate::harness::{Artifact, DEADLINE, Liar, Then, Told};

/// Pulls, each with other damage.
const ROUNDS: usize = 1000;

/// The time limit of a pull.
const TIME: Duration = Duration::from_secs(5);

/// What heads have that decides how the rest is read.
const PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b" ",
    b":",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"HTTP/1.0",
    b"HTTP/2 ",
    b"100",
    b"204",
    b"302",
    b"401",
    b"\r\nTransfer-Encoding: chunked",
    b"\r\nContent-Length: 1",
    b"\r\nContent-Encoding: gzip",
    b"\r\nConnection: close",
    b"\r\nLocation: /",
    b"\r\nLocation: http://[",
    b"\r\nWWW-Authenticate: Bearer realm=\"",
    b"\r\nWWW-Authenticate: Basic",
    b"\r\nSet-Cookie: a=b",
    b"\r\nDocker-Content-Digest: sha256:00",
];

#[test]
fn whatever_a_registry_says_a_pull_ends_with_what_was_pushed_or_a_reason() {
    let artifact = Artifact::of(b"no component, but some octets");
    let component = artifact.component.clone();
    let numbers = Arc::new(Mutex::new(Numbers::new(5)));
    let liar = Liar::start(move |asked, address| {
        let mut numbers = numbers.lock().expect("numbers");
        let mut told = honestly(asked, &artifact);
        if asked.authorization.is_none() && numbers.below(4) == 0 {
            let realm = format!("Bearer realm=\"http://{address}/token\",service=\"a\"");
            told = Told::answer(401, &format!("WWW-Authenticate: {realm}\r\n"), b"{}");
        }
        if asked.target.starts_with("/token") {
            told = Told::answer(200, "", br#"{"token":"word"}"#);
        }
        if numbers.below(2) == 0 {
            damage(&mut told.octets, &mut numbers);
        }
        if numbers.below(20) == 0 {
            told.then = Then::Reset;
        }
        told
    });
    let reference = liar.reference("site/guest:1").parse().expect("a reference");
    let puller = Puller::new(TIME, None, None);
    let (mut whole, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let start = Instant::now();
        match puller.pull(&reference) {
            Ok(pulled) => {
                assert_eq!(pulled.octets, component, "round {round}");
                whole += 1;
            }
            Err(error) => {
                let late = matches!(error, PullError::Late { .. });
                assert!(!late, "round {round} took {:?}: {error}", start.elapsed());
                refused += 1;
            }
        }
        assert!(start.elapsed() < DEADLINE, "round {round}");
    }
    assert!(whole > ROUNDS / 20 && refused > ROUNDS / 5, "{whole} whole, {refused} refused");
}

/// Changes a few octets, mostly of the head.
fn damage(octets: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let place = numbers.below(octets.len().min(200));
        match numbers.below(4) {
            0 => octets[place] ^= 1 << numbers.below(8),
            1 => drop(octets.drain(place..place + numbers.below(octets.len() - place).min(8))),
            2 => octets.truncate(place.max(1)),
            _ => {
                let piece = PIECES[numbers.below(PIECES.len())];
                drop(octets.splice(place..place, piece.iter().copied()));
            }
        }
    }
}
