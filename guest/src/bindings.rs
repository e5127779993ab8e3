//! The generated bindings, and nothing but moves between their types and those of `contract`.

use crate::contract;
use crate::heap::{self, OneThread};
use crate::site::Site;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

#[allow(missing_docs, unused_qualifications, clippy::all, clippy::undocumented_unsafe_blocks)]
mod generated {
    wit_bindgen::generate!({ path: "../wit", world: "guest" });
}

use generated::exports::wasmhttpd::guest::handler as wit;

struct Guest;

generated::export!(Guest with_types_in generated);

/// The site of this instance; none before the first call.
static SITE: OneThread<RefCell<Option<Site>>> = OneThread::new(RefCell::new(None));

/// Puts a site in place for good, and its memory with it.
fn keep(place: &mut Option<Site>, site: Site) -> &mut Site {
    let site = place.insert(site);
    heap::seal();
    site
}

/// Calls with the site, which has its defaults if it was never configured.
fn with_site<T>(call: impl FnOnce(&mut Site) -> T) -> T {
    let mut place = SITE.borrow_mut();
    match &mut *place {
        Some(site) => call(site),
        None => call(keep(&mut place, Site::default())),
    }
}

impl wit::Guest for Guest {
    fn configure(configuration: wit::Configuration) -> Result<(), Vec<wit::Problem>> {
        let configuration = contract::Configuration {
            media: all(configuration.media),
            parameters: all(configuration.parameters),
        };
        let site = Site::configure(&configuration).map_err(all)?;
        drop(configuration);
        keep(&mut SITE.borrow_mut(), site);
        Ok(())
    }

    fn settings() -> Vec<wit::SettingHelp> {
        all(Site::settings())
    }

    fn parse(head: String, context: Option<wit::Context>) -> wit::Parsed {
        with_site(|site| site.parse(&head, context.map(Into::into))).into()
    }

    fn respond(head: String, found: wit::Found, context: Option<wit::Context>) -> wit::Response {
        with_site(|site| site.respond(&head, &found.into(), context.map(Into::into))).into()
    }
}

fn all<A: Into<B>, B>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(Into::into).collect()
}

/// Moves a record from one side to the other, field by field.
macro_rules! record {
    ($from:ty => $to:path { $($field:ident),* }) => {
        impl From<$from> for $to {
            fn from(from: $from) -> Self {
                Self { $($field: from.$field.into()),* }
            }
        }
    };
}

record!(wit::Setting => contract::Setting { line, name, value });
record!(contract::Problem => wit::Problem { line, reason });
record!(contract::SettingHelp => wit::SettingHelp { name, value, default, summary });
record!(wit::Context => contract::Context { peer, secure, now });
record!(wit::Datetime => contract::Datetime { seconds, nanoseconds });
record!(wit::Entry => contract::Entry { name, directory, size, modified });
record!(contract::Fallback => wit::Fallback { after, path });
record!(contract::Slice => wit::Slice { start, length });
record!(contract::Parsed => wit::Parsed { action, persistence });
record!(contract::Response => wit::Response { status, fields, content });

impl From<wit::IpAddress> for contract::IpAddress {
    fn from(from: wit::IpAddress) -> Self {
        match from {
            wit::IpAddress::Ipv4(address) => Self::Ipv4(address),
            wit::IpAddress::Ipv6(address) => Self::Ipv6(address),
        }
    }
}

impl From<wit::Trouble> for contract::Trouble {
    fn from(from: wit::Trouble) -> Self {
        match from {
            wit::Trouble::Missing => Self::Missing,
            wit::Trouble::Forbidden => Self::Forbidden,
            wit::Trouble::Failed => Self::Failed,
            wit::Trouble::Busy => Self::Busy,
        }
    }
}

impl From<contract::Trouble> for wit::Trouble {
    fn from(from: contract::Trouble) -> Self {
        match from {
            contract::Trouble::Missing => Self::Missing,
            contract::Trouble::Forbidden => Self::Forbidden,
            contract::Trouble::Failed => Self::Failed,
            contract::Trouble::Busy => Self::Busy,
        }
    }
}

impl From<wit::File> for contract::File {
    fn from(from: wit::File) -> Self {
        let wit::File { candidate, size, modified, after } = from;
        Self { candidate, size, modified: modified.into(), after: after.map(Into::into) }
    }
}

impl From<wit::Found> for contract::Found {
    fn from(from: wit::Found) -> Self {
        match from {
            wit::Found::File(file) => Self::File(file.into()),
            wit::Found::Directory(wit::Listing { candidate, entries, complete }) => {
                Self::Directory(contract::Listing { candidate, entries: all(entries), complete })
            }
            wit::Found::Nothing(trouble) => Self::Nothing(trouble.into()),
        }
    }
}

impl From<contract::Directories> for wit::Directories {
    fn from(from: contract::Directories) -> Self {
        match from {
            contract::Directories::Find => Self::Find,
            contract::Directories::Read => Self::Read,
            contract::Directories::Forbid => Self::Forbid,
        }
    }
}

impl From<contract::Action> for wit::Action {
    fn from(from: contract::Action) -> Self {
        match from {
            contract::Action::LookUp(lookup) => {
                let contract::Lookup { site, candidates, fallbacks, directories } = lookup;
                let (fallbacks, directories) = (all(fallbacks), directories.into());
                Self::LookUp(wit::Lookup { site, candidates, fallbacks, directories })
            }
            contract::Action::Answer(response) => Self::Answer(response.into()),
        }
    }
}

impl From<contract::Persistence> for wit::Persistence {
    fn from(from: contract::Persistence) -> Self {
        match from {
            contract::Persistence::KeepAlive(octets) => Self::KeepAlive(octets),
            contract::Persistence::Close => Self::Close,
        }
    }
}

impl From<contract::Part> for wit::Part {
    fn from(from: contract::Part) -> Self {
        match from {
            contract::Part::Text(text) => Self::Text(text),
            contract::Part::Slice(slice) => Self::Slice(slice.into()),
        }
    }
}

impl From<contract::Content> for wit::Content {
    fn from(from: contract::Content) -> Self {
        match from {
            contract::Content::Empty => Self::Empty,
            contract::Content::Text(text) => Self::Text(text),
            contract::Content::Octets(octets) => Self::Octets(octets),
            contract::Content::Slice(slice) => Self::Slice(slice.into()),
            contract::Content::Parts(parts) => Self::Parts(all(parts)),
        }
    }
}
