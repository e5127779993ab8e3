//! The generated bindings, and nothing but moves between their types and those of `contract`.
//!
//! The bindings are those of the world `middleware`: what a guest does not call is not imported by
//! its component, so that they do for the world `guest` as well. They are committed rather than
//! generated in each build, so that a guest compiles in seconds; a test compares
//! (`tests/bindings.rs` of the repository).

use alloc::string::String;
use alloc::vec::Vec;
use wasmhttpd_guest::contract;

#[doc(hidden)]
#[rustfmt::skip]
#[allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::undocumented_unsafe_blocks,
    clippy::too_many_lines
)]
pub mod generated;

/// Where the macro of the bindings looks for the one that exports the functions of the interface.
#[doc(hidden)]
#[cfg(not(feature = "bare"))]
pub use generated as exported;

#[doc(hidden)]
#[cfg(feature = "bare")]
#[allow(missing_docs)]
pub mod exported {
    pub mod exports {
        pub mod wasmhttpd {
            pub mod guest {
                pub mod handler {
                    pub use crate::__export_functions as __export_wasmhttpd_guest_handler_0_1_0_cabi;
                }
            }
        }
    }
}

pub use generated::exports::wasmhttpd::guest::handler as wit;
pub use generated::wasmhttpd::guest::handler as imported;

/// The same value as another type.
pub trait Move<T> {
    /// Moves it.
    fn moved(self) -> T;
}

impl<A: Move<B>, B> Move<Vec<B>> for Vec<A> {
    fn moved(self) -> Vec<B> {
        self.into_iter().map(Move::moved).collect()
    }
}

impl<A: Move<B>, B> Move<Option<B>> for Option<A> {
    fn moved(self) -> Option<B> {
        self.map(Move::moved)
    }
}

/// What is the same on both sides.
macro_rules! same {
    ($($same:ty),*) => {
        $(impl Move<$same> for $same {
            fn moved(self) -> Self {
                self
            }
        })*
    };
}

/// A record, either way, field by field.
macro_rules! record {
    ($name:ident { $($field:ident),* }) => {
        record!($name, contract, wit { $($field),* });
        record!($name, wit, contract { $($field),* });
    };
    ($name:ident, $from:ident, $to:ident { $($field:ident),* }) => {
        impl Move<$to::$name> for $from::$name {
            fn moved(self) -> $to::$name {
                $to::$name { $($field: self.$field.moved()),* }
            }
        }
    };
}

/// A variant, either way, case by case: those without a payload, and those with one.
macro_rules! variant {
    ($name:ident { $($empty:ident),*; $($full:ident),* }) => {
        variant!($name, contract, wit { $($empty),*; $($full),* });
        variant!($name, wit, contract { $($empty),*; $($full),* });
    };
    ($name:ident, $from:ident, $to:ident { $($empty:ident),*; $($full:ident),* }) => {
        impl Move<$to::$name> for $from::$name {
            fn moved(self) -> $to::$name {
                match self {
                    $($from::$name::$empty => $to::$name::$empty,)*
                    $($from::$name::$full(payload) => $to::$name::$full(payload.moved()),)*
                }
            }
        }
    };
}

same!(bool, u8, u16, u32, u64, (u64, u64), String);
record!(Setting { line, name, value });
record!(Problem { line, reason });
record!(Configuration { media, parameters });
record!(SettingHelp { name, value, default, summary });
variant!(IpAddress { ; Ipv4, Ipv6 });
record!(Context { peer, secure, now });
variant!(Trouble { Missing, Forbidden, Failed, Busy; });
record!(Fallback { after, path });
variant!(Directories { Find, Read, Forbid; });
record!(Lookup { site, candidates, fallbacks, directories });
variant!(Action { ; LookUp, Answer });
variant!(Persistence { Close; KeepAlive });
record!(Parsed { action, persistence });
record!(Datetime { seconds, nanoseconds });
record!(File { candidate, size, modified, after });
record!(Entry { name, directory, size, modified });
record!(Listing { candidate, entries, complete });
variant!(Found { ; File, Directory, Nothing });
record!(Slice { start, length });
variant!(Part { ; Text, Slice });
variant!(Content { Empty; Text, Octets, Slice, Parts });
record!(Response { status, fields, content });
