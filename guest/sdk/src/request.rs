//! A sound request, as a rule sees it.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use wasmhttpd_guest::contract::Persistence;
use wasmhttpd_guest::head::Head;
use wasmhttpd_guest::head::Span;
use wasmhttpd_guest::path;
use wasmhttpd_guest::refusal::Refusal;
use wasmhttpd_guest::request::Sound;
use wasmhttpd_guest::target::Target;

/// A request whose head is sound.
///
/// What two recipients could read differently never becomes one. Its method may be any, and its
/// path may be one that names no file: what the handler behind the rule makes of those is its own
/// affair.
///
/// ```
/// use wasmhttpd_sdk::Request;
///
/// let head = "GET /a%20b?c=d HTTP/1.1\r\nHost: EXAMPLE.org:80\r\n\r\n";
/// let request = Request::read(head).unwrap();
/// assert_eq!((request.host(), request.path()), ("example.org", "/a b"));
/// ```
#[derive(Debug, Clone)]
pub struct Request<'a> {
    head: &'a str,
    /// Where in the head the target and its parts are.
    target: Target,
    target_end: usize,
    host: String,
    path: String,
    persistence: Persistence,
}

impl<'a> Request<'a> {
    /// Reads a head, octets as text.
    ///
    /// # Errors
    /// What is wrong with a head that is not sound.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// assert!(Request::read("GET / HTTP/1.0\r\n\r\n").is_ok());
    /// // Two lengths: two recipients could read it differently.
    /// let head = "GET / HTTP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n";
    /// assert!(Request::read(head).is_err());
    /// ```
    pub fn read(head: &'a str) -> Result<Self, Refusal> {
        let octets = octets(head).ok_or(Refusal::Malformed)?;
        let grammar = Head::read(&octets)?;
        let Sound { target, host, persistence, .. } = Sound::read(&grammar, &octets)?;
        let target_end = grammar.target.end;
        let host = String::from_utf8_lossy(host.of(&octets)).to_ascii_lowercase();
        let path = match (target.path.of(&octets), target.host) {
            // `OPTIONS *` and CONNECT.
            ([], None) => String::new(),
            (escaped, _) => path::decode_any(escaped).ok_or(Refusal::Malformed)?,
        };
        Ok(Self { head, target, target_end, host, path, persistence })
    }

    /// The method, in capitals nearly always: methods are case-sensitive.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("BREW /pot HTTP/1.0\r\n\r\n").unwrap();
    /// assert_eq!(request.method(), "BREW");
    /// ```
    pub fn method(&self) -> &'a str {
        let line = self.head.trim_start_matches("\r\n");
        line.split(' ').next().unwrap_or_default()
    }

    /// Whether the content of a resource is asked for, or what would be sent with it.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("HEAD / HTTP/1.0\r\n\r\n").unwrap();
    /// assert!(request.is_get_or_head());
    /// ```
    pub fn is_get_or_head(&self) -> bool {
        matches!(self.method(), "GET" | "HEAD")
    }

    /// The path, decoded: `/a b` for `/a%20b`, `/x/../a%20b` or `//a%20b`.
    ///
    /// It is the path that the default site looks up. Of a path that names no file there it is the
    /// reading that goes furthest (`%2F` is a slash), so that a rule about `/private/*` is about
    /// every way to write it. Empty only where there is no path, as in `OPTIONS *`.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("GET /x/../private%2Fkey HTTP/1.0\r\n\r\n").unwrap();
    /// assert_eq!(request.path(), "/private/key");
    /// ```
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it was sent, without its question mark.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("GET /?a=b%20c HTTP/1.0\r\n\r\n").unwrap();
    /// assert_eq!(request.query(), Some("a=b%20c"));
    /// ```
    pub fn query(&self) -> Option<&'a str> {
        Some(self.span(self.target.query?))
    }

    /// The value of the first `name=value` in the query, as it was sent: escapes are left in.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("GET /?a=1&b=2&b=3 HTTP/1.0\r\n\r\n").unwrap();
    /// assert_eq!(request.query_value("b"), Some("2"));
    /// assert_eq!(request.query_value("c"), None);
    /// ```
    pub fn query_value(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.query()?.split('&');
        pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// The name of the host asked for, in lower case and without its port; empty when an HTTP/1.0
    /// request has none.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("GET / HTTP/1.1\r\nHost: A.example:8080\r\n\r\n").unwrap();
    /// assert_eq!(request.host(), "a.example");
    /// ```
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The value of a field, octets as text, if it has exactly one line.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let head = "GET / HTTP/1.0\r\nUser-Agent:  curl \r\nX: 1\r\nX: 2\r\n\r\n";
    /// let request = Request::read(head).unwrap();
    /// assert_eq!(request.field("user-agent"), Some("curl"));
    /// assert_eq!(request.field("X"), None);
    /// ```
    pub fn field(&self, name: &str) -> Option<&'a str> {
        let mut values = self.fields(name);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// The values of all lines of a field, in order.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let request = Request::read("GET / HTTP/1.0\r\nX: 1\r\nx: 2\r\n\r\n").unwrap();
    /// assert!(request.fields("X").eq(["1", "2"]));
    /// ```
    pub fn fields(&self, name: &str) -> impl Iterator<Item = &'a str> {
        // Lines end in CRLF and nothing else: the head is sound.
        let lines = self.head[self.target_end..].split("\r\n").skip(1);
        lines.filter_map(move |line| {
            let (other, value) = line.split_once(':')?;
            other.eq_ignore_ascii_case(name).then(|| value.trim_matches([' ', '\t']))
        })
    }

    /// The whole head, octets as text.
    ///
    /// ```
    /// use wasmhttpd_sdk::Request;
    ///
    /// let head = "GET / HTTP/1.0\r\n\r\n";
    /// assert_eq!(Request::read(head).unwrap().head(), head);
    /// ```
    pub fn head(&self) -> &'a str {
        self.head
    }

    /// What becomes of the connection, by the request's own framing.
    pub(crate) fn persistence(&self) -> Persistence {
        self.persistence
    }

    /// The head with another path and query, `/…`; none where there is no path to replace, or where
    /// the new one is no path.
    pub(crate) fn with_target(&self, target: &str) -> Option<String> {
        if self.path.is_empty() || !target.starts_with('/') {
            return None;
        }
        // A target's scheme and host are in front of the path, and stay.
        let (before, after) = (&self.head[..self.target.path.start], &self.head[self.target_end..]);
        let head = [before, target, after].concat();
        Request::read(&head).is_ok().then_some(head)
    }

    /// A part of the request-line, which is ASCII: positions in octets and in text are the same.
    fn span(&self, span: Span) -> &'a str {
        self.head.get(span.start..span.end).unwrap_or_default()
    }
}

/// The octets that a text stands for; none if a character is none.
fn octets(text: &str) -> Option<Cow<'_, [u8]>> {
    if text.is_ascii() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let octets: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    octets.ok().map(Cow::Owned)
}

/// A path as it is written in a target: `/a%20b` for `/a b`.
///
/// ```
/// use wasmhttpd_sdk::request::escaped;
///
/// assert_eq!(escaped("/a b"), "/a%20b");
/// ```
pub fn escaped(path: &str) -> String {
    let mut text = String::new();
    path::push_escaped(&mut text, path);
    text
}

/// What an escaped piece of a path stands for: `/a b` for `/a%20b`. None where an escape is
/// malformed, or stands for what no path has.
///
/// ```
/// use wasmhttpd_sdk::request::unescaped;
///
/// assert_eq!(unescaped("/a%20b").as_deref(), Some("/a b"));
/// assert_eq!(unescaped("/%zz"), None);
/// ```
pub fn unescaped(text: &str) -> Option<String> {
    path::unescape_text(text)
}

/// A field value that a client sent, as the text that its octets are in UTF-8.
///
/// ```
/// use wasmhttpd_sdk::request::utf8;
///
/// assert_eq!(utf8("\u{c3}\u{a9}").as_deref(), Some("\u{e9}"));
/// assert_eq!(utf8("\u{e9}"), None);
/// ```
pub fn utf8(value: &str) -> Option<String> {
    core::str::from_utf8(&octets(value)?).ok().map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn head(line: &str, fields: &str) -> String {
        format!("{line} HTTP/1.1\r\nHost: A.example:80\r\n{fields}\r\n")
    }

    #[test]
    fn a_request_is_read_in_its_parts() {
        let head = head("\r\nGET /a%20b/../c%20d?e=f&g=%41", "X:  y \r\nx: z\r\nZ: \u{e4}\r\n");
        let request = Request::read(&head).unwrap();
        assert_eq!((request.method(), request.is_get_or_head()), ("GET", true));
        assert_eq!((request.path(), request.host()), ("/c d", "a.example"));
        assert_eq!(request.query(), Some("e=f&g=%41"));
        assert_eq!(request.query_value("g"), Some("%41"));
        assert_eq!(request.query_value(""), None);
        assert_eq!((request.field("x"), request.field("z")), (None, Some("\u{e4}")));
        assert!(request.fields("X").eq(["y", "z"]));
        assert_eq!(request.field("nothing"), None);
    }

    #[test]
    fn the_path_is_read_as_far_as_it_goes() {
        for (target, path) in [
            ("GET /private%2Fx", "/private/x"),
            ("GET /x%2f../private/.y", "/private/.y"),
            ("GET http://b/private", "/private"),
            ("GET http://b", "/"),
            ("POST /form", "/form"),
            ("BREW /pot", "/pot"),
            ("OPTIONS *", ""),
            ("CONNECT a:80", ""),
        ] {
            assert_eq!(Request::read(&head(target, "")).unwrap().path(), path, "{target}");
        }
        assert_eq!(Request::read(&head("GET http://b/", "")).unwrap().host(), "b");
    }

    #[test]
    fn what_is_not_sound_is_no_request() {
        for text in [
            head("GET /%00", ""),
            head("GET /", "Host: b\r\n"),
            head("GET /", "Content-Length: 1\r\nContent-Length: 2\r\n"),
            head("GET /", "A: \u{100}\r\n"),
            head("GET  /", ""),
            String::new(),
        ] {
            assert!(Request::read(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn another_target_is_put_in_place() {
        let with = |line: &str, target: &str| {
            let head = head(line, "X: \u{e4}\r\n");
            let rewritten = Request::read(&head).unwrap().with_target(target)?;
            Some(rewritten.split("\r\n").next()?.into())
        };
        let is = |text: &str| Some(String::from(text));
        assert_eq!(with("GET /a?b", "/c%20d?e"), is("GET /c%20d?e HTTP/1.1"));
        assert_eq!(with("GET http://b/a", "/c"), is("GET http://b/c HTTP/1.1"));
        assert_eq!(with("GET http://b?q", "/c"), is("GET http://b/c HTTP/1.1"));
        for wrong in ["c", "", "/a b", "/a\r\nX: y", "/%zz", "/\u{e4}", "http://c/"] {
            assert_eq!(with("GET /a", wrong), None, "{wrong:?}");
        }
        assert_eq!(with("OPTIONS *", "/c"), None);
    }
}
