//! Fields that the operator adds to answers, by the path of what is answered.
//!
//! Of several lines for one field the last that covers a path holds, so that what is said of all
//! paths can be said first. A line without a value leaves the field out.

use crate::pattern::Pattern;
use alloc::string::String;
use alloc::vec::Vec;

/// What is said of a field, for the paths of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The paths.
    pub pattern: Pattern,
    /// The field's name, as it is written.
    pub name: String,
    /// The field's value; empty to leave it out.
    pub value: String,
}

/// The rules of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraFields {
    rules: Vec<Rule>,
    /// What they come to for every path, where no path differs from another.
    everywhere: Option<String>,
}

impl ExtraFields {
    /// The rules in the order in which they were written.
    pub fn new(rules: Vec<Rule>) -> Self {
        let alike = rules.iter().all(|rule| rule.pattern.is_any());
        let mut fields = Self { rules, everywhere: None };
        if alike {
            let mut everywhere = String::new();
            fields.push_for("", &mut everywhere);
            fields.everywhere = Some(everywhere);
        }
        fields
    }

    /// The length of what is added, where that is known beforehand.
    pub fn octets(&self) -> usize {
        self.everywhere.as_ref().map_or(0, String::len)
    }

    /// Appends the fields for a path, which is told only where it matters.
    pub fn push(&self, fields: &mut String, path: impl FnOnce() -> String) {
        match &self.everywhere {
            Some(everywhere) => fields.push_str(everywhere),
            None => self.push_for(&path(), fields),
        }
    }

    fn push_for(&self, path: &str, fields: &mut String) {
        for (number, rule) in self.rules.iter().enumerate() {
            let later = &self.rules[number + 1..];
            let holds = rule.pattern.covers(path)
                && !later.iter().any(|later| {
                    later.name.eq_ignore_ascii_case(&rule.name) && later.pattern.covers(path)
                });
            if holds && !rule.value.is_empty() {
                for piece in [&*rule.name, ": ", &*rule.value, "\r\n"] {
                    fields.push_str(piece);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extra(rules: &[(&str, &str, &str)]) -> ExtraFields {
        let rule = |&(pattern, name, value): &(&str, &str, &str)| Rule {
            pattern: Pattern::read(pattern).unwrap(),
            name: name.into(),
            value: value.into(),
        };
        ExtraFields::new(rules.iter().map(rule).collect())
    }

    fn fields(extra: &ExtraFields, path: &str) -> String {
        let mut fields = String::new();
        extra.push(&mut fields, || path.into());
        fields
    }

    #[test]
    fn the_last_line_that_covers_a_path_holds() {
        let extra =
            extra(&[("*", "A", "1"), ("*", "B", "1"), ("*.html", "a", "2"), ("/x*", "B", "")]);
        assert_eq!(fields(&extra, "/y"), "A: 1\r\nB: 1\r\n");
        assert_eq!(fields(&extra, "/y.html"), "B: 1\r\na: 2\r\n");
        assert_eq!(fields(&extra, "/x"), "A: 1\r\n");
        assert_eq!(fields(&extra, "/x.html"), "a: 2\r\n");
        assert_eq!(extra.octets(), 0);
    }

    #[test]
    fn where_all_paths_are_alike_none_is_asked_for() {
        let extra = extra(&[("*", "A", "1"), ("*", "B", "1"), ("*", "A", "")]);
        let mut fields = String::new();
        extra.push(&mut fields, || panic!("nobody needs the path"));
        assert_eq!(fields, "B: 1\r\n");
        assert_eq!(extra.octets(), fields.len());
    }
}
