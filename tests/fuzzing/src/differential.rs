//! The guest's reading of a head against the reference's.

use wasmhttpd_guest::contract::{
    Action, Context, Found, IpAddress, Listing, Lookup, Parsed, Persistence, Response,
};
use wasmhttpd_guest::site::Site;

use crate::octets_as_text;

/// The contract's limit on candidates.
const CANDIDATE_OCTETS_MAX: usize = 4_096;

/// What a candidate may append to the path, at most: the name of an index file, or an extension.
const SUFFIX_OCTETS_MAX: usize = 255;

/// What became of a head that both read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    /// It is a request for a resource, or OPTIONS.
    Accepted,
    /// It is refused.
    Refused,
}

/// Reads a head with both.
///
/// # Errors
/// When they disagree: says how.
pub fn compare(site: &mut Site, octets: &[u8], secure: bool) -> Result<Agreed, String> {
    let head = octets_as_text(octets);
    let peer = IpAddress::Ipv4(0x7f00_0001);
    let context = Some(Context { peer, secure, now: 1_800_000_000 });
    let parsed = site.parse(&head, context);
    let reference = reference::read(&head, secure);
    let agreed = match &reference {
        Err(refused) => (status(&parsed) == Some(refused.status)
            && same_persistence(refused.persistence, &parsed))
        .then_some(Agreed::Refused),
        Ok(request) => (same_persistence(request.persistence, &parsed)
            && same_request(request, &parsed))
        .then_some(Agreed::Accepted),
    };
    let Some(agreed) = agreed else {
        let guest = match &parsed.action {
            Action::Answer(response) => format!("status {}", response.status),
            Action::LookUp(lookup) => format!("{lookup:?}"),
        };
        let persistence = parsed.persistence;
        let shown = octets.escape_ascii();
        return Err(format!(
            "{shown}\n  reference: {reference:?}\n  guest: {guest}, {persistence:?}"
        ));
    };
    if let (Ok(request), Action::LookUp(lookup)) = (&reference, &parsed.action) {
        compare_redirect(site, &head, context, request, lookup)
            .map_err(|error| format!("{}\n  {error}", octets.escape_ascii()))?;
    }
    Ok(agreed)
}

fn status(parsed: &Parsed) -> Option<u16> {
    match &parsed.action {
        Action::Answer(response) => Some(response.status),
        Action::LookUp(_) => None,
    }
}

fn same_persistence(persistence: reference::Persistence, parsed: &Parsed) -> bool {
    match (persistence, parsed.persistence) {
        (reference::Persistence::KeepAlive(one), Persistence::KeepAlive(other)) => one == other,
        (reference::Persistence::Close, Persistence::Close) => true,
        _ => false,
    }
}

fn same_request(request: &reference::Request, parsed: &Parsed) -> bool {
    match (&request.path, &parsed.action) {
        (None, Action::Answer(response)) => {
            request.method == "OPTIONS" && matches!(response.status, 200 | 204)
        }
        (Some(path), Action::LookUp(lookup)) => {
            lookup.site == request.host
                && lookup.candidates.contains(path)
                && lookup.candidates.iter().all(|candidate| candidate.starts_with(path))
        }
        // No room for what is appended to it.
        (Some(path), Action::Answer(response)) => {
            response.status == 404 && path.len() > CANDIDATE_OCTETS_MAX - SUFFIX_OCTETS_MAX
        }
        (None, Action::LookUp(_)) => false,
    }
}

/// Compares path and query where the guest shows both: in the redirect to a directory.
fn compare_redirect(
    site: &mut Site,
    head: &str,
    context: Option<Context>,
    request: &reference::Request,
    lookup: &Lookup,
) -> Result<(), String> {
    let Some(path) = request.path.as_ref().filter(|path| !path.ends_with('/')) else {
        return Ok(());
    };
    let directory = format!("{path}/");
    let candidate = lookup.candidates.iter().position(|candidate| *candidate == directory);
    let candidate = candidate.ok_or("the directory is no candidate")? as u32;
    let listing = Listing { candidate, entries: Vec::new(), complete: true };
    let Response { status, fields, .. } = site.respond(head, &Found::Directory(listing), context);
    let query = request.query.as_ref().map(|query| format!("?{}", escape(query, "/?%")));
    let location = escape(path, "/") + "/" + &query.unwrap_or_default();
    let expected = format!("Location: {location}");
    match status == 301 && fields.split("\r\n").any(|line| line == expected) {
        true => Ok(()),
        false => Err(format!("not a redirect with {expected}: {status} {fields:?}")),
    }
}

/// Escapes everything but `pchar` (RFC 3986, section 3.3) and others.
fn escape(text: &str, others: &str) -> String {
    let plain = format!("-._~!$&'()*+,;=:@{others}");
    let escape = |octet: u8| match char::from(octet) {
        c if c.is_ascii_alphanumeric() || plain.contains(c) => c.to_string(),
        _ => format!("%{octet:02X}"),
    };
    text.bytes().map(escape).collect()
}
