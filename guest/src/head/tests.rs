use super::*;
use std::format;
use std::vec::Vec;

fn read(text: &str) -> Result<Head, Refusal> {
    Head::read(text.as_bytes())
}

#[track_caller]
fn refused(text: &str) {
    assert_eq!(read(text), Err(Refusal::Malformed), "{text:?}");
}

#[test]
fn rfc9112_3_request_line() {
    let text = "GET /a?b HTTP/1.1\r\n\r\n";
    let head = read(text).unwrap();
    assert_eq!(head.method, Method::Get);
    assert_eq!(head.target.of(text.as_bytes()), b"/a?b");
    assert_eq!(head.version, Version::Http11);
    assert_eq!(read("HEAD / HTTP/1.0\r\n\r\n").unwrap().version, Version::Http10);
    assert_eq!(read("HEAD / HTTP/1.7\r\n\r\n").unwrap().version, Version::Http11);
}

#[test]
fn rfc9112_3_no_autocorrection_of_the_request_line() {
    for line in [
        "",
        " ",
        "GET",
        "GET ",
        "GET /",
        "GET / ",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET  HTTP/1.1",
        "G(T / HTTP/1.1",
        ":GET / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/1.",
        "GET / HTTP/.1",
        "GET / HTTP/11.1",
        "GET / HTTP/1.10",
        "GET / HTTP/1.x",
        "GET / HTTP/x.1",
        "GET / HTTPS/1.1",
        "GET / ICE/1.0",
    ] {
        refused(&format!("{line}\r\n\r\n"));
    }
}

#[test]
fn rfc9110_15_6_6_other_major_versions() {
    for version in ["0.9", "2.0", "3.0", "9.9"] {
        assert_eq!(read(&format!("GET / HTTP/{version}\r\n\r\n")), Err(Refusal::Version));
    }
}

#[test]
fn rfc9112_2_2_leading_empty_lines_are_skipped() {
    let text = "\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    assert_eq!(read(text).unwrap().target.of(text.as_bytes()), b"/");
    refused("\nGET / HTTP/1.1\r\n\r\n");
}

#[test]
fn rfc9112_2_2_bare_cr_and_bare_lf_are_refused() {
    for text in [
        "GET / HTTP/1.1\nA: b\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n\n",
        "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n",
        "GET / HTTP/1.1\rA: b\r\n\r\n",
        "GET / HTTP/1.1\r\nA:\r\r\n\r\n",
        "GET\r/\rHTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA\rB: c\r\n\r\n",
    ] {
        refused(text);
    }
}

#[test]
fn rfc9112_2_2_whitespace_before_the_first_field_is_refused() {
    refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    refused("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n");
}

#[test]
fn rfc9112_5_1_whitespace_before_the_colon_is_refused() {
    refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n");
    refused("GET / HTTP/1.1\r\nHost\t: a\r\n\r\n");
}

#[test]
fn rfc9112_5_2_folded_lines_are_refused() {
    refused("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n");
    refused("GET / HTTP/1.1\r\nA: b\r\n\tc: d\r\n\r\n");
}

#[test]
fn rfc9110_5_1_names_are_tokens() {
    for line in [": a", "a b: c", "a", "(: b", "a\u{1}: b", "\u{fc}: b", "/: 1", "{: 1", "a@: b"] {
        refused(&format!("GET / HTTP/1.1\r\n{line}\r\n\r\n"));
    }
    assert!(read("GET / HTTP/1.0\r\n|~: 1\r\n\r\n").is_ok());
}

#[test]
fn rfc9110_5_5_control_octets_in_values_are_refused() {
    for octet in (0..0x20u8).chain([0x7f]) {
        let mut octets = b"GET / HTTP/1.1\r\nA: some b".to_vec();
        octets.push(octet);
        octets.extend(b"c\r\n\r\n");
        assert_eq!(Head::read(&octets).is_ok(), octet == b'\t', "{octet:#x}");
    }
    assert!(Head::read(b"GET / HTTP/1.1\r\nA: \x80\xff\r\n\r\n").is_ok());
}

#[test]
fn rfc9112_5_1_values_are_trimmed() {
    let text = "GET / HTTP/1.1\r\nhOsT: \t a\tb \t\r\nRange:\r\nExpect: \t \r\n\r\n";
    let head = read(text).unwrap();
    assert_eq!(head.only(Name::Host).unwrap().of(text.as_bytes()), b"a\tb");
    assert_eq!(head.only(Name::Range).unwrap().of(text.as_bytes()), b"");
    assert_eq!(head.only(Name::Expect).unwrap().of(text.as_bytes()), b"");
    assert_eq!(head.count(Name::Connection), 0);
}

#[test]
fn rfc9110_5_3_all_lines_of_a_field_are_found_in_order() {
    let text = "GET / HTTP/1.1\r\nConnection: a \r\nX: y\r\nconnection:\r\nCONNECTION: c\r\nHost: h\r\n\r\n";
    let head = read(text).unwrap();
    assert_eq!(head.count(Name::Connection), 3);
    assert_eq!(head.only(Name::Connection), None);
    let values: Vec<_> = head.values(text.as_bytes(), Name::Connection).collect();
    assert_eq!(values, [&b"a"[..], b"", b"c"]);
    assert_eq!(head.values(text.as_bytes(), Name::Host).count(), 1);
    assert_eq!(head.values(text.as_bytes(), Name::Range).count(), 0);
}

/// A CR that was the last octet of a block ended a head whatever stood behind it.
#[test]
fn rfc9112_2_2_a_line_ends_in_cr_and_lf_wherever_it_ends() {
    for width in 0..200 {
        let field = format!("A: {}", "x".repeat(width));
        for lines in [0, 1, 30, 31, 32] {
            let text = format!("GET / HTTP/1.1\r\n{}{field}", "B: c\r\n".repeat(lines));
            assert!(read(&format!("{text}\r\n\r\n")).is_ok());
            for octet in ["\u{c}", "a", "\r", "\t", "\0", ""] {
                refused(&format!("{text}\r\n\r{octet}"));
                refused(&format!("{text}\r{octet}\r\n"));
                refused(&format!("{text}\r{octet}\r\n\r\n"));
            }
        }
    }
}

#[test]
fn a_head_of_many_lines_is_read_to_its_end() {
    for lines in [0, 1, 31, 32, 33, 63, 64, 65, 200] {
        for width in [0, 1, 5, 40, 64, 100] {
            let value = "\t".repeat(width);
            let fields = format!("Range:{value}x\r\n").repeat(lines);
            let text = format!("GET / HTTP/1.1\r\n{fields}\r\n");
            let head = read(&text).unwrap();
            assert_eq!(head.count(Name::Range), lines as u32);
            assert_eq!(head.values(text.as_bytes(), Name::Range).count(), lines);
            refused(&text[..text.len() - 1]);
            refused(&text.replacen("\r\n\r\n", "\r\n\n", 1));
            refused(&format!("GET / HTTP/1.1\r\n{fields}Range\r\n\r\n"));
            refused(&format!("GET / HTTP/1.1\r\n{fields}A:\0\r\n\r\n"));
            refused(&format!("GET / HTTP/1.1\r\n{fields}A:\r\r\n\r\n"));
        }
    }
}

#[test]
fn rfc9112_2_1_the_empty_line_ends_the_head() {
    for text in [
        "",
        "\r\n",
        "GET / HTTP/1.1",
        "GET / HTTP/1.1\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n",
        "GET / HTTP/1.1\r\n\r\nx",
    ] {
        refused(text);
    }
}

#[test]
fn every_prefix_is_refused_without_a_panic() {
    let text = "GET /a HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
    for end in 0..text.len() {
        refused(&text[..end]);
    }
    assert!(read(text).is_ok());
}

#[test]
fn rfc9110_9_1_methods_are_case_sensitive() {
    for (name, method) in [
        ("GET", Method::Get),
        ("get", Method::Unknown),
        ("Get", Method::Unknown),
        ("HEAD", Method::Head),
        ("POST", Method::Known),
        ("TRACE", Method::Known),
        ("CONNECT", Method::Connect),
        ("MKCOLA", Method::Unknown),
    ] {
        assert_eq!(read(&format!("{name} / HTTP/1.1\r\n\r\n")).unwrap().method, method);
    }
}

#[test]
fn every_known_name_is_recognised_in_any_case() {
    let names = [
        "Host",
        "Connection",
        "Content-Length",
        "Transfer-Encoding",
        "Expect",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "Range",
        "If-Range",
    ];
    assert_eq!(names.len(), NAMES);
    for (index, name) in names.iter().enumerate() {
        assert!(may_be_known(name.as_bytes()[0]));
        assert_eq!(known(name.as_bytes()).map(|n| n as usize), Some(index));
        assert_eq!(known(name.to_ascii_uppercase().as_bytes()).map(|n| n as usize), Some(index));
        let wrong = format!("{}x", &name[..name.len() - 1]);
        assert_eq!(known(wrong.as_bytes()), None);
    }
}
