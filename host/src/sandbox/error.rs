//! What can go wrong with a guest, by name.

use std::fmt;
use std::time::Duration;

use wasmtime::Trap;

use super::bindings::contract::Problem;
use super::names::{HANDLER, WORLD};
use crate::text::one_line;

/// A call that failed, and cost its request a 500. The first word of each message names the cause
/// in the log.
#[derive(Debug, thiserror::Error)]
pub enum GuestError {
    /// The call did not end in time.
    #[error("deadline: the call did not end in time (parameter guest-deadline)")]
    Deadline,
    /// The instance wanted more memory than allowed.
    #[error("memory: more was wanted than is allowed (parameter guest-memory)")]
    Memory,
    /// The recursion was too deep.
    #[error("stack: the recursion was too deep")]
    Stack,
    /// Any other trap.
    #[error("trap: {0}")]
    Trap(String),
    /// The answer broke the contract.
    #[error("breach: {0}")]
    Breach(#[from] Breach),
    /// The guest does not accept its configuration. Happens after loading only if it is not pure.
    #[error("configuration refused: {}", reasons(.0))]
    Configuration(Vec<Problem>),
}

impl GuestError {
    /// The cause in a word, which each message starts with.
    pub fn name(&self) -> &'static str {
        match self {
            GuestError::Deadline => "deadline",
            GuestError::Memory => "memory",
            GuestError::Stack => "stack",
            GuestError::Trap(_) => "trap",
            GuestError::Breach(_) => "breach",
            GuestError::Configuration(_) => "configuration",
        }
    }
}

/// A promise of the contract that an answer broke.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The values themselves could not be read, or were too large to.
    #[error("an answer that cannot be read: {0}")]
    Malformed(String),
    /// A call that would have stopped the worker.
    #[error("a call that waits, which a guest may not do")]
    Waits,
    /// More of something than allowed.
    #[error("{count} {what}, of at most {max}")]
    TooMany {
        /// Candidates, parts, octets of fields …
        what: &'static str,
        /// How many there were.
        count: usize,
        /// How many may be.
        max: usize,
    },
    /// A candidate or fallback that is no path below the document root.
    #[error("the path {0:?} (a path starts with / and holds no NUL)")]
    Path(String),
    /// A status that is none, or not the guest's to send.
    #[error("status {0} (200 to 599)")]
    Status(u16),
    /// A header section that is not made of field lines.
    #[error("field line {line}: {reason}")]
    Field {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A field that is the host's own.
    #[error("the field {0}, which the host sets itself")]
    ReservedField(String),
    /// Content with a status that forbids it.
    #[error("content with status {0}")]
    ContentForbidden(u16),
    /// Octets of a file that are not there.
    #[error("a slice of {length} octets from {start}, of a file of {size}")]
    SliceOutside {
        /// First octet.
        start: u64,
        /// Octets.
        length: u64,
        /// Octets that the file has.
        size: u64,
    },
    /// Octets of a file when none was found.
    #[error("a slice, but no file was found")]
    SliceOfNothing,
}

impl Breach {
    /// Which promise it was.
    pub fn name(&self) -> &'static str {
        match self {
            Breach::Malformed(_) => "malformed",
            Breach::Waits => "waits",
            Breach::TooMany { .. } => "too-many",
            Breach::Path(_) => "path",
            Breach::Status(_) => "status",
            Breach::Field { .. } => "field",
            Breach::ReservedField(_) => "reserved-field",
            Breach::ContentForbidden(_) => "content-forbidden",
            Breach::SliceOutside { .. } => "slice-outside",
            Breach::SliceOfNothing => "slice-of-nothing",
        }
    }
}

/// What happens to a guest before it serves anyone, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A registry is asked for it.
    Pull,
    /// Its file is read.
    Read,
    /// It is compiled.
    Compile,
    /// Its imports and exports are compared with the contract.
    Check,
    /// An instance is made.
    Instantiate,
    /// It is asked for its parameters and given its configuration.
    Configure,
    /// It answers requests that nobody waits for.
    Rehearse,
    /// The workers take it over.
    Publish,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Step::Pull => "pull",
            Step::Read => "read",
            Step::Compile => "compile",
            Step::Check => "check",
            Step::Instantiate => "instantiate",
            Step::Configure => "configure",
            Step::Rehearse => "rehearse",
            Step::Publish => "publish",
        })
    }
}

/// Why a guest could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The octets are no component.
    #[error("it is not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// Compiling took too long.
    #[error("it was not compiled within {} s of processor time (parameter compile-timeout)", .0.as_secs_f64())]
    CompileTime(Duration),
    /// The compiler itself failed.
    #[error("the compiler failed: {0}")]
    Compiler(String),
    /// It imports what the host does not give.
    #[error("it imports {name}, {why}")]
    Import {
        /// The import's name.
        name: String,
        /// Which rule it breaks.
        why: &'static str,
    },
    /// It has another version of the contract only.
    #[error(
        "it exports {0}, but this server knows {HANDLER} (try a newer server, or \
         a guest that exports both)"
    )]
    Version(String),
    /// It lacks the exports of the contract, or has them with other types, or its imports cannot
    /// be linked.
    #[error("it does not fit the world {WORLD}: {0}")]
    WrongWorld(String),
    /// It is made of more than an instance may have from the start.
    #[error("it needs more than a guest may have (parameter guest-memory): {0}")]
    TooLarge(String),
    /// It could not be started or asked.
    #[error("it failed in {call}: {error}")]
    Failed {
        /// The function called.
        call: &'static str,
        /// How it failed.
        error: GuestError,
    },
}

/// What is said of a call that no function has the name of: making the instance.
pub const START: &str = "its start";

impl LoadError {
    /// The step that failed.
    pub fn step(&self) -> Step {
        match self {
            LoadError::NotAComponent(_) | LoadError::CompileTime(_) | LoadError::Compiler(_) => {
                Step::Compile
            }
            LoadError::Import { .. } | LoadError::Version(_) | LoadError::WrongWorld(_) => {
                Step::Check
            }
            LoadError::TooLarge(_) | LoadError::Failed { call: START, .. } => Step::Instantiate,
            LoadError::Failed { .. } => Step::Configure,
        }
    }
}

/// Raised inside a call that wants memory beyond the limit.
#[derive(Debug, thiserror::Error)]
#[error("memory limit reached")]
pub struct OverMemoryLimit;

/// Raised inside a WASI call that would wait.
#[derive(Debug, thiserror::Error)]
#[error("a guest may not wait")]
pub struct WouldWait;

impl From<wasmtime::Error> for GuestError {
    fn from(error: wasmtime::Error) -> GuestError {
        if error.is::<OverMemoryLimit>() {
            return GuestError::Memory;
        }
        if error.is::<WouldWait>() {
            return Breach::Waits.into();
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => GuestError::Deadline,
            Some(Trap::StackOverflow) => GuestError::Stack,
            Some(trap) => GuestError::Trap(one_line(&trap.to_string())),
            // Not the guest's code but what it handed over: a string that is not UTF-8, a list
            // beyond its memory or beyond what the host will copy, an unknown case.
            None => Breach::Malformed(one_line(&error.root_cause().to_string())).into(),
        }
    }
}

fn reasons(problems: &[Problem]) -> String {
    problems.iter().map(|problem| one_line(&problem.reason)).collect::<Vec<_>>().join("; ")
}
