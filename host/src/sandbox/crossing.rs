//! How bytes and addresses cross to a guest.

use std::borrow::Cow;
use std::net::IpAddr;

use super::contract::IpAddress;

/// An address as numbers.
pub fn ip_address(address: IpAddr) -> IpAddress {
    match address {
        IpAddr::V4(address) => IpAddress::Ipv4(address.to_bits()),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddress::Ipv4(address.to_bits()),
            None => {
                let bits = address.to_bits();
                IpAddress::Ipv6(((bits >> 64) as u64, bits as u64))
            }
        },
    }
}

/// Each byte as the character of the same number; nearly every head is ASCII and stays in place.
pub fn octets_as_text(octets: &[u8]) -> Cow<'_, str> {
    match simdutf8::basic::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(octets.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_cross_as_the_characters_of_the_same_number() {
        assert!(matches!(octets_as_text(b"GET / HTTP/1.1"), Cow::Borrowed(_)));
        assert_eq!(octets_as_text(&[b'a', 0xc3, 0xa9, 0xff]), "a\u{c3}\u{a9}\u{ff}");
    }

    #[test]
    fn addresses_cross_as_numbers() {
        let ipv4 = |address: &str| ip_address(address.parse().unwrap());
        assert!(matches!(ipv4("127.0.0.1"), IpAddress::Ipv4(0x7f00_0001)));
        assert!(matches!(ipv4("::ffff:127.0.0.1"), IpAddress::Ipv4(0x7f00_0001)));
        assert!(matches!(ipv4("1::2"), IpAddress::Ipv6((0x0001_0000_0000_0000, 2))));
    }
}
