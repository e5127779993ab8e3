//! The limits that the operator sets for a guest.

use std::time::Duration;

/// What the instances of one guest may use. The limits belong to its generation, so that guests
/// with different limits can share an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestLimits {
    /// Longest time of one call.
    pub deadline: Duration,
    /// Memory of one instance, in octets.
    pub memory_octets_max: usize,
    /// Whether it may import WASI.
    pub wasi: bool,
}
