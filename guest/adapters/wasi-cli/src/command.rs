//! The command.
#![allow(unsafe_code, reason = "the functions that bindings export have names of their own")]

use std::io::{self, Read, Write};

use wasip2::exports::cli::run::Guest;

use adapter::HEAD_OCTETS_MAX;
use adapter::exchange::Answer;
use wasmhttpd_http::status;

struct Adapter;

wasip2::cli::command::export!(Adapter);

impl Guest for Adapter {
    fn run() -> Result<(), ()> {
        let result = read().and_then(|input| match head(&input) {
            Some(head) => write(head),
            None => Err(io::Error::other(
                "no empty line ends the request head (try `printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'`)",
            )),
        });
        result.map_err(|error| eprintln!("{error}"))
    }
}

/// What is on standard input, up to a little more than a head may have.
fn read() -> io::Result<Vec<u8>> {
    let mut input = Vec::new();
    io::stdin().take(HEAD_OCTETS_MAX as u64 + 1).read_to_end(&mut input)?;
    Ok(input)
}

/// The request head in `input`: from the first line that is not empty to the first one after it
/// that is. One that is too long has no end.
fn head(input: &[u8]) -> Option<&[u8]> {
    let blank = |input: &[u8]| match input {
        [b'\r', b'\n', ..] => Some(2),
        [b'\n', ..] => Some(1),
        _ => None,
    };
    let mut head = input;
    while let Some(octets) = blank(head) {
        head = &head[octets..];
    }
    let ends = head.iter().enumerate().filter(|(_, octet)| **octet == b'\n');
    let end = ends.map(|(at, _)| at + 1).find_map(|at| Some(at + blank(&head[at..])?));
    match end {
        Some(end) => Some(&head[..end]),
        None => (input.len() > HEAD_OCTETS_MAX).then_some(head),
    }
}

fn write(head: &[u8]) -> io::Result<()> {
    let answer = Answer::to(head, false);
    let reason = status::reason(answer.status);
    let mut lines = format!("HTTP/1.1 {} {reason}\r\n", answer.status).into_bytes();
    if let Some(octets) = answer.content_length() {
        lines.extend_from_slice(format!("Content-Length: {octets}\r\n").as_bytes());
    }
    for (name, value) in &answer.fields {
        for octets in [name.as_bytes(), b": ", value, b"\r\n"] {
            lines.extend_from_slice(octets);
        }
    }
    lines.extend_from_slice(b"\r\n");
    let mut output = wasip2::cli::stdout::get_stdout();
    output.write_all(&lines)?;
    if !head.starts_with(b"HEAD ") && answer.content_length().is_some() {
        answer.send(&mut output)?;
    }
    Write::flush(&mut output)
}
