//! What the host knows of a request besides its octets.

use core::net::IpAddr;

/// An IP address as numbers.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// use std::net::IpAddr;
///
/// assert_eq!(IpAddr::from(IpAddress::Ipv4(0x7f00_0001)).to_string(), "127.0.0.1");
/// assert_eq!(IpAddr::from(IpAddress::Ipv6((0, 1))).to_string(), "::1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpAddress {
    /// Most significant octet first.
    Ipv4(u32),
    /// The upper and the lower 64 bits.
    Ipv6((u64, u64)),
}

impl From<IpAddress> for IpAddr {
    fn from(from: IpAddress) -> Self {
        match from {
            IpAddress::Ipv4(address) => Self::V4(address.into()),
            IpAddress::Ipv6((upper, lower)) => {
                Self::V6((u128::from(upper) << 64 | u128::from(lower)).into())
            }
        }
    }
}

/// What the host knows of a request besides its octets.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let peer = IpAddress::Ipv4(0x7f00_0001);
/// let context = Context { peer, secure: false, now: 1_800_000_000 };
/// assert!(!context.secure);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// The other end of the connection.
    pub peer: IpAddress,
    /// Whether the request came over TLS.
    pub secure: bool,
    /// Seconds since the Unix epoch.
    pub now: u64,
}
