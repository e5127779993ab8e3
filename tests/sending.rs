//! Files that change while they are being sent.

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::time::Instant;

use fixtures::HOSTILE;

use crate::harness::{Client, DEADLINE, KIB, MIB, Server, Site, pattern, wait_until};

/// More than all the buffers between a file and a client that does not read.
const LENGTH: usize = 64 * MIB;

fn site() -> Server {
    let content = vec![b'a'; LENGTH];
    let site = Site::new().file("www/large.txt", content).file("www/index.html", "front\n");
    // All clients see a change at the same time.
    site.serve("parameter workers 1")
}

/// A client that has the head of the large file's answer, and stopped reading.
fn download(server: &Server) -> Client {
    let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
    client.send("GET /large.txt HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = client.try_head(Instant::now() + DEADLINE).expect("a head").expect(200);
    assert_eq!(answer.length(), LENGTH as u64);
    client
}

/// Reads the rest; how much there was, and whether all of it is the letter.
fn rest(client: &mut Client, letter: u8) -> (usize, bool) {
    let mut same = true;
    let length = client.stream_content(LENGTH as u64, |_, octets| {
        same &= octets.iter().all(|octet| *octet == letter);
    });
    (length as usize, same)
}

/// Fault 29: what is there is sent, then the connection ends; nothing is made up.
#[test]
fn a_file_truncated_while_being_sent_ends_the_connection() {
    let server = site();
    let mut client = download(&server);
    let path = server.site.path("www/large.txt");
    let file = File::options().write(true).open(path).expect("the file");
    file.set_len(1).expect("a shorter file");
    let received = client.stream_content(LENGTH as u64, |_, _| {});
    assert!(received < LENGTH as u64, "{received} octets of a file that has one");
    client.ends();
    assert_eq!(server.get("/large.txt").expect(200).text(), "a");
}

/// Fault 30: a file replaced by rename goes on as it was.
#[test]
fn a_file_replaced_while_being_sent_is_sent_as_it_was() {
    let server = site();
    let mut client = download(&server);
    let site = &server.site;
    fs::write(site.path("new"), "new\n").expect("a file");
    fs::rename(site.path("new"), site.path("www/large.txt")).expect("a replaced file");
    wait_until("the new file is served", || server.client().head("/large.txt").length() == 4);
    assert_eq!(server.get("/large.txt").expect(200).text(), "new\n");
    assert_eq!(rest(&mut client, b'a'), (LENGTH, true));
    assert_eq!(client.get("/large.txt").expect(200).text(), "new\n");
}

/// Fault 30: a file deleted meanwhile is sent to its end.
#[test]
fn a_file_deleted_while_being_sent_is_sent_to_its_end() {
    let server = site();
    let mut client = download(&server);
    fs::remove_file(server.site.path("www/large.txt")).expect("a file to remove");
    wait_until("the file is gone", || server.client().head("/large.txt").status == 404);
    assert_eq!(rest(&mut client, b'a'), (LENGTH, true));
    client.get("/large.txt").expect(404);
}

/// Fault 30: of a file rewritten in place, no mixture is passed off as whole.
#[test]
fn a_file_rewritten_while_being_sent_is_not_passed_off_as_whole() {
    let server = site();
    let mut client = download(&server);
    let path = server.site.path("www/large.txt");
    let mut file = File::options().write(true).open(path).expect("the file");
    file.seek(SeekFrom::End(-1000)).expect("a longer file");
    file.write_all(&[b'b'; 1000]).expect("a rewritten end");
    let (length, same) = rest(&mut client, b'a');
    assert!(length < LENGTH || same, "a mixture of two states, as if it were one");
    server.serves();
}

/// A guest's answer of text and octets of a file arrives in the order of its parts.
#[test]
fn parts_of_a_large_file_arrive_in_order() {
    let content = pattern(4 * MIB);
    let site = Site::new().file("www/index.html", &content);
    let server = site.serve(&format!("parameter guest {HOSTILE}"));
    let mut client = server.client();
    for _ in 0..3 {
        let answer = client.get("/parts/mixed").expect(200);
        let whole = [b"<", &content[..], b">"].concat();
        assert!(answer.content == whole, "{} octets, not as they should be", answer.content.len());
        assert_eq!(client.get("/ok").expect(200).text(), "ok\n");
    }
}

/// A file that grows is sent as long as it was announced.
#[test]
fn a_file_that_grows_is_sent_as_announced() {
    let server = site();
    let mut client = server.client();
    let file = File::options().append(true).open(server.site.path("www/large.txt"));
    let mut file = file.expect("the file");
    for round in 0..5_usize {
        client.send("GET /large.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=-5\r\n\r\n");
        file.write_all(b"more").expect("a longer file");
        let answer = client.answer().expect(206);
        assert_eq!(answer.content.len(), 5, "round {round}");
        client.get("/").expect(200);
    }
}
