//! Lines, the request-line and field lines (RFC 9112, sections 2 to 5; RFC 9110, section 5).

use crate::{BAD_REQUEST, Status};

/// A head in its parts.
pub struct Head {
    pub method: String,
    pub target: String,
    /// HTTP/1.0, and not HTTP/1.1 or a later minor version.
    pub is_http_1_0: bool,
    fields: Vec<(String, String)>,
}

impl Head {
    pub fn read(head: &str) -> Result<Head, Status> {
        // Octets as text: there is no octet above 255.
        if head.chars().any(|character| u32::from(character) > 255) {
            return Err(BAD_REQUEST);
        }
        // RFC 9112, section 2.2: empty lines before the request-line are ignored.
        let mut head = head;
        while let Some(rest) = head.strip_prefix("\r\n") {
            head = rest;
        }
        let (request_line, rest) = head.split_once("\r\n").ok_or(BAD_REQUEST)?;
        let (method, target, is_http_1_0) = read_request_line(request_line)?;
        // An empty line ends the head, and nothing is behind it.
        let lines: Vec<&str> = rest.split("\r\n").collect();
        let [lines @ .., "", ""] = lines.as_slice() else { return Err(BAD_REQUEST) };
        let fields = lines.iter().map(|line| read_field_line(line)).collect::<Result<_, _>>()?;
        Ok(Head { method, target, is_http_1_0, fields })
    }

    /// The values of the lines with a name, which is compared without case (RFC 9110, section 5.1).
    pub fn values(&self, name: &str) -> Vec<&str> {
        let lines = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str()).collect()
    }
}

/// `method SP request-target SP HTTP-version` (RFC 9112, section 3), each part once and nothing
/// else. What the target is made of is looked at later, but for control octets.
fn read_request_line(line: &str) -> Result<(String, String, bool), Status> {
    let [method, target, version] = line.split(' ').collect::<Vec<_>>()[..] else {
        return Err(BAD_REQUEST);
    };
    if !is_token(method) || target.is_empty() || target.contains(|c| c < ' ') {
        return Err(BAD_REQUEST);
    }
    // RFC 9112, section 2.3: one digit, a dot, one digit.
    let digits: Vec<char> = version.strip_prefix("HTTP/").ok_or(BAD_REQUEST)?.chars().collect();
    match digits.as_slice() {
        ['1', '.', minor] if minor.is_ascii_digit() => {
            Ok((method.into(), target.into(), *minor == '0'))
        }
        [major, '.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => Err(505),
        _ => Err(BAD_REQUEST),
    }
}

/// `field-name ":" OWS field-value OWS` (RFC 9112, section 5).
fn read_field_line(line: &str) -> Result<(String, String), Status> {
    let (name, value) = line.split_once(':').ok_or(BAD_REQUEST)?;
    // RFC 9110, section 5.5: no control octet but HTAB.
    if !is_token(name) || value.contains(|c: char| c.is_ascii_control() && c != '\t') {
        return Err(BAD_REQUEST);
    }
    Ok((name.into(), trim(value).into()))
}

/// `1*tchar` (RFC 9110, section 5.6.2).
pub fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// Without optional whitespace around it (RFC 9110, section 5.6.3).
pub fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The members of a list (RFC 9110, section 5.6.1); empty ones do not count. A comma inside a
/// quoted string (section 5.6.4) is part of the string.
pub fn members(value: &str) -> Vec<String> {
    let mut members = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for character in value.chars() {
        if character == ',' && !quoted {
            members.push(String::new());
            continue;
        }
        if character == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && character == '\\' && !escaped;
        members.last_mut().expect("there is always one").push(character);
    }
    members.retain(|member| !trim(member).is_empty());
    members.iter().map(|member| trim(member).into()).collect()
}
