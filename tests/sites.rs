//! Which document root a host name leads to, and where the server listens.

use std::net::TcpListener;

use crate::harness::{Server, Site, skip};

fn two_sites(lines: &str) -> Server {
    Site::new()
        .file("www/index.html", "default\n")
        .file("one/index.html", "one\n")
        .file("two/index.html", "two\n")
        .serve(lines)
}

fn at(server: &Server, host: &str) -> String {
    server.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")).expect(200).text()
}

const HOSTS: &str = "host default www\nhost one.example one\nhost Two.Example two";

/// A host name matches whatever its case and port.
#[test]
fn a_host_name_picks_the_document_root() {
    let server = two_sites(HOSTS);
    for (host, content) in [
        ("one.example", "one\n"),
        ("ONE.Example", "one\n"),
        ("one.example:8080", "one\n"),
        ("two.example", "two\n"),
        ("two.example:", "two\n"),
        ("three.example", "default\n"),
        ("one.example.evil", "default\n"),
        ("example", "default\n"),
        ("127.0.0.1", "default\n"),
        ("[::1]:80", "default\n"),
    ] {
        assert_eq!(at(&server, host), content, "{host}");
    }
}

/// `default` is a word of web.conf, not a site that a client can name in its stead.
#[test]
fn an_unknown_host_needs_a_default() {
    let server = two_sites("host one.example one");
    let mut client = server.client();
    for host in ["two.example", "one.example.org", "localhost", ".."] {
        let answer = client.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert!(matches!(answer.status, 400 | 404), "{host}: {}", answer.status);
        if answer.closes() {
            client = server.client();
        }
    }
    assert_eq!(at(&server, "one.example"), "one\n");
    server.ask("GET / HTTP/1.0\r\n\r\n").expect(404);
}

/// HTTP/1.0 knows no Host: that is the default site.
#[test]
fn no_host_field_is_the_default_site() {
    let server = two_sites(HOSTS);
    assert_eq!(server.ask("GET / HTTP/1.0\r\n\r\n").expect(200).text(), "default\n");
    server.ask("GET / HTTP/1.1\r\n\r\n").expect(400);
}

/// RFC 9112, 3.2.2: the host of an absolute-form target counts, the field does not.
#[test]
fn an_absolute_target_names_its_host() {
    let server = two_sites(HOSTS);
    for (target, content) in [
        ("http://one.example/", "one\n"),
        ("HTTP://TWO.example:80/index.html", "two\n"),
        ("http://other/", "default\n"),
    ] {
        let answer = server.ask(format!("GET {target} HTTP/1.1\r\nHost: one.example\r\n\r\n"));
        assert_eq!(answer.expect(200).text(), content, "{target}");
    }
}

/// RFC 9112, 3.2: no Host, several, or an invalid one.
#[test]
fn a_doubtful_host_is_refused() {
    let server = two_sites(HOSTS);
    for fields in [
        "",
        "Host: one.example\r\nHost: one.example\r\n",
        "Host: one.example\r\nhost: two.example\r\n",
        "Host: one example\r\n",
        "Host: one.example, two.example\r\n",
        "Host: one.example/two\r\n",
        "Host: one.example:port\r\n",
        "Host: user@one.example\r\n",
    ] {
        let mut client = server.client();
        client.ask(format!("GET / HTTP/1.1\r\n{fields}\r\n")).expect(400);
        client.ends();
    }
}

/// Several addresses, IPv6 among them, each printed.
#[test]
fn several_addresses_are_listened_on() {
    if TcpListener::bind("[::1]:0").is_err() {
        return skip("no IPv6 here");
    }
    let listen = "parameter listen 127.0.0.1:0\nparameter listen [::1]:0";
    let server = two_sites(&format!("{HOSTS}\n{listen}"));
    assert!(server.addresses[0].is_ipv4(), "{:?}", server.addresses);
    assert!(server.addresses[1].is_ipv6(), "{:?}", server.addresses);
    for address in &server.addresses {
        let mut client = crate::harness::Client::connect(*address);
        let host = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
        assert_eq!(client.ask(host).expect(200).text(), "default\n", "{address}");
    }
}

/// The course's files said `default` last, or first, or between.
#[test]
fn one_folder_can_be_several_sites() {
    let server = two_sites("host a one\nhost default one\nhost b two");
    assert_eq!(at(&server, "a"), "one\n");
    assert_eq!(at(&server, "b"), "two\n");
    assert_eq!(at(&server, "c"), "one\n");
}
