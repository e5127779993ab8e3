//! Hashes of passwords: PBKDF2 with HMAC-SHA256 (RFC 8018), in the PHC string format.
//!
//! The guest has 20 ms for a call, and the other requests of its worker wait meanwhile: so the
//! number of iterations has a limit, which is lower than what protects a bad password. See the
//! README.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The fewest iterations that are taken.
pub const ITERATIONS_MIN: u32 = 1_000;

/// The most iterations that are taken: a few milliseconds.
pub const ITERATIONS_MAX: u32 = 5_000;

/// The length of the salt: shorter ones repeat, longer ones do not help.
const SALT_OCTETS: std::ops::RangeInclusive<usize> = 8..=64;

/// The length of a hash.
const HASH_OCTETS: usize = 32;

/// The hash of a password, and how it is made.
pub struct Hash {
    iterations: u32,
    salt: Vec<u8>,
    hash: [u8; HASH_OCTETS],
}

impl Hash {
    /// Reads `$pbkdf2-sha256$i=ITERATIONS$SALT$HASH`, salt and hash in Base64 without padding.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = || {
            String::from(
                "the hash is no $pbkdf2-sha256$i=5000$SALT$HASH (try the README's command)",
            )
        };
        let rest = text.strip_prefix("$pbkdf2-sha256$i=").ok_or_else(wrong)?;
        let mut words = rest.split('$');
        let (Some(iterations), Some(salt), Some(hash), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(wrong());
        };
        // The length of the hash may be told, and there is one only.
        let iterations = iterations.strip_suffix(",l=32").unwrap_or(iterations);
        let iterations = iterations.parse().map_err(|_| wrong())?;
        if !(ITERATIONS_MIN..=ITERATIONS_MAX).contains(&iterations) {
            return Err(format!(
                "{iterations} iterations are too few or too many (try {ITERATIONS_MAX}; {ITERATIONS_MIN} to {ITERATIONS_MAX} are taken)"
            ));
        }
        let salt = STANDARD_NO_PAD.decode(salt).map_err(|_| wrong())?;
        if !SALT_OCTETS.contains(&salt.len()) {
            return Err(
                "the salt is too short or too long (try 16 octets; 8 to 64 are taken)".into()
            );
        }
        let hash = STANDARD_NO_PAD.decode(hash).map_err(|_| wrong())?;
        let hash = hash.try_into().map_err(|_| wrong())?;
        Ok(Self { iterations, salt, hash })
    }

    /// Whether it is the hash of a password; the comparison takes as long for a wrong one.
    pub fn is_of(&self, password: &[u8]) -> bool {
        let hash: [u8; HASH_OCTETS] =
            pbkdf2::pbkdf2_hmac_array::<Sha256, HASH_OCTETS>(password, &self.salt, self.iterations);
        hash.ct_eq(&self.hash).into()
    }
}

/// Without the hash, which does not belong into a log.
impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Hash").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}
