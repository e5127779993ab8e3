//! Files larger than memory would like, made of holes.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Instant;

use crate::harness::{DEADLINE, MIB, Server, Site};

const GIB: u64 = 1 << 30;

fn site(length: u64, marks: &[u64]) -> Server {
    let site = Site::new().file("www/index.html", "front\n").hole("www/hole.bin", length);
    let file = File::options().write(true).open(site.path("www/hole.bin")).expect("the file");
    for position in marks {
        let mark = format!("{position:016}");
        file.write_all_at(mark.as_bytes(), *position).expect("a mark in the hole");
    }
    site.serve("")
}

fn range(server: &Server, range: &str) -> crate::harness::Response {
    server.client().get_with("/hole.bin", &format!("Range: bytes={range}\r\n"))
}

/// A gibioctet arrives octet for octet, and takes no memory to send.
#[test]
fn a_gibioctet_arrives_as_it_is() {
    let marks: Vec<u64> = (0..16).map(|index| index * 67_000_001).collect();
    let server = site(GIB, &marks);
    let before = server.process().resident_octets();
    let mut client = server.client();
    client.send("GET /hole.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
    assert_eq!(answer.length(), GIB);
    let zeros = vec![0; MIB];
    let received = client.stream_content(GIB, |position, octets| {
        let end = position + octets.len() as u64;
        let marked = |mark: &&u64| **mark < end && **mark + 16 > position;
        let Some(mark) = marks.iter().find(marked) else {
            assert!(octets == &zeros[..octets.len()], "not all zero near {position}");
            return;
        };
        let text = format!("{mark:016}");
        let expected = |index: u64| match index.checked_sub(*mark) {
            Some(place) if place < 16 => text.as_bytes()[place as usize],
            _ => 0,
        };
        let same = octets.iter().zip(position..).all(|(octet, index)| *octet == expected(index));
        assert!(same, "the mark near {position} is wrong");
    });
    assert_eq!(received, GIB);
    let after = server.process().resident_octets();
    assert!(after < before + 16 * MIB, "memory grew from {before} to {after} octets");
    client.get("/").expect(200);
}

/// Fault 31: positions above 4 GiB are not cut off.
#[test]
fn ranges_above_four_gibioctets_are_right() {
    const LENGTH: u64 = 5 * GIB;
    let marks = [4 * GIB - 8, 4 * GIB + 100, LENGTH - 16];
    let server = site(LENGTH, &marks);
    assert_eq!(server.client().head("/hole.bin").expect(200).length(), LENGTH);
    for mark in marks {
        let answer = range(&server, &format!("{mark}-{}", mark + 15)).expect(206);
        assert_eq!(answer.text(), format!("{mark:016}"));
        let expected = format!("bytes {mark}-{}/{LENGTH}", mark + 15);
        assert_eq!(answer.needs("Content-Range"), expected);
    }
    let last = format!("{:016}", LENGTH - 16);
    assert_eq!(range(&server, "-16").expect(206).text(), last);
    let open = format!("{}-", LENGTH - 16);
    assert_eq!(range(&server, &open).expect(206).text(), last);
    let answer = range(&server, &format!("{LENGTH}-")).expect(416);
    assert_eq!(answer.needs("Content-Range"), format!("bytes */{LENGTH}"));
}
