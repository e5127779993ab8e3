use std::time::Duration;

use super::*;
use crate::config::GuestPlace;

fn from(parameters: &[(&str, &str)]) -> (Settings, Vec<Line>, Vec<String>) {
    let lines = (1..)
        .zip(parameters)
        .map(|(line, (name, value))| Line { line, name: (*name).into(), value: (*value).into() })
        .collect();
    let mut diagnostics = Diagnostics::new("web.conf");
    let (settings, unknown) = Settings::from_lines(lines, Path::new("/etc"), &mut diagnostics);
    (settings, unknown, diagnostics.iter().map(ToString::to_string).collect())
}

#[test]
fn defaults_are_those_of_the_table() {
    let settings = Settings::default();
    assert_eq!(settings.listen.addresses.len(), 1);
    assert_eq!(settings.limits.idle_timeout, Duration::from_secs(15));
    assert_eq!(settings.limits.head_octets_max, 16 << 10);
    assert!(settings.listen.workers >= 1);
}

#[test]
fn values_are_typed_and_paths_start_from_the_folder() {
    let (settings, unknown, complaints) = from(&[
        ("timeout", "0.5"),
        ("listen", "[::1]:81"),
        ("listen", "::1"),
        ("listen", "10.0.0.1"),
        ("guest", "a b.wasm"),
        ("access-log", "-"),
        ("guest-memory", "16M"),
        ("index", "index.html"),
    ]);
    assert_eq!(complaints, [""; 0]);
    assert_eq!(settings.limits.idle_timeout, Duration::from_millis(500));
    let listen: Vec<_> =
        settings.listen.addresses.iter().map(|listen| listen.address.to_string()).collect();
    assert_eq!(listen, ["[::1]:81", "[::1]:8080", "10.0.0.1:8080"]);
    assert_eq!(settings.guest.place, Some(GuestPlace::File("/etc/a b.wasm".into())));
    assert_eq!(settings.log.access_log, Some(AccessLog::Output));
    assert_eq!(settings.guest.memory_octets, 16 << 20);
    assert_eq!(unknown[0].name, "index");
}

#[test]
fn bad_values_say_what_would_be_right() {
    let (_, _, complaints) = from(&[
        ("timeout", "soon"),
        ("timeout", "2"),
        ("workers", "0"),
        ("isolation", "none"),
        ("head-limit", "1023"),
        ("listen", "localhost"),
    ]);
    assert_eq!(
        complaints,
        [
            "web.conf:1: timeout: `soon` is not a time in seconds above 0 (try 15, or 0.5)",
            "web.conf:2: timeout is set already, on line 1",
            "web.conf:3: workers: `0` is not a whole number from 1 to 1024, or auto",
            "web.conf:4: isolation: `none` is not a choice (try worker or request)",
            "web.conf:5: head-limit: `1023` is not between 1K and 256K",
            "web.conf:6: listen: `localhost` is not an IP address and port (try 127.0.0.1:8080)",
        ]
    );
}

#[test]
fn limits_hold_on_both_sides_of_the_edge() {
    for (value, good) in [("1023", false), ("1024", true), ("256K", true), ("262145", false)] {
        assert_eq!(from(&[("head-limit", value)]).2.is_empty(), good, "{value}");
    }
    for (value, good) in [("0", false), ("0.001", true), ("604800", true), ("604801", false)] {
        assert_eq!(from(&[("timeout", value)]).2.is_empty(), good, "{value}");
    }
    for (value, good) in [("-1", false), ("0", true), ("3600", true), ("3601", false)] {
        assert_eq!(from(&[("file-freshness", value)]).2.is_empty(), good, "{value}");
    }
    for (value, good) in [("off", false), ("0", true), ("64G", true), ("65G", false)] {
        assert_eq!(from(&[("file-cache", value)]).2.is_empty(), good, "{value}");
    }
    for (value, good) in [("0", false), ("1", true), ("10000", true), ("10001", false)] {
        assert_eq!(from(&[("listing-entries", value)]).2.is_empty(), good, "{value}");
    }
    for (value, good) in [("0", false), ("1", true), ("1024", true), ("1025", false)] {
        assert_eq!(from(&[("workers", value)]).2.is_empty(), good, "{value}");
    }
}

#[test]
fn every_setting_is_of_the_process_or_of_a_site() {
    let names = |scope| -> Vec<&str> {
        let settings = SETTINGS.iter().filter(|setting| setting.scope == scope);
        settings.map(|setting| setting.name).collect()
    };
    assert!(names(Scope::Process).contains(&"listen"));
    assert!(names(Scope::Site).contains(&"guest-deadline"));
    let mut all = [names(Scope::Process), names(Scope::Site)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), SETTINGS.len(), "a name stands twice");
}
