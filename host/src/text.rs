//! Text from outside, escaped for a log or a terminal.
//!
//! Guests, components, registries and clients choose the characters of their names and messages.
//! Every function here returns one line without control characters, so that nobody can forge a
//! line of the log or send commands to a terminal.

use std::fmt::Display;
use std::io::Write;

/// Escapes unprintable characters, quotes and backslashes, as in a string literal of Rust. Use it
/// for text that is shown between quotes, or as evidence.
pub fn one_line(text: &str) -> String {
    text.escape_debug().to_string()
}

/// Escapes the first `characters_max` characters as [`one_line`] does, and drops the rest.
pub fn one_line_cut(text: &str, characters_max: usize) -> String {
    let end = text.char_indices().nth(characters_max).map_or(text.len(), |(end, _)| end);
    one_line(&text[..end])
}

/// Replaces line feeds by blanks and escapes other unprintable characters; quotes and backslashes
/// stay. Use it for messages, which have quotes of their own.
pub fn readable(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\n', '\'', '"', '\\']) {
        line.extend(rest[..at].escape_debug());
        line.push(match rest.as_bytes()[at] {
            b'\n' => ' ',
            kept => char::from(kept),
        });
        rest = &rest[at + 1..];
    }
    line.extend(rest.escape_debug());
    line
}

/// An error with its causes, made [`readable`]. The error prints its causes in its alternate form,
/// as those of wasmtime and anyhow do.
pub fn chain(error: &impl Display) -> String {
    readable(&format!("{error:#}"))
}

/// Escapes everything but printable ASCII, and quotes and backslashes, as in a byte string literal
/// of Rust.
pub fn octets(octets: &[u8]) -> String {
    octets.escape_ascii().to_string()
}

/// Appends `octets` to a line of the access log, for a place between double quotes. Programs that
/// read such logs know the escapes `\"`, `\\` and `\xNN`, not the others that [`octets`] writes.
pub fn push_octets(octets: &[u8], line: &mut Vec<u8>) {
    for octet in octets {
        match octet {
            b'"' | b'\\' => line.extend([b'\\', *octet]),
            b' '..=b'~' => line.push(*octet),
            _ => {
                // Writing to a vector does not fail.
                let _ = write!(line, "\\x{octet:02x}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGED: &str = "a\n\r\t\0\x1b[31m\x7f\u{9b}\u{202e}'\"\\ \u{e4}\u{4f60}";

    #[test]
    fn unprintable_characters_quotes_and_backslashes_are_escaped() {
        let line = one_line(FORGED);
        let expected =
            r#"a\n\r\t\0\u{1b}[31m\u{7f}\u{9b}\u{202e}\'\"\\ "#.to_owned() + "\u{e4}\u{4f60}";
        assert_eq!(line, expected);
    }

    #[test]
    fn characters_are_counted_before_they_are_escaped() {
        for (characters_max, cut) in [(0, ""), (1, "\\n"), (2, "\\n\u{e4}"), (9, "\\n\u{e4}b")] {
            assert_eq!(one_line_cut("\n\u{e4}b", characters_max), cut, "{characters_max}");
        }
    }

    #[test]
    fn a_message_keeps_its_quotes_and_stays_one_line() {
        let line = readable(FORGED);
        let expected =
            r#"a \r\t\0\u{1b}[31m\u{7f}\u{9b}\u{202e}'"\ "#.to_owned() + "\u{e4}\u{4f60}";
        assert_eq!(line, expected);
        // A vowel sign belongs to its letter.
        assert_eq!(readable("\u{915}\u{947} `a`\n\n"), "\u{915}\u{947} `a`  ");
        assert_eq!(readable(""), "");
    }

    #[test]
    fn causes_follow_their_errors() {
        let error = anyhow::anyhow!("`a\x1b`").context("second\nline").context("first");
        assert_eq!(chain(&error), "first: second line: `a\\u{1b}`");
        let error = wasmtime::format_err!("`a\x1b`").context("second\nline").context("first");
        assert_eq!(chain(&error), "first: second line: `a\\u{1b}`");
    }

    #[test]
    fn octets_are_printable_ascii() {
        assert_eq!(octets(b"GET /\"'\\ \n\x1b[31m\xff\0"), r#"GET /\"\'\\ \n\x1b[31m\xff\x00"#);
    }

    #[test]
    fn a_request_line_cannot_forge_the_access_log() {
        let mut line = b"\"".to_vec();
        push_octets(b"GET /\"'\\ \n\x1b[31m\xff\0", &mut line);
        assert_eq!(line, br#""GET /\"'\\ \x0a\x1b[31m\xff\x00"#);
    }
}
