//! Files: from a lookup to an open descriptor beneath a document root.
//!
//! Owns document roots and every file system call on what they hold. Nothing outside a root can
//! be opened, whatever a path says and whoever moves folders about meanwhile: the kernel resolves
//! each path beneath the root's descriptor (`openat2`). Which paths to try is the guest's affair.
//!
//! 1. [`look_up`] tries the candidates of a lookup, in order.
//! 2. The [`Opener`] of the root answers from what its worker keeps ([`Keep`]), as long as that is
//!    fresh, or asks the file system.
//! 3. An [`OpenFile`] is read or sent from: its content is in memory, or it is open.

mod cache;
mod clock_cache;
#[cfg(feature = "counting")]
mod counting;
mod entries;
mod lookup;
mod open;
mod opener;
mod roots;
mod version;

pub use cache::Keep;
pub use entries::{Directory, Entries, Entry};
pub use lookup::{Directories, Position, Resolution, Wanted, look_up, resume_look_up};
pub use open::{OpenFile, Trouble};
pub use opener::Opener;
pub use roots::{Root, Roots, check_kernel};
pub use version::Modified;
