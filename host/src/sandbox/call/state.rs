//! The data of a store: the limits of its instance, and a WASI if the guest imports one.

use wasmtime::{Engine, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::deadline::Deadline;
use super::wasi::Wasi;
use crate::sandbox::error::OverMemoryLimit;
use crate::sandbox::runtime::{CORE_INSTANCES_MAX, MEMORIES_MAX, TABLE_ELEMENTS_MAX, TABLES_MAX};
use crate::sandbox::ticker::Pace;

/// What one answer may make the host copy out of the guest, in octets of host memory.
pub const ANSWER_OCTETS_MAX: usize = 8 << 20;

/// See the module.
pub struct State {
    limiter: Limiter,
    /// Only where the guest imports WASI.
    wasi: Option<Box<Wasi>>,
    deadline: Deadline,
}

/// A store for one instance. Each call needs [`begin_call`] first.
pub fn store(engine: &Engine, memory_octets_max: usize, imports_wasi: bool) -> Store<State> {
    let state = State {
        limiter: Limiter { memory_octets_left: memory_octets_max },
        wasi: imports_wasi.then(|| Box::new(Wasi::new())),
        deadline: Deadline::default(),
    };
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(ANSWER_OCTETS_MAX);
    store.epoch_deadline_callback(|mut store| Ok(store.data_mut().deadline.half_is_over()));
    store
}

/// The next call has `ticks` of the clock.
pub fn begin_call(store: &mut Store<State>, ticks: u64, pace: Pace) {
    store.data_mut().deadline = Deadline::new(ticks, pace);
    store.set_epoch_deadline(Deadline::first_half(ticks));
}

impl State {
    /// The WASI of the instance, if it has one.
    pub fn wasi(&mut self) -> Option<&mut Wasi> {
        self.wasi.as_deref_mut()
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi().expect("made for every guest that imports WASI").view()
    }
}

/// Counts memory over all memories of the instance.
struct Limiter {
    memory_octets_left: usize,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The memory's own limit: the guest is told no, and nothing is used up.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        match self.memory_octets_left.checked_sub(desired - current) {
            Some(left) => {
                self.memory_octets_left = left;
                Ok(true)
            }
            None => Err(OverMemoryLimit.into()),
        }
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        match desired <= TABLE_ELEMENTS_MAX {
            true => Ok(true),
            false => Err(OverMemoryLimit.into()),
        }
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}
