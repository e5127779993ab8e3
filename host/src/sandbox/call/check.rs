//! What the host believes of an answer: nothing that has not passed [`wasmhttpd_http::check`].
//!
//! Says there what the contract's types hold. A [`Breach`] costs the request a 500 and the instance
//! its life.

use wasmhttpd_http::check::{self, Extent};

use crate::sandbox::bindings::contract::{Action, Content, Found, Lookup, Parsed, Part, Response};
use crate::sandbox::error::Breach;

/// What the host knows that an answer has to agree with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Bytes of the file that slices are taken from; none when there is no file.
    pub file_octets: Option<u64>,
}

impl Facts {
    /// What was found.
    pub fn of(found: &Found) -> Facts {
        Facts {
            file_octets: match found {
                Found::File(file) => Some(file.size),
                Found::Directory(_) | Found::Nothing(_) => None,
            },
        }
    }
}

/// Checks what `parse` returned.
pub fn parsed(parsed: &Parsed) -> Result<(), Breach> {
    match &parsed.action {
        Action::LookUp(asked) => lookup(asked),
        Action::Answer(answer) => response(answer, Facts { file_octets: None }),
    }
}

fn lookup(lookup: &Lookup) -> Result<(), Breach> {
    let candidates = lookup.candidates.iter().map(String::as_str);
    let fallbacks = lookup.fallbacks.iter().map(|fallback| fallback.path.as_str());
    Ok(check::lookup(candidates, fallbacks)?)
}

/// Checks a response against what is known of the file.
pub fn response(response: &Response, facts: Facts) -> Result<(), Breach> {
    let Response { status, fields, content } = response;
    let content = match content {
        Content::Empty => Extent::Octets(0),
        Content::Text(text) => Extent::Octets(text.len() as u64),
        Content::Octets(octets) => Extent::Octets(octets.len() as u64),
        Content::Slice(slice) => Extent::Slice { start: slice.start, length: slice.length },
        Content::Parts(parts) => {
            check::response(*status, fields, parts.iter().map(extent), facts.file_octets)?;
            return Ok(());
        }
    };
    check::response(*status, fields, [content].into_iter(), facts.file_octets)?;
    Ok(())
}

fn extent(part: &Part) -> Extent {
    match part {
        Part::Text(text) => Extent::Octets(text.len() as u64),
        Part::Slice(slice) => Extent::Slice { start: slice.start, length: slice.length },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::bindings::contract::{Directories, Fallback, Persistence, Slice, Trouble};
    use check::Breach as Broken;

    const FILE: Facts = Facts { file_octets: Some(100) };
    const NO_FILE: Facts = Facts { file_octets: None };

    fn with_content(content: Content, facts: Facts) -> Result<(), Breach> {
        response(&Response { status: 200, fields: String::new(), content }, facts)
    }

    /// The rules have tests where they are; here each kind of content is seen to be under them.
    #[test]
    fn every_kind_of_content_is_checked() {
        let outside = || Slice { start: 100, length: 1 };
        let breach = Err(Breach::Answer(Broken::SliceOutside { start: 100, length: 1, size: 100 }));
        let text = || Part::Text("x".into());
        for (content, facts, expected) in [
            (Content::Empty, NO_FILE, Ok(())),
            (Content::Text("x".into()), NO_FILE, Ok(())),
            (Content::Octets(vec![0]), NO_FILE, Ok(())),
            (Content::Slice(Slice { start: 99, length: 1 }), FILE, Ok(())),
            (
                Content::Slice(Slice { start: 0, length: 0 }),
                NO_FILE,
                Err(Breach::Answer(Broken::SliceOfNothing)),
            ),
            (Content::Slice(outside()), FILE, breach),
            (
                Content::Parts(vec![text(), Part::Slice(Slice { start: 0, length: 1 })]),
                FILE,
                Ok(()),
            ),
        ] {
            assert_eq!(with_content(content, facts), expected);
        }
        let parts = Content::Parts(vec![text(), Part::Slice(outside())]);
        assert!(with_content(parts, FILE).is_err());
        for (content, good) in [
            (Content::Empty, true),
            (Content::Text(String::new()), true),
            (Content::Text("x".into()), false),
            (Content::Octets(vec![0]), false),
            (Content::Slice(Slice { start: 0, length: 1 }), false),
            (Content::Parts(vec![text()]), false),
        ] {
            let answer = Response { status: 304, fields: String::new(), content };
            assert_eq!(response(&answer, FILE).is_ok(), good, "{answer:?}");
        }
    }

    #[test]
    fn what_parse_returns_is_checked() {
        let check = |candidates: &[&str], fallbacks: &[&str]| {
            let lookup = Lookup {
                site: String::new(),
                candidates: candidates.iter().map(ToString::to_string).collect(),
                fallbacks: fallbacks
                    .iter()
                    .map(|path| Fallback { after: Trouble::Missing, path: path.to_string() })
                    .collect(),
                directories: Directories::Find,
            };
            let (action, persistence) = (Action::LookUp(lookup), Persistence::Close);
            parsed(&Parsed { action, persistence }).is_ok()
        };
        assert!(check(&["/a"], &["/b"]));
        assert!(!check(&["a"], &["/b"]) && !check(&["/a"], &["b"]));
        let answer = Response { status: 199, fields: String::new(), content: Content::Empty };
        let (action, persistence) = (Action::Answer(answer), Persistence::Close);
        assert!(parsed(&Parsed { action, persistence }).is_err());
    }
}
