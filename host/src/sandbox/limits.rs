//! What the operator lets a guest use.

use std::time::Duration;

/// What instances of one guest may use. It belongs to their generation: guests with other limits
/// can share its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuestLimits {
    /// Longest time of one call.
    pub deadline: Duration,
    /// Memory of one instance, in octets.
    pub memory_octets_max: usize,
    /// Whether it may import WASI.
    pub wasi: bool,
}
