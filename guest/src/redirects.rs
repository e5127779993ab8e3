//! Redirects by path, as the operator lists them.

use crate::octet;
use crate::path;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A path, or all below one, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The decoded path, without the asterisk at its end.
    from: String,
    /// Whether it stands for every path that begins so.
    is_prefix: bool,
    /// The address, without the asterisk at its end.
    to: String,
    /// Whether what stands for the asterisk follows it.
    carries_rest: bool,
    /// The status code.
    pub status: u16,
}

/// The status codes that a redirect may have (RFC 9110, section 15.4).
pub const STATUSES: [(&str, u16); 5] =
    [("301", 301), ("302", 302), ("303", 303), ("307", 307), ("308", 308)];

impl Redirect {
    /// Reads `FROM TO [STATUS]`, or says what would be right.
    pub fn read(value: &str) -> Result<Self, String> {
        let words: Vec<_> = value.split_ascii_whitespace().collect();
        let (from, to, status) = match *words {
            [from, to] => (from, to, STATUSES[0].1),
            [from, to, status] => {
                let known = STATUSES.iter().find(|known| known.0 == status);
                let known = known
                    .ok_or("the status of a redirect is 301, 302, 303, 307 or 308".to_string())?;
                (from, to, known.1)
            }
            _ => return Err("redirect takes FROM TO [STATUS], such as /old/* /new/* 308".into()),
        };
        let (from_path, is_prefix) = without_asterisk(from);
        let (to_address, carries_rest) = without_asterisk(to);
        let from_path = path_of(from_path).ok_or_else(|| {
            complaint(from, "is no path to redirect from: it starts with a slash, * stands at its end only, and no name in it is hidden")
        })?;
        if !is_address(to_address) {
            return Err(complaint(
                to,
                "is no address to redirect to: a path, or http:// or https:// and a host; * stands at its end only",
            ));
        }
        if carries_rest && !is_prefix {
            return Err(complaint(
                to,
                "ends in *, but nothing stands for it: end FROM in * as well",
            ));
        }
        if carries_rest && !to_address.ends_with('/') {
            // Else what a client asks for could become part of the host's name.
            return Err(complaint(to, "needs a slash before its *"));
        }
        let redirect =
            Self { from: from_path, is_prefix, to: to_address.into(), carries_rest, status };
        if redirect.leads_to_itself() {
            return Err(complaint(to, "would be redirected again, without end"));
        }
        Ok(redirect)
    }

    /// Whether it holds for a decoded path.
    pub fn covers(&self, path: &str) -> bool {
        if self.is_prefix { path.starts_with(&*self.from) } else { path == self.from }
    }

    /// Where a path that it covers leads to, and whether the query goes along: not where the
    /// address has one of its own, or a fragment.
    pub fn location(&self, path: &str) -> (String, bool) {
        let mut location = self.to.clone();
        if self.carries_rest {
            // A second slash would name another host (RFC 3986, section 4.2).
            path::push_escaped(&mut location, path[self.from.len()..].trim_start_matches('/'));
        }
        (location, !self.to.contains(['?', '#']))
    }

    fn leads_to_itself(&self) -> bool {
        let end = self.to.find(['?', '#']).unwrap_or(self.to.len());
        self.to.starts_with('/')
            && path::unescape_text(&self.to[..end]).is_some_and(|path| self.covers(&path))
    }
}

/// The decoded path that requests are compared with; none if no request could have it.
fn path_of(text: &str) -> Option<String> {
    let mut decoded = String::new();
    path::decode(text.as_bytes(), &mut decoded).ok()?;
    let is_reachable = path::unescape_text(text)? == decoded;
    (is_reachable && text.starts_with('/') && !text.contains('*')).then_some(decoded)
}

fn without_asterisk(word: &str) -> (&str, bool) {
    word.strip_suffix('*').map_or((word, false), |word| (word, true))
}

/// A path or an absolute `http` URI, with a query or a fragment (RFC 9110, section 10.2.2).
fn is_address(text: &str) -> bool {
    let rest = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let starts = match rest {
        Some(rest) => rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['),
        None => text.starts_with('/') && !text.starts_with("//"),
    };
    starts && text.bytes().all(|o| o != b'*' && (octet::is_segment(o) || b"?#%[]".contains(&o)))
}

fn complaint(word: &str, what: &str) -> String {
    ["\"", word, "\" ", what].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn leads(value: &str, path: &str, location: &str, query: bool) {
        let redirect = Redirect::read(value).unwrap();
        assert!(redirect.covers(path), "{value} {path}");
        assert_eq!(redirect.location(path), (location.into(), query), "{value} {path}");
    }

    #[test]
    fn a_path_leads_to_an_address() {
        leads("/old /new", "/old", "/new", true);
        leads("/a%20b https://x.example/y?z", "/a b", "https://x.example/y?z", false);
        leads("/a /b#c", "/a", "/b#c", false);
        let redirect = Redirect::read("/old /new").unwrap();
        for path in ["/", "/old/", "/older", "/x/old"] {
            assert!(!redirect.covers(path), "{path}");
        }
    }

    #[test]
    fn what_stands_for_the_asterisk_goes_along() {
        leads("/old/* /new/*", "/old/", "/new/", true);
        leads("/old/* /new/*", "/old/a b/\u{e4}", "/new/a%20b/%C3%A4", true);
        leads("/old* /new/*", "/old/x", "/new/x", true);
        leads("/old* /*", "/old/evil.example/x", "/evil.example/x", true);
        leads("/* https://x.example/*", "/a/b", "https://x.example/a/b", true);
        leads("/old/* /new", "/old/x", "/new", true);
    }

    #[test]
    fn the_status_is_301_unless_another_is_said() {
        assert_eq!(Redirect::read("/a /b").unwrap().status, 301);
        for (word, status) in STATUSES {
            assert_eq!(Redirect::read(&["/a /b ", word].concat()).unwrap().status, status);
        }
    }

    #[test]
    fn bad_redirects_are_complained_about() {
        for (value, word) in [
            ("", "FROM TO"),
            ("/a", "FROM TO"),
            ("/a /b 301 x", "FROM TO"),
            ("/a /b 200", "status"),
            ("a /b", "redirect from"),
            ("/a*b /c", "redirect from"),
            ("/%zz /c", "redirect from"),
            ("/.git /c", "redirect from"),
            ("/a//b /c", "redirect from"),
            ("/a/../b /c", "redirect from"),
            ("/a b", "redirect to"),
            ("/a //evil.example", "redirect to"),
            ("/a javascript:x", "redirect to"),
            ("/a http://", "redirect to"),
            ("/a /b*c", "redirect to"),
            ("/a /\u{e4}", "redirect to"),
            ("/a /b/*", "end FROM"),
            ("/a/* https://x.example*", "slash"),
            ("/a /a", "without end"),
            ("/a/* /a/b", "without end"),
            ("/* /x/*", "without end"),
            ("/a /%61?b", "without end"),
        ] {
            let reason = Redirect::read(value).unwrap_err();
            assert!(reason.contains(word), "{value}: {reason}");
        }
    }
}
