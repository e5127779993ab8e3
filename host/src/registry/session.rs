//! One pull's requests: limited in time and in octets, through redirects and a login.
//!
//! A registry on this machine is spoken to over plain http, and all others over https, wherever
//! they send us. A name and password go to the registry, and to where it says that it has its
//! logins.

use std::io::Read;
use std::time::{Duration, Instant};

use serde::Deserialize;
use ureq::http::{Response, Uri};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::challenge::{parameter, percent_encoded};
use super::credentials::Basic;
use super::error::PullError;
use crate::config::{Reference, is_loopback};
use crate::text::one_line_cut;

/// Redirects followed for one question.
const REDIRECTS_MAX: usize = 5;

/// Largest head of an answer, in octets.
const HEAD_OCTETS_MAX: usize = 32 << 10;

/// Largest answer to a login, in octets.
const TOKEN_OCTETS_MAX: u64 = 64 << 10;

/// Characters that are shown of what others say.
const SHOWN_MAX: usize = 200;

/// How something is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// With its content.
    Get,
    /// Without.
    Head,
}

/// See the module. Dropping it closes its connections.
pub struct Session<'a> {
    reference: &'a Reference,
    basic: Option<Basic>,
    /// The Authorization field that the registry wants, once it said so.
    authorization: Option<String>,
    agent: Agent,
    time: Duration,
    end: Instant,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl<'a> Session<'a> {
    /// One with the registry of `reference`, which ends after `time`.
    pub fn new(reference: &'a Reference, basic: Option<Basic>, time: Duration) -> Session<'a> {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            // Followed here.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(HEAD_OCTETS_MAX)
            .accept_encoding("identity")
            .user_agent(concat!("wasmhttpd/", env!("CARGO_PKG_VERSION")));
        if reference.is_loopback() {
            config = config.proxy(None);
        }
        Session {
            reference,
            basic,
            authorization: None,
            agent: config.build().into(),
            time,
            end: Instant::now() + time,
        }
    }

    /// Asks the registry for what is at `path` below the name; the answer has status 200.
    ///
    /// # Errors
    /// When there is no such answer in time.
    pub fn ask(
        &mut self,
        verb: Verb,
        what: &'static str,
        path: &str,
        accept: &str,
    ) -> Result<Response<Body>, PullError> {
        let scheme = if self.reference.is_loopback() { "http" } else { "https" };
        let (registry, name) = (self.reference.registry(), self.reference.name());
        let uri = format!("{scheme}://{registry}/v2/{name}/{path}");
        let uri = self.parse(what, &uri)?;
        let mut answer = self.follow(verb, what, &uri, accept)?;
        if answer.status() == 401 && self.authorization.is_none() {
            self.authorization = self.log_in(&answer)?;
            if self.authorization.is_some() {
                answer = self.follow(verb, what, &uri, accept)?;
            }
        }
        match answer.status().as_u16() {
            200 => Ok(answer),
            status => Err(PullError::Status { what, status }),
        }
    }

    /// The content of an answer, of so many octets at most.
    ///
    /// # Errors
    /// When it has more, or does not come whole in time.
    pub fn read(
        &self,
        what: &'static str,
        answer: Response<Body>,
        max: u64,
    ) -> Result<Vec<u8>, PullError> {
        let mut octets = Vec::new();
        let mut content = answer.into_body().into_reader().take(max + 1);
        content.read_to_end(&mut octets).map_err(|error| self.lost(what, &error))?;
        match octets.len() as u64 <= max {
            true => Ok(octets),
            false => Err(PullError::TooLarge { what, max }),
        }
    }

    /// Asks at `uri`, and where that leads to.
    fn follow(
        &self,
        verb: Verb,
        what: &'static str,
        uri: &Uri,
        accept: &str,
    ) -> Result<Response<Body>, PullError> {
        let mut place = uri.clone();
        for _ in 0..=REDIRECTS_MAX {
            let is_registry =
                (place.scheme(), place.authority()) == (uri.scheme(), uri.authority());
            let authorization = self.authorization.as_deref().filter(|_| is_registry);
            let answer = self.send(verb, what, &place, accept, authorization)?;
            if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(answer);
            }
            place = self.location(what, &place, &answer)?;
        }
        Err(PullError::Redirect { what, reason: format!("after {REDIRECTS_MAX} places still") })
    }

    fn send(
        &self,
        verb: Verb,
        what: &'static str,
        uri: &Uri,
        accept: &str,
        authorization: Option<&str>,
    ) -> Result<Response<Body>, PullError> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(PullError::Late { what, time: self.time });
        }
        let request = match verb {
            Verb::Get => self.agent.get(uri),
            Verb::Head => self.agent.head(uri),
        };
        let mut request = request.header("Accept", accept);
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = request.config().timeout_global(Some(left)).build().call();
        answer.map_err(|error| self.lost(what, &error))
    }

    /// Where an answer leads to.
    fn location(
        &self,
        what: &'static str,
        from: &Uri,
        answer: &Response<Body>,
    ) -> Result<Uri, PullError> {
        let Some(location) = field(answer, "location") else {
            return Err(PullError::Redirect { what, reason: "but not where".into() });
        };
        let authority = from.authority().map_or("", |authority| authority.as_str());
        match location.starts_with('/') && !location.starts_with("//") {
            true => {
                let scheme = from.scheme_str().unwrap_or_default();
                self.parse(what, &format!("{scheme}://{authority}{location}"))
            }
            false => self.parse(what, location),
        }
    }

    /// A place that may be asked: over https, or over http if it and the registry are on this
    /// machine.
    fn parse(&self, what: &'static str, text: &str) -> Result<Uri, PullError> {
        let refused =
            |why: &str| PullError::Redirect { what, reason: format!("{why}: {}", shown(text)) };
        let uri: Uri = text.parse().map_err(|_| refused("at what is no URI"))?;
        let is_here = self.reference.is_loopback() && uri.host().is_some_and(is_loopback);
        match uri.scheme_str() {
            Some("https") => Ok(uri),
            Some("http") if is_here => Ok(uri),
            Some("http") => Err(refused("where it would be neither secret nor sure")),
            _ => Err(refused("where it cannot be asked for")),
        }
    }

    /// The Authorization field that an answer asks for; none if there is nothing that would help.
    fn log_in(&self, answer: &Response<Body>) -> Result<Option<String>, PullError> {
        let fields = answer.headers().get_all("www-authenticate").iter();
        let challenges: Vec<&str> = fields.filter_map(|field| field.to_str().ok()).collect();
        let of_scheme = |name: &str| {
            challenges.iter().find_map(|challenge| {
                let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
                scheme.eq_ignore_ascii_case(name).then_some(rest)
            })
        };
        if let Some(parameters) = of_scheme("Bearer") {
            return self.token(parameters).map(|token| Some(format!("Bearer {token}")));
        }
        Ok(of_scheme("Basic").and(self.basic.as_ref()).map(|basic| basic.field().to_owned()))
    }

    /// A token that lets us read, from where the parameters of a challenge say.
    fn token(&self, parameters: &str) -> Result<String, PullError> {
        let what = "a token";
        let refused = |reason: &str| PullError::Login { reason: reason.into() };
        let realm = parameter(parameters, "realm")
            .ok_or_else(|| refused("but does not say where (realm)"))?;
        let separator = if realm.contains('?') { '&' } else { '?' };
        let mut place =
            format!("{realm}{separator}scope=repository:{}:pull", self.reference.name());
        if let Some(service) = parameter(parameters, "service") {
            place += "&service=";
            place.extend(service.bytes().map(percent_encoded));
        }
        let uri = self.parse(what, &place)?;
        let basic = self.basic.as_ref().map(Basic::field);
        let answer = self.send(Verb::Get, what, &uri, "application/json", basic)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(PullError::Status { what, status });
        }
        let octets = self.read(what, answer, TOKEN_OCTETS_MAX)?;
        let token: Token = serde_json::from_slice(&octets)
            .map_err(|_| refused("and gives what is no token in JSON"))?;
        let token = token.token.or(token.access_token).filter(|token| !token.is_empty());
        match token {
            Some(token) if token.bytes().all(|octet| octet.is_ascii_graphic()) => Ok(token),
            Some(_) => Err(refused("and gives a token that no field may carry")),
            None => Err(refused("and gives no token")),
        }
    }

    fn lost(&self, what: &'static str, error: &dyn std::error::Error) -> PullError {
        match Instant::now() >= self.end {
            true => PullError::Late { what, time: self.time },
            false => PullError::Lost { what, reason: shown(&error.to_string()) },
        }
    }
}

/// The value of a field, where it is text.
pub fn field<'a>(answer: &'a Response<Body>, name: &str) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

fn shown(text: &str) -> String {
    one_line_cut(text, SHOWN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_machine_itself_is_asked_without_encryption() {
        let local: Reference = "oci://127.0.0.1:5000/a:1".parse().expect("a reference");
        let remote: Reference = "oci://a.example/a:1".parse().expect("a reference");
        for (text, from_local, from_remote) in [
            ("https://b.example/x", true, true),
            ("http://127.0.0.1:5001/x", true, false),
            ("http://[::1]/x", true, false),
            ("http://localhost/x", true, false),
            ("http://b.example/x", false, false),
            ("http://127.0.0.1@b.example/x", false, false),
            ("http://127.0.0.1.b.example/x", false, false),
            ("ftp://127.0.0.1/x", false, false),
            ("file:///etc/passwd", false, false),
            ("//127.0.0.1/x", false, false),
            ("x", false, false),
            ("", false, false),
        ] {
            let is_asked = |reference| {
                Session::new(reference, None, Duration::from_secs(1)).parse("it", text).is_ok()
            };
            assert_eq!((is_asked(&local), is_asked(&remote)), (from_local, from_remote), "{text}");
        }
    }
}
