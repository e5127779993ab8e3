//! The ranges of Go's test suite, judged as `cases/README.md` says.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use fuzzing::cases::{self, Range, Ranges};

use crate::harness::{Client, Composed, Response, Site, find_wasmtime};
use crate::parity::told;

/// The regular expression of the rows, the only one.
const MULTIPART: &str = "^multipart/byteranges; *boundary=";

/// A file that the rows ask for, and its validators.
struct File {
    content: Vec<u8>,
    tag: String,
    modified: SystemTime,
}

#[test]
fn the_ranges_of_go_are_answered_as_they_should() {
    let server = site().serve("");
    judge(|| server.client());
}

/// The same of the same guest on another host.
#[test]
fn the_ranges_of_go_are_answered_as_they_should_on_wasi_http() {
    if find_wasmtime().is_none() {
        return;
    }
    let server = Composed::serve(site(), &[]);
    judge(|| server.client());
}

/// Where a row allows more than one answer, both hosts give the same one.
#[test]
fn the_ranges_of_go_get_the_same_answers_on_wasi_http() {
    if find_wasmtime().is_none() {
        return;
    }
    let (server, composed) = (site().serve(""), Composed::serve(site(), &[]));
    for row in &cases::ranges() {
        let file = File::look_at(&mut server.client(), row.size);
        let answers = [server.client(), composed.client()].map(|mut client| {
            let Response { status, fields, content } = ask(&mut client, row, &file);
            told(status, &fields, &content)
        });
        assert_eq!(answers[0], answers[1], "wasmhttpd, wasi:http: {row:?}");
    }
}

fn site() -> Site {
    cases::ranges().iter().fold(Site::new(), |site, row| {
        site.file(&format!("www{}", target(row.size)), content(row.size))
    })
}

/// Asks every row of a server, each on a new connection.
fn judge(connect: impl Fn() -> Client) {
    let rows = cases::ranges();
    assert_eq!(rows.len(), 63);
    let files: BTreeMap<usize, File> =
        rows.iter().map(|row| (row.size, File::look_at(&mut connect(), row.size))).collect();
    let failures: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            let file = &files[&row.size];
            let answer = ask(&mut connect(), row, file);
            let failure = check(row, file, &answer).err()?;
            Some(format!("{row:?}\n  {failure}: {} {:?}", answer.status, answer.fields))
        })
        .collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

fn target(size: usize) -> String {
    format!("/r{size}.bin")
}

/// Octets of which each tells where it is.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 131 + (at >> 8)) as u8).collect()
}

impl File {
    fn look_at(client: &mut Client, size: usize) -> File {
        let answer = client.get(&target(size)).expect(200);
        assert!(answer.content == content(size), "the file of {size} octets differs");
        let modified = httpdate::parse_http_date(answer.needs("Last-Modified")).expect("a date");
        File { tag: answer.needs("ETag").to_owned(), modified, content: answer.content }
    }

    /// Fills the validators of the file in.
    fn fill_in(&self, value: &str) -> String {
        let date = |seconds| httpdate::fmt_http_date(self.modified - Duration::from_secs(seconds));
        let weak = format!("W/{}", self.tag.trim_start_matches("W/"));
        value
            .replace("{WETAG}", &weak)
            .replace("{ETAG}", &self.tag)
            .replace("{LM}", &date(0))
            .replace("{LM-2}", &date(2))
    }
}

fn ask(client: &mut Client, row: &Range, file: &File) -> Response {
    assert_eq!(row.method, "GET", "another method needs another way to read the answer");
    let lines: String = row
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", file.fill_in(value)))
        .collect();
    client.get_with(&target(row.size), &lines)
}

/// Says what is wrong with an answer.
fn check(row: &Range, file: &File, answer: &Response) -> Result<(), String> {
    let status = answer.status;
    if status != row.expect_status && !row.also_ok.contains(&status) {
        return Err(format!("{} or {:?} was expected", row.expect_status, row.also_ok));
    }
    check_content(row, file, answer)?;
    if status == row.expect_status {
        check_fields(row, file, answer)?;
    }
    // RFC 9110, section 15.5.17.
    let unsatisfied = format!("bytes */{}", row.size);
    if status == 416 && answer.field("Content-Range") != Some(&unsatisfied) {
        return Err(format!("a 416 needs Content-Range: {unsatisfied}"));
    }
    Ok(())
}

fn check_fields(row: &Range, file: &File, answer: &Response) -> Result<(), String> {
    for (name, value) in &row.expect_headers {
        let right = if let Some(name) = name.strip_prefix('!') {
            answer.field(name).is_none()
        } else if let Some(name) = name.strip_suffix('~') {
            assert_eq!((name, value.as_str()), ("Content-Type", MULTIPART), "not known here");
            // Several ranges may be served as the one that they make up.
            boundary(answer).is_some() || answer.field("Content-Range").is_some()
        } else {
            answer.field(name) == Some(&file.fill_in(value))
        };
        if !right {
            return Err(format!("field {name}: {value:?}"));
        }
    }
    Ok(())
}

fn check_content(row: &Range, file: &File, answer: &Response) -> Result<(), String> {
    match answer.status {
        304 if !answer.content.is_empty() => return Err("content in a 304".into()),
        200 if answer.content != file.content => return Err("the whole file was expected".into()),
        206 => {}
        _ => return Ok(()),
    }
    let Some(Ranges::These(wanted)) = &row.expect_body_ranges else { return Ok(()) };
    let got = match boundary(answer) {
        Some(boundary) => parts(&answer.content, boundary, file)?,
        None => vec![part(answer.needs("Content-Range"), &answer.content, file)?],
    };
    let covered = |position: usize| got.iter().any(|range| (range.0..=range.1).contains(&position));
    let missing = wanted.iter().flat_map(|range| range.0..=range.1).find(|at| !covered(*at));
    match missing {
        Some(position) => Err(format!("position {position} is missing in {got:?}")),
        None if wanted.len() == 1 && got != *wanted => Err(format!("ranges {got:?}")),
        None => Ok(()),
    }
}

/// The boundary of a multipart answer.
fn boundary(answer: &Response) -> Option<&str> {
    let parameters = answer.needs("Content-Type").strip_prefix("multipart/byteranges;")?;
    Some(parameters.trim_start().strip_prefix("boundary=")?.trim_matches('"'))
}

/// The ranges of a multipart content (RFC 9110, section 14.6), which have the octets of the file.
fn parts(content: &[u8], boundary: &str, file: &File) -> Result<Vec<(usize, usize)>, String> {
    let text: String = content.iter().copied().map(char::from).collect();
    let pieces: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    let [_, parts @ .., end] = pieces.as_slice() else { return Err("no boundary".into()) };
    if !end.starts_with("--") {
        return Err("no boundary at the end".into());
    }
    let part = |piece: &&str| {
        let (head, content) = piece.split_once("\r\n\r\n").ok_or("a part without a head")?;
        let field = |line: &str| Some(line.split_once(": ")?.1.to_owned());
        let range = head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with("content-range:"))
            .and_then(field)
            .ok_or("a part without Content-Range")?;
        let content = content.strip_suffix("\r\n").ok_or("a part that does not end in CRLF")?;
        let octets: Vec<u8> = content.chars().map(|octet| octet as u8).collect();
        part(&range, &octets, file)
    };
    parts.iter().map(part).collect()
}

/// The range of a Content-Range, whose content is that of the file.
fn part(content_range: &str, content: &[u8], file: &File) -> Result<(usize, usize), String> {
    let range = || {
        let (range, size) = content_range.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?, size.parse().ok()?))
    };
    let (first, last, size): (usize, usize, usize) =
        range().ok_or(format!("Content-Range: {content_range}"))?;
    if size != file.content.len() || file.content.get(first..=last) != Some(content) {
        return Err(format!("the octets are not those of {content_range}"));
    }
    Ok((first, last))
}
