//! Redirects and rewrites: `parameter rewrite FROM TO [STATUS]`, where one `*` in FROM stands for
//! any octets and goes along into TO.
//!
//! The first line that covers a path holds. With a status the client is sent to the new address,
//! with its query; without one the site answers as if that had been asked for.

use wasmhttpd_sdk::{Context, Parameters, Request, Response, Rule, SettingHelp, Verdict, request};

/// The status codes of redirects (RFC 9110, section 15.4).
const STATUSES: [&str; 5] = ["301", "302", "303", "307", "308"];

/// The lines of web.conf, in their order.
#[derive(Debug, Default)]
pub struct Rewrites {
    lines: Vec<Line>,
}

#[cfg(not(feature = "middleware"))]
wasmhttpd_sdk::guest!(Rewrites);
#[cfg(feature = "middleware")]
wasmhttpd_sdk::middleware!(Rewrites);

impl Rule for Rewrites {
    fn settings() -> Vec<SettingHelp> {
        let summary = "Answers as if another path had been asked for, or with a STATUS such as 301 sends the client there; one * in FROM goes along into TO, as in /users/*/profile /profiles/*.html; the first line that covers a path holds";
        vec![SettingHelp::new("rewrite", "FROM TO [STATUS]", "", summary)]
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        Self { lines: parameters.all("rewrite", Line::read) }
    }

    fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
        let lines = self.lines.iter();
        let Some((line, target)) =
            lines.filter_map(|line| Some((line, line.target(request)?))).next()
        else {
            return Verdict::Pass;
        };
        match line.status {
            Some(status) => Verdict::Answer(Response::redirect(status, &target)),
            None => Verdict::Rewrite(target),
        }
    }
}

/// One line.
#[derive(Debug)]
struct Line {
    /// What is in front of the asterisk in a decoded path, and behind it; without an asterisk, all
    /// of it and nothing.
    from: (String, Option<String>),
    /// What is in front of the asterisk in an address, and behind it.
    to: (String, Option<String>),
    status: Option<u16>,
}

impl Line {
    /// Reads `FROM TO [STATUS]`, or says what would be right.
    fn read(value: &str) -> Result<Self, String> {
        let words: Vec<_> = value.split_ascii_whitespace().collect();
        let (from_word, to_word, status) = match *words {
            [from, to] => (from, to, None),
            [from, to, status] if STATUSES.contains(&status) => (from, to, status.parse().ok()),
            [_, _, status] => {
                return Err(format!(
                    "\"{status}\" is no status of a redirect (try 301, 302, 303, 307 or 308, or none)"
                ));
            }
            _ => return Err("rewrite takes FROM TO [STATUS] (try /old/* /new/* 301)".into()),
        };
        let from = cut(from_word).filter(|_| from_word.starts_with('/')).and_then(decoded);
        let from = from.ok_or_else(|| {
            format!("\"{from_word}\" is no path (try /old/*: a slash in front, one * at most)")
        })?;
        let to = cut(to_word).filter(|(start, _)| is_address(start, status.is_some()));
        let to = to.ok_or_else(|| {
            format!(
                "\"{to_word}\" is no address (try /new/*, or with a status https://example.org/*)"
            )
        })?;
        if to.1.is_some() && from.1.is_none() {
            return Err(format!(
                "nothing stands for the * in \"{to_word}\" (try one in FROM, too)"
            ));
        }
        let line = Self { from, to, status };
        let example = line.address("x");
        let end = example.find(['?', '#']).unwrap_or(example.len());
        if status.is_some() && line.rest(&example[..end]).is_some() {
            return Err(format!("\"{to_word}\" would be redirected again, without end"));
        }
        Ok(line)
    }

    /// Where a request leads to, if it is one of this line.
    fn target(&self, request: &Request<'_>) -> Option<String> {
        let mut target = self.address(&request::escaped(self.rest(request.path())?));
        if let Some(query) = request.query().filter(|_| !target.contains(['?', '#'])) {
            target.push('?');
            target.push_str(query);
        }
        Some(target)
    }

    /// What stands for the asterisk in a path that is covered.
    fn rest<'a>(&self, path: &'a str) -> Option<&'a str> {
        match (&*self.from.0, &self.from.1) {
            (start, Some(end)) => path.strip_prefix(start)?.strip_suffix(&**end),
            (whole, None) => (path == whole).then_some(""),
        }
    }

    fn address(&self, rest: &str) -> String {
        let (start, end) = (&*self.to.0, &self.to.1);
        // Two slashes would name another host.
        let rest = if start.ends_with('/') { rest.trim_start_matches('/') } else { rest };
        match end {
            Some(end) => [start, rest, end].concat(),
            None => start.into(),
        }
    }
}

/// A word at its asterisk, if it has one; none if it has more.
fn cut(word: &str) -> Option<(String, Option<String>)> {
    let (start, end) = match word.split_once('*') {
        Some((start, end)) => (start, Some(end.to_owned())),
        None => (word, None),
    };
    (!end.as_ref().is_some_and(|end| end.contains('*'))).then(|| (start.into(), end))
}

fn decoded((start, end): (String, Option<String>)) -> Option<(String, Option<String>)> {
    let end = match end {
        Some(end) => Some(request::unescaped(&end)?),
        None => None,
    };
    Some((request::unescaped(&start)?, end))
}

/// Whether an address may start so: a path, or for a redirect also an absolute URI, whose host is
/// told before any asterisk.
fn is_address(start: &str, is_redirect: bool) -> bool {
    if start.starts_with('/') {
        return !start.starts_with("//");
    }
    let rest = ["http://", "https://"].iter().find_map(|scheme| start.strip_prefix(scheme));
    is_redirect && rest.and_then(|rest| rest.find('/')).is_some_and(|slash| slash > 0)
}

#[cfg(test)]
mod tests;
