//! What the tests and the fuzzers have in common: inputs, and what must hold for each of them.

pub mod cases;
pub mod conversation;
pub mod differential;
pub mod exchange;
pub mod files;
pub mod invariants;
pub mod mutation;
pub mod numbers;
pub mod targets;

/// Each octet as the character of the same number, as heads cross to the guest.
pub fn octets_as_text(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}
