//! The parameters as web.conf gives them.

use super::*;

fn line(line: u32, name: &str, value: &str) -> Setting {
    Setting { line, name: name.to_string(), value: value.to_string() }
}

fn read_all(lines: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    let lines: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(number, (name, value))| line(number as u32 + 3, name, value))
        .collect();
    let mut problems = Vec::new();
    let settings = Settings::read(&lines, &mut problems);
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

fn read(name: &str, value: &str) -> Result<Settings, Vec<Problem>> {
    read_all(&[(name, value)])
}

#[track_caller]
fn complains(name: &str, value: &str, word: &str) {
    let problems = read(name, value).unwrap_err();
    assert_eq!((problems.len(), problems[0].line), (1, 3));
    assert!(problems[0].reason.contains(word), "{name} {value:?}: {}", problems[0].reason);
}

fn field(settings: &Settings, path: &str) -> String {
    let mut fields = String::new();
    settings.header.push(&mut fields, || path.into());
    fields
}

#[test]
fn help_and_defaults_agree() {
    let help = help();
    assert_eq!(help.len(), TABLE.len());
    for setting in &help {
        assert!(!setting.summary.ends_with('.'));
        if !setting.default.is_empty() {
            let read = read(&setting.name, &setting.default);
            assert_eq!(read, Ok(Settings::default()), "{}", setting.name);
        }
    }
    assert_eq!(read_all(&[]), Ok(Settings::default()));
}

#[test]
fn unknown_names_are_complained_about_with_all_that_are_known() {
    complains(
        "indx",
        "a",
        "unknown parameter \"indx\": this guest has index, listing, precompressed, cache-control",
    );
}

#[test]
fn index_names() {
    assert_eq!(read("index", " a.htm\tb.htm ").unwrap().index, ["a.htm", "b.htm"]);
    for value in ["", " ", "a/b", "/", ".a", "a .b", "a\0b"] {
        complains("index", value, "index");
    }
    for (count, right) in [(14, true), (15, true), (16, false)] {
        assert_eq!(read("index", &"a ".repeat(count)).is_ok(), right, "{count}");
    }
    for (length, right) in [(254, true), (255, true), (256, false)] {
        assert_eq!(read("index", &"a".repeat(length)).is_ok(), right, "{length}");
    }
}

#[test]
fn index_names_end_at_3_with_their_forms() {
    for (names, right) in [("a b", true), ("a b c", true), ("a b c d", false)] {
        for lines in [
            [("index", names), ("precompressed", "on")],
            [("precompressed", "on"), ("index", names)],
        ] {
            assert_eq!(read_all(&lines).is_ok(), right, "{names}");
        }
    }
    let problems = read_all(&[("precompressed", "on"), ("index", "a b c d")]).unwrap_err();
    assert_eq!(problems[0].line, 4);
    assert!(read_all(&[("precompressed", "off"), ("index", "a b c d")]).is_ok());
}

#[test]
fn switches_are_on_or_off() {
    assert!(read("listing", "on").unwrap().listing);
    assert!(!read_all(&[("listing", "on"), ("listing", "off")]).unwrap().listing);
    assert!(read("precompressed", " on ").unwrap().precompressed);
    for value in ["", "yes", "ON", "on off"] {
        complains("listing", value, "neither on nor off");
        complains("precompressed", value, "neither on nor off");
    }
}

#[test]
fn cache_control_by_path() {
    let of = |settings: &Settings, path: &str| settings.cache_control(|| path.into()).to_string();
    let settings = read_all(&[
        ("cache-control", "max-age=60, public"),
        ("cache-control", "/assets/* max-age=1, immutable"),
        ("cache-control", "*.html no-cache"),
    ])
    .unwrap();
    assert_eq!(of(&settings, "/a.css"), "max-age=60, public");
    assert_eq!(of(&settings, "/assets/a.css"), "max-age=1, immutable");
    assert_eq!(of(&settings, "/assets/a.html"), "no-cache");
    assert_eq!(of(&read("cache-control", "/b* no-store").unwrap(), "/a"), "");
    assert_eq!(Settings::default().cache_control(|| panic!("nobody needs the path")), "");
    for value in ["", "a\r\nX: y", "a\nb", "\u{e4}", "a\0", "/assets/*", "*.html "] {
        complains("cache-control", value, "printable ASCII");
    }
    complains("cache-control", "/%zz no-cache", "pattern");
    for (length, right) in [(1_023, true), (1_024, true), (1_025, false)] {
        assert_eq!(read("cache-control", &"a".repeat(length)).is_ok(), right, "{length}");
    }
}

#[test]
fn header_by_path() {
    const NOSNIFF: &str = "X-Content-Type-Options: nosniff\r\n";
    assert_eq!(field(&Settings::default(), "/"), NOSNIFF);
    let settings = read_all(&[
        ("header", "Referrer-Policy: no-referrer"),
        ("header", "*.wasm X:  y z "),
        ("header", "/raw/* x-content-type-options:"),
    ])
    .unwrap();
    let all = [NOSNIFF, "Referrer-Policy: no-referrer\r\n"].concat();
    assert_eq!(field(&settings, "/"), all);
    assert_eq!(field(&settings, "/a.wasm"), [&*all, "X: y z\r\n"].concat());
    assert_eq!(field(&settings, "/raw/a"), "Referrer-Policy: no-referrer\r\n");
    for value in ["", "X", "X y: z", ": y", "/a*", "/a* X", "\u{e4}: x"] {
        complains("header", value, "NAME: VALUE");
    }
    complains("header", "X: a\r\nY: b", "printable ASCII");
    complains("header", "/%zz X: y", "pattern");
    complains("header", "content-type: text/html", "use media");
    complains("header", "* Server: x", "use parameter server-name");
}

/// Every field that the host refuses has to be refused here already, with its line.
#[test]
fn header_cannot_set_what_the_host_would_refuse() {
    for name in [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Content-Length",
        "Date",
        "Server",
    ] {
        complains("header", &[name, ": x"].concat(), name);
    }
}

#[test]
fn headers_end_at_4096_octets_in_all() {
    // The default takes its part.
    let others = "X-Content-Type-Options: nosniff\r\n".len() + "A: \r\n".len() + "B: \r\n".len();
    for (octets, right) in [(4_095, true), (4_096, true), (4_097, false)] {
        let value = octets - others;
        let first = ["A: ", &"a".repeat(value / 2)].concat();
        let second = ["B: ", &"b".repeat(value - value / 2)].concat();
        match read_all(&[("header", &first), ("header", &second)]) {
            Ok(settings) => {
                assert!(right);
                assert_eq!(field(&settings, "").len(), octets);
            }
            Err(problems) => assert_eq!((right, problems[0].line), (false, 4)),
        }
    }
}

#[test]
fn redirects() {
    let settings = read_all(&[("redirect", "/a/* /b/*"), ("redirect", "/a/x /c 302")]).unwrap();
    assert_eq!(settings.redirects.len(), 2);
    complains("redirect", "/a", "FROM TO");
}

#[test]
fn error_pages_by_cause() {
    let settings = read_all(&[
        ("error-page", "404 /404.html"),
        ("error-page", "403\t /a%20b/403.html"),
        ("error-page", "500 /e"),
        ("error-page", "503 /e"),
        ("error-page", "404 /missing.html"),
    ])
    .unwrap();
    let pages = [
        (Trouble::Forbidden, "/a b/403.html".to_string()),
        (Trouble::Failed, "/e".to_string()),
        (Trouble::Busy, "/e".to_string()),
        (Trouble::Missing, "/missing.html".to_string()),
    ];
    assert_eq!(settings.error_pages, pages);
    for value in ["", "404", "412 /a", "416 /a", "40 /a", "/a"] {
        complains(
            "error-page",
            value,
            if value == "404" { "no path" } else { "403, 404, 500 or 503" },
        );
    }
}

#[test]
fn pages_are_files_of_the_site() {
    assert_eq!(read("fallback", "/index.html").unwrap().fallback.unwrap(), "/index.html");
    assert_eq!(read("fallback", "/a//../b c").unwrap().fallback.unwrap(), "/a/b c");
    for value in ["", "index.html", "/", "/a/", "/.hidden", "/a/..", "/%00", "/%zz", "https://a/"] {
        complains("fallback", value, "no path of a file");
        complains("error-page", &["404 ", value].concat(), "no path of a file");
    }
}

#[test]
fn pages_keep_the_limits_of_candidates() {
    let path = |length: usize| ["/", &"x".repeat(length - 1)].concat();
    let octets_max = crate::path::CANDIDATE_OCTETS_MAX - crate::negotiation::SUFFIX_OCTETS_MAX;
    assert!(read("fallback", &path(octets_max)).is_ok());
    for value in [path(octets_max + 1), "/a\0b".to_string()] {
        complains("fallback", &value, "no path of a file");
        complains("error-page", &["404 ", &value].concat(), "no path of a file");
    }
}
