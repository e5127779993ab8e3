//! From a head to what it asks for. What does not match the grammar is refused, and never repaired.

use crate::bindings::exports::wasmhttpd::guest::handler::Persistence;

/// What a head asks for.
pub struct Request<'a> {
    /// HEAD otherwise, for which the host leaves the content out.
    pub is_get: bool,
    /// The host's name, in lower case, without a port.
    pub site: String,
    /// As it was sent.
    pub path: &'a str,
    /// With its question mark; empty where there is none.
    pub query: &'a str,
    /// The path without its escapes.
    name: String,
    fields: Fields<'a>,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

/// The request is answered with an error, without a look for files.
pub struct Refusal {
    /// Says why.
    pub status: u16,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

/// Nobody knows where the next request begins.
const MALFORMED: Refusal = Refusal { status: 400, persistence: Persistence::Close };

impl<'a> Request<'a> {
    /// Reads a head (RFC 9112, sections 3 and 5).
    pub fn read(head: &'a str) -> Result<Self, Refusal> {
        let mut lines = head.strip_suffix("\r\n\r\n").ok_or(MALFORMED)?.split("\r\n");
        let request_line: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let [method, target, version] = request_line[..] else { return Err(MALFORMED) };
        if !is_token(method) || target.is_empty() || !target.bytes().all(|o| o.is_ascii_graphic()) {
            return Err(MALFORMED);
        }
        let is_http_1_0 = match version.as_bytes() {
            [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] => {
                if *major != b'1' {
                    return Err(Refusal { status: 505, ..MALFORMED });
                }
                *minor == b'0'
            }
            _ => return Err(MALFORMED),
        };
        let fields = Fields(lines.map(field_line).collect::<Option<_>>().ok_or(MALFORMED)?);
        let host = match fields.values("host")[..] {
            [] if is_http_1_0 => String::new(),
            [host] => site(host).ok_or(MALFORMED)?,
            _ => return Err(MALFORMED),
        };
        let persistence = persistence(&fields, is_http_1_0).ok_or(MALFORMED)?;
        match method {
            "GET" | "HEAD" => {}
            "CONNECT" | "DELETE" | "OPTIONS" | "PATCH" | "POST" | "PUT" | "TRACE" => {
                return Err(Refusal { status: 405, persistence });
            }
            _ => return Err(Refusal { status: 501, persistence }),
        }

        let (authority, path_and_query) = split_target(target);
        let query_start = path_and_query.find('?').unwrap_or(path_and_query.len());
        let (path, query) = path_and_query.split_at(query_start);
        // An address as the target goes before Host (RFC 9112, section 3.2.2), and may lack a path.
        let (site, path) = match authority {
            Some(authority) => {
                (site(authority).ok_or(MALFORMED)?, if path.is_empty() { "/" } else { path })
            }
            None => (host, path),
        };
        if !path.starts_with('/') || !path.bytes().all(is_path) || !query.bytes().all(is_query) {
            return Err(MALFORMED);
        }
        let name = unescape(path).ok_or(MALFORMED)?;
        // Neither `..` nor `.git` is the name of anything that is shown, and no name has a slash.
        let name = String::from_utf8(name).ok().filter(|name| {
            let is_hidden = name.contains("//") || name.contains("/.");
            !is_hidden && !path.contains("%2f") && !path.contains("%2F")
        });
        match name {
            Some(name) => {
                Ok(Self { is_get: method == "GET", site, path, query, name, fields, persistence })
            }
            None => Err(Refusal { status: 404, persistence }),
        }
    }

    /// What to look for: a file, or else a directory of that name to redirect to.
    pub fn candidates(&self) -> Vec<String> {
        match &self.name {
            name if name.ends_with('/') => vec![format!("{name}index.html")],
            name => vec![name.clone(), format!("{name}/")],
        }
    }

    /// The value of a field, by its name in lower case; where it has several lines, of all of them
    /// (RFC 9110, section 5.3).
    pub fn field(&self, name: &str) -> Option<String> {
        let values = self.fields.values(name);
        (!values.is_empty()).then(|| values.join(", "))
    }
}

/// Names and values, in the order of their lines.
struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    fn values(&self, name: &str) -> Vec<&'a str> {
        let lines = self.0.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| *value).collect()
    }
}

fn field_line(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_clean = !value.chars().any(|c| c.is_ascii_control() && c != '\t');
    (is_token(name) && is_clean).then(|| (name, value.trim_matches([' ', '\t'])))
}

fn is_token(text: &str) -> bool {
    let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    !text.is_empty() && text.bytes().all(is_token)
}

/// May stand in a path (RFC 3986, section 3.3), or is not escaped by browsers.
fn is_path(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/[]|".contains(&octet)
}

/// May stand in a query, or is not escaped by browsers.
fn is_query(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"\"#<>".contains(&octet)
}

/// The authority of a target that is an address, and what follows it.
fn split_target(target: &str) -> (Option<&str>, &str) {
    for scheme in ["http://", "https://"] {
        if let Some((start, rest)) = target.split_at_checked(scheme.len())
            && start.eq_ignore_ascii_case(scheme)
        {
            let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            return (Some(authority), rest);
        }
    }
    (None, target)
}

/// The name of a host, without a port.
fn site(authority: &str) -> Option<String> {
    let name_end = match authority.strip_prefix('[') {
        Some(address) => address.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at(name_end);
    let is_name = match name.strip_prefix('[') {
        Some(address) => {
            let address = address.strip_suffix(']')?;
            !address.is_empty()
                && address.bytes().all(|o| o.is_ascii_hexdigit() || b":.".contains(&o))
        }
        None => {
            let is_name = |o: u8| o.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&o);
            !name.is_empty() && name.bytes().all(is_name)
        }
    };
    let is_port = match port.strip_prefix(':') {
        Some(digits) => digits.len() <= 5 && digits.bytes().all(|o| o.is_ascii_digit()),
        None => port.is_empty(),
    };
    (is_name && is_port).then(|| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase())
}

/// Whether the connection goes on, and behind how much content (RFC 9112, sections 6.3 and 9.3);
/// none if that cannot be told.
fn persistence(fields: &Fields, is_http_1_0: bool) -> Option<Persistence> {
    let is_coded = !fields.values("transfer-encoding").is_empty();
    let length = match fields.values("content-length")[..] {
        [] => 0,
        [length] if !is_coded => number(length)?,
        _ => return None,
    };
    if is_coded && is_http_1_0 {
        return None;
    }
    let options = fields.values("connection");
    let mut options = options.iter().flat_map(|value| value.split(','));
    let is_last = is_coded
        || is_http_1_0
        || options.any(|option| option.trim_matches([' ', '\t']).eq_ignore_ascii_case("close"));
    Some(if is_last { Persistence::Close } else { Persistence::KeepAlive(length) })
}

/// A number of up to 15 digits.
pub fn number(digits: &str) -> Option<u64> {
    let is_number = matches!(digits.len(), 1..=15) && digits.bytes().all(|o| o.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

/// The path without its escapes; none if one is malformed, or stands for NUL.
fn unescape(path: &str) -> Option<Vec<u8>> {
    let mut runs = path.split('%');
    let mut octets = runs.next()?.as_bytes().to_vec();
    for run in runs {
        let digits = run.get(..2).filter(|digits| digits.bytes().all(|o| o.is_ascii_hexdigit()))?;
        let octet = u8::from_str_radix(digits, 16).ok().filter(|octet| *octet != 0)?;
        octets.push(octet);
        octets.extend_from_slice(&run.as_bytes()[2..]);
    }
    Some(octets)
}
