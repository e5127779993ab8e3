//! The same answers however octets arrive: in pieces, or behind one another.

use fuzzing::cases::{self, Expect};
use fuzzing::conversation::{Transcript, converse};
use wasmhttpd_guest::site::Site;

use crate::harness::{self, Client, Server};

/// Connections at once, over sockets.
const BATCH: usize = 100;

/// The peer takes all that is sent.
const ALL: usize = usize::MAX;

/// The cases to be accepted, each once.
fn accepted() -> Vec<Vec<u8>> {
    let rows = cases::requests().into_iter().filter(|row| row.expect == Expect::Accept);
    let mut cases: Vec<_> = rows.map(|row| row.octets).collect();
    cases.sort();
    cases.dedup();
    assert!(cases.len() > 200, "{} cases", cases.len());
    cases
}

fn in_one_piece(site: &mut Site, octets: &[u8]) -> Transcript {
    converse(site, &[octets], ALL)
}

/// Asserts that octets are answered as in one piece wherever they are cut in two, octet by octet,
/// and when the peer takes the answer octet by octet.
fn is_answered_alike_in_pieces(site: &mut Site, octets: &[u8], expected: &Transcript) {
    let shown = octets.escape_ascii();
    for cut in 1..octets.len() {
        let (first, second) = octets.split_at(cut);
        let transcript = converse(site, &[first, second], ALL);
        assert!(transcript == *expected, "cut at {cut}: {shown}\n{transcript:?}\n{expected:?}");
    }
    let single: Vec<&[u8]> = octets.chunks(1).collect();
    let transcript = converse(site, &single, ALL);
    assert!(transcript == *expected, "octet by octet: {shown}\n{transcript:?}\n{expected:?}");
}

#[test]
fn requests_in_pieces_are_answered_as_in_one() {
    let mut site = Site::default();
    for octets in accepted() {
        let expected = in_one_piece(&mut site, &octets);
        assert!(!expected.sent.is_empty(), "no answer to {}", octets.escape_ascii());
        is_answered_alike_in_pieces(&mut site, &octets, &expected);
        let slowly = converse(&mut site, &[&octets], 7);
        assert!(slowly == expected, "taken in sevens: {}", octets.escape_ascii());
    }
}

#[test]
fn a_request_twice_is_answered_twice_wherever_it_is_cut() {
    let mut site = Site::default();
    let mut persistent = 0;
    for octets in accepted() {
        let once = in_one_piece(&mut site, &octets);
        if !once.idle {
            continue;
        }
        persistent += 1;
        let twice = octets.repeat(2);
        let expected = in_one_piece(&mut site, &twice);
        assert!(expected.sent == once.sent.repeat(2), "not twice: {}", octets.escape_ascii());
        is_answered_alike_in_pieces(&mut site, &twice, &expected);
    }
    assert!(persistent > 100, "{persistent} cases keep their connection");
}

/// Over sockets: a hundred connections at once get an octet each, then the next one, and so on.
#[test]
fn requests_octet_by_octet_over_sockets_are_answered_as_in_one_write() {
    let server = harness::Site::new()
        .file("www/index.html", "front\n")
        .file("www/12345.txt", "12345\n")
        .file("www/12345.html", "12345\n")
        .file("www/subdir/index.html", "sub\n")
        .serve("");
    for batch in accepted().chunks(BATCH) {
        let whole = answers(&server, batch, usize::MAX);
        let single = answers(&server, batch, 1);
        for ((octets, whole), single) in batch.iter().zip(whole).zip(single) {
            assert!(whole.starts_with("HTTP/1.1 "), "{whole:?} to {}", octets.escape_ascii());
            assert_eq!(single, whole, "to {}", octets.escape_ascii());
        }
    }
}

/// Sends to each connection so many octets in turn, and reads to the end: what was received, but
/// for the lines of Date. Some say `close` and send on nevertheless: those the server need not
/// listen to.
fn answers(server: &Server, requests: &[Vec<u8>], at_once: usize) -> Vec<String> {
    let mut clients: Vec<Client> = requests.iter().map(|_| server.client()).collect();
    let mut pieces: Vec<_> = requests.iter().map(|octets| octets.chunks(at_once)).collect();
    while pieces.iter().any(|pieces| pieces.len() > 0) {
        for (client, pieces) in clients.iter_mut().zip(&mut pieces) {
            if let Some(piece) = pieces.next() {
                if !client.try_send(piece) {
                    *pieces = [].chunks(1);
                } else if pieces.len() == 0 {
                    client.try_half_close();
                }
            }
        }
    }
    let received = clients.iter_mut().map(Client::rest);
    let text = received.map(|octets| octets.into_iter().map(char::from).collect::<String>());
    let without_date = text.map(|text| {
        let lines = text.split("\r\n").filter(|line| !line.starts_with("Date: "));
        lines.collect::<Vec<_>>().join("\r\n")
    });
    without_date.collect()
}
