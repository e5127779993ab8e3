//! Why a command failed: its configuration is wrong, or anything else.

use std::io;

use crate::config::Diagnostics;

/// See the module.
#[derive(Debug)]
pub enum Failure {
    /// Everything that is wrong with the configuration.
    Configuration(Diagnostics),
    /// A failure that no change of the configuration cures.
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
