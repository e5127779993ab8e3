//! The time of day.

use std::time::SystemTime;

/// Whole seconds since the Unix epoch; 0 while the system's clock is set to an earlier time.
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs())
}
