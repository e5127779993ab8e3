//! Links that expire: `/files/report.pdf?until=2026-12-31&signature=…`, where the signature is
//! HMAC-SHA256 over the path and the last day.
//!
//! There is no clock here: the server says what time it is. What depends on it is not to be cached.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use wasmhttpd_sdk::parameters::{self, Parameters};
use wasmhttpd_sdk::{Context, Pattern, Request, Response, Rule, SettingHelp, Verdict, date};

/// The shortest key: as long as the signature.
const KEY_OCTETS_MIN: usize = 32;

/// The length of a day as it is written: `2026-12-31`.
const DAY_OCTETS: usize = 10;

/// Paths that are open to signed links only. Without a key, as by default, no link is good.
#[derive(Debug, Default)]
pub struct SignedLinks {
    key: Option<Hmac<Sha256>>,
    /// What is guarded; everything, if there is none.
    paths: Vec<Pattern>,
}

#[cfg(not(feature = "middleware"))]
wasmhttpd_sdk::guest!(SignedLinks);
#[cfg(feature = "middleware")]
wasmhttpd_sdk::middleware!(SignedLinks);

impl Rule for SignedLinks {
    fn settings() -> Vec<SettingHelp> {
        let setting = SettingHelp::new;
        vec![
            setting(
                "link-key",
                "BASE64",
                "",
                "The secret that links are signed with, 32 octets or more",
            ),
            setting(
                "link-path",
                "PATTERN",
                "*",
                "Paths that are open to signed links only, such as /files/*; a line for each",
            ),
        ]
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        let keys = parameters.all("link-key", key);
        if keys.is_empty() {
            parameters
                .complain("link-key", "no link would be good (try parameter link-key BASE64)");
        }
        Self {
            key: keys.into_iter().next_back(),
            paths: parameters.all("link-path", parameters::pattern),
        }
    }

    fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
        if !self.guards(request.path()) {
            return Verdict::Pass;
        }
        match self.last_day(request) {
            None => Verdict::Answer(refusal(
                403,
                "Forbidden",
                "This page is open to those who got a link to it.",
            )),
            // Called by hand, nobody knows what day it is.
            Some(day) if context.is_none_or(|context| *day < *today(context.now)) => {
                Verdict::Answer(refusal(410, "Gone", "This link has expired."))
            }
            Some(_) => Verdict::Pass,
        }
    }

    fn after(&self, request: &Request<'_>, _: Option<Context>, response: &mut Response) {
        if self.guards(request.path()) {
            response.set("Cache-Control", "no-store");
            // The address is a secret.
            response.set("Referrer-Policy", "no-referrer");
        }
    }
}

impl SignedLinks {
    fn guards(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.covers(path))
    }

    /// The last day of a link, if it was signed.
    fn last_day<'a>(&self, request: &Request<'a>) -> Option<&'a str> {
        let day = request.query_value("until").filter(|day| is_day(day))?;
        let signature = URL_SAFE_NO_PAD.decode(request.query_value("signature")?).ok()?;
        let mut mac = self.key.clone()?;
        mac.update(request.path().as_bytes());
        mac.update(b"\n");
        mac.update(day.as_bytes());
        // This takes as long for a wrong one.
        mac.verify_slice(&signature).ok().map(|()| day)
    }
}

fn refusal(status: u16, reason: &str, sentence: &str) -> Response {
    Response::page(status, reason, sentence).with("Cache-Control", "no-store")
}

/// Whether days that are written so can be compared as text.
fn is_day(text: &str) -> bool {
    text.len() == DAY_OCTETS
        && text.bytes().enumerate().all(|(at, octet)| match at {
            4 | 7 => octet == b'-',
            _ => octet.is_ascii_digit(),
        })
}

/// The day of a time in seconds since the epoch, in UTC.
fn today(now: u64) -> String {
    let mut text = String::new();
    date::push_rfc3339(&mut text, now);
    text.truncate(DAY_OCTETS);
    text
}

/// Reads a key.
fn key(value: &str) -> Result<Hmac<Sha256>, String> {
    let wrong = || {
        format!(
            "link-key takes {KEY_OCTETS_MIN} octets or more in Base64 (try openssl rand -base64 32)"
        )
    };
    let octets = STANDARD.decode(value).ok().filter(|octets| octets.len() >= KEY_OCTETS_MIN);
    Hmac::new_from_slice(&octets.ok_or_else(wrong)?).map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
