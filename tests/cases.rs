//! The requests of other projects' test suites, judged as `cases/README.md` says.

use fuzzing::cases::{self, Expect, Request};

use crate::harness::{Client, Server, Site};

/// Connections at once: each waits for a time limit of the server, and they do so together.
const BATCH: usize = 210;

/// What came back for a request, up to the end of the connection.
struct Outcome {
    /// Final statuses, in order.
    statuses: Vec<u16>,
    /// The server ended the connection because of the request, not for want of another one.
    ended: bool,
    received: String,
}

#[test]
fn the_requests_of_other_projects_are_accepted_or_refused_as_they_should() {
    // Rows that never end are given up soon. All others have arrived long before.
    let server = Site::new()
        .file("www/index.html", "front\n")
        .serve("parameter timeout 2\nparameter head-timeout 2");
    let rows = cases::requests();
    assert_eq!(rows.len(), 610);
    let failures: Vec<String> =
        rows.chunks(BATCH).flat_map(|batch| failures(&server, batch)).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn failures(server: &Server, rows: &[Request]) -> Vec<String> {
    let clients: Vec<Client> = rows
        .iter()
        .map(|row| {
            let mut client = server.client();
            client.send(&row.octets);
            client
        })
        .collect();
    let outcomes = clients.into_iter().map(|mut client| Outcome::read(&client.rest()));
    let failed = rows.iter().zip(outcomes).filter(|(row, outcome)| !is_right(row, outcome));
    failed
        .map(|(Request { source, name, expect, octets, why, .. }, outcome)| {
            let Outcome { statuses, ended, received } = outcome;
            let sent = octets.escape_ascii();
            format!(
                "{source}: {name}\n  expected {expect:?}: {why}\n  sent {sent}\n  \
                 received {statuses:?}, ended: {ended}, {received:?}"
            )
        })
        .collect()
}

/// Whether a row's outcome is one that it allows.
fn is_right(row: &Request, outcome: &Outcome) -> bool {
    let Outcome { statuses, ended, .. } = outcome;
    let first = statuses.first().copied();
    let refused = match first {
        None => *ended,
        Some(status) => status >= 400,
    };
    match row.expect {
        _ if row.body_fault => *ended && (refused || statuses.len() == 1),
        Expect::Reject if row.pipelined => first.is_some() || *ended,
        Expect::Reject => refused && statuses.iter().all(|status| *status >= 400),
        Expect::Accept => match first {
            None | Some(408) => has_framing_fields(&row.octets),
            Some(status) => !matches!(status, 400 | 500 | 502 | 503),
        },
        Expect::Either if row.incomplete => first.is_none_or(|status| status >= 400),
        Expect::Either => first != Some(500),
    }
}

fn has_framing_fields(octets: &[u8]) -> bool {
    let text = octets.to_ascii_lowercase();
    ["\r\ncontent-length:", "\r\ntransfer-encoding:"]
        .iter()
        .any(|name| text.windows(name.len()).any(|window| window == name.as_bytes()))
}

impl Outcome {
    /// Finds the answers in everything that was received. Which of them have content is not known
    /// here; none of it looks like a status-line.
    fn read(received: &[u8]) -> Outcome {
        let received: String = received.iter().copied().map(char::from).collect();
        let status_line = |text: &str| {
            let rest = text.strip_prefix("1.1 ").or(text.strip_prefix("1.0 "))?;
            rest.get(..3)?.parse::<u16>().ok()
        };
        let answers: Vec<(usize, u16)> = received
            .match_indices("HTTP/")
            .filter_map(|(at, name)| Some((at, status_line(&received[at + name.len()..])?)))
            .filter(|(_, status)| *status >= 200)
            .collect();
        let ended = answers.last().is_none_or(|(at, _)| {
            let head = received[*at..].split("\r\n\r\n").next().unwrap_or_default();
            head.lines().any(|line| line == "Connection: close")
        });
        let statuses = answers.iter().map(|(_, status)| *status).collect();
        Outcome { statuses, ended, received: received.chars().take(160).collect() }
    }
}
