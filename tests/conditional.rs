//! Conditional requests and ranges, as curl and browsers send them.

use std::fs;

use crate::harness::{Client, Response, Server, Site, pattern, wait_until};

const MODIFIED: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
const AFTER: &str = "Tue, 14 Nov 2023 22:13:21 GMT";

fn site() -> Server {
    let digits = "0123456789".repeat(1_000);
    Site::new().file("www/index.html", "front\n").file("www/digits.txt", digits).serve("")
}

fn tag(server: &Server, target: &str) -> String {
    server.get(target).expect(200).needs("ETag").to_owned()
}

fn get(client: &mut Client, fields: &[(&str, &str)]) -> Response {
    let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    client.get_with("/digits.txt", &lines)
}

/// RFC 9110, 13.2.2, in its order, on a file whose state is known.
#[test]
fn rfc9110_13_2_2_preconditions_are_weighed_in_their_order() {
    let server = site();
    let tag = tag(&server, "/digits.txt");
    assert!(tag.starts_with('"'), "an old file has a strong tag, not {tag}");
    let weak = format!("W/{tag}");
    let list = format!("\"other\", ,{weak}");
    let mut client = server.client();
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("If-None-Match", &tag)], 304),
        (&[("If-None-Match", &weak)], 304),
        (&[("If-None-Match", &list)], 304),
        (&[("If-None-Match", "*")], 304),
        (&[("If-None-Match", "\"other\"")], 200),
        (&[("If-Modified-Since", MODIFIED)], 304),
        (&[("If-Modified-Since", AFTER)], 304),
        (&[("If-Modified-Since", BEFORE)], 200),
        (&[("If-Modified-Since", "Tuesday, 14-Nov-23 22:13:20 GMT")], 304),
        (&[("If-Modified-Since", "Tue Nov 14 22:13:20 2023")], 304),
        (&[("If-Modified-Since", "yesterday")], 200),
        (&[("If-None-Match", "\"other\""), ("If-Modified-Since", AFTER)], 200),
        (&[("If-None-Match", &tag), ("If-Modified-Since", BEFORE)], 304),
        (&[("If-Match", &tag)], 200),
        (&[("If-Match", "*")], 200),
        (&[("If-Match", &weak)], 412),
        (&[("If-Match", "\"other\"")], 412),
        (&[("If-Unmodified-Since", MODIFIED)], 200),
        (&[("If-Unmodified-Since", BEFORE)], 412),
        (&[("If-Match", &tag), ("If-Unmodified-Since", BEFORE)], 200),
        (&[("If-Match", "\"other\""), ("If-None-Match", &tag)], 412),
        (&[("Range", "bytes=0-9"), ("If-Range", &tag)], 206),
        (&[("Range", "bytes=0-9"), ("If-Range", &weak)], 200),
        (&[("Range", "bytes=0-9"), ("If-Range", "\"other\"")], 200),
        (&[("Range", "bytes=0-9"), ("If-Range", MODIFIED)], 206),
        (&[("Range", "bytes=0-9"), ("If-Range", BEFORE)], 200),
        (&[("Range", "bytes=0-9"), ("If-Range", AFTER)], 200),
        (&[("Range", "bytes=0-9"), ("If-None-Match", &tag)], 304),
        (&[("Range", "bytes=99999-"), ("If-Match", "\"other\"")], 412),
    ];
    for (fields, status) in cases {
        let answer = get(&mut client, fields);
        assert_eq!(answer.status, *status, "{fields:?}: {:?}", answer.fields);
    }
}

/// RFC 9110, 15.4.5: a 304 tells what the 200 would, and has no content.
#[test]
fn rfc9110_15_4_5_a_304_has_the_validators_and_no_content() {
    let server = site();
    let mut client = server.client();
    let full = client.get("/digits.txt").expect(200);
    let fields = [("If-None-Match", full.needs("ETag"))];
    let answer = get(&mut client, &fields).expect(304);
    for name in ["ETag", "Cache-Control", "Expires", "Vary", "Content-Location"] {
        assert_eq!(answer.field(name), full.field(name), "{name}");
    }
    if let Some(length) = answer.field("Content-Length") {
        assert_eq!(length, full.needs("Content-Length"));
    }
    // Nothing of a content is in the way of the next answer.
    assert_eq!(client.get("/").expect(200).text(), "front\n");
}

/// What a browser sends on a reload, and after the file has changed.
#[test]
fn a_browser_that_reloads_gets_304_until_the_file_changes() {
    let server = site();
    let mut client = server.client();
    let first = client.get("/").expect(200);
    let browser = format!(
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
         Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
         Accept-Language: de,en-US;q=0.7,en;q=0.3\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\n\
         Connection: keep-alive\r\n\
         Upgrade-Insecure-Requests: 1\r\n\
         Sec-Fetch-Dest: document\r\n\
         If-Modified-Since: {}\r\n\
         If-None-Match: {}\r\n\
         Priority: u=0, i\r\n\
         Cache-Control: max-age=0\r\n",
        first.needs("Last-Modified"),
        first.needs("ETag"),
    );
    client.get_with("/", &browser).expect(304);
    client.get_with("/", &browser).expect(304);
    // As long as before: the tag has to tell them apart by the time.
    fs::write(server.site.path("www/index.html"), "FRONT\n").expect("a changed file");
    wait_until("the change is seen", || client.get_with("/", &browser).status != 304);
    assert_eq!(client.get_with("/", &browser).expect(200).text(), "FRONT\n");
}

/// A file that may still change within the resolution of its time has a weak tag.
#[test]
fn the_tag_of_a_file_just_written_is_weak() {
    let server = site();
    let path = server.site.path("www/young.txt");
    fs::write(&path, "young").expect("a file");
    let future = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    crate::harness::age(&path, future);
    assert!(tag(&server, "/young.txt").starts_with("W/\""));
    assert!(tag(&server, "/digits.txt").starts_with('"'));
}

/// RFC 9110, 14.1.2: first, last and suffix positions, and what goes past the end.
#[test]
fn rfc9110_14_1_2_single_ranges_are_cut_right() {
    let server = site();
    let mut client = server.client();
    for (range, content_range, length) in [
        ("0-0", "0-0", 1),
        ("0-9", "0-9", 10),
        ("9990-", "9990-9999", 10),
        ("9990-20000", "9990-9999", 10),
        ("-1", "9999-9999", 1),
        ("-20000", "0-9999", 10_000),
        ("0-18446744073709551615", "0-9999", 10_000),
        ("0-99999999999999999999999", "0-9999", 10_000),
    ] {
        let answer = get(&mut client, &[("Range", &format!("bytes={range}"))]).expect(206);
        assert_eq!(answer.needs("Content-Range"), format!("bytes {content_range}/10000"));
        assert_eq!(answer.content.len(), length, "{range}");
        let first = content_range.split('-').next().and_then(|first| first.bytes().last());
        assert_eq!(answer.content.first().copied(), first, "{range}");
    }
}

/// RFC 9110, 15.5.17 and 14.2: nothing in the file is 416; what is no range is ignored or refused.
#[test]
fn rfc9110_15_5_17_impossible_ranges_are_416_and_broken_ones_never_206() {
    let server = site();
    let mut client = server.client();
    for range in ["10000-", "10000-10001", "-0", "99999999999999999999-"] {
        let answer = get(&mut client, &[("Range", &format!("bytes={range}"))]).expect(416);
        assert_eq!(answer.needs("Content-Range"), "bytes */10000", "{range}");
    }
    for range in ["bytes=", "bytes=a-b", "bytes=5-1", "bytes=-", "bytes 0-1", "lines=0-1", "0-1"] {
        let status = get(&mut client, &[("Range", range)]).status;
        assert!(matches!(status, 200 | 400 | 416), "{range}: {status}");
        if status == 400 {
            client = server.client();
        }
    }
}

/// RFC 9110, 15.3.7.2: several ranges are parts with a boundary, each telling where it is from.
#[test]
fn rfc9110_15_3_7_2_several_ranges_are_parts() {
    let server = site();
    let mut client = server.client();
    let answer = get(&mut client, &[("Range", "bytes=0-1,5000-5003,-3")]).expect(206);
    assert_eq!(answer.field("Content-Range"), None, "a field of each part only");
    let media = answer.needs("Content-Type");
    let boundary = media.strip_prefix("multipart/byteranges; boundary=");
    let boundary = boundary.unwrap_or_else(|| panic!("{media:?}")).trim_matches('"');
    let text = answer.text();
    let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
    assert_eq!(parts.len(), 5, "before, three parts, behind: {text:?}");
    assert!(parts[4].starts_with("--"), "the last boundary: {text:?}");
    for (part, (range, content)) in
        parts[1..4].iter().zip([("0-1", "01"), ("5000-5003", "0123"), ("9997-9999", "789")])
    {
        assert!(part.contains(&format!("bytes {range}/10000\r\n")), "{part:?}");
        assert!(part.ends_with(&format!("\r\n\r\n{content}\r\n")), "{part:?}");
    }
    // Nothing of a part is in the way of the next answer, nor is there more than was announced.
    assert_eq!(client.get("/").expect(200).text(), "front\n");
}

/// RFC 9110, 15.3.7.2: of several ranges that make up one, one answer without parts.
#[test]
fn rfc9110_15_3_7_2_ranges_that_touch_are_sent_as_one() {
    let server = site();
    let mut client = server.client();
    let answer = get(&mut client, &[("Range", "bytes=500-700,601-999")]).expect(206);
    assert_eq!(answer.needs("Content-Range"), "bytes 500-999/10000");
    assert_eq!(answer.content.len(), 500);
}

/// Parts too large for one buffer are streamed, each octet at its place.
#[test]
fn parts_of_a_large_file_are_streamed() {
    const SIZE: usize = 3 << 20;
    let content = pattern(SIZE);
    let server = Site::new().file("www/large.bin", &content).serve("");
    let mut client = server.client();
    let ranges = [(0, 999_999), (1_000_001, 2_000_000), (3_000_000, SIZE - 1)];
    let set: Vec<String> = ranges.iter().map(|(first, last)| format!("{first}-{last}")).collect();
    let fields = format!("Range: bytes={}\r\n", set.join(","));
    for _ in 0..2 {
        let answer = client.get_with("/large.bin", &fields).expect(206);
        let boundary = answer.needs("Content-Type").split("boundary=").nth(1).expect("a boundary");
        let mut rest = &answer.content[..];
        for (number, (first, last)) in ranges.iter().enumerate() {
            let before = if number == 0 { "" } else { "\r\n" };
            let part = format!(
                "{before}--{boundary}\r\nContent-Type: application/octet-stream\r\n\
                 Content-Range: bytes {first}-{last}/{SIZE}\r\n\r\n"
            );
            rest = rest.strip_prefix(part.as_bytes()).expect("a part's fields");
            let (octets, behind) = rest.split_at(last - first + 1);
            assert!(octets == &content[*first..=*last], "part {number}");
            rest = behind;
        }
        assert_eq!(rest, format!("\r\n--{boundary}--\r\n").as_bytes());
    }
}

/// CVE-2011-3192: a thousand overlapping ranges must not multiply the content.
#[test]
fn rfc9110_17_15_many_overlapping_ranges_do_not_multiply_the_content() {
    let server = site();
    let ranges: Vec<String> = (0..1_000).map(|first| format!("{first}-")).collect();
    let answer = get(&mut server.client(), &[("Range", &format!("bytes={}", ranges.join(",")))]);
    assert!(matches!(answer.status, 200 | 206 | 400 | 416 | 431), "{}", answer.status);
    assert!(answer.content.len() < 100_000, "{} octets", answer.content.len());
    server.serves();
}

/// RFC 9110, 14.2: a range is for GET; and HEAD has the fields that GET has.
#[test]
fn rfc9110_14_2_head_ignores_ranges_and_answers_conditions_as_get_does() {
    let server = site();
    let tag = tag(&server, "/digits.txt");
    let mut client = server.client();
    for (fields, status) in [
        ("Range: bytes=0-9\r\n".to_owned(), 200),
        (format!("If-None-Match: {tag}\r\n"), 304),
        ("If-Match: \"other\"\r\n".to_owned(), 412),
    ] {
        client.send(format!("HEAD /digits.txt HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"));
        client.answer_to_head().expect(status);
    }
    assert_eq!(client.head("/digits.txt").expect(200).length(), 10_000);
}
