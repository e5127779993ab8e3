//! The guest that web.conf names, with what web.conf tells it inside.

use std::path::Path;

use super::{Candidate, Failure, Loader, load_guest, read_file};
use crate::sandbox::snapshot::{self, SnapshotError};

/// Writes the guest of the web.conf at `file` (or of the one in the working folder) as a component
/// that needs no configuration, or says everything that is wrong. Whether anything could be served
/// is not looked at.
///
/// # Errors
/// When the configuration is wrong, or the system has no room for the engine.
pub fn configured_guest(file: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let (mut diagnostics, config) = read_file(file)?;
    let loader = Loader::new(&config.settings, &mut diagnostics)?;
    // Complains of whatever is wrong with the guest and its lines.
    let Some(candidate) = load_guest(&loader, &config, &mut diagnostics) else {
        return Err(diagnostics.into());
    };
    if !diagnostics.is_empty() {
        return Err(diagnostics.into());
    }
    loader.with_configuration_inside(&candidate).map_err(|reason| {
        diagnostics.general(reason);
        diagnostics.into()
    })
}

impl Loader {
    /// The component of `candidate` with its configuration inside, or why there is none.
    pub fn with_configuration_inside(&self, candidate: &Candidate) -> Result<Vec<u8>, String> {
        let Candidate { source, octets, generation } = candidate;
        let (configuration, limits) = (generation.configuration(), generation.limits());
        let taken = snapshot::configured(octets, configuration, limits, self.runtime());
        taken.map_err(|error| match error {
            SnapshotError::Unsupported(_) => format!("{source} cannot be written: {error}"),
            SnapshotError::Load(_) => format!("{source} cannot be used: {error}"),
        })
    }
}
