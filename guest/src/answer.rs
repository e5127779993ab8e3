//! Making answers and changing them, for rules that stand in front of a site.
//!
//! The site itself writes its fields in one piece; a rule has a few, and names them.

use crate::contract::{Content, Response, SettingHelp};
use crate::field;
use crate::page;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Response {
    /// An answer without fields or content.
    pub fn new(status: u16) -> Self {
        Self { status, fields: String::new(), content: Content::Empty }
    }

    /// An answer with a page that looks like every other one of the site's errors, in these words.
    pub fn page(status: u16, reason: &str, sentence: &str) -> Self {
        page::explained(status, &escaped(reason), &escaped(sentence), String::new())
    }

    /// A redirect to an address, with the site's page for those whose browser does not follow.
    /// `location` is sent as it is; see [`Response::with`].
    pub fn redirect(status: u16, location: &str) -> Self {
        page::redirect(status, sendable(location), None)
    }

    /// The answer with plain text as its content.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.content = Content::Text(text.into());
        self.with("Content-Type", "text/plain; charset=utf-8")
    }

    /// The answer with one more field.
    ///
    /// A character that no field value may have (RFC 9110, section 5.5), such as a line end, is
    /// sent as `?`: what a client said cannot become a field of its own. A name that is no token
    /// adds nothing.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.add(name, value);
        self
    }

    /// Adds a field; see [`Response::with`].
    pub fn add(&mut self, name: &str, value: &str) {
        if field::is_token(name.as_bytes()) {
            self.fields.extend([name, ": ", &*sendable(value), "\r\n"]);
        }
    }

    /// Gives a field one value, in place of those that it had.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.add(name, value);
    }

    /// Removes a field.
    pub fn remove(&mut self, name: &str) {
        let lines: Vec<&str> = self.fields.split_inclusive("\r\n").collect();
        let kept = lines.iter().filter(|line| value_of(line, name).is_none());
        self.fields = kept.copied().collect();
    }

    /// The value of the first line of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.split_inclusive("\r\n").find_map(|line| value_of(line, name))
    }
}

impl SettingHelp {
    /// What is said of a parameter: its name, what to write as its value, the value in force when
    /// it is not set (empty when there is none), and one sentence without its full stop.
    pub fn new(name: &str, value: &str, default: &str, summary: &str) -> Self {
        Self {
            name: name.to_string(),
            value: value.to_string(),
            default: default.to_string(),
            summary: summary.to_string(),
        }
    }
}

/// The value of a field line, if it is of that field.
fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (other, value) = line.split_once(':')?;
    other.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

/// A field value of the text.
fn sendable(text: &str) -> String {
    let sendable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    text.trim_ascii().chars().map(sendable).collect()
}

/// Text as HTML has it.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_added_replaced_and_removed() {
        let mut response = Response::new(200).with("Vary", "A").with("vary", "B").with("X", "1");
        assert_eq!(response.fields, "Vary: A\r\nvary: B\r\nX: 1\r\n");
        assert_eq!((response.field("VARY"), response.field("Va")), (Some("A"), None));
        response.set("x", "2");
        assert_eq!(response.field("X"), Some("2"));
        response.remove("Vary");
        assert_eq!(response.fields, "x: 2\r\n");
    }

    #[test]
    fn no_value_makes_another_field() {
        let response = Response::new(200).with("A", " b\r\nC: d\0\u{e4} ").with("no token", "x");
        assert_eq!(response.fields, "A: b??C: d??\r\n");
        assert_eq!(Response::redirect(302, "/a\r\nB: c").field("B"), None);
    }

    #[test]
    fn pages_are_in_ones_own_words() {
        let response = Response::page(503, "Closed", "Back <soon> & well.");
        let Content::Text(text) = &response.content else { panic!("{response:?}") };
        assert!(
            text.contains("Closed") && text.contains("Back &lt;soon&gt; &amp; well."),
            "{text}"
        );
        assert_eq!(response.field("Content-Type"), Some("text/html; charset=utf-8"));
    }
}
