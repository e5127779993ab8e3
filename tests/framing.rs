//! Where one request ends and the next begins, however the octets arrive.

use std::thread;

use crate::harness::{Client, DEADLINE, KIB, MIB, Response, Server, Site, pattern};

fn numbered_site(lines: &str) -> Server {
    let site = (0..10).fold(Site::new(), |site, number| {
        site.file(&format!("www/{number}.txt"), format!("this is {number}\n"))
    });
    site.file("www/index.html", "front\n").file("secret", "the secret\n").serve(lines)
}

const THREE: &str = "GET /1.txt?a HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n\
                     HEAD /2.txt HTTP/1.1\r\nhost:localhost\r\n\r\n\
                     GET /missing HTTP/1.1\r\nHost: localhost:80\r\n\r\n";

fn three_answers(client: &mut Client) -> [Response; 3] {
    [client.answer(), client.answer_to_head(), client.answer()].map(Response::without_date)
}

fn request(target: &str, fields: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
}

/// Fault 24: the same answers as in one piece, wherever requests are cut in two.
#[test]
fn every_split_of_three_requests_gives_the_same_answers() {
    let server = numbered_site("");
    let mut client = server.client();
    client.send(THREE);
    let expected = three_answers(&mut client);
    assert_eq!(expected.each_ref().map(|answer| answer.status), [200, 200, 404]);
    for split in 1..THREE.len() {
        client.send(&THREE[..split]);
        // A chance to be read in two pieces; nothing depends on it.
        thread::sleep(std::time::Duration::from_micros(500));
        client.send(&THREE[split..]);
        assert_eq!(three_answers(&mut client), expected, "split at {split}");
    }
}

/// Fault 24: octet by octet.
#[test]
fn requests_octet_by_octet_give_the_same_answers() {
    let server = numbered_site("");
    let mut client = server.client();
    client.send(THREE);
    let expected = three_answers(&mut client);
    for octet in THREE.as_bytes() {
        client.send([*octet]);
        thread::yield_now();
    }
    assert_eq!(three_answers(&mut client), expected);
}

/// Fault 24: a thousand requests in one write are answered in order.
#[test]
fn rfc9112_9_3_2_a_pipeline_of_a_thousand_is_answered_in_order() {
    let server = numbered_site("");
    let mut client = server.client();
    let pipeline: String =
        (0..1_000).map(|index| request(&format!("/{}.txt", index % 10), "")).collect();
    let mut writer = Client::clone_of(&client);
    thread::scope(|scope| {
        scope.spawn(move || {
            writer.send(pipeline);
        });
        for index in 0..1_000 {
            let answer = client.answer().expect(200);
            assert_eq!(answer.text(), format!("this is {}\n", index % 10), "answer {index}");
        }
    });
    client.get("/").expect(200);
}

/// RFC 9112, 9.6: after `close`, nothing more of the pipeline is processed.
#[test]
fn rfc9112_9_6_nothing_behind_a_close_is_answered() {
    let server = numbered_site("");
    let mut client = server.client();
    client.send(request("/1.txt", "") + &request("/2.txt", "Connection: close\r\n"));
    client.send(request("/3.txt", "").repeat(100));
    assert!(!client.answer().expect(200).closes());
    assert!(client.answer().expect(200).closes());
    client.ends();
}

/// RFC 9112, 2.2: empty lines in front of a request are skipped.
#[test]
fn rfc9112_2_2_empty_lines_before_a_request_are_skipped() {
    let server = numbered_site("");
    let mut client = server.client();
    for lines in ["\r\n", "\r\n\r\n"] {
        client.ask(format!("{lines}{}", request("/1.txt", ""))).expect(200);
    }
    client.ask(request("/1.txt", "Content-Length: 2\r\n") + "\r\n").expect(200);
    client.get("/2.txt").expect(200);
}

/// A head of lines that end in a bare LF is refused at once, by an answer and not by a timeout.
#[test]
fn rfc9112_2_2_bare_line_feeds_are_refused_and_close() {
    let server = numbered_site("parameter head-timeout 60");
    for head in [
        "GET / HTTP/1.1\nHost: localhost\n\n",
        "GET / HTTP/1.1\r\nHost: localhost\n\r\n",
        "GET / HTTP/1.1\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: local\rhost\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nA: b\n\n",
    ] {
        let mut client = server.client();
        client.ask(head).expect(400);
        client.ends();
    }
}

/// RFC 9112, 3 and RFC 9110, 5.4; tested on both sides of the limit.
#[test]
fn rfc9110_5_4_a_head_over_the_limit_is_431_and_one_at_the_limit_is_served() {
    let server = numbered_site("parameter head-limit 4K");
    let of_length = |length: usize| {
        let empty = request("/1.txt", "A: \r\n").len();
        request("/1.txt", &format!("A: {}\r\n", "a".repeat(length - empty)))
    };
    let mut client = server.client();
    client.ask(of_length(4 * KIB - 1)).expect(200);
    client.ask(of_length(4 * KIB)).expect(200);
    client.ask(of_length(4 * KIB).repeat(3)).expect(200);
    for _ in 0..2 {
        client.answer().expect(200);
    }
    assert!(client.ask(of_length(4 * KIB + 1)).expect(431).closes());
    client.ends();
}

/// Fault 28: the refusal can be read although the client has not finished sending.
#[test]
fn rfc9112_9_6_the_refusal_of_a_long_head_or_target_reaches_a_client_that_still_sends() {
    let server = numbered_site("");
    let lines = "A: b\r\n".repeat(MIB / 6);
    let long = "a".repeat(MIB);
    for (head, status) in [
        (request("/1.txt", &lines), 431),
        (request("/1.txt", &format!("A: {long}\r\n")), 431),
        (request(&format!("/{long}"), ""), 414),
    ] {
        let mut client = server.client();
        let mut writer = Client::clone_of(&client);
        thread::scope(|scope| {
            // What the server does not take any more is no failure here.
            scope.spawn(move || std::io::Write::write_all(&mut writer.stream, head.as_bytes()));
            client.answer().expect(status);
            client.ends();
        });
    }
    server.serves();
}

/// RFC 9112, 3: request-lines of 8,000 octets are to be supported.
#[test]
fn rfc9112_3_a_request_line_of_8000_octets_is_read() {
    let server = numbered_site("");
    server.get(&format!("/1.txt?{}", "a".repeat(8_000))).expect(200);
    let status = server.get(&format!("/{}", "a/".repeat(4_000))).status;
    assert!(matches!(status, 404 | 414), "a path of 8,000 octets: {status}");
}

/// RFC 9112, 9.3: request content is read and left alone, so that the next request is found.
#[test]
fn rfc9112_9_3_request_content_is_skipped() {
    let server = numbered_site("");
    let mut client = server.client();
    let smuggled = request("/../secret", "");
    for content in ["hello", "\r\n\r\n", &smuggled, &"x".repeat(60 * KIB)] {
        let fields = format!("Content-Length: {}\r\n", content.len());
        client.send(request("/1.txt", &fields) + content + &request("/2.txt", ""));
        assert_eq!(client.answer().expect(200).text(), "this is 1\n");
        assert_eq!(client.answer().expect(200).text(), "this is 2\n", "behind {}", content.len());
    }
    for octet in request("/1.txt", "Content-Length: 5\r\n").bytes().chain(*b"hello") {
        client.send([octet]);
    }
    client.answer().expect(200);
    client.get("/2.txt").expect(200);
}

/// RFC 9112, 6.1 and 6.3: what two recipients could read differently is refused, and closes.
#[test]
fn rfc9112_6_3_doubtful_framing_is_refused_and_closes() {
    let server = numbered_site("");
    let smuggled = request("/2.txt", "");
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: \r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ] {
        let mut client = server.client();
        let answer = client.ask(request("/1.txt", fields) + "0\r\n\r\n" + &smuggled);
        assert!(matches!(answer.status, 400 | 501), "{fields:?}: {}", answer.status);
        client.ends();
    }
}

/// The policy for Transfer-Encoding and for too much content: an answer at once, then the end.
#[test]
fn rfc9112_9_3_content_that_is_not_skipped_ends_the_connection() {
    let server = numbered_site("");
    let fields = ["Transfer-Encoding: chunked\r\n", "Content-Length: 1000000000\r\n"];
    for fields in fields {
        let mut client = server.client();
        let answer = client.ask(request("/1.txt", fields) + "0\r\n\r\n" + &request("/2.txt", ""));
        assert!(answer.closes(), "{fields:?}: {answer:?}");
        client.ends();
    }
    let mut client = server.client();
    let expectation = "Expect: 100-continue\r\nContent-Length: 10\r\n";
    client.ask(request("/1.txt", expectation));
    client.ends();
}

/// Fault 22: a client that has nothing more to say still gets all of its answer.
#[test]
fn rfc9112_9_6_a_half_closed_client_gets_the_whole_answer() {
    let content = pattern(4 * MIB);
    let server = Site::new().file("www/large.bin", &content).file("www/index.html", "a").serve("");
    let mut client = server.client();
    client.send(request("/", "") + &request("/large.bin", "")).half_close();
    client.answer().expect(200);
    assert!(client.answer().expect(200).content == content, "the content differs");
    client.ends();
    // With half a request, there is nobody to answer, or an error to tell.
    let mut client = server.client();
    client.send("GET / HTT").half_close();
    match client.try_answer(DEADLINE) {
        Ok(answer) => assert!(matches!(answer.status, 400 | 408), "{answer:?}"),
        Err(lost) => assert!(matches!(lost, crate::harness::Lost::Ended(_)), "{lost:?}"),
    }
}
