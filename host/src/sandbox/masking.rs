//! Which octets of a head are somebody's secret, and a head without them.
//!
//! Knows fields by their names, as they are commonly given, and the userinfo of URIs. It errs on
//! the side of hiding, and looks at malformed heads with the eyes of whoever reads them most
//! liberally: lines end with CR, LF or both, names may have anything around them, values may be
//! continued. Paths and queries stay: what is asked for is the point of keeping a head.

use std::borrow::Cow;

/// What the names of fields that carry credentials contain, in lower case.
const NAMES: &[&[u8]] = &[
    b"authorization",
    b"authentication",
    b"cookie",
    b"token",
    b"secret",
    b"password",
    b"passwd",
    b"passphrase",
    b"credential",
    b"session",
    b"signature",
    b"csrf",
    b"xsrf",
    b"jwt",
    b"x-auth",
    b"api-key",
    b"api_key",
    b"apikey",
    b"access-key",
    b"private-key",
    b"assertion",
    b"bearer",
    b"dpop",
    b"wsse",
];

/// Words of such names, and words that such names end with.
const WORDS: &[&[u8]] = &[b"otp"];
const LAST_WORDS: &[&[u8]] = &[b"key", b"auth", b"sid", b"pin", b"pass"];

/// What stands in place of each octet of a secret.
const MASK: u8 = b'x';

/// `head` with an `x` in place of every octet of a credential: as long as before, with the same
/// lines, and the same blanks around values.
pub fn mask(head: &[u8]) -> Cow<'_, [u8]> {
    let mut masked = Cow::Borrowed(head);
    let mut is_first = true;
    let mut is_secret = false;
    let mut start = 0;
    for line in head.split_inclusive(|octet| matches!(octet, b'\r' | b'\n')) {
        let text = line.strip_suffix(b"\r").or(line.strip_suffix(b"\n")).unwrap_or(line);
        if !text.is_empty() {
            // What is before the first colon is taken for a name.
            let value = match text.iter().position(|octet| *octet == b':') {
                // What continues a secret, or might.
                colon if is_secret && (is_blank(text[0]) || colon.is_none()) => Some(0),
                Some(colon) if is_credential(&text[..colon], is_first) => Some(colon + 1),
                _ => None,
            };
            match value {
                Some(value) => hide(&mut masked, start + value, start + text.len()),
                None => hide_userinfo(&mut masked, start, text),
            }
            is_secret = value.is_some();
            is_first = false;
        }
        start += line.len();
    }
    masked
}

/// The first line is a field only if it cannot be a request-line.
fn is_credential(name: &[u8], is_first: bool) -> bool {
    if is_first && name.trim_ascii().iter().copied().any(is_blank) {
        return false;
    }
    let name = name.to_ascii_lowercase();
    // A name may have anything around it.
    let mut words = name.split(|octet| !octet.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
    NAMES.iter().any(|known| name.windows(known.len()).any(|part| part == *known))
        || words.clone().any(|word| WORDS.contains(&word))
        || words.next_back().is_some_and(|word| LAST_WORDS.contains(&word))
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Hides what is between `start` and `end`, but for the blanks around it. Control characters stay,
/// which no secret has, but which make a head an invalid one.
fn hide(head: &mut Cow<'_, [u8]>, start: usize, end: usize) {
    let value = &head[start..end];
    let Some(first) = value.iter().position(|octet| !is_blank(*octet)) else { return };
    let last = value.iter().rposition(|octet| !is_blank(*octet)).unwrap_or(first);
    for octet in &mut head.to_mut()[start + first..=start + last] {
        if !octet.is_ascii_control() || *octet == b'\t' {
            *octet = MASK;
        }
    }
}

/// Hides `user:password` of each `scheme://user:password@host` in a line that starts at `start`.
fn hide_userinfo(head: &mut Cow<'_, [u8]>, start: usize, line: &[u8]) {
    let mut from = 0;
    while let Some(found) = line[from..].windows(3).position(|octets| octets == b"://") {
        let authority = from + found + 3;
        let length = line[authority..]
            .iter()
            .position(|octet| matches!(octet, b'/' | b'?' | b'#') || octet.is_ascii_whitespace())
            .unwrap_or(line.len() - authority);
        let userinfo = line[authority..authority + length].iter().rposition(|octet| *octet == b'@');
        if let Some(length) = userinfo {
            let colon = line[authority..authority + length].iter().position(|octet| *octet == b':');
            let user_end = authority + colon.unwrap_or(length);
            hide(head, start + authority, start + user_end);
            if colon.is_some() {
                hide(head, start + user_end + 1, start + authority + length);
            }
        }
        from = authority;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(head: &str) -> String {
        String::from_utf8_lossy(&mask(head.as_bytes())).into_owned()
    }

    #[test]
    fn a_head_without_credentials_stays_in_place() {
        let head = b"GET /token?password=a HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
        assert!(matches!(mask(head), Cow::Borrowed(same) if same == head));
        assert!(matches!(mask(b""), Cow::Borrowed(b"")));
        assert!(matches!(mask(b"GET / HTTP/1.1\r\nCookie: \t\r\n\r\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn values_of_fields_with_credentials_are_hidden() {
        for (line, expected) in [
            ("Authorization: Basic YTpi", "Authorization: xxxxxxxxxx"),
            ("PROXY-AUTHORIZATION:Bearer a", "PROXY-AUTHORIZATION:xxxxxxxx"),
            ("Cookie:\t a=b; c=d \t", "Cookie:\t xxxxxxxx \t"),
            ("X-Api-Key: k:1", "X-Api-Key: xxx"),
            ("X-Auth-Token: é", "X-Auth-Token: xx"),
            ("x-csrf-token: 1", "x-csrf-token: x"),
            ("X-Amz-Security-Token: 1", "X-Amz-Security-Token: x"),
            ("My-Secret: 1", "My-Secret: x"),
            ("X-Password: 1", "X-Password: x"),
            ("Cookie : a", "Cookie : x"),
            (" Cookie: a", " Cookie: x"),
            ("\0Cookie\u{7f}: a", "\0Cookie\u{7f}: x"),
            ("Cookie: a\0b", "Cookie: x\0x"),
            ("Range: bytes=0-1", "Range: bytes=0-1"),
            ("If-None-Match: \"cookie\"", "If-None-Match: \"cookie\""),
        ] {
            for end in ["\r\n", "\n", "\r"] {
                let head = |line| format!("GET / HTTP/1.1{end}A: b{end}{line}{end}C: d{end}{end}");
                assert_eq!(masked(&head(line)), head(expected), "{line}");
            }
        }
    }

    /// Each of them was shown once.
    #[test]
    fn names_that_end_with_a_word_for_a_secret_are_known() {
        for name in [
            "Ocp-Apim-Subscription-Key",
            "x-functions-key",
            "X-Parse-Master-Key",
            "X-Shared-Key",
            "X_Shared_Key",
            "X-Key",
            "X-Key ",
            "X-ZUMO-AUTH",
            "Auth",
            "X-WSSE",
            "X-GitHub-OTP",
            "X-OTP-Code",
            "SAML-Assertion",
            "DPoP",
            "X-SID",
            "X-PIN",
            "X-User-Pass",
            "X-Bearer",
            "X-Access-Key-Id",
            "X-Private-Key-1",
        ] {
            assert_eq!(masked(&format!("G\n{name}: a1\n\n")), format!("G\n{name}: xx\n\n"));
        }
    }

    /// What answers depend on, and says nothing of who asks.
    #[test]
    fn names_that_only_resemble_those_are_shown() {
        for name in [
            "Host",
            "Accept",
            "Accept-Encoding",
            "Range",
            "If-Range",
            "If-None-Match",
            "If-Modified-Since",
            "User-Agent",
            "Content-Length",
            "X-Keyboard",
            "Keep-Alive",
            "Author",
            "X-Bypass",
            "X-Options",
            "X-Optional",
            "Side",
            "Pinned",
            "X-Key-Count",
        ] {
            let head = format!("G\n{name}: a1\n\n");
            assert_eq!(masked(&head), head);
        }
    }

    #[test]
    fn values_that_go_on_are_hidden_to_their_end() {
        for (head, expected) in [
            ("G\nCookie: a\r\n b\r\n\tc\r\nD: e\r\n", "G\nCookie: x\r\n x\r\n\tx\r\nD: e\r\n"),
            ("G\nCookie:\n a: b\nD: e", "G\nCookie:\n xxxx\nD: e"),
            ("G\nCookie:\n a; token: b\nD: e", "G\nCookie:\n xxxxxxxxxxx\nD: e"),
            ("G\nCookie: a\nbcd\nD: e", "G\nCookie: x\nxxx\nD: e"),
            ("G\nCookie: a\rb\rD: e", "G\nCookie: x\rx\rD: e"),
            ("G\nA: b\n c\nCookie: d", "G\nA: b\n c\nCookie: x"),
            ("Cookie: a\r\n\r\n", "Cookie: x\r\n\r\n"),
            ("GET /cookie: a\r\n", "GET /cookie: a\r\n"),
        ] {
            assert_eq!(masked(head), expected);
        }
    }

    #[test]
    fn userinfo_is_hidden() {
        for (head, expected) in [
            (
                "GET http://user:pass@host/a@b HTTP/1.1\r\n",
                "GET http://xxxx:xxxx@host/a@b HTTP/1.1\r\n",
            ),
            ("GET http://u@host HTTP/1.1\r\n", "GET http://x@host HTTP/1.1\r\n"),
            ("GET http://a:b:c@d@host? HTTP/1.1\r\n", "GET http://x:xxxxx@host? HTTP/1.1\r\n"),
            ("GET http://@host HTTP/1.1\r\n", "GET http://@host HTTP/1.1\r\n"),
            ("GET http://host/u:p@h HTTP/1.1\r\n", "GET http://host/u:p@h HTTP/1.1\r\n"),
            ("GET /?http://u:p@h HTTP/1.1\r\n", "GET /?http://x:x@h HTTP/1.1\r\n"),
            ("\r\nGET http://u@h\r\n", "\r\nGET http://x@h\r\n"),
            ("GET /\nReferer: https://u:p@h/\n", "GET /\nReferer: https://x:x@h/\n"),
        ] {
            assert_eq!(masked(head), expected);
        }
    }

    #[test]
    fn no_head_is_a_problem_and_none_changes_its_length_or_lines() {
        let words: [&[u8]; 10] =
            [b"\r", b"\n", b" ", b":", b"Cookie", b"://", b"@", b"/", b"\0", b"\xff"];
        let check = |head: &[u8]| {
            let masked = mask(head);
            assert_eq!(masked.len(), head.len(), "{head:?}");
            for (before, after) in head.iter().zip(masked.iter()) {
                assert!(
                    before == after
                        || *after == MASK && !before.is_ascii_control()
                        || *before == b'\t'
                );
            }
            assert_eq!(mask(&masked), masked, "{head:?}");
        };
        for first in 0..=u8::MAX {
            check(&[first]);
            (0..=u8::MAX).for_each(|second| check(&[first, second]));
        }
        // Every sequence of five words, with a beginning that is a request-line and without.
        for number in 0..words.len().pow(5) {
            let word = |place: u32| words[number / words.len().pow(place) % words.len()];
            let tail: Vec<u8> = (0..5).flat_map(word).copied().collect();
            check(&tail);
            check(&[b"G\n", &tail[..]].concat());
        }
    }
}
