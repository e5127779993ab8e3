//! Two guests and the same request: what each answers, and in what they differ.
//!
//! Owns the instances and document roots for that, which no worker shares. Rehearsals and shadows
//! are made of it.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::player::{Finding, Played, Player, request_line};
use crate::exchange::{Recorded, Seen};
use crate::files::Roots;
use crate::sandbox::contract::{Content, Context, Part, Slice};
use crate::sandbox::{CallFailed, Generation, Sandbox, octets_as_text};

/// How the answers of two guests to the same requests differed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// Requests asked.
    pub requests: u64,
    /// Answers with another status.
    pub status: u64,
    /// Answers with other fields.
    pub fields: u64,
    /// Answers with other content.
    pub content: u64,
    /// Requests that the serving guest failed at, so that there was nothing to compare.
    pub serving_failed: u64,
    /// Requests that the candidate failed at.
    pub failed: u64,
    /// The first request that was answered otherwise, and how.
    pub example: Option<String>,
}

/// A candidate beside the serving guest.
pub struct Comparison {
    serving: Sandbox,
    candidate: Sandbox,
    roots: Roots,
    report: Report,
}

impl Comparison {
    /// Compares `candidate` with `serving` on the files beneath `roots`.
    pub fn new(serving: &Arc<Generation>, candidate: &Arc<Generation>, roots: Roots) -> Comparison {
        let sandbox = |generation| Sandbox::new(Arc::clone(generation), false, 0);
        Comparison {
            serving: sandbox(serving),
            candidate: sandbox(candidate),
            roots,
            report: Report::default(),
        }
    }

    /// What came out so far.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Asks both guests the same. `number` is the generation that serves.
    pub fn ask_recorded(&mut self, recorded: &Recorded, number: u64) -> Result<(), CallFailed> {
        let finding = match &recorded.seen {
            Seen::Found(found) if recorded.number == number => Finding::Kept(found),
            _ => Finding::Real,
        };
        self.ask(&recorded.head, recorded.context(), finding)
    }

    /// Asks both guests the same.
    ///
    /// # Errors
    /// When the candidate failed, and the serving guest did not.
    pub fn ask(
        &mut self,
        head: &[u8],
        context: Context,
        finding: Finding<'_>,
    ) -> Result<(), CallFailed> {
        self.report.requests += 1;
        let text = octets_as_text(head);
        let mut ask = |sandbox: &mut Sandbox, known| {
            Player { sandbox, roots: &mut self.roots, head: &text, context, finding }.play(known)
        };
        let serving = ask(&mut self.serving, None);
        let known = serving.as_ref().ok().and_then(|played| played.look.as_ref());
        let candidate = ask(&mut self.candidate, known);
        match (serving, candidate) {
            (Ok(serving), Ok(candidate)) => self.compare(head, &serving, &candidate),
            (Err(_), Ok(_)) => self.report.serving_failed += 1,
            (Err(_), Err(_)) => {
                self.report.serving_failed += 1;
                self.report.failed += 1;
            }
            (Ok(_), Err(failed)) => {
                self.report.failed += 1;
                return Err(failed);
            }
        }
        Ok(())
    }

    fn compare(&mut self, head: &[u8], serving: &Played, candidate: &Played) {
        let (old, new) = (&serving.response, &candidate.response);
        let status = old.status != new.status;
        let fields = old.fields != new.fields;
        let content = !is_same_content(&old.content, &new.content)
            || has_slices(&new.content) && serving.file != candidate.file;
        let report = &mut self.report;
        report.status += u64::from(status);
        report.fields += u64::from(fields);
        report.content += u64::from(content);
        if report.example.is_none() && (status || fields || content) {
            let what = match () {
                () if status => format!("{} becomes {}", old.status, new.status),
                () if fields => "other fields".into(),
                () => "other content".into(),
            };
            report.example = Some(format!("`{}`: {what}", request_line(head)));
        }
    }
}

impl Report {
    /// Whether anything was answered otherwise.
    pub fn is_different(&self) -> bool {
        self.status + self.fields + self.content > 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} requests", self.requests)?;
        match (&self.example, self.is_different()) {
            (Some(example), true) => write!(
                formatter,
                ", differences: {} in status, {} in fields, {} in content, such as {example}",
                self.status, self.fields, self.content
            )?,
            _ => formatter.write_str(", no difference")?,
        }
        if self.failed > 0 {
            write!(formatter, ", {} failed", self.failed)?;
        }
        if self.serving_failed > 0 {
            write!(formatter, ", {} at which the serving guest fails", self.serving_failed)?;
        }
        Ok(())
    }
}

fn is_same_content(one: &Content, other: &Content) -> bool {
    let is_same_slice =
        |one: &Slice, other: &Slice| (one.start, one.length) == (other.start, other.length);
    match (one, other) {
        (Content::Empty, Content::Empty) => true,
        (Content::Text(one), Content::Text(other)) => one == other,
        (Content::Octets(one), Content::Octets(other)) => one == other,
        (Content::Slice(one), Content::Slice(other)) => is_same_slice(one, other),
        (Content::Parts(one), Content::Parts(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|pair| match pair {
                    (Part::Text(one), Part::Text(other)) => one == other,
                    (Part::Slice(one), Part::Slice(other)) => is_same_slice(one, other),
                    _ => false,
                })
        }
        _ => false,
    }
}

fn has_slices(content: &Content) -> bool {
    match content {
        Content::Slice(_) => true,
        Content::Parts(parts) => parts.iter().any(|part| matches!(part, Part::Slice(_))),
        Content::Empty | Content::Text(_) | Content::Octets(_) => false,
    }
}
