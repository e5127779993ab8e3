//! Why a guest does not serve: the step that it did not pass.

use std::fmt;

use super::source::Source;
use crate::config::Diagnostic;
use crate::registry::PullError;
use crate::sandbox::{LoadError, Step};

/// Why a guest does not serve.
#[derive(Debug)]
pub struct Refusal {
    /// What it did not pass.
    pub step: Step,
    /// What is wrong.
    pub complaints: Vec<Diagnostic>,
}

impl Refusal {
    /// One thing is wrong, which no line of web.conf is to blame for.
    pub fn at(step: Step, reason: impl fmt::Display) -> Refusal {
        let reason = reason.to_string();
        Refusal { step, complaints: vec![Diagnostic { place: None, reason }] }
    }

    /// Says of whom the complaints are that no line of web.conf is to blame for.
    pub fn of(mut self, source: &Source) -> Refusal {
        let what = match self.step {
            Step::Pull => "cannot be pulled",
            Step::Read => "cannot be read",
            _ => "cannot be used",
        };
        for complaint in self.complaints.iter_mut().filter(|complaint| complaint.place.is_none()) {
            complaint.reason = format!("{source} {what}: {}", complaint.reason);
        }
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complaints: Vec<_> = self.complaints.iter().map(ToString::to_string).collect();
        write!(formatter, "refused at the step {}: {}", self.step, complaints.join("; "))
    }
}

impl From<PullError> for Refusal {
    fn from(error: PullError) -> Refusal {
        Refusal::at(Step::Pull, error)
    }
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Refusal {
        Refusal::at(error.step(), error)
    }
}
