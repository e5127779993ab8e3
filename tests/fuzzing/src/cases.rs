//! The rows of `tests/cases`: requests from the test suites of other servers and parsers. What the
//! columns mean is in the README there.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};

/// A row of `requests.jsonl`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What its source calls it.
    pub name: String,
    /// The project that it was taken from.
    pub source: String,
    /// Everything that the client sends.
    #[serde(rename = "bytes_base64", deserialize_with = "octets")]
    pub octets: Vec<u8>,
    /// What has to become of it.
    pub expect: Expect,
    /// Why that is expected.
    pub why: String,
    /// How many messages its source finds in it.
    pub messages: Option<u32>,
    /// The client stops in the middle of the head or of the content.
    #[serde(default)]
    pub incomplete: bool,
    /// The head is right, the content behind it is not.
    #[serde(default)]
    pub body_fault: bool,
    /// Its source has a milder mode in which it accepts this.
    #[serde(default)]
    pub strict: bool,
    /// Right but for the octets that follow the first request.
    #[serde(default)]
    pub pipelined: bool,
}

/// What has to become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expect {
    /// It is answered, and not as malformed.
    Accept,
    /// It is refused.
    Reject,
    /// Servers in the field differ, or the RFCs allow both.
    Either,
}

/// A row of `ranges.jsonl`: a request for a file of `size` octets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Its number.
    pub id: u32,
    /// The project, file and function that it was taken from.
    pub source: String,
    /// Octets of the file.
    pub size: usize,
    /// The method.
    pub method: String,
    /// Header fields besides Host.
    pub headers: BTreeMap<String, String>,
    /// The status that the source expects.
    pub expect_status: u16,
    /// Fields of an answer of that status.
    pub expect_headers: BTreeMap<String, String>,
    /// The ranges that the content of a 206 has to be made of.
    pub expect_body_ranges: Option<Ranges>,
    /// Other statuses that the RFC allows.
    pub also_ok: Vec<u16>,
    /// Why that is expected.
    pub why: String,
}

/// Ranges of a file, first and last position of each.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Ranges {
    /// These.
    These(Vec<(usize, usize)>),
    /// A word, `any`: it does not matter.
    Any(String),
}

/// The rows of `requests.jsonl`.
pub fn requests() -> Vec<Request> {
    rows(include_str!("../../cases/requests.jsonl"))
}

/// The rows of `ranges.jsonl`.
pub fn ranges() -> Vec<Range> {
    rows(include_str!("../../cases/ranges.jsonl"))
}

fn rows<T: for<'a> Deserialize<'a>>(text: &str) -> Vec<T> {
    let row = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    text.lines().map(row).collect()
}

fn octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
