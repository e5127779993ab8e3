//! Events: all that the swapper reacts to.

use super::command::{Command, Reply};
use super::probation::Failure;
use super::pulls::Arrival;
use super::work::Done;

/// See the module.
pub enum Event {
    /// A command of an operator, or a signal that stands for one.
    Command {
        /// The command.
        command: Command,
        /// Where its outcome is sent.
        reply: Reply,
    },
    /// Something happened near the file of web.conf's guest.
    FileNews,
    /// A pull has ended.
    Pulled(Arrival),
    /// A stage of a job has ended.
    Done {
        /// The job's number.
        job: u64,
        /// Its result.
        done: Done,
    },
    /// A generation has failed during its probation.
    ProbationFailed(Failure),
    /// Nothing happened before something was due.
    Tick,
}
