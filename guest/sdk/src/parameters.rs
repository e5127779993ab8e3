//! What web.conf says to a rule, and what the rule says back.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use wasmhttpd_guest::contract::{Problem, Setting};
use wasmhttpd_guest::pattern::Pattern;

/// The `parameter NAME VALUE` lines of a rule, and the complaints about them.
///
/// A line is read by a function from its value to what it stands for, or to what would be right.
/// What is complained about is shown behind `web.conf:LINE:`, all of it together, and the guest
/// serves nobody.
///
/// ```
/// use wasmhttpd_sdk::contract::Setting;
/// use wasmhttpd_sdk::parameters::{self, Parameters};
///
/// let line = |line, value: &str| Setting { line, name: "size".into(), value: value.into() };
/// let lines = [line(1, "2"), line(2, "many")];
/// let mut parameters = Parameters::new(&lines);
/// assert_eq!(parameters.all("size", parameters::number(0..=9)), [2]);
/// assert_eq!(parameters.into_problems()[0].line, 2);
/// ```
#[derive(Debug)]
pub struct Parameters<'a> {
    lines: &'a [Setting],
    problems: Vec<Problem>,
}

impl<'a> Parameters<'a> {
    /// Those lines.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::Setting;
    /// use wasmhttpd_sdk::parameters::{self, Parameters};
    ///
    /// let line = |line, value: &str| Setting { line, name: "size".into(), value: value.into() };
    /// let lines = [line(1, "2")];
    /// assert!(Parameters::new(&lines).into_problems().is_empty());
    /// ```
    pub fn new(lines: &'a [Setting]) -> Self {
        Self { lines, problems: Vec::new() }
    }

    /// What every line of a parameter stands for, in the order of the file.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::Setting;
    /// use wasmhttpd_sdk::parameters::{self, Parameters};
    ///
    /// let line = |line, value: &str| Setting { line, name: "size".into(), value: value.into() };
    /// let lines = [line(1, "2"), line(2, "3")];
    /// let mut parameters = Parameters::new(&lines);
    /// assert_eq!(parameters.all("size", parameters::number(0..=9)), [2, 3]);
    /// ```
    pub fn all<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for line in self.lines.iter().filter(|line| line.name == name) {
            match read(line.value.trim_ascii()) {
                Ok(value) => values.push(value),
                Err(reason) => self.problems.push(Problem { line: line.line, reason }),
            }
        }
        values
    }

    /// What the last line of a parameter stands for; none when it is not set.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::Setting;
    /// use wasmhttpd_sdk::parameters::{self, Parameters};
    ///
    /// let line = |line, value: &str| Setting { line, name: "size".into(), value: value.into() };
    /// let lines = [line(1, "2"), line(2, "3")];
    /// let mut parameters = Parameters::new(&lines);
    /// assert_eq!(parameters.last("size", parameters::number(0..=9)), Some(3));
    /// assert_eq!(parameters.last("colour", parameters::text), None);
    /// ```
    pub fn last<T>(
        &mut self,
        name: &str,
        read: impl FnMut(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.all(name, read).pop()
    }

    /// Complains about the last line of a parameter, or about its absence.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::Setting;
    /// use wasmhttpd_sdk::parameters::{self, Parameters};
    ///
    /// let line = |line, value: &str| Setting { line, name: "size".into(), value: value.into() };
    /// let lines = [line(7, "2")];
    /// let mut parameters = Parameters::new(&lines);
    /// parameters.complain("size", "too small (try 3)");
    /// assert_eq!(parameters.into_problems()[0].line, 7);
    /// ```
    pub fn complain(&mut self, name: &str, reason: impl Into<String>) {
        let line = self.lines.iter().rfind(|line| line.name == name).map_or(0, |line| line.line);
        self.problems.push(Problem { line, reason: reason.into() });
    }

    /// What was complained about.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::Setting;
    /// use wasmhttpd_sdk::parameters::{self, Parameters};
    ///
    /// let line = |line, value: &str| Setting { line, name: "size".into(), value: value.into() };
    /// let lines = [line(1, "")];
    /// let mut parameters = Parameters::new(&lines);
    /// parameters.last("size", parameters::text);
    /// assert_eq!(parameters.into_problems()[0].reason, "a value is missing");
    /// ```
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// Reads `on` or `off`.
///
/// # Errors
/// For anything else.
///
/// ```
/// use wasmhttpd_sdk::parameters::switch;
///
/// assert_eq!(switch("on"), Ok(true));
/// assert!(switch("yes").is_err());
/// ```
pub fn switch(value: &str) -> Result<bool, String> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(["\"", other, "\" is neither on nor off"].concat()),
    }
}

/// Reads a pattern of paths, such as `/private/*`: see [`Pattern`].
///
/// # Errors
/// For what could never cover a path.
///
/// ```
/// use wasmhttpd_sdk::parameters::pattern;
///
/// assert!(pattern("/private/*").unwrap().covers("/private/key"));
/// assert!(pattern("private").is_err());
/// ```
pub fn pattern(value: &str) -> Result<Pattern, String> {
    let wrong = || {
        let is_wrong = "\" is no pattern of paths (try /private/*, or *.pdf)";
        ["\"", value, is_wrong].concat()
    };
    Pattern::read(value).filter(|_| !value.contains([' ', '\t'])).ok_or_else(wrong)
}

/// Reads a whole number within these bounds.
///
/// # Errors
/// For anything else.
///
/// ```
/// use wasmhttpd_sdk::parameters::number;
///
/// assert_eq!(number(1..=5)("3"), Ok(3));
/// assert!(number(1..=5)("6").is_err());
/// ```
pub fn number(bounds: RangeInclusive<u64>) -> impl Fn(&str) -> Result<u64, String> {
    move |value| {
        let number = value.parse().ok().filter(|number| bounds.contains(number));
        number.ok_or_else(|| {
            let (low, high) = (bounds.start().to_string(), bounds.end().to_string());
            ["\"", value, "\" is no whole number from ", &low, " to ", &high].concat()
        })
    }
}

/// Reads any text but none.
///
/// # Errors
/// For an empty value.
///
/// ```
/// use wasmhttpd_sdk::parameters::text;
///
/// assert_eq!(text("a b"), Ok("a b".to_owned()));
/// assert!(text("").is_err());
/// ```
pub fn text(value: &str) -> Result<String, String> {
    if value.is_empty() { Err("a value is missing".into()) } else { Ok(value.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(values: &[&str]) -> Vec<Setting> {
        let line = |(index, value): (usize, &&str)| Setting {
            line: index as u32 + 1,
            name: "size".into(),
            value: value.to_string(),
        };
        values.iter().enumerate().map(line).collect()
    }

    #[test]
    fn lines_are_read_and_the_last_one_holds() {
        let lines = lines(&["1", " 2 "]);
        let mut parameters = Parameters::new(&lines);
        assert_eq!(parameters.all("size", number(0..=2)), [1, 2]);
        assert_eq!(parameters.last("size", number(0..=2)), Some(2));
        assert_eq!(parameters.last("other", text), None);
        assert_eq!(parameters.into_problems(), []);
    }

    #[test]
    fn problems_have_the_line_they_are_about() {
        let lines = lines(&["1", "x", "3", "2"]);
        let mut parameters = Parameters::new(&lines);
        assert_eq!(parameters.all("size", number(1..=2)), [1, 2]);
        parameters.complain("size", "too many");
        parameters.complain("other", "missing");
        let problems = parameters.into_problems();
        assert_eq!(problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3, 4, 0]);
        assert_eq!(problems[1].reason, "\"3\" is no whole number from 1 to 2");
    }

    #[test]
    fn values_are_read_or_refused() {
        assert_eq!((switch("on"), switch("off")), (Ok(true), Ok(false)));
        assert!(switch("yes").unwrap_err().contains("neither"));
        assert!(pattern("/a/*").unwrap().covers("/a/b"));
        for wrong in ["", "a", "/%zz", "/a /b"] {
            assert!(pattern(wrong).unwrap_err().contains("try"), "{wrong}");
        }
        assert_eq!((text("a b"), text("").is_err()), (Ok("a b".into()), true));
        assert!(["", "-1", "1.0", "3"].iter().all(|wrong| number(1..=2)(wrong).is_err()));
    }
}
