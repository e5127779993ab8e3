//! A call of a guest as a line of shell: what the stock wasmtime CLI needs to make it again.
//!
//! ```text
//! wasmtime run --invoke 'parse("GET / HTTP/1.1\r\n\r\n", none)' site.wasm
//! ```
//!
//! Owns the notation of values (WAVE, the WebAssembly value encoding) and their quoting. Whatever a
//! client sent, a line is one line of printable ASCII: it can neither leave its quotes nor talk to
//! a terminal. A shell takes arguments of 128 KiB, which thousands of entries of a directory
//! exceed.
//!
//! Heads are written as they are: whoever keeps a line calls [`mask`] first.

use std::fmt::Write;

use super::bindings::contract::{
    Context, Datetime, Entry, File, Found, IpAddress, Listing, Trouble,
};

pub use super::credentials::mask;

/// The line that calls `parse` of the component in the file `component`.
pub fn parse(head: &[u8], context: Option<&Context>, component: &str) -> String {
    let mut call = "parse(".to_owned();
    write_octets(&mut call, head);
    call.push_str(", ");
    write_context(&mut call, context);
    call.push(')');
    line(&call, component)
}

/// The line that calls `respond` of the component in the file `component`.
pub fn respond(head: &[u8], found: &Found, context: Option<&Context>, component: &str) -> String {
    let mut call = "respond(".to_owned();
    write_octets(&mut call, head);
    call.push_str(", ");
    write_found(&mut call, found);
    call.push_str(", ");
    write_context(&mut call, context);
    call.push(')');
    line(&call, component)
}

/// `call` is free of single quotes: its strings have them escaped, and nothing else has any.
fn line(call: &str, component: &str) -> String {
    format!("wasmtime run --invoke '{call}' {}", file_argument(component))
}

fn write_context(call: &mut String, context: Option<&Context>) {
    let Some(Context { peer, secure, now }) = context else {
        call.push_str("none");
        return;
    };
    let peer = match peer {
        IpAddress::Ipv4(bits) => format!("ipv4({bits})"),
        IpAddress::Ipv6((upper, lower)) => format!("ipv6(({upper}, {lower}))"),
    };
    append(call, format_args!("some({{peer: {peer}, secure: {secure}, now: {now}}})"));
}

fn write_found(call: &mut String, found: &Found) {
    match found {
        Found::File(file) => write_file(call, file),
        Found::Directory(listing) => write_listing(call, listing),
        Found::Nothing(met) => append(call, format_args!("nothing({})", trouble(*met))),
    }
}

fn write_file(call: &mut String, file: &File) {
    let File { candidate, size, modified, after } = file;
    let after = after.map_or("none".into(), |met| format!("some({})", trouble(met)));
    let modified = datetime(modified);
    append(
        call,
        format_args!(
            "file({{candidate: {candidate}, size: {size}, modified: {modified}, after: {after}}})"
        ),
    );
}

fn write_listing(call: &mut String, listing: &Listing) {
    let Listing { candidate, entries, complete } = listing;
    append(call, format_args!("directory({{candidate: {candidate}, entries: ["));
    for (index, Entry { name, directory, size, modified }) in entries.iter().enumerate() {
        call.push_str(if index == 0 { "{name: " } else { ", {name: " });
        write_text(call, name.chars());
        let modified = datetime(modified);
        append(
            call,
            format_args!(", directory: {directory}, size: {size}, modified: {modified}}}"),
        );
    }
    append(call, format_args!("], complete: {complete}}})"));
}

fn datetime(Datetime { seconds, nanoseconds }: &Datetime) -> String {
    format!("{{seconds: {seconds}, nanoseconds: {nanoseconds}}}")
}

/// What a trouble is called.
pub fn trouble(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Missing => "missing",
        Trouble::Forbidden => "forbidden",
        Trouble::Failed => "failed",
        Trouble::Busy => "busy",
    }
}

/// Octets cross as the characters of the same numbers.
fn write_octets(call: &mut String, octets: &[u8]) {
    write_text(call, octets.iter().copied().map(char::from));
}

/// A string of WAVE, in printable ASCII and without the shell's single quote.
fn write_text(call: &mut String, text: impl Iterator<Item = char>) {
    call.push('"');
    for character in text {
        match character {
            '\r' => call.push_str("\\r"),
            '\n' => call.push_str("\\n"),
            '\t' => call.push_str("\\t"),
            '"' => call.push_str("\\\""),
            '\\' => call.push_str("\\\\"),
            ' '..='~' if character != '\'' => call.push(character),
            _ => append(call, format_args!("\\u{{{:x}}}", u32::from(character))),
        }
    }
    call.push('"');
}

/// The name of a file as one word of a shell. One that is not printable goes through `printf`,
/// which alone takes escapes in every POSIX shell.
fn file_argument(name: &str) -> String {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"_-./+=:@%,".contains(&octet);
    // Not an option.
    let name = if name.starts_with('-') { format!("./{name}") } else { name.to_owned() };
    if !name.is_empty() && name.bytes().all(plain) {
        return name;
    }
    if name.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()) {
        return format!("'{}'", name.replace('\'', "'\\''"));
    }
    let mut word = "\"$(printf '".to_owned();
    for octet in name.bytes() {
        match octet {
            b'%' => word.push_str("%%"),
            octet if plain(octet) || octet == b' ' => word.push(char::from(octet)),
            octet => append(&mut word, format_args!("\\{octet:03o}")),
        }
    }
    word + "')\""
}

fn append(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context =
        Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now: 1_700_000_000 };

    fn modified() -> Datetime {
        Datetime { seconds: 1_700_000_000, nanoseconds: 5 }
    }

    #[test]
    fn parse_is_written_with_its_context_and_without() {
        assert_eq!(
            parse(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", Some(&CONTEXT), "configured.wasm"),
            r#"wasmtime run --invoke 'parse("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", some({peer: ipv4(2130706433), secure: false, now: 1700000000}))' configured.wasm"#
        );
        assert_eq!(parse(b"", None, "a.wasm"), r#"wasmtime run --invoke 'parse("", none)' a.wasm"#);
        let context = Context { peer: IpAddress::Ipv6((1, u64::MAX)), secure: true, now: 0 };
        assert!(
            parse(b"", Some(&context), "a.wasm")
                .contains("some({peer: ipv6((1, 18446744073709551615)), secure: true, now: 0})")
        );
    }

    #[test]
    fn respond_is_written_with_whatever_was_found() {
        let call = |found| respond(b"x", &found, None, "a.wasm");
        assert_eq!(
            call(Found::Nothing(Trouble::Forbidden)),
            r#"wasmtime run --invoke 'respond("x", nothing(forbidden), none)' a.wasm"#
        );
        let file = |after| File { candidate: 1, size: 2, modified: modified(), after };
        assert_eq!(
            call(Found::File(file(None))),
            r#"wasmtime run --invoke 'respond("x", file({candidate: 1, size: 2, modified: {seconds: 1700000000, nanoseconds: 5}, after: none}), none)' a.wasm"#
        );
        assert!(call(Found::File(file(Some(Trouble::Busy)))).contains("after: some(busy)})"));
    }

    #[test]
    fn entries_are_written_whatever_their_names_are() {
        let entry = |name: &str, directory| Entry {
            name: name.into(),
            directory,
            size: 3,
            modified: modified(),
        };
        let listing = |entries| Found::Directory(Listing { candidate: 0, entries, complete: true });
        let line =
            respond(b"", &listing(vec![entry("é\u{1f600}'", false), entry("b", true)]), None, "a");
        assert_eq!(
            line,
            r#"wasmtime run --invoke 'respond("", directory({candidate: 0, entries: [{name: "\u{e9}\u{1f600}\u{27}", directory: false, size: 3, modified: {seconds: 1700000000, nanoseconds: 5}}, {name: "b", directory: true, size: 3, modified: {seconds: 1700000000, nanoseconds: 5}}], complete: true}), none)' a"#
        );
        assert!(respond(b"", &listing(Vec::new()), None, "a").contains("entries: [], complete"));
    }

    #[test]
    fn every_octet_stays_within_one_printable_line_and_its_quotes() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        let line = parse(&all, None, "a.wasm");
        assert!(line.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()), "{line}");
        assert_eq!(line.matches('\'').count(), 2, "{line}");
        for (octets, expected) in [
            (&b"\r\n\t\"\\"[..], r#""\r\n\t\"\\""#),
            (b"'$(touch x)`!", r#""\u{27}$(touch x)`!""#),
            (&[0, 0x1b, 0x7f, 0x80, 0xff], r#""\u{0}\u{1b}\u{7f}\u{80}\u{ff}""#),
        ] {
            assert!(parse(octets, None, "a").contains(expected), "{expected}");
        }
    }

    #[test]
    fn the_file_name_is_one_word() {
        for (name, word) in [
            ("sites/a-b_1.wasm", "sites/a-b_1.wasm"),
            ("-a.wasm", "./-a.wasm"),
            ("", "''"),
            ("a b$c.wasm", "'a b$c.wasm'"),
            ("it's.wasm", r"'it'\''s.wasm'"),
            ("~a", "'~a'"),
            ("é'%1\n.wasm", r#""$(printf '\303\251\047%%1\012.wasm')""#),
        ] {
            assert_eq!(file_argument(name), word);
        }
    }
}
