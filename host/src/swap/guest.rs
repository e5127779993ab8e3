//! A guest as it was loaded: what a release is made of, and what `ctl guest` writes.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Config, Line};
use crate::sandbox::Generation;
use crate::startup::{Candidate, Octets, Source};

/// A guest, and what it was loaded with.
#[derive(Clone)]
pub struct Guest {
    /// The components that a request goes through, in this order. Today there is one. Code that
    /// relies on that takes the array apart, so that the compiler finds it when there are more.
    links: [Candidate; 1],
    /// Its media lines.
    pub media: Arc<[Line]>,
    /// Its parameter lines.
    pub parameters: Arc<[Line]>,
    /// Its limits.
    pub limits: Limits,
}

impl Guest {
    /// A guest that was loaded for `config`.
    pub fn new(candidate: Candidate, config: &Config) -> Guest {
        let settings = &config.settings;
        Guest {
            links: [candidate],
            media: config.media.as_slice().into(),
            parameters: config.guest_parameters.as_slice().into(),
            limits: Limits {
                deadline: settings.guest.deadline,
                memory_octets: settings.guest.memory_octets,
                compile_time: settings.compile.timeout,
                compile_memory_octets: settings.compile.memory_octets,
            },
        }
    }

    /// Where its component was found.
    pub fn source(&self) -> &Source {
        let [link] = &self.links;
        &link.source
    }

    /// Its component.
    pub fn octets(&self) -> &Octets {
        let [link] = &self.links;
        &link.octets
    }

    /// What answers its requests.
    pub fn generation(&self) -> &Arc<Generation> {
        let [link] = &self.links;
        &link.generation
    }

    /// The same component was found at `source`. In a registry it may have another manifest by now:
    /// that manifest's digest is shown from then on.
    pub fn found_at(&mut self, source: Source) {
        if matches!(source, Source::Registry(_)) {
            let [link] = &mut self.links;
            link.source = source;
        }
    }
}

/// The limits of a guest, and of its compiler.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Limits {
    /// Longest time of a call.
    pub deadline: Duration,
    /// Memory of an instance, in octets.
    pub memory_octets: usize,
    /// Processor time of its compiler.
    pub compile_time: Duration,
    /// Memory of its compiler, in octets.
    pub compile_memory_octets: usize,
}
