//! The files that a path may stand for: index files of a directory, and the forms in which each of
//! them may be kept.
//!
//! `parse` lists them, and `respond` learns by a number which of them there was.

use crate::negotiation::{Coding, Codings, SUFFIX_OCTETS_MAX};
use alloc::string::String;
use alloc::vec::Vec;

/// The candidates of a path.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    path: &'a str,
    index: &'a [String],
    codings: Codings,
}

/// A file by name, in one of its forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// What stands before `name`: empty where that is the whole path.
    pub folder: &'a str,
    /// The name of the file as it is, or its whole path.
    pub name: &'a str,
    /// The form.
    pub coding: Coding,
}

impl Candidate<'_> {
    /// The path of the file as it is.
    pub fn path(&self) -> String {
        [self.folder, self.name].concat()
    }
}

impl<'a> Candidates<'a> {
    /// Of a path; one that ends with a slash is a directory's and stands for its index files.
    pub fn new(path: &'a str, index: &'a [String], codings: Codings) -> Self {
        Self { path, index, codings }
    }

    /// Whether the path is a directory's.
    pub fn is_directory(&self) -> bool {
        self.path.ends_with('/')
    }

    /// The length of the longest candidate, at most.
    pub fn octets_max(&self) -> usize {
        let suffix = if self.codings.order().len() > 1 { SUFFIX_OCTETS_MAX } else { 0 };
        let added = if self.is_directory() {
            self.index.iter().map(|name| name.len() + suffix).max().unwrap_or(0)
        } else {
            suffix.max(1)
        };
        self.path.len() + added
    }

    /// All of them, in the order in which they are to be tried; the directory is the last one.
    pub fn list(&self) -> Vec<String> {
        let mut list = Vec::with_capacity(self.count_max());
        self.push_files(&mut list);
        list.push(match self.is_directory() {
            true => self.path.into(),
            // Of nearly every request: a good deal less to do than `concat` makes of it.
            false => {
                let mut directory = String::with_capacity(self.path.len() + 1);
                directory.push_str(self.path);
                directory.push('/');
                directory
            }
        });
        list
    }

    /// All but the directory.
    pub fn list_files(&self) -> Vec<String> {
        let mut list = Vec::new();
        self.push_files(&mut list);
        list
    }

    fn push_files(&self, list: &mut Vec<String>) {
        if !self.is_directory() {
            for &form in forms_of(self.path, &self.codings) {
                list.push(match form {
                    Coding::Identity => self.path.into(),
                    form => [self.path, form.suffix()].concat(),
                });
            }
            return;
        }
        for name in self.index {
            for form in forms_of(name, &self.codings) {
                list.push([self.path, name, form.suffix()].concat());
            }
        }
    }

    /// How many there are, at most.
    fn count_max(&self) -> usize {
        let names = if self.is_directory() { self.index.len() } else { 1 };
        names * self.codings.order().len() + 1
    }

    /// The file that a number stands for; none for the directory, and for what is no candidate.
    pub fn get(&self, number: u32) -> Option<Candidate<'a>> {
        let mut number = number as usize;
        if !self.is_directory() {
            let coding = *forms_of(self.path, &self.codings).get(number)?;
            return Some(Candidate { folder: "", name: self.path, coding });
        }
        for name in self.index {
            let forms = forms_of(name, &self.codings);
            if let Some(&coding) = forms.get(number) {
                return Some(Candidate { folder: self.path, name, coding });
            }
            number -= forms.len();
        }
        None
    }
}

/// The forms in which a file may be kept. What has no extension has only one: `docs.gz` beside the
/// directory `docs` is no form of it. Neither has a form itself.
fn forms_of<'a>(name: &str, codings: &'a Codings) -> &'a [Coding] {
    if codings.order().len() > 1 && may_vary(name) { codings.order() } else { &[Coding::Identity] }
}

/// Whether what a client says of codings may change the answer about a file.
pub fn may_vary(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    let is_form = [Coding::Brotli, Coding::Zstandard, Coding::Gzip]
        .iter()
        .any(|coding| name.ends_with(coding.suffix()));
    name.contains('.') && !is_form
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec;

    const BR_GZIP: &[u8] = b"gzip, br";

    #[track_caller]
    fn candidates(path: &str, index: &[&str], accepted: &[u8], expected: &[&str]) {
        let index: Vec<_> = index.iter().map(ToString::to_string).collect();
        let codings = match accepted {
            b"" => Codings::IDENTITY,
            _ => Codings::read([accepted].into_iter()),
        };
        let candidates = Candidates::new(path, &index, codings);
        let list = candidates.list();
        assert_eq!(list, expected);
        assert!(list.iter().all(|path| path.len() <= candidates.octets_max()));
        for (number, path) in list.iter().enumerate() {
            let candidate = candidates.get(number as u32);
            let again = candidate.map(|candidate| {
                [candidate.folder, candidate.name, candidate.coding.suffix()].concat()
            });
            assert_eq!(again.as_ref(), Some(path).filter(|path| !path.ends_with('/')));
        }
        for number in [list.len() as u32, u32::MAX] {
            assert_eq!(candidates.get(number), None);
        }
    }

    #[test]
    fn a_path_is_a_file_or_else_a_directory() {
        candidates("/a", &["index.html"], b"", &["/a", "/a/"]);
        candidates("/a.html", &["index.html"], b"", &["/a.html", "/a.html/"]);
        candidates("/", &["index.html"], b"", &["/index.html", "/"]);
        candidates("/a/", &["b", "c.htm"], b"", &["/a/b", "/a/c.htm", "/a/"]);
    }

    #[test]
    fn forms_are_tried_in_the_order_of_the_client() {
        candidates("/a.html", &[], BR_GZIP, &["/a.html.br", "/a.html.gz", "/a.html", "/a.html/"]);
        candidates(
            "/a/",
            &["index.html", "home", "b.htm"],
            b"zstd",
            &["/a/index.html.zst", "/a/index.html", "/a/home", "/a/b.htm.zst", "/a/b.htm", "/a/"],
        );
        candidates("/a.js", &[], b"gzip;q=0.1, identity", &["/a.js", "/a.js.gz", "/a.js/"]);
    }

    #[test]
    fn what_has_no_extension_has_no_forms_and_neither_has_a_form() {
        candidates("/docs", &[], BR_GZIP, &["/docs", "/docs/"]);
        candidates("/v1.2/docs", &[], BR_GZIP, &["/v1.2/docs", "/v1.2/docs/"]);
        for name in ["/a.tar.gz", "/a.br", "/a.zst"] {
            candidates(name, &[], BR_GZIP, &[name, &[name, "/"].concat()]);
        }
    }

    #[test]
    fn three_index_names_in_four_forms_are_within_the_contract() {
        let index = vec!["a.html".to_string(); crate::settings::INDEX_NAMES_IN_FORMS_MAX];
        let codings = Codings::read([&b"*"[..]].into_iter());
        assert_eq!(Candidates::new("/", &index, codings).list().len(), 13);
    }
}
