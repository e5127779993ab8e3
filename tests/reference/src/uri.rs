//! Request targets and authorities (RFC 9112, section 3.2; RFC 9110, section 4.2; RFC 3986).

use std::net::Ipv6Addr;

/// A request target in its parts.
#[derive(Default)]
pub struct Target {
    /// An `https` one.
    pub secure: bool,
    /// The host of an absolute target.
    pub host: Option<String>,
    /// Still escaped; empty where there is none.
    pub path: String,
    pub query: Option<String>,
}

/// `uri-host [ ":" port ]`.
pub struct Authority {
    /// Without the dot that may end a full name.
    pub host: String,
    pub port: Option<String>,
}

/// Reads a target in the forms that the method allows (RFC 9112, sections 3.2.1 to 3.2.4).
pub fn target(target: &str, method: &str) -> Option<Target> {
    if method == "CONNECT" {
        // RFC 9110, section 9.3.6: with a port, which is not 0.
        let port = authority(target)?.port?;
        return port.contains(|digit| digit != '0').then(Target::default);
    }
    if target == "*" && method == "OPTIONS" {
        return Some(Target::default());
    }
    if target.starts_with('/') {
        return path_and_query(target);
    }
    let (scheme, rest) = target.split_once("://")?;
    let secure = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let host = authority(&rest[..end])?.host;
    Some(Target { secure, host: Some(host), ..path_and_query(&rest[end..])? })
}

/// `path [ "?" query ]`.
fn path_and_query(text: &str) -> Option<Target> {
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (text, None),
    };
    // RFC 3986, sections 3.3 and 3.4, and what browsers leave unescaped.
    let right =
        is_made_of(path, "/[]|") && query.is_none_or(|query| is_made_of(query, "/?[]|\\^`{}"));
    let target = Target { path: path.into(), query: query.map(Into::into), ..Target::default() };
    right.then_some(target)
}

/// Whether a text consists of `pchar` and others (RFC 3986, section 3.3): an escape is `%` and two
/// hexadecimal digits.
fn is_made_of(text: &str, others: &str) -> bool {
    let mut pieces = text.split('%');
    let plain = |piece: &str| {
        piece.chars().all(|c| is_in_a_name(c) || c == ':' || c == '@' || others.contains(c))
    };
    let first = pieces.next().unwrap_or_default();
    plain(first)
        && pieces.all(|piece| {
            let digits = piece.chars().take(2).filter(char::is_ascii_hexdigit).count();
            digits == 2 && plain(&piece[2..])
        })
}

/// `unreserved / sub-delims` (RFC 3986, section 2).
fn is_in_a_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(character)
}

/// Reads an authority. User information is an error (RFC 9110, section 4.2.4), and so is an empty
/// host (section 4.2.1). A name has neither escapes nor empty labels.
pub fn authority(text: &str) -> Option<Authority> {
    let (host, port) = match text.strip_prefix('[') {
        Some(literal) => {
            let (address, rest) = literal.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            let port = match rest {
                "" => None,
                _ => Some(rest.strip_prefix(':')?),
            };
            (format!("[{address}]"), port)
        }
        None => {
            let (name, port) = match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text, None),
            };
            let name = name.strip_suffix('.').unwrap_or(name);
            if name.split('.').any(str::is_empty) || !name.chars().all(is_in_a_name) {
                return None;
            }
            (name.into(), port)
        }
    };
    // `*DIGIT`, and no more than there are ports.
    if let Some(port) = port {
        let digits = port.trim_start_matches('0');
        let is_number = port.chars().all(|c| c.is_ascii_digit());
        if !is_number || (!digits.is_empty() && digits.parse::<u16>().is_err()) {
            return None;
        }
    }
    Some(Authority { host, port: port.map(Into::into) })
}
