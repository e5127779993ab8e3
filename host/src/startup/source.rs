//! The component of a guest: where it comes from, and its octets.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{GuestPlace, Reference, Settings};
use crate::registry::Pulled;
use crate::sandbox::EMBEDDED_GUEST;

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The program itself.
    BuiltIn,
    /// A file.
    File(PathBuf),
    /// A registry: with its digest, once it was pulled.
    Registry(Reference),
}

impl Source {
    /// What web.conf says.
    pub fn configured(settings: &Settings) -> Source {
        settings.guest.clone().map_or(Source::BuiltIn, Source::from)
    }
}

impl From<GuestPlace> for Source {
    fn from(place: GuestPlace) -> Source {
        match place {
            GuestPlace::File(path) => Source::File(path),
            GuestPlace::Registry(reference) => Source::Registry(reference),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::BuiltIn => formatter.write_str("the built-in guest"),
            Source::File(path) => write!(formatter, "guest {}", path.display()),
            Source::Registry(reference) => write!(formatter, "guest {reference}"),
        }
    }
}

/// The octets of a component.
#[derive(Clone)]
pub enum Octets {
    /// In the program.
    BuiltIn,
    /// Read from a file, or pulled from a registry.
    Read(Arc<[u8]>),
}

impl std::ops::Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Octets::BuiltIn => EMBEDDED_GUEST,
            Octets::Read(octets) => octets,
        }
    }
}

/// A component, and where it was found.
pub type Found = (Source, Octets);

/// A component from a registry.
pub fn found(pulled: Pulled) -> Found {
    (Source::Registry(pulled.reference), Octets::Read(pulled.octets.into()))
}
