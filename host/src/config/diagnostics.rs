//! Everything that is wrong with what the operator asked for, collected before anything is served.

use std::fmt;

use crate::text::one_line;

/// How many letters a word may be off for a suggestion, by Damerau-Levenshtein distance.
const SUGGESTION_DISTANCE_MAX: usize = 2;

/// One complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file complained about and its line, where there is one.
    pub place: Option<(String, u32)>,
    /// What is wrong, and what to try.
    pub reason: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((file, line)) => write!(formatter, "{file}:{line}: {}", self.reason),
            None => formatter.write_str(&self.reason),
        }
    }
}

/// All complaints about one configuration.
#[derive(Debug)]
pub struct Diagnostics {
    file: String,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// `file` is the name shown before the line, as the operator gave it.
    pub fn new(file: impl Into<String>) -> Diagnostics {
        Diagnostics { file: file.into(), list: Vec::new() }
    }

    /// Adds a complaint about a line; line 0 is the command line's, not the file's.
    pub fn at(&mut self, line: u32, reason: impl Into<String>) {
        let place = (line > 0).then(|| (self.file.clone(), line));
        self.list.push(Diagnostic { place, reason: reason.into() });
    }

    /// Adds a complaint that no line is to blame for.
    pub fn general(&mut self, reason: String) {
        self.list.push(Diagnostic { place: None, reason });
    }

    /// Adds complaints that were collected elsewhere.
    pub fn extend(&mut self, complaints: impl IntoIterator<Item = Diagnostic>) {
        self.list.extend(complaints);
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The complaints: those of the file by line, then the others.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        let mut sorted: Vec<_> = self.list.iter().collect();
        sorted.sort_by_key(|diagnostic| match &diagnostic.place {
            Some((_, line)) => *line,
            None => u32::MAX,
        });
        sorted.into_iter()
    }
}

/// `try WORD`, where `word` looks like a misspelling of one of `known`.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let distance = |name: &str| strsim::osa_distance(&word.to_ascii_lowercase(), name);
    let nearest = known.into_iter().min_by_key(|name| distance(name))?;
    let near = distance(nearest) <= SUGGESTION_DISTANCE_MAX.min(nearest.len() / 2);
    near.then(|| format!("try {}", one_line(nearest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelling_gets_a_suggestion_and_a_stranger_does_not() {
        let known = ["timeout", "drain", "index"];
        assert_eq!(suggestion("timout", known).as_deref(), Some("try timeout"));
        assert_eq!(suggestion("Drian", known).as_deref(), Some("try drain"));
        assert_eq!(suggestion("certificate", known), None);
        assert_eq!(suggestion("x", known), None);
    }

    #[test]
    fn complaints_come_in_the_order_of_the_file() {
        let mut diagnostics = Diagnostics::new("w");
        diagnostics.general("port".into());
        diagnostics.at(7, "b");
        diagnostics.at(2, "a");
        let all: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["w:2: a", "w:7: b", "port"]);
    }
}
