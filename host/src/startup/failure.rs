//! Why a command does nothing: a configuration that is wrong, or anything else.

use std::io;

use crate::config::Diagnostics;

/// See the module.
#[derive(Debug)]
pub enum Failure {
    /// The configuration is wrong: all that is, each with what to write instead.
    Configuration(Diagnostics),
    /// Something that no web.conf could mend, with what was being done.
    Other(anyhow::Error),
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Failure {
        Failure::Configuration(diagnostics)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Other(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Other(error.into())
    }
}
