//! The engine that all guests of a process share: its pool of instances and its clock.

use std::sync::Arc;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::compile::compiler_config;
use super::limits::GuestLimits;
use super::ticker::{Pace, Ticker};

/// Stack that a guest may use, in octets.
const STACK_OCTETS_MAX: usize = 512 << 10;

/// Instances of a worker: one that serves, and one of another generation, for a request that began
/// with it or is answered by it again.
const INSTANCES_PER_WORKER: u32 = 2;

/// Instances beside the workers': two each for a guest that is rehearsed and one that is shadowed,
/// and some for those who give theirs back a moment later.
const INSTANCES_SPARE: u32 = if cfg!(feature = "counting") { 0 } else { 8 };

/// Core instances, memories and tables that one component may be made of.
pub const CORE_INSTANCES_MAX: u32 = 64;
/// See [`CORE_INSTANCES_MAX`].
pub const MEMORIES_MAX: u32 = if cfg!(feature = "counting") { 1 } else { 8 };
/// See [`CORE_INSTANCES_MAX`].
pub const TABLES_MAX: u32 = 64;

/// Elements that a table may grow to; a guest needs one for each function it takes the address of.
pub const TABLE_ELEMENTS_MAX: usize = 100_000;

/// Host memory for the metadata of one instance, in octets.
const INSTANCE_OCTETS_MAX: usize = 1 << 20;

/// Memory of an instance that is cleared by hand rather than given back, in octets: it makes a
/// fresh instance cheaper by the page faults it saves.
const KEEP_RESIDENT_OCTETS: usize = 128 << 10;

/// What an engine is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Threads that serve.
    workers: usize,
    /// Largest memory of an instance, in octets: the size of each memory in the pool.
    memory_octets_max: usize,
    /// How often the clock ticks.
    pace: Pace,
}

impl RuntimeOptions {
    /// Options for `workers` threads that serve a guest with these limits, or guests with less
    /// memory and longer deadlines.
    pub fn for_guest(workers: usize, limits: GuestLimits) -> RuntimeOptions {
        let pace = Pace::for_deadline(limits.deadline);
        RuntimeOptions { workers, memory_octets_max: limits.memory_octets_max, pace }
    }
}

/// The engine and its clock.
pub struct Runtime {
    engine: Engine,
    ticker: Ticker,
    options: RuntimeOptions,
}

impl Runtime {
    /// Sets the engine up and starts its clock.
    ///
    /// # Errors
    /// When the system refuses address space or a thread.
    pub fn new(options: RuntimeOptions) -> wasmtime::Result<Arc<Runtime>> {
        let engine = Engine::new(&engine_config(&options))?;
        let ticker = Ticker::start(engine.clone(), options.pace)?;
        Ok(Arc::new(Runtime { engine, ticker, options }))
    }

    /// The clock of deadlines, without which no call may be made.
    pub(super) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// Makes calls while the clock of deadlines goes.
    pub(super) fn timed<T>(&self, calls: impl FnOnce() -> T) -> T {
        self.ticker.begin_use();
        let result = calls();
        self.ticker.end_use();
        result
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What it was made with.
    pub fn options(&self) -> &RuntimeOptions {
        &self.options
    }

    /// Largest memory that the pool has for an instance, in octets.
    pub(super) fn memory_octets_max(&self) -> usize {
        self.options.memory_octets_max
    }

    pub(super) fn pace(&self) -> Pace {
        self.options.pace
    }
}

fn engine_config(options: &RuntimeOptions) -> Config {
    let workers = u32::try_from(options.workers).unwrap_or(u32::MAX);
    let instances = workers.saturating_mul(INSTANCES_PER_WORKER).saturating_add(INSTANCES_SPARE);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(instances.saturating_mul(MEMORIES_MAX))
        .total_tables(instances.saturating_mul(TABLES_MAX))
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .max_memories_per_module(MEMORIES_MAX)
        .max_component_instance_size(INSTANCE_OCTETS_MAX)
        .max_core_instance_size(INSTANCE_OCTETS_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(options.memory_octets_max)
        .linear_memory_keep_resident(KEEP_RESIDENT_OCTETS)
        .table_keep_resident(KEEP_RESIDENT_OCTETS);
    let mut config = compiler_config();
    config
        .max_wasm_stack(STACK_OCTETS_MAX)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn other_limits_take_another_engine_only_where_it_is_made_for_them() {
        let deadline = Duration::from_secs(1);
        let limits = GuestLimits { deadline, memory_octets_max: 16 << 20, wasi: false };
        let options = |limits| RuntimeOptions::for_guest(1, limits);
        let longer = GuestLimits { deadline: 9 * deadline, ..limits };
        let shorter = GuestLimits { deadline: deadline / 100, ..limits };
        let larger = GuestLimits { memory_octets_max: 17 << 20, ..limits };
        assert_eq!(options(limits), options(longer));
        assert_eq!(options(limits), options(GuestLimits { wasi: true, ..limits }));
        assert_ne!(options(limits), options(shorter), "the clock ticks more often");
        assert_ne!(options(limits), options(larger), "the pool has larger memories");
    }
}
