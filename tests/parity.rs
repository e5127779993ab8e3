//! The same guest gives the same answers wherever it runs: in wasmhttpd, in a component composed
//! for wasi:http, and as a library.
//!
//! What is compared is the status, the content and every field, except those that are about
//! framing, the connection, the time and the server. wasi:http hands over a request that its host
//! has read, so that what no such host hands on cannot be asked there: see [`Excluded`].

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fuzzing::cases;
use fuzzing::octets_as_text;
use wasmhttpd_guest::contract::{
    Action, Configuration, Content, Context, Datetime, Directories, Entry, File, Found, IpAddress,
    Listing, Lookup, Part, Response as Answered, Setting, Slice, Trouble,
};
use wasmhttpd_guest::site::Site as Native;

use crate::harness::{Client, Composed, DEADLINE, Response, Server, Site, find_wasmtime};

/// What web.conf tells the guest.
const MEDIA: &[(&str, &str)] = &[("html", "text/html"), ("txt", "text/x-parity")];
const PARAMETERS: &[(&str, &str)] = &[
    ("index", "index.html main.txt"),
    ("listing", "on"),
    ("precompressed", "on"),
    ("redirect", "/old/* /new/* 308"),
    ("cache-control", "/folder/* max-age=60"),
    ("header", "*.txt X-Parity: \"yes\""),
    ("error-page", "404 /404.html"),
];

fn site() -> Site {
    Site::new()
        .file("www/index.html", "front\n")
        .file("www/404.html", "nothing here\n")
        .file("www/folder/a.txt", "0123456789".repeat(1_000))
        .file("www/folder/a.txt.gz", "not really\n")
        .file("www/folder/deep/main.txt", "main\n")
        .file("www/bare/b c.txt", "b\n")
        .file("www/bare/\u{e9}\u{20ac}.html", "e\n")
        .file("www/bare/.hidden", "hidden\n")
        .file("www/empty", "")
        .link("www/bare/out", "/etc")
        .link("www/bare/within", "../folder")
}

/// Requests of every kind of answer that a guest gives.
const REQUESTS: &[(&str, &str)] = &[
    ("GET /", ""),
    ("GET /?query", ""),
    ("GET /index.html", ""),
    ("HEAD /", ""),
    ("HEAD /folder/a.txt", ""),
    ("HEAD /missing", ""),
    ("HEAD /folder", ""),
    ("GET /empty", ""),
    ("HEAD /empty", ""),
    ("GET /folder/a.txt", ""),
    ("GET /folder/a.txt", "Accept-Encoding: gzip\r\n"),
    ("GET /folder/a.txt", "Accept-Encoding: identity;q=0, br\r\n"),
    ("GET /folder/a.txt", "Accept-Encoding: br, *;q=0\r\n"),
    ("GET /folder/a.txt", "Range: bytes=0-9\r\n"),
    ("GET /folder/a.txt", "Range: bytes=-1\r\n"),
    ("GET /folder/a.txt", "Range: bytes=0-1,5000-5003,-3\r\n"),
    ("GET /folder/a.txt", "Range: bytes=10000-\r\n"),
    ("GET /folder/a.txt", "Range: lines=1-2\r\n"),
    ("HEAD /folder/a.txt", "Range: bytes=0-9\r\n"),
    ("GET /folder/a.txt", "If-None-Match: *\r\n"),
    ("GET /folder/a.txt", "If-None-Match: \"a\", \"b\"\r\n"),
    ("GET /folder/a.txt", "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n"),
    ("GET /folder/a.txt", "If-Match: \"a\"\r\n"),
    ("GET /folder/a.txt", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n"),
    ("HEAD /folder/a.txt", "If-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n"),
    ("GET /folder/a.txt", "If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT\r\n"),
    ("GET /folder/a.txt", "Range: bytes=0-1\r\nIf-Range: Tue, 14 Nov 2023 22:13:20 GMT\r\n"),
    ("GET /folder/a.txt", "Range: bytes=0-1\r\nIf-Range: Tue, 14 Nov 2023 22:13:19 GMT\r\n"),
    ("GET /folder", ""),
    ("GET /folder?q=1", ""),
    ("GET /folder/", ""),
    ("GET /folder/", "Accept: application/json\r\n"),
    ("GET /folder/?sort=size", ""),
    ("GET /folder/deep/", ""),
    ("GET /bare/", ""),
    ("GET /bare/", "Accept: application/json\r\n"),
    ("GET /bare/", "Accept: text/plain\r\n"),
    ("GET /bare/b%20c.txt", ""),
    ("GET /bare/%C3%A9%E2%82%AC.html", ""),
    ("GET /bare/.hidden", ""),
    ("GET /bare/out", ""),
    ("GET /bare/out/passwd", ""),
    ("GET /bare/within/a.txt", ""),
    ("GET /missing", ""),
    ("GET /missing.txt", ""),
    ("GET /index.html/", ""),
    ("GET /old/a/b?c", ""),
    ("GET /folder/../index.html", ""),
    ("GET /../index.html", ""),
    ("GET /folder/%2e%2e/index.html", ""),
    ("GET //index.html", ""),
    ("GET /%00", ""),
    ("GET /%zz", ""),
    ("GET /%ff", ""),
    ("GET http://localhost/folder/a.txt", ""),
    ("GET http://other/folder/a.txt", ""),
    ("OPTIONS *", ""),
    ("OPTIONS /", ""),
    ("POST /", ""),
    ("DELETE /folder/a.txt", ""),
    ("BREW /", ""),
    ("GET /", "Expect: miracles\r\n"),
    ("GET /", "X: \u{e9}\u{ff}\r\n"),
];

/// Why a request is not asked of a host of wasi:http: it has read the request itself, and another
/// than the one that came is handed on, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Excluded {
    /// The head is malformed: the host refuses it, or mends it.
    Malformed,
    /// A version other than HTTP/1.1 is not told of.
    Version,
    /// What frames the request's content is taken away.
    Framing,
    /// CONNECT: a host answers it, or not, by itself.
    Tunnel,
}

/// What is compared.
#[derive(Debug, PartialEq)]
pub struct Told {
    status: u16,
    fields: Vec<(String, String)>,
    /// Each octet as a character.
    content: String,
}

/// Fields of the host's own.
const OF_THE_HOST: &[&str] = &["connection", "content-length", "date", "keep-alive", "server"];

/// The part of an answer that is compared.
pub fn told(status: u16, fields: &[(String, String)], content: &[u8]) -> Told {
    let named = fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let mut fields: Vec<_> =
        named.filter(|(name, _)| !OF_THE_HOST.contains(&name.as_str())).collect();
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    without_boundary(Told { status, fields, content: octets_as_text(content) })
}

/// A boundary follows from the octets of the head, which are others after wasi:http.
fn without_boundary(mut told: Told) -> Told {
    let media = told.fields.iter_mut().find(|(name, _)| name == "content-type");
    if let Some((_, value)) = media
        && let Some((start, boundary)) = value.split_once("boundary=")
    {
        told.content = told.content.replace(boundary, "BOUNDARY");
        *value = format!("{start}boundary=BOUNDARY");
    }
    told
}

/// Asks a server on a new connection; none where there is no answer.
fn ask(mut client: Client, head: &[u8]) -> Option<Told> {
    let is_head = head.starts_with(b"HEAD ");
    client.send(head);
    let answer = match is_head {
        true => client.try_head(Instant::now() + DEADLINE),
        false => client.try_answer(DEADLINE),
    };
    let Response { status, fields, content } = answer.ok()?;
    Some(told(status, &fields, &content))
}

/// Does what a host does, with files read by this test, and asks the library.
fn ask_native(native: &mut Native, root: &Path, head: &[u8]) -> Told {
    let head = octets_as_text(head);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let context = Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now };
    let (answered, file) = match native.parse(&head, Some(context)).action {
        Action::Answer(answered) => (answered, Vec::new()),
        Action::LookUp(lookup) => {
            let (found, file) = look_up(root, &lookup);
            (native.respond(&head, &found, Some(context)), file)
        }
    };
    let Answered { status, fields, content } = answered;
    let lines = fields.split("\r\n").filter_map(|line| line.split_once(": "));
    let fields: Vec<_> = lines.map(|(name, value)| (name.into(), value.into())).collect();
    let content = match content {
        _ if head.starts_with("HEAD ") => Vec::new(),
        Content::Empty => Vec::new(),
        Content::Text(text) => text.into(),
        Content::Octets(octets) => octets,
        Content::Slice(slice) => octets(&file, slice),
        Content::Parts(parts) => parts
            .into_iter()
            .flat_map(|part| match part {
                Part::Text(text) => text.into_bytes(),
                Part::Slice(slice) => octets(&file, slice),
            })
            .collect(),
    };
    told(status, &fields, &content)
}

fn octets(file: &[u8], slice: Slice) -> Vec<u8> {
    file[slice.start as usize..][..slice.length as usize].to_vec()
}

/// Looks for the candidates, in order, then for the first fallback.
fn look_up(root: &Path, lookup: &Lookup) -> (Found, Vec<u8>) {
    let mut trouble = Trouble::Missing;
    for (candidate, path) in (0..).zip(&lookup.candidates) {
        let place = root.join(path.trim_matches('/'));
        // No link leads out of the root.
        let inside = place.canonicalize().is_ok_and(|place| place.starts_with(root));
        match (inside, path.ends_with('/'), lookup.directories) {
            (true, false, _) if place.is_file() => return file(&place, candidate, None),
            (true, true, Directories::Forbid) if place.is_dir() => trouble = Trouble::Forbidden,
            (true, true, directories) if place.is_dir() => {
                let entries = match directories {
                    Directories::Read => entries(root, &place),
                    Directories::Find | Directories::Forbid => Vec::new(),
                };
                let listing = Listing { candidate, entries, complete: true };
                return (Found::Directory(listing), Vec::new());
            }
            _ => {}
        }
    }
    let fallbacks = (0..).zip(&lookup.fallbacks);
    for (candidate, fallback) in fallbacks.filter(|(_, fallback)| fallback.after == trouble) {
        let place = root.join(fallback.path.trim_start_matches('/'));
        if place.is_file() {
            return file(&place, candidate, Some(trouble));
        }
    }
    (Found::Nothing(trouble), Vec::new())
}

fn file(place: &Path, candidate: u32, after: Option<Trouble>) -> (Found, Vec<u8>) {
    let content = fs::read(place).expect("a file");
    let (size, modified) = (content.len() as u64, modified(place));
    (Found::File(File { candidate, size, modified, after }), content)
}

fn entries(root: &Path, folder: &Path) -> Vec<Entry> {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let entry = |entry: fs::DirEntry| {
        let place = entry.path().canonicalize().ok().filter(|place| place.starts_with(root))?;
        let directory = place.is_dir();
        let size = if directory { 0 } else { place.metadata().ok()?.len() };
        let name = entry.file_name().into_string().ok()?;
        Some(Entry { name, directory, size, modified: modified(&place) })
    };
    names.filter_map(entry).collect()
}

fn modified(place: &Path) -> Datetime {
    let modified = place.metadata().and_then(|file| file.modified()).expect("a time");
    let since = modified.duration_since(UNIX_EPOCH).expect("a time after 1970");
    Datetime { seconds: since.as_secs(), nanoseconds: since.subsec_nanos() }
}

/// The three, with the same files and the same configuration.
struct Three {
    server: Server,
    composed: Composed,
    native: Native,
    differences: Vec<String>,
}

impl Three {
    fn start() -> Three {
        let lines = |kind: &str, lines: &[(&str, &str)]| -> String {
            lines.iter().map(|(name, value)| format!("{kind} {name} {value}\n")).collect()
        };
        let lines = lines("media", MEDIA) + &lines("parameter", PARAMETERS);
        let settings = |lines: &[(&str, &str)]| {
            let setting = |(name, value): &(&str, &str)| Setting {
                line: 1,
                name: (*name).into(),
                value: value.replace('"', ""),
            };
            lines.iter().map(setting).collect()
        };
        let configuration =
            Configuration { media: settings(MEDIA), parameters: settings(PARAMETERS) };
        let native = Native::configure(&configuration).expect("no problems");
        let other = site();
        other.configure(&lines);
        let composed = Composed::serve(other, &["--configured"]);
        let server = site().serve(&lines);
        // Links have no time of their own here: what they lead to has.
        for folder in ["www/folder", "www/folder/deep", "www/bare", "www"] {
            for site in [&server.site, &composed.site] {
                let times = fs::File::open(site.path(folder)).expect("a folder");
                times
                    .set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
                    .expect("a time");
            }
        }
        Three { server, composed, native, differences: Vec::new() }
    }

    /// The answer to a request that the server and the library give.
    fn at_home(&mut self, head: &[u8]) -> Told {
        let root = self.server.site.root().canonicalize().expect("a document root");
        let told = ask_native(&mut self.native, &root, head);
        let server = ask(self.server.client(), head);
        assert_eq!(
            server.as_ref(),
            Some(&told),
            "wasmhttpd, the library: {:?}",
            octets_as_text(head)
        );
        told
    }

    /// Asks the host of wasi:http, too, and remembers whether it gives another answer.
    fn everywhere(&mut self, head: &[u8]) -> Told {
        let told = self.at_home(head);
        let composed = ask(self.composed.client(), head);
        if composed.as_ref() != Some(&told) {
            let head = octets_as_text(head);
            self.differences.push(format!("{head:?}\n  {composed:?}, not\n  {told:?}\n"));
        }
        told
    }

    fn end(self) {
        let count = self.differences.len();
        assert_eq!(count, 0, "otherwise on wasi:http:\n{}", self.differences.concat());
    }
}

#[test]
fn the_same_answers_in_wasmhttpd_on_wasi_http_and_from_the_library() {
    if find_wasmtime().is_none() {
        return;
    }
    let mut three = Three::start();
    let mut statuses = BTreeSet::new();
    let mut ask = |line: &str, fields: &str| {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
        let head: Vec<u8> = request.chars().map(|octet| octet as u8).collect();
        let told = three.everywhere(&head);
        statuses.insert(told.status);
        told
    };
    for (line, fields) in REQUESTS {
        ask(line, fields);
    }
    let file = ask("GET /folder/a.txt", "");
    let tag = &file.fields.iter().find(|(name, _)| name == "etag").expect("a tag").1;
    for (field, status) in [("If-None-Match", 304), ("If-Match", 200)] {
        assert_eq!(ask("GET /folder/a.txt", &format!("{field}: {tag}\r\n")).status, status);
    }
    let range = format!("Range: bytes=1-2\r\nIf-Range: {tag}\r\n");
    assert_eq!(ask("GET /folder/a.txt", &range).status, 206);
    let expected = [200, 204, 206, 301, 304, 308, 400, 404, 405, 406, 412, 416, 417, 501];
    assert_eq!(statuses, expected.into());
    three.end();
}

/// Requests from other projects' test suites, of which a host of wasi:http hands on only some.
#[test]
fn the_requests_of_other_projects_get_the_same_answers() {
    if find_wasmtime().is_none() {
        return;
    }
    let mut three = Three::start();
    let mut counts = BTreeMap::new();
    for row in cases::requests() {
        let Some(head) = first_head(&row.octets) else { continue };
        let excluded = excluded(head, three.at_home(head).status);
        *counts.entry(excluded).or_insert(0) += 1;
        if excluded.is_none() {
            three.everywhere(head);
        }
    }
    assert!(counts.get(&None).is_some_and(|count| *count > 100), "{counts:?}");
    three.end();
}

/// From the first line that is not empty to the first empty one behind it.
fn first_head(octets: &[u8]) -> Option<&[u8]> {
    let start = octets.iter().position(|octet| !matches!(octet, b'\r' | b'\n'))?;
    let head = &octets[start..];
    let ends = memchr::memchr_iter(b'\n', head).find_map(|at| match &head[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    });
    Some(&head[..ends?])
}

/// Why a request is not for a host of wasi:http, if it is not.
fn excluded(head: &[u8], status: u16) -> Option<Excluded> {
    let text = octets_as_text(head).to_ascii_lowercase();
    let line = text.lines().next().unwrap_or_default();
    if status == 400 {
        return Some(Excluded::Malformed);
    }
    if !line.ends_with(" http/1.1") {
        return Some(Excluded::Version);
    }
    if line.starts_with("connect ") {
        return Some(Excluded::Tunnel);
    }
    let framing = ["\ntransfer-encoding:", "\ncontent-length:"];
    framing.iter().any(|name| text.contains(name)).then_some(Excluded::Framing)
}
