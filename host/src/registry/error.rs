//! Why a guest could not be pulled, by who is to blame.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Digest;

/// Why a guest could not be pulled. `what` is what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The file of passwords.
    #[error(
        "{} cannot be used: {reason} (try the config.json that `docker login` writes, without a \
         credential helper)",
        path.display()
    )]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system, or we ourselves, have too much to do.
    #[error("it cannot be asked for: {reason} (try again later)")]
    Busy {
        /// What is in the way.
        reason: String,
    },
    /// The time is over.
    #[error("{what} did not come within {} s (parameter pull-timeout)", time.as_secs_f64())]
    Late {
        /// A noun.
        what: &'static str,
        /// How long the whole pull may take.
        time: Duration,
    },
    /// There is no answer, or not all of it.
    #[error("{what} did not come: {reason} (is the registry up, and its name right?)")]
    Lost {
        /// A noun.
        what: &'static str,
        /// As the network says.
        reason: String,
    },
    /// An answer without what was asked for.
    #[error("{what} was not given: status {status}{}", cure(*status))]
    Status {
        /// A noun.
        what: &'static str,
        /// The registry's.
        status: u16,
    },
    /// The way to it leads nowhere.
    #[error("{what} is somewhere else: {reason}")]
    Redirect {
        /// A noun.
        what: &'static str,
        /// What is wrong with the other place.
        reason: String,
    },
    /// A login that is not understood.
    #[error("the registry wants a login, {reason}")]
    Login {
        /// What is wrong with it.
        reason: String,
    },
    /// Too much.
    #[error("{what} has more than {max} octets")]
    TooLarge {
        /// A noun.
        what: &'static str,
        /// So many it may have, or is said to have.
        max: u64,
    },
    /// The registry lies, or something on the way to it.
    #[error("{what} has the digest {found}, and not {expected}: it is not what was pushed")]
    Digest {
        /// A noun.
        what: &'static str,
        /// Of what came.
        found: Digest,
        /// Of what was asked for.
        expected: Digest,
    },
    /// What was pushed is no guest, and will never be: it has a digest.
    #[error("what was pushed is no guest: {reason} (try `wkg oci push` to push one)")]
    Unfit {
        /// Of the manifest.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
    },
}

fn cure(status: u16) -> &'static str {
    match status {
        401 | 403 => " (try a name and password in parameter registry-credentials)",
        404 => " (try the name and the tag that were pushed)",
        429 => " (try a longer guest-poll, or later)",
        500..=599 => " (try again later)",
        _ => "",
    }
}
