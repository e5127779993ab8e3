//! Patterns of paths in the configuration: `/assets/*`, `*.html`.
//!
//! A pattern covers a decoded path from its first octet to its last; `*` stands for any octets, of
//! any number, slashes among them.

use crate::path;
use alloc::string::String;
use alloc::vec::Vec;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What stands between the asterisks: one piece where there is none.
    pieces: Vec<String>,
}

impl Pattern {
    /// The pattern that covers every path.
    pub fn any() -> Self {
        Self { pieces: [String::new(), String::new()].into() }
    }

    /// Whether a word of the configuration is meant as a pattern.
    pub fn is_meant(word: &str) -> bool {
        word.starts_with(['/', '*'])
    }

    /// Reads a pattern; escapes such as `%20` stand for what they stand for in an address. None if
    /// it could never cover a path.
    pub fn read(word: &str) -> Option<Self> {
        if !Self::is_meant(word) {
            return None;
        }
        let mut pieces = Vec::new();
        for piece in word.split('*') {
            pieces.push(path::unescape_text(piece)?);
        }
        Some(Self { pieces })
    }

    /// Whether it covers every path.
    pub fn is_any(&self) -> bool {
        self.pieces.len() > 1 && self.pieces.iter().all(String::is_empty)
    }

    /// Whether it covers a path.
    pub fn covers(&self, path: &str) -> bool {
        let [first, others @ ..] = &*self.pieces else { return false };
        let Some(mut rest) = path.strip_prefix(&**first) else { return false };
        let [middle @ .., last] = others else { return rest.is_empty() };
        // The first place of each piece leaves the most for those behind it.
        for piece in middle {
            let Some(at) = rest.find(&**piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(&**last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn covers(pattern: &str, yes: &[&str], no: &[&str]) {
        let read = Pattern::read(pattern).unwrap();
        for path in yes {
            assert!(read.covers(path), "{pattern} {path}");
        }
        for path in no {
            assert!(!read.covers(path), "{pattern} {path}");
        }
    }

    #[test]
    fn without_an_asterisk_it_covers_itself() {
        covers("/a.html", &["/a.html"], &["/", "/a.htm", "/a.html/", "/b/a.html", ""]);
    }

    #[test]
    fn an_asterisk_stands_for_anything() {
        covers("*", &["/", "/a", "/a/b.c", ""], &[]);
        covers("/a/*", &["/a/", "/a/b", "/a/b/c"], &["/a", "/b/a/"]);
        covers("*.html", &["/.html", "/a.html", "/a/b.html"], &["/a.html/", "/a.htm", "html"]);
        covers("/a*b*c", &["/abc", "/a/b/c", "/abbc", "/abcbc"], &["/ac", "/abcb", "/acb"]);
        covers("/a*a", &["/aa", "/aba"], &["/a"]);
        covers("*a*a*", &["/aa", "/xaxax"], &["/a", "/xax"]);
        covers("/a**b", &["/ab", "/axb"], &["/a"]);
    }

    #[test]
    fn it_is_written_as_in_an_address() {
        covers("/a%20b/*", &["/a b/c"], &["/a%20b/c"]);
        covers("/%2a", &["/*"], &["/a"]);
        for wrong in ["", "a", "a*", "/%", "/%zz", "/%ff", "/%00"] {
            assert_eq!(Pattern::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn any() {
        assert!(Pattern::any().is_any() && Pattern::any().covers("/a"));
        assert!(Pattern::read("**").unwrap().is_any());
        assert!(!Pattern::read("/*").unwrap().is_any());
    }
}
