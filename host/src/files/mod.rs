//! Files: from a lookup to an open descriptor beneath a document root.
//!
//! Owns document roots and every file system call on what they hold. Nothing outside a root can
//! be opened, whatever a path says and whoever moves folders about meanwhile: the kernel resolves
//! each path beneath the root's descriptor (`openat2`). Which paths to try is the guest's affair.

mod cache;
mod entries;
mod lookup;
mod open;
mod roots;
mod version;

pub use entries::{Directory, Entries, Entry};
pub use lookup::{Directories, Found, Place, Wanted, look_on, look_up};
pub use open::{OpenFile, Trouble};
pub use roots::{Root, Roots, check_kernel};
pub use version::Modified;
