//! The default guest.

/// The default guest, built together with the host.
pub const EMBEDDED_GUEST: &[u8] = include_bytes!(env!("WASMHTTPD_GUEST"));
