//! A compiled component and its configuration: what a worker makes instances of.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::Store;

use super::direct::DirectPre;
use super::state::{self, State};
use crate::sandbox::bindings::GuestPre;
use crate::sandbox::bindings::contract::Configuration;
use crate::sandbox::limits::GuestLimits;
use crate::sandbox::runtime::Runtime;

/// Longest time for what happens once in an instance's life: starting it, its settings, its
/// configuration. Interpreters take a while.
const START_DEADLINE: Duration = Duration::from_secs(2);

/// A compiled component and its configuration.
pub struct Generation {
    runtime: Arc<Runtime>,
    pre: GuestPre<State>,
    /// Where the component is plain, what its module is called by instead.
    direct: Option<DirectPre>,
    imports_wasi: bool,
    configuration: Configuration,
    limits: GuestLimits,
    /// The deadlines in ticks of the runtime's clock.
    call_ticks: u64,
    start_ticks: u64,
}

impl Generation {
    /// A generation without a configuration, whose instances are called as components.
    pub(in crate::sandbox) fn new(
        runtime: Arc<Runtime>,
        pre: GuestPre<State>,
        imports_wasi: bool,
        limits: GuestLimits,
    ) -> Generation {
        let pace = runtime.pace();
        Generation {
            call_ticks: pace.ticks(limits.deadline),
            start_ticks: pace.ticks(START_DEADLINE.max(limits.deadline)),
            configuration: Configuration { media: Vec::new(), parameters: Vec::new() },
            runtime,
            pre,
            direct: None,
            imports_wasi,
            limits,
        }
    }

    /// Whether its instances have a standard error to write to: those that import WASI have.
    #[inline]
    pub(super) fn has_stderr(&self) -> bool {
        self.imports_wasi
    }

    /// What it is configured with.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// What its instances may use.
    pub fn limits(&self) -> GuestLimits {
        self.limits
    }

    /// Whether `runtime` runs it.
    pub fn is_of(&self, runtime: &Arc<Runtime>) -> bool {
        Arc::ptr_eq(&self.runtime, runtime)
    }

    /// Configures instances to come.
    pub(super) fn set_configuration(&mut self, configuration: Configuration) {
        self.configuration = configuration;
    }

    /// Has instances to come called by their module, or as components.
    pub(super) fn set_direct(&mut self, direct: Option<DirectPre>) {
        self.direct = direct;
    }

    /// What instances are made of where they are of a plain component.
    pub(super) fn direct(&self) -> Option<&DirectPre> {
        self.direct.as_ref()
    }

    pub(in crate::sandbox) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(in crate::sandbox) fn pre(&self) -> &GuestPre<State> {
        &self.pre
    }

    /// A store for an instance, with its limits and the deadline of its start.
    pub(in crate::sandbox) fn store(&self) -> Store<State> {
        let memory_octets_max = self.limits.memory_octets_max;
        let mut store = state::store(self.runtime.engine(), memory_octets_max, self.imports_wasi);
        self.begin_start(&mut store);
        store
    }

    /// Gives the next call in `store` the time of a start.
    pub(in crate::sandbox) fn begin_start(&self, store: &mut Store<State>) {
        state::begin_call(store, self.start_ticks, self.runtime.pace());
    }

    pub(super) fn call_ticks(&self) -> u64 {
        self.call_ticks
    }
}
