//! The guest that web.conf names, with what web.conf tells it inside.

use std::path::Path;

use super::{load_guest, read_file, runtime, setting};
use crate::config::{Config, Diagnostics};
use crate::sandbox::contract::Configuration;
use crate::sandbox::snapshot::{self, SnapshotError};
use crate::sandbox::{EMBEDDED_GUEST, Runtime};

/// Writes the guest of the web.conf at `file` (or of the one in the working folder) as a component
/// that needs no configuration, or says everything that is wrong. Whether anything could be served
/// is not looked at.
///
/// # Errors
/// When the system has no room for the engine.
pub fn configured_guest(file: Option<&Path>) -> anyhow::Result<Result<Vec<u8>, Diagnostics>> {
    let (mut diagnostics, config) = match read_file(file) {
        Ok((diagnostics, config, _)) => (diagnostics, config),
        Err(diagnostics) => return Ok(Err(diagnostics)),
    };
    // Complains of whatever is wrong with the guest and its lines.
    load_guest(&config, &mut diagnostics)?;
    if !diagnostics.is_empty() {
        return Ok(Err(diagnostics));
    }
    Ok(snapshot(&config)?.map_err(|reason| {
        diagnostics.general(reason);
        diagnostics
    }))
}

fn snapshot(config: &Config) -> anyhow::Result<Result<Vec<u8>, String>> {
    let read = config.settings.guest.as_deref().map(|path| (path, Runtime::read(path)));
    let (component, name) = match &read {
        None => (EMBEDDED_GUEST, "the built-in guest".to_owned()),
        Some((path, Ok(octets))) => (octets.as_slice(), format!("guest {}", path.display())),
        Some((path, Err(error))) => {
            return Ok(Err(format!("guest {} cannot be read: {error}", path.display())));
        }
    };
    let configuration = Configuration {
        media: config.media.iter().map(setting).collect(),
        parameters: config.guest_parameters.iter().map(setting).collect(),
    };
    let taken = snapshot::configured(component, &configuration, &runtime(&config.settings)?);
    Ok(taken.map_err(|error| match error {
        SnapshotError::Unsupported(_) => format!("{name} cannot be written: {error}"),
        SnapshotError::Load(_) => format!("{name} cannot be used: {error}"),
    }))
}
