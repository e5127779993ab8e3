//! The names of guests: a file, or what a registry has under a name, a tag, a digest.

use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::text::{one_line, one_line_cut};

/// What names that are in a registry start with.
const SCHEME: &str = "oci://";

/// What a digest starts with; no other algorithm is spoken here.
const ALGORITHM: &str = "sha256:";

/// Longest registry and longest name, in octets.
const NAME_OCTETS_MAX: usize = 255;

/// Longest tag, in octets.
const TAG_OCTETS_MAX: usize = 128;

/// Where a guest is to be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GuestPlace {
    /// A file.
    File(PathBuf),
    /// A registry.
    Registry(Reference),
}

impl GuestPlace {
    /// The place that is written so.
    ///
    /// # Errors
    /// When it starts like that of a registry and does not go on so.
    pub fn of(path: PathBuf) -> Result<GuestPlace, String> {
        match path.to_str().filter(|text| text.starts_with(SCHEME)) {
            Some(text) => text.parse().map(GuestPlace::Registry),
            None => Ok(GuestPlace::File(path)),
        }
    }
}

/// The SHA-256 of some octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

impl Digest {
    /// That of `octets`.
    pub fn of(octets: &[u8]) -> Digest {
        Digest(Sha256::digest(octets).into())
    }

    /// Without the name of the algorithm.
    pub fn hexadecimal(&self) -> String {
        self.0.iter().fold(String::new(), |mut text, octet| {
            // Writing to a string does not fail.
            let _ = write!(text, "{octet:02x}");
            text
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{ALGORITHM}{}", self.hexadecimal())
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Digest, String> {
        let wrong = || {
            let text = one_line_cut(text, NAME_OCTETS_MAX);
            format!("`{text}` is not a digest (try sha256: and 64 digits from 0 to f)")
        };
        let digits = text.strip_prefix(ALGORITHM).ok_or_else(wrong)?.as_bytes();
        let mut octets = [0; 32];
        if digits.len() != 2 * octets.len() {
            return Err(wrong());
        }
        for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| match digit {
                b'0'..=b'9' => Ok(digit - b'0'),
                b'a'..=b'f' => Ok(digit - b'a' + 10),
                _ => Err(wrong()),
            };
            *octet = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Digest(octets))
    }
}

/// `oci://REGISTRY/NAME[:TAG][@DIGEST]`, with at least one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference {
    registry: String,
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Host, and port where there is one.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Whether the registry is on this machine.
    pub fn is_loopback(&self) -> bool {
        let parts = self.registry.rsplit_once(':');
        // Not within the brackets of an IPv6 address.
        let host = parts.filter(|(_, port)| !port.ends_with(']')).map(|(host, _)| host);
        is_loopback(host.unwrap_or(&self.registry))
    }

    /// The name that the registry has it under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag, which may move.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest of the manifest, which does not.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// With this digest.
    pub fn pinned(&self, digest: Digest) -> Reference {
        Reference { digest: Some(digest), ..self.clone() }
    }

    /// Without a digest.
    pub fn unpinned(&self) -> Reference {
        Reference { digest: None, ..self.clone() }
    }
}

/// Whether `host`, as it is in a URI, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SCHEME}{}/{}", self.registry, self.name)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(formatter, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Reference, String> {
        let wrong = |what: &str| {
            let text = one_line(text);
            format!("`{text}` {what} (try oci://registry.example/name:1.0, or …@sha256:…)")
        };
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| wrong("is in no registry"))?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (rest, None),
        };
        let (registry, rest) = rest.split_once('/').ok_or_else(|| wrong("has no name"))?;
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (rest, None),
        };
        if !is_registry(registry) {
            return Err(wrong("has no registry that is a host, or a host and port"));
        }
        if name.len() > NAME_OCTETS_MAX || !name.split('/').all(is_component) {
            return Err(wrong("has no name made of small letters, digits, `.`, `_`, `-` and `/`"));
        }
        if !tag.is_none_or(is_tag) {
            return Err(wrong("has a tag that is none"));
        }
        if tag.is_none() && digest.is_none() {
            return Err(wrong("has neither a tag nor a digest"));
        }
        let tag = tag.map(str::to_owned);
        Ok(Reference { registry: registry.into(), name: name.into(), tag, digest })
    }
}

impl TryFrom<String> for Reference {
    type Error = String;

    fn try_from(text: String) -> Result<Reference, String> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.to_string()
    }
}

fn is_registry(text: &str) -> bool {
    let is_port = |port: &str| {
        port.bytes().all(|octet| octet.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|it| it > 0)
    };
    let (host, rest) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        Some((address, rest)) if matches!(address.parse(), Ok(IpAddr::V6(_))) => ("v6", rest),
        Some(_) => return false,
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_label = |label: &str| {
        let is_end = |octet: Option<u8>| octet.is_some_and(|octet| octet.is_ascii_alphanumeric());
        is_end(label.bytes().next())
            && is_end(label.bytes().last())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    text.len() <= NAME_OCTETS_MAX
        && host.split('.').all(is_label)
        && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
}

/// A part of a name: runs of small letters and digits, with one separator between two of them.
fn is_component(text: &str) -> bool {
    let is_plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit();
    let is_end = |octet: Option<u8>| octet.is_some_and(is_plain);
    let mut separators =
        text.split(|character: char| is_plain(character as u8) && character.is_ascii());
    is_end(text.bytes().next())
        && is_end(text.bytes().last())
        && separators
            .all(|it| matches!(it, "" | "." | "_" | "__") || it.bytes().all(|it| it == b'-'))
}

fn is_tag(text: &str) -> bool {
    let is_word = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
    text.len() <= TAG_OCTETS_MAX
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|octet| is_word(octet) || matches!(octet, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_read_and_written_alike() {
        for text in [
            "oci://registry.example/guest:1.2.3",
            "oci://127.0.0.1:5000/a/b-c/d__e.f:_x-Y.z",
            "oci://[::1]:5000/a:1",
            &format!("oci://localhost/a@{DIGEST}"),
            &format!("oci://localhost:1/a:1@{DIGEST}"),
            &format!("oci://a/{}:{}", "n".repeat(255), "t".repeat(128)),
        ] {
            let reference: Reference = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(reference.to_string(), text);
            assert!(matches!(GuestPlace::of(text.into()), Ok(GuestPlace::Registry(_))));
        }
        assert_eq!(Digest::of(b"").to_string(), DIGEST);
    }

    #[test]
    fn what_is_no_reference_is_refused_with_a_cure() {
        let digest = |digest: &str| format!("oci://a/b@{digest}");
        for text in [
            "oci://a",
            "oci:///b:1",
            "oci://a/b",
            "oci://a/b:",
            "oci://a/:1",
            "oci://a/B:1",
            "oci://a/b/:1",
            "oci://a/../b:1",
            "oci://a/b..c:1",
            "oci://a/b%2f:1",
            "oci://a/b?c:1",
            "oci://a:0/b:1",
            "oci://a:65536/b:1",
            "oci://a:+1/b:1",
            "oci://user:word@a/b:1",
            "oci://[::1/b:1",
            "oci://[a]/b:1",
            "oci://a b/c:1",
            "oci://a/b:1\n",
            "oci://a/b:.1",
            &digest("sha512:00"),
            &digest(&DIGEST[..70]),
            &digest(&format!("{DIGEST}0")),
            &digest(&DIGEST.to_uppercase()),
            &digest(&DIGEST.replace('e', "ä")),
            &format!("oci://a/{}:1", "n".repeat(256)),
            &format!("oci://a/n:{}", "t".repeat(129)),
        ] {
            let refused = text.parse::<Reference>();
            assert!(refused.is_err_and(|reason| reason.contains("(try ")), "{text}");
        }
    }

    #[test]
    fn a_registry_on_this_machine_is_told() {
        for (registry, expected) in [
            ("127.0.0.1", true),
            ("127.8.0.1:5000", true),
            ("localhost:5000", true),
            ("[::1]:5000", true),
            ("[::1]", true),
            ("localhost.example", false),
            ("127.0.0.1.example:5000", false),
            ("10.0.0.1", false),
            ("[2001:db8::1]", false),
        ] {
            let reference: Reference = format!("oci://{registry}/a:1").parse().expect("one");
            assert_eq!(reference.is_loopback(), expected, "{registry}");
        }
    }
}
