//! The types of `wit/handler.wit`, in its words.
//!
//! The core of the guest is written against these, so that it compiles and is tested on any target;
//! the SDK alone knows the generated types and moves values from one to the other.

mod answer;
mod configuration;
mod context;
mod files;

pub use answer::{Action, Content, Parsed, Part, Persistence, Response, Slice};
pub use configuration::{Configuration, Problem, Setting, SettingHelp};
pub use context::{Context, IpAddress};
pub use files::{Datetime, Directories, Entry, Fallback, File, Found, Listing, Lookup, Trouble};
