//! The lines that make a call again: the stock wasmtime CLI takes them from a shell, and what it
//! prints is what the guest's library answers, whatever a client sent.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use arbitrary::Unstructured;
use fuzzing::mutation::Mutator;
use fuzzing::numbers::Numbers;
use fuzzing::{exchange, octets_as_text};
use wasmhttpd::sandbox::{
    EMBEDDED_GUEST, GuestLimits, Runtime, RuntimeOptions, invocation, snapshot,
};
use wasmhttpd_guest::contract::{
    Action, Content, Context, Datetime, Directories, Entry, Fallback, Found, Listing, Parsed, Part,
    Persistence, Response, Slice, Trouble,
};
use wasmhttpd_guest::site::Site;

use crate::contract::{configuration_to_host, context_to_host, found_to_host};
use crate::harness::{find_wasmtime, wasmtime};

/// A name that a shell would take apart.
const COMPONENT: &str = "it's $(touch name) é.wasm";

/// Heads of somebody who thinks of the shell, of the notation of values, or of a terminal.
const HEADS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /?'$(touch x)`touch x`;touch x HTTP/1.1\r\nHost: a\r\nX: '\"'\"' \\\r\n\r\n",
    b"GET /?\"), none)' \\' \\\" \\u{27} %41 !! ${HOME} ~ *",
    b"GET / HTTP/1.1\nHost: a\nX: \0\x1b[31m\x7f\x80\xff\xc3\xa9\t\x85\xa0\n\n",
    b"\"\"\"\\",
];

/// Mutated heads, if there is time for as many: a CLI without its cache takes seconds for each.
const MUTATED: usize = 25;
const TIME: Duration = Duration::from_secs(15);

/// Octets that a context and what was found are made of.
const OCTETS: usize = 300;

/// Runs a line as a person would, in a folder that is its home too: the CLI keeps a cache.
fn run(folder: &Path, line: &str) -> String {
    let mut command = Command::new("sh");
    let line = line.replacen("wasmtime", &format!("'{}'", wasmtime().display()), 1);
    command.args(["-c", &line]).current_dir(folder).env("HOME", folder.join("home"));
    let output = command.env_remove("XDG_CACHE_HOME").output().expect("a shell");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_cli_prints_what_the_guest_answers() {
    if find_wasmtime().is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let configuration = exchange::thorough_configuration();
    let limits =
        GuestLimits { deadline: Duration::from_secs(10), memory_octets_max: 64 << 20, wasi: false };
    let runtime = Runtime::new(RuntimeOptions::for_guest(1, limits)).expect("an engine");
    let in_host = configuration_to_host(&configuration);
    let component = snapshot::configured(EMBEDDED_GUEST, &in_host, limits, &runtime);
    let component = component.expect("a snapshot");
    fs::write(folder.path().join(COMPONENT), component).expect("a component");
    fs::create_dir(folder.path().join("home")).expect("a folder");

    let mut native = Site::configure(&configuration).expect("a configuration without problems");
    let mut ask = |head: &[u8], found: &Found, context: Option<Context>| {
        let (text, in_host) = (octets_as_text(head), context.map(context_to_host));
        let line = invocation::parse(head, in_host.as_ref(), COMPONENT);
        let expected = parsed(&native.parse(&text, context));
        assert_eq!(run(folder.path(), &line).trim_end(), expected, "{line}");

        let line = invocation::respond(head, &found_to_host(found), in_host.as_ref(), COMPONENT);
        let expected = response(&native.respond(&text, found, context));
        assert_eq!(run(folder.path(), &line).trim_end(), expected, "{line}");
    };
    let mut numbers = Numbers::new(0x5eed_0010);
    let mut mutator = Mutator::new(0x5eed_0011);
    HEADS.iter().for_each(|head| ask(head, &unusual_entries(), None));
    let start = Instant::now();
    for _ in (0..MUTATED).take_while(|_| start.elapsed() < TIME) {
        let octets = numbers.octets(OCTETS);
        let mut octets = Unstructured::new(&octets);
        let context = exchange::context(&mut octets).expect("a context");
        let found = exchange::found(&mut octets).expect("something found");
        ask(&mutator.head(), &found, context);
    }

    let mut left: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["home", COMPONENT], "a line has made files");
}

/// A head that is kept is asked about again without its credentials: it is as long, has the same
/// lines, and gets the same answer.
#[test]
fn a_masked_head_gets_the_same_answer() {
    let mut native = Site::configure(&exchange::thorough_configuration()).expect("no problems");
    let mut mutator = Mutator::new(0x5eed_0012);
    let secrets =
        ["Authorization: Basic hunter2", "cookie:a=b; hunter2", "X-Api-Key : hunter2", "Cookie:"];
    for number in 0..5_000 {
        let mut head = mutator.head();
        if let Some(end) = head.iter().position(|octet| *octet == b'\n') {
            let line = format!("{}\r\n", secrets[number % secrets.len()]);
            head.splice(end + 1..end + 1, line.into_bytes());
        }
        let masked = invocation::mask(&head);
        assert_eq!(masked.len(), head.len());
        let text = octets_as_text(&masked);
        assert!(!text.contains("hunter2"), "{text:?}");
        let answer = native.parse(&octets_as_text(&head), None);
        assert_eq!(native.parse(&text, None), answer, "{text:?}");
    }
}

fn unusual_entries() -> Found {
    let modified = Datetime { seconds: 1_700_000_000, nanoseconds: 9 };
    let names =
        ["é", "'", "\"", "\\", "\u{1f600}", "\u{202e}a", "a\nb", "\u{7f}\u{9b}", "$(touch y)"];
    let entry = |name: &str| Entry {
        name: name.into(),
        directory: name.len() == 1,
        size: u64::MAX,
        modified,
    };
    let entries = names.into_iter().map(entry).collect();
    Found::Directory(Listing { candidate: 0, entries, complete: false })
}

// What the CLI prints, as it prints it.

fn parsed(parsed: &Parsed) -> String {
    let action = match &parsed.action {
        Action::Answer(answer) => format!("answer({})", response(answer)),
        Action::LookUp(lookup) => {
            let fallback = |fallback: &Fallback| {
                let after = trouble(fallback.after);
                format!("{{after: {after}, path: {}}}", text(&fallback.path))
            };
            let directories = match lookup.directories {
                Directories::Find => "find",
                Directories::Read => "read",
                Directories::Forbid => "forbid",
            };
            format!(
                "look-up({{site: {}, candidates: {}, fallbacks: {}, directories: {directories}}})",
                text(&lookup.site),
                list(&lookup.candidates, |candidate| text(candidate)),
                list(&lookup.fallbacks, fallback),
            )
        }
    };
    let persistence = match parsed.persistence {
        Persistence::KeepAlive(octets) => format!("keep-alive({octets})"),
        Persistence::Close => "close".into(),
    };
    format!("{{action: {action}, persistence: {persistence}}}")
}

fn response(response: &Response) -> String {
    let part = |part: &Part| match part {
        Part::Text(part) => format!("text({})", text(part)),
        Part::Slice(part) => format!("slice({})", slice(*part)),
    };
    let content = match &response.content {
        Content::Empty => "empty".into(),
        Content::Text(content) => format!("text({})", text(content)),
        Content::Octets(octets) => format!("octets({})", list(octets, u8::to_string)),
        Content::Slice(content) => format!("slice({})", slice(*content)),
        Content::Parts(parts) => format!("parts({})", list(parts, part)),
    };
    let (status, fields) = (response.status, text(&response.fields));
    format!("{{status: {status}, fields: {fields}, content: {content}}}")
}

fn slice(slice: Slice) -> String {
    format!("{{start: {}, length: {}}}", slice.start, slice.length)
}

fn trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Missing => "missing",
        Trouble::Forbidden => "forbidden",
        Trouble::Failed => "failed",
        Trouble::Busy => "busy",
    }
}

fn list<T>(items: &[T], item: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(", "))
}

fn text(text: &str) -> String {
    let mut written = String::new();
    for character in text.chars() {
        let _ = match character {
            '\\' | '"' | '\'' | '\t' | '\r' | '\n' => {
                write!(written, "{}", character.escape_default())
            }
            _ if character.is_control() => write!(written, "{}", character.escape_unicode()),
            _ => write!(written, "{}", character.escape_debug()),
        };
    }
    format!("\"{written}\"")
}
