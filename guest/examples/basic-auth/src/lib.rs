//! Asks for a name and a password (RFC 7617), for the paths that web.conf names.
//!
//! Passwords are hashed as `hash` says. What was right once is remembered by its digest, as each
//! hash takes milliseconds and a browser sends the same with every request: it makes answers
//! faster, and never other ones.

mod hash;

use std::cell::RefCell;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hash::Hash;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wasmhttpd_sdk::parameters::{self, Parameters};
use wasmhttpd_sdk::{Context, Pattern, Request, Response, Rule, SettingHelp, Verdict};

/// How many credentials are remembered, by each worker of the server.
const REMEMBERED_MAX: usize = 64;

/// A name and a password for some paths. Without users, as by default, nobody gets in.
#[derive(Debug, Default)]
pub struct BasicAuth {
    realm: Option<String>,
    /// What is guarded; everything, if there is none.
    paths: Vec<Pattern>,
    users: Vec<(String, Hash)>,
    /// Digests of credentials that were right.
    remembered: RefCell<Vec<[u8; 32]>>,
}

#[cfg(not(feature = "middleware"))]
wasmhttpd_sdk::guest!(BasicAuth);
#[cfg(feature = "middleware")]
wasmhttpd_sdk::middleware!(BasicAuth);

impl Rule for BasicAuth {
    fn settings() -> Vec<SettingHelp> {
        let setting = SettingHelp::new;
        vec![
            setting(
                "auth-user",
                "NAME:HASH",
                "",
                "A user and the hash of the password, $pbkdf2-sha256$i=5000$SALT$HASH; a line for each",
            ),
            setting(
                "auth-path",
                "PATTERN",
                "*",
                "Paths that are guarded, such as /private/*; a line for each",
            ),
            setting("auth-realm", "TEXT", "Private", "What a browser calls the place when it asks"),
        ]
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        let users = parameters.all("auth-user", user);
        if users.is_empty() {
            parameters
                .complain("auth-user", "nobody would get in (try parameter auth-user NAME:HASH)");
        }
        Self {
            realm: parameters.last("auth-realm", realm),
            paths: parameters.all("auth-path", parameters::pattern),
            users,
            remembered: RefCell::default(),
        }
    }

    fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
        let is_let_in = !self.guards(request.path())
            || request.field("Authorization").is_some_and(|value| self.knows(value));
        if is_let_in { Verdict::Pass } else { Verdict::Answer(self.challenge()) }
    }

    /// What is guarded is one client's: no cache that others use keeps it.
    fn after(&self, request: &Request<'_>, _: Option<Context>, response: &mut Response) {
        if self.guards(request.path()) {
            response.set("Cache-Control", "private, no-cache");
        }
    }
}

impl BasicAuth {
    fn guards(&self, path: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.covers(path))
    }

    /// Whether a value of Authorization is that of a user.
    fn knows(&self, value: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(value).into();
        let mut remembered = self.remembered.borrow_mut();
        if remembered.iter().any(|known| known.ct_eq(&digest).into()) {
            return true;
        }
        let is_right = self.is_right(value).unwrap_or(false);
        if is_right {
            if remembered.len() == REMEMBERED_MAX {
                remembered.remove(0);
            }
            remembered.push(digest);
        }
        is_right
    }

    /// Whether the name and the password are those of a user; none if there are no such words in
    /// it.
    fn is_right(&self, value: &str) -> Option<bool> {
        let (scheme, credentials) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let octets = STANDARD.decode(credentials.trim_start_matches(' ')).ok()?;
        let colon = octets.iter().position(|&octet| octet == b':')?;
        let (name, password) = (&octets[..colon], &octets[colon + 1..]);
        let user = self.users.iter().find(|user| user.0.as_bytes() == name);
        // For a name that nobody has it takes as long: who asks does not learn which names there
        // are.
        let (_, hash) = user.or(self.users.first())?;
        Some(hash.is_of(password) && user.is_some())
    }

    fn challenge(&self) -> Response {
        let realm = self.realm.as_deref().unwrap_or("Private");
        let challenge = format!("Basic realm=\"{realm}\", charset=\"UTF-8\"");
        Response::page(401, "Unauthorized", "This page asks for a name and a password.")
            .with("WWW-Authenticate", &challenge)
            .with("Cache-Control", "no-store")
    }
}

/// Reads `NAME:HASH`.
fn user(value: &str) -> Result<(String, Hash), String> {
    let (name, hash) = value.split_once(':').unwrap_or_default();
    if name.is_empty() {
        return Err("auth-user takes a name, a colon and a hash (try the README's command)".into());
    }
    Ok((name.into(), Hash::read(hash)?))
}

/// Reads what can stand in quotes.
fn realm(value: &str) -> Result<String, String> {
    let is_plain = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
    match !value.is_empty() && value.bytes().all(is_plain) && !value.contains(['"', '\\']) {
        true => Ok(value.into()),
        false => Err("auth-realm takes printable ASCII without quotes (try Private)".into()),
    }
}

#[cfg(test)]
mod tests;
