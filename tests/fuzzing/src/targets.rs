//! What the fuzzers call: each takes any octets, and panics when something is wrong. The same
//! functions run in `cargo test`, over the seeds and some mutations.

use arbitrary::Unstructured;
use wasmhttpd_guest::contract::{
    Action, Configuration, Context, Datetime, File, Found, IpAddress, Listing, Problem, Setting,
    Trouble,
};
use wasmhttpd_guest::site::Site;
use wasmhttpd_http::After;

use crate::conversation::{Event, Transcript, converse};
use crate::invariants::{check_parsed, check_response};
use crate::numbers::Numbers;
use crate::{differential, exchange, octets_as_text};

/// Ways to cut an input that are tried for each.
const CUTTINGS: usize = 3;

/// A connection that is not secure.
const CONTEXT: Context =
    Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now: 1_800_000_000 };

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: [Target; 5] = [
    ("parse", parse),
    ("respond", respond),
    ("reference", reference),
    ("connection", connection),
    ("configure", configure),
];

/// The octets are a head: what `parse` says keeps the contract.
pub fn parse(octets: &[u8]) {
    let mut site = Site::default();
    check_parsed(&site.parse(&octets_as_text(octets), Some(CONTEXT)));
    // By hand a head may have characters that stand for no octet.
    if let Ok(text) = str::from_utf8(octets) {
        check_parsed(&site.parse(text, None));
    }
}

/// The octets are a head, and behind it what follows to make a context, a find and a configuration:
/// what `respond` says keeps the contract, and depends on nothing that was asked before.
pub fn respond(octets: &[u8]) {
    let end =
        octets.windows(4).position(|end| end == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    let (head, rest) = octets.split_at(end);
    let head = octets_as_text(head);
    let Ok((context, found, configuration)) = surroundings(rest) else { return };
    let mut site = Site::configure(&configuration).unwrap_or_default();
    let fresh = Site::configure(&configuration).unwrap_or_default().respond(&head, &found, context);

    let parsed = site.parse(&head, context);
    check_parsed(&parsed);
    let response = site.respond(&head, &found, context);
    assert_eq!(response, fresh, "it matters what was asked before");
    match parsed.action {
        Action::LookUp(_) => check_response(&response, Some(&found)),
        Action::Answer(answer) => assert_eq!(response, answer, "two answers to one request"),
    }
}

fn surroundings(octets: &[u8]) -> arbitrary::Result<(Option<Context>, Found, Configuration)> {
    let mut octets = Unstructured::new(octets);
    let found = exchange::found(&mut octets)?;
    let context = exchange::context(&mut octets)?;
    Ok((context, found, exchange::configuration(&mut octets)?))
}

/// The octets are a head: the guest reads it as the reference does.
pub fn reference(octets: &[u8]) {
    let mut site = Site::default();
    for secure in [false, true] {
        if let Err(difference) = differential::compare(&mut site, octets, secure) {
            panic!("{difference}");
        }
    }
}

/// The octets are all that a client sends: the answers are the same however they arrive.
pub fn connection(octets: &[u8]) {
    let mut site = Site::default();
    let expected = converse(&mut site, &[octets], usize::MAX);
    check_transcript(&expected);

    let single: Vec<&[u8]> = octets.chunks(1).collect();
    assert_eq!(converse(&mut site, &single, 1), expected, "octet by octet");
    // Where it is cut follows from the octets, so that a finding can be repeated.
    let mix = |sum: u64, octet: &u8| sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*octet);
    let mut numbers = Numbers::new(octets.iter().fold(1, mix) | 1);
    for _ in 0..CUTTINGS {
        let pieces = cut(octets, &mut numbers);
        let taken_at_once = 1 + numbers.below(5_000);
        assert_eq!(converse(&mut site, &pieces, taken_at_once), expected, "in pieces");
    }
    // Half an empty line is idle too, but the next CR makes something else of it.
    if expected.idle && octets.last() != Some(&b'\r') {
        let twice = converse(&mut site, &[octets, octets], usize::MAX);
        assert_eq!(twice.sent, expected.sent.repeat(2), "sent twice");
    }
}

fn cut<'a>(octets: &'a [u8], numbers: &mut Numbers) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(1 + numbers.below(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Answers go on until one says that it is the last.
fn check_transcript(transcript: &Transcript) {
    let closing = transcript.events.iter().position(|event| match event {
        Event::Handled { after, .. } => *after == After::Close,
        Event::RefusedHead { .. } => true,
        Event::ShutDown => false,
    });
    if let Some(closing) = closing {
        let behind = &transcript.events[closing + 1..];
        assert!(matches!(behind, [] | [Event::ShutDown]), "after the last answer: {behind:?}");
    }
    let answers = transcript.events.iter().filter(|event| **event != Event::ShutDown).count();
    assert_eq!(transcript.sent.is_empty(), answers == 0, "{answers} answers");
}

/// The octets are lines of web.conf: a problem names one of them; without a problem the answers
/// keep the contract.
pub fn configure(octets: &[u8]) {
    let configuration = lines(&String::from_utf8_lossy(octets));
    let mut site = match Site::configure(&configuration) {
        Ok(site) => site,
        Err(problems) => return check_problems(&problems, &configuration),
    };
    let file = |candidate, after| {
        let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 0 };
        Found::File(File { candidate, size: 1_000, modified, after })
    };
    let directory = Listing { candidate: 1, entries: Vec::new(), complete: true };
    let finds = [
        file(0, None),
        file(0, Some(Trouble::Missing)),
        Found::Directory(directory),
        Found::Nothing(Trouble::Missing),
    ];
    for target in ["/", "/a", "/a.html", "/b/c.x?d", "/%2f"] {
        let fields = "Host: a\r\nRange: bytes=0-1\r\nAccept-Encoding: br, zstd, gzip\r\n";
        let head = format!("GET {target} HTTP/1.1\r\n{fields}\r\n");
        let parsed = site.parse(&head, Some(CONTEXT));
        check_parsed(&parsed);
        if let Action::LookUp(_) = parsed.action {
            for found in &finds {
                check_response(&site.respond(&head, found, Some(CONTEXT)), Some(found));
            }
        }
    }
}

fn check_problems(problems: &[Problem], configuration: &Configuration) {
    assert!(!problems.is_empty(), "refused without a problem");
    let settings = || configuration.media.iter().chain(&configuration.parameters);
    for Problem { line, reason } in problems {
        assert!(settings().any(|setting| setting.line == *line), "a problem of no line: {line}");
        assert!(!reason.is_empty(), "a problem without a reason");
    }
}

/// Lines of `media EXT TYPE` and `parameter NAME VALUE`; others are about nothing of the guest.
fn lines(text: &str) -> Configuration {
    let mut configuration = Configuration::default();
    for (line, text) in (1..).zip(text.lines()) {
        let mut words = text.splitn(3, ' ');
        let (Some(kind), Some(name), Some(value)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        let setting = Setting { line, name: name.to_owned(), value: value.to_owned() };
        match kind {
            "media" => configuration.media.push(setting),
            "parameter" => configuration.parameters.push(setting),
            _ => {}
        }
    }
    configuration
}
