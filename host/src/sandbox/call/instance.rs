//! One instance of a guest, alone in its store, under its limits.

use wasmtime::{Module, Store, component};

use super::check::{self, Facts};
use super::direct::Direct;
use super::generation::Generation;
use super::state::{self, State};
use crate::sandbox::bindings::Guest;
use crate::sandbox::bindings::contract::{
    Configuration, Context, Found, Parsed, Response, SettingHelp,
};
use crate::sandbox::error::{GuestError, LoadError, START};
use crate::sandbox::ticker::Pace;
use crate::text::chain;

/// Entries of a directory for which a call has as much time again.
const ENTRIES_PER_DEADLINE: usize = 500;

/// An instance. After an error it must be thrown away: a trap may leave it in any state.
pub struct Instance {
    store: Store<State>,
    guest: Callee,
    call_ticks: u64,
    pace: Pace,
}

/// What is called: in the end the same functions.
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each instance, and it does not move"
)]
enum Callee {
    Component(Guest),
    Module(Direct),
}

impl Instance {
    /// Instantiates the component of `generation`, or its module if that is all of it.
    pub fn start(generation: &Generation) -> Result<Instance, GuestError> {
        let mut store = generation.store();
        let guest = match generation.direct() {
            Some(direct) => Callee::Module(direct.instantiate(&mut store)?),
            None => Callee::Component(generation.pre().instantiate(&mut store)?),
        };
        let (call_ticks, pace) = (generation.call_ticks(), generation.runtime().pace());
        Ok(Instance { store, guest, call_ticks, pace })
    }

    /// What the component of `generation` says of its parameters: `settings`, within the deadline
    /// of the start.
    pub fn settings(generation: &Generation) -> Result<Vec<SettingHelp>, LoadError> {
        let (mut store, _, guest) = first(generation)?;
        let settings = guest.wasmhttpd_guest_handler().call_settings(&mut store);
        settings.map_err(|error| LoadError::Failed { call: "settings", error: error.into() })
    }

    /// The module that the component of `generation` exports by this name.
    pub fn module(generation: &Generation, name: &str) -> Result<Option<Module>, LoadError> {
        let (mut store, instance, _) = first(generation)?;
        Ok(instance.get_module(&mut store, name))
    }

    /// Calls `configure`, within the deadline of the start.
    pub fn configure(&mut self, configuration: &Configuration) -> Result<(), GuestError> {
        let store = &mut self.store;
        let configured = match &self.guest {
            Callee::Module(direct) => direct.configure(store, configuration)?,
            Callee::Component(guest) => {
                guest.wasmhttpd_guest_handler().call_configure(store, configuration)?
            }
        };
        configured.map_err(GuestError::Configuration)
    }

    /// Calls `parse`. The result has passed every check that needs no look at the head's framing.
    pub fn parse(&mut self, head: &str, context: Option<Context>) -> Result<Parsed, GuestError> {
        let store = &mut self.store;
        state::begin_call(store, self.call_ticks, self.pace);
        let parsed = match &self.guest {
            Callee::Module(direct) => direct.parse(store, head, context)?,
            Callee::Component(guest) => {
                guest.wasmhttpd_guest_handler().call_parse(store, head, context)?
            }
        };
        check::parsed(&parsed)?;
        Ok(parsed)
    }

    /// Calls `respond`. The result has passed every check.
    pub fn respond(
        &mut self,
        head: &str,
        found: &Found,
        context: Option<Context>,
    ) -> Result<Response, GuestError> {
        let store = &mut self.store;
        state::begin_call(store, self.call_ticks * deadlines(found), self.pace);
        let response = match &self.guest {
            Callee::Module(direct) => direct.respond(store, head, found, context)?,
            Callee::Component(guest) => {
                guest.wasmhttpd_guest_handler().call_respond(store, head, found, context)?
            }
        };
        check::response(&response, Facts::of(found))?;
        Ok(response)
    }

    /// What the guest has written to standard error since the last time, if anything.
    pub fn take_stderr(&mut self) -> Option<String> {
        self.store.data_mut().wasi()?.take_stderr()
    }
}

/// The first instance of a component: whether its exports have the types of the contract is only
/// seen now.
fn first(generation: &Generation) -> Result<(Store<State>, component::Instance, Guest), LoadError> {
    let mut store = generation.store();
    let failed = |error: wasmtime::Error| LoadError::Failed { call: START, error: error.into() };
    let instance = generation.pre().instance_pre().instantiate(&mut store).map_err(failed)?;
    let guest =
        Guest::new(&mut store, &instance).map_err(|error| LoadError::WrongWorld(chain(&error)))?;
    Ok((store, instance, guest))
}

/// How many deadlines a call to `respond` may take: thousands of entries are not read and written
/// in the time of one request head.
fn deadlines(found: &Found) -> u64 {
    match found {
        Found::Directory(listing) => 1 + (listing.entries.len() / ENTRIES_PER_DEADLINE) as u64,
        Found::File(_) | Found::Nothing(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::bindings::contract::{Datetime, Entry, Listing, Trouble};

    #[test]
    fn a_call_has_more_time_for_every_500_entries() {
        let listing = |count| {
            let modified = Datetime { seconds: 0, nanoseconds: 0 };
            let entry = Entry { name: String::new(), directory: false, size: 0, modified };
            let entries = vec![entry; count];
            Found::Directory(Listing { candidate: 0, entries, complete: true })
        };
        assert_eq!(deadlines(&Found::Nothing(Trouble::Missing)), 1);
        for (count, expected) in [(0, 1), (499, 1), (500, 2), (501, 2), (10_000, 21)] {
            assert_eq!(deadlines(&listing(count)), expected, "{count}");
        }
    }
}
