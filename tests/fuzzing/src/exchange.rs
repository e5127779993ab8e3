//! What a guest may meet besides a head: a connection, what the host found, and a configuration.
//! Made of arbitrary octets, so that fuzzers find their way, or of numbers.

use arbitrary::{Result, Unstructured};
use wasmhttpd_guest::contract::{
    Configuration, Context, Datetime, Entry, File, Found, IpAddress, Listing, Setting, Trouble,
};
use wasmhttpd_guest::site::Site;

/// One more than the contract allows candidates: an index that points at none.
const CANDIDATE_MAX: u32 = 16;

/// Entries of a directory, at most. More of them make nothing different.
const ENTRIES_MAX: usize = 40;

/// What is in a file name once in a while.
const NAMES: &[&str] = &[
    "index.html",
    "a",
    "A",
    "a.html",
    "b.txt.gz",
    "c d",
    "<b>&\"'",
    "%2e",
    "..a",
    ".hidden",
    "\u{e4}",
    "\u{4f60}.html",
    "a\nb",
    "\u{202e}txt",
    "?#",
];

/// Lines for every parameter of the guest.
const PARAMETERS: &[(&str, &str)] = &[
    ("index", "index.html a.html"),
    ("listing", "on"),
    ("precompressed", "on"),
    ("cache-control", "max-age=60"),
    ("cache-control", "/a* max-age=31536000, immutable"),
    ("header", "Referrer-Policy: no-referrer"),
    ("header", "*.html X-Odd: \"a, b\""),
    ("header", "/b* X-Content-Type-Options:"),
    ("redirect", "/old /new"),
    ("redirect", "/css/* https://example.org/a/* 308"),
    ("redirect", "/c* /d?e#f 303"),
    ("error-page", "403 /errors/403.html"),
    ("error-page", "404 /404.html"),
    ("error-page", "500 /errors/500"),
    ("error-page", "503 /%35%303.html"),
    ("fallback", "/index.html"),
];

/// What is known of a request; none when it is asked by hand.
pub fn context(octets: &mut Unstructured) -> Result<Option<Context>> {
    if octets.ratio(1, 8)? {
        return Ok(None);
    }
    let peer = match octets.arbitrary()? {
        true => IpAddress::Ipv6(octets.arbitrary()?),
        false => IpAddress::Ipv4(octets.arbitrary()?),
    };
    let secure = octets.ratio(1, 8)?;
    Ok(Some(Context { peer, secure, now: seconds(octets)? }))
}

/// What the host found.
pub fn found(octets: &mut Unstructured) -> Result<Found> {
    Ok(match octets.int_in_range(0..=9)? {
        0 => Found::Nothing(trouble(octets)?),
        1 | 2 => Found::Directory(Listing {
            candidate: candidate(octets)?,
            entries: entries(octets)?,
            complete: octets.arbitrary()?,
        }),
        _ => Found::File(File {
            candidate: candidate(octets)?,
            size: number(octets)?,
            modified: datetime(octets)?,
            after: if octets.ratio(1, 4)? { Some(trouble(octets)?) } else { None },
        }),
    })
}

/// Mostly one that every lookup has.
fn candidate(octets: &mut Unstructured) -> Result<u32> {
    let max = if octets.ratio(1, 8)? { CANDIDATE_MAX } else { 1 };
    octets.int_in_range(0..=max)
}

fn trouble(octets: &mut Unstructured) -> Result<Trouble> {
    let all = [Trouble::Missing, Trouble::Forbidden, Trouble::Failed, Trouble::Busy];
    octets.choose(&all).copied()
}

fn entries(octets: &mut Unstructured) -> Result<Vec<Entry>> {
    let count = octets.int_in_range(0..=ENTRIES_MAX)?;
    let mut entries = Vec::new();
    for _ in 0..count {
        let directory = octets.arbitrary()?;
        let name = file_name(octets)?;
        let size = if directory { 0 } else { number(octets)? };
        entries.push(Entry { name, directory, size, modified: datetime(octets)? });
    }
    Ok(entries)
}

/// A name that a file system may have.
fn file_name(octets: &mut Unstructured) -> Result<String> {
    let mut name = match octets.ratio(1, 4)? {
        true => octets.arbitrary::<&str>()?.replace(['/', '\0'], "_"),
        false => (*octets.choose(NAMES)?).to_owned(),
    };
    name.truncate(name.floor_char_boundary(255));
    if matches!(name.as_str(), "" | "." | "..") {
        name.push('x');
    }
    Ok(name)
}

/// A number of any magnitude.
fn number(octets: &mut Unstructured) -> Result<u64> {
    let bits = octets.int_in_range(0..=64)?;
    let number: u64 = octets.arbitrary()?;
    Ok(number.checked_shr(64 - bits).unwrap_or(0))
}

fn datetime(octets: &mut Unstructured) -> Result<Datetime> {
    let nanoseconds = octets.int_in_range(0..=999_999_999)?;
    Ok(Datetime { seconds: seconds(octets)?, nanoseconds })
}

/// A time near those that tests name, or any at all.
fn seconds(octets: &mut Unstructured) -> Result<u64> {
    match octets.ratio(1, 4)? {
        true => number(octets),
        false => Ok(1_700_000_000 + octets.int_in_range(0..=5)?),
    }
}

/// Lines of web.conf, right ones and others. No two have the same number.
pub fn configuration(octets: &mut Unstructured) -> Result<Configuration> {
    let mut configuration = Configuration::default();
    for line in 1..=octets.int_in_range(0..=4)? {
        let arbitrary = octets.ratio(1, 8)?;
        if octets.ratio(1, 4)? {
            let name = octets.choose(&["html", "txt", "TXT", ".x", ""])?;
            let value = match arbitrary {
                true => octets.arbitrary()?,
                false => "text/x-odd; a=b",
            };
            configuration.media.push(setting(line, name, value));
        } else {
            let (name, value) = *octets.choose(PARAMETERS)?;
            let value = if arbitrary { octets.arbitrary()? } else { value };
            configuration.parameters.push(setting(line, name, value));
        }
    }
    Ok(configuration)
}

/// A configuration that sets every parameter of the guest.
pub fn thorough_configuration() -> Configuration {
    for help in Site::settings() {
        let is_set = PARAMETERS.iter().any(|(name, _)| *name == help.name);
        assert!(is_set, "exchange.rs needs a line for the parameter {}", help.name);
    }
    let media = [("html", "text/html; charset=latin1"), ("x-odd", "application/x-odd")];
    let media = (1..).zip(media).map(|(line, (name, value))| setting(line, name, value));
    let parameters =
        (100..).zip(PARAMETERS).map(|(line, (name, value))| setting(line, name, value));
    Configuration { media: media.collect(), parameters: parameters.collect() }
}

fn setting(line: u32, name: &str, value: &str) -> Setting {
    Setting { line, name: name.to_owned(), value: value.to_owned() }
}
