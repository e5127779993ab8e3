//! What a registry says when it wants a login: `WWW-Authenticate`, and the question for a token.

/// The value of a parameter of a challenge: RFC 9110, section 11.2.
pub fn parameter(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let (value, after) = after.split_at(after.find(',').unwrap_or(after.len()));
                (value.trim_end().to_owned(), after)
            }
        };
        if key.trim().eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = after;
    }
}

/// What is before the closing quote, and what is after it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// An octet as it may be in a query.
pub fn percent_encoded(octet: u8) -> String {
    match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(octet).to_string()
        }
        _ => format!("%{octet:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_challenge_are_found() {
        let text = r#"realm="https://a.example/token?b=\"c\"",service=plain , scope="a,b=c""#;
        let get = |name| parameter(text, name);
        assert_eq!(get("realm").as_deref(), Some("https://a.example/token?b=\"c\""));
        assert_eq!(get("SERVICE").as_deref(), Some("plain"));
        assert_eq!(get("scope").as_deref(), Some("a,b=c"));
        assert_eq!(get("error"), None);
        for damaged in ["", "realm", "realm=\"", "realm=\"a\\", ",,,", "=\"\"", "a=\"b\"c"] {
            assert_eq!(parameter(damaged, "realm"), None, "{damaged}");
        }
    }
}
