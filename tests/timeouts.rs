//! How long the server waits for a client, and for which ones it goes on waiting.

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, DEADLINE, KIB, Lost, MIB, Server, Site, wait_until};

fn site(lines: &str) -> Server {
    Site::new().file("www/index.html", "front\n").hole("www/large.bin", 64 << 20).serve(lines)
}

/// Writes an octet now and then until the server says something or ends the connection.
fn trickle(client: &mut Client, octets: &mut dyn Iterator<Item = u8>) -> Duration {
    let start = Instant::now();
    while client.is_open() && start.elapsed() < DEADLINE {
        let octet = octets.next().expect("an endless request");
        if client.stream.write_all(&[octet]).is_err() {
            break;
        }
        // The pace of the attack.
        thread::sleep(Duration::from_millis(50));
    }
    start.elapsed()
}

/// Fault 21: a connection that says nothing, at first or after an answer, is closed; not before.
#[test]
fn an_idle_connection_is_closed_after_the_timeout() {
    let server = site("parameter timeout 1.5\nparameter head-timeout 60");
    let start = Instant::now();
    let mut silent = server.client();
    let mut answered = server.client();
    answered.get("/").expect(200);
    silent.ends();
    answered.ends();
    assert!(start.elapsed() >= Duration::from_millis(1_400), "after {:?}", start.elapsed());
    assert!(start.elapsed() < DEADLINE / 2, "after {:?}", start.elapsed());
    server.serves();
}

/// What is used is not idle, however long it has been there.
#[test]
fn a_connection_in_use_outlives_the_timeout() {
    let server = site("parameter timeout 2");
    let start = Instant::now();
    let mut client = server.client();
    while start.elapsed() < Duration::from_millis(3_500) {
        client.get("/").expect(200);
        thread::sleep(Duration::from_millis(150));
    }
    client.ends();
}

/// Fault 19: the whole head has a deadline, however steadily its octets trickle.
#[test]
fn a_trickling_head_is_ended_by_the_head_timeout() {
    let server = site("parameter timeout 60\nparameter head-timeout 2");
    is_ended(&server, "GET / HTTP/1.1\r\nHost: localhost\r\nA: ", b"a");
}

/// Fault 19, with nothing but the empty lines that may stand in front of a request.
#[test]
fn trickling_empty_lines_do_not_hold_a_connection() {
    let server = site("parameter timeout 2\nparameter head-timeout 2");
    is_ended(&server, "", b"\r\n");
    is_ended(&server, "", b"\n");
}

/// Asserts that a client who goes on so slowly is told to go, or just let go, after two seconds.
fn is_ended(server: &Server, start: &str, octets: &[u8]) {
    let mut client = server.client();
    client.send(start);
    let took = trickle(&mut client, &mut octets.iter().copied().cycle());
    assert!(took < DEADLINE / 2, "took {took:?}");
    assert!(took > Duration::from_millis(1_500), "took {took:?}");
    match client.try_answer(DEADLINE) {
        Ok(answer) => assert!(matches!(answer.status, 408 | 400 | 431), "{answer:?}"),
        Err(lost) => assert!(matches!(lost, Lost::Ended(_)), "{lost:?}"),
    }
    server.serves();
}

/// Fault 20: request content to be skipped does not keep a connection for ever either.
#[test]
fn content_that_never_comes_does_not_hold_the_connection() {
    let server = site("parameter timeout 1\nparameter head-timeout 1\nparameter send-timeout 1");
    let mut client = server.client();
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc";
    client.ask(request).expect(200);
    client.rest();
}

/// Fault 20: a client that takes nothing is let go after the send timeout.
#[test]
fn a_client_that_stops_reading_is_closed_by_the_send_timeout() {
    let server = site("parameter send-timeout 1\nparameter timeout 60\nparameter workers 1");
    server.get("/").expect(200);
    let before = server.process().descriptors();
    let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
    client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let length = client.try_head(Instant::now() + DEADLINE).expect("a head").length();
    wait_until("the stuck connection and its file are closed", || {
        server.process().descriptors() <= before
    });
    let received = client.rest().len() as u64;
    assert!(received < length, "all {length} octets fitted into the sockets' buffers");
}

/// Fault 20, the other side: who reads slowly, but reads, gets everything.
#[test]
fn a_slow_reader_gets_everything() {
    let server = site("parameter send-timeout 4\nparameter timeout 1");
    let mut client = Client::with_receive_buffer(server.address(), 64 * KIB);
    client.send("GET /large.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-33554431\r\n\r\n");
    let answer = client.try_head(Instant::now() + DEADLINE).expect("a head").expect(206);
    let start = Instant::now();
    let mut paused = 0;
    let received = client.stream_content(answer.length(), |position, _| {
        // A pause for every mebioctet: six seconds in all.
        if position as usize / MIB > paused {
            paused = position as usize / MIB;
            thread::sleep(Duration::from_millis(200));
        }
    });
    assert_eq!(received, 32 << 20, "after {:?}", start.elapsed());
}
