//! The engine that all guests of a process share, and what turns octets into a generation.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::bindings::GuestPre;
use super::code::Code;
use super::compiler_config::compiler_config;
use super::error::LoadError;
use super::generation::Generation;
use super::instance::State;
use super::names::{contract_version, is_compatible, is_wasi};
use super::plain::{self, Plain};
use super::ticker::{Pace, Ticker};
use super::wasi;
use crate::text::chain;

/// Largest component that is read from a file, in octets. Interpreters come as 20 MiB.
const COMPONENT_OCTETS_MAX: u64 = 128 << 20;

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

/// What the operator decides about guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Threads that serve.
    pub workers: usize,
    /// Longest time of one call.
    pub deadline: Duration,
    /// Memory of one instance, in octets.
    pub memory_octets_max: usize,
    /// Whether a guest may import WASI.
    pub wasi: bool,
}

/// The engine and its clock.
pub struct Runtime {
    engine: Engine,
    ticker: Ticker,
    options: RuntimeOptions,
    pace: Pace,
}

impl Runtime {
    /// Sets the engine up and starts its clock.
    ///
    /// # Errors
    /// When the system refuses address space or a thread.
    pub fn new(options: RuntimeOptions) -> wasmtime::Result<Arc<Runtime>> {
        let engine = Engine::new(&engine_config(&options))?;
        let pace = Pace::for_deadline(options.deadline);
        let ticker = Ticker::start(engine.clone(), pace)?;
        Ok(Arc::new(Runtime { engine, ticker, options, pace }))
    }

    /// Reads a component from a file, up to a limit.
    ///
    /// # Errors
    /// As the file system says, or when the file is no regular file or too large.
    pub fn read(path: &Path) -> io::Result<Vec<u8>> {
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        // Not waiting: it may have become a FIFO that nobody writes to.
        let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let file = File::options().read(true).custom_flags(flags).open(path)?;
        // Not by its length alone: it may grow while it is read.
        let mut octets = Vec::new();
        file.take(COMPONENT_OCTETS_MAX + 1).read_to_end(&mut octets)?;
        match octets.len() as u64 <= COMPONENT_OCTETS_MAX {
            true => Ok(octets),
            false => Err(io::Error::other(format!(
                "it is larger than {} MiB",
                COMPONENT_OCTETS_MAX >> 20
            ))),
        }
    }

    /// The guest that is built in, by the code that is embedded in releases. None: `component` is
    /// another one, there is no such code, or this processor lacks something that it was compiled
    /// for.
    pub fn load_built_in(self: &Arc<Runtime>, component: &[u8]) -> Option<Generation> {
        self.load_compiled(&Code::built_in(component)?).ok()
    }

    /// The guest that is built in as it is, and any other as [`Runtime::load`].
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn load_trusted(self: &Arc<Runtime>, component: &[u8]) -> Result<Generation, LoadError> {
        self.load_built_in(component).map_or_else(|| self.load(component), Ok)
    }

    /// Compiles `component` here and now, without limits: for octets that are trusted not to be a
    /// burden. Then as [`Runtime::load_compiled`].
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn load(self: &Arc<Runtime>, component: &[u8]) -> Result<Generation, LoadError> {
        let (prepared, plain) = plain::prepare(component);
        let component = Component::from_binary(&self.engine, &prepared)
            .map_err(|error| LoadError::NotAComponent(chain(&error)))?;
        self.generation(component, plain.as_ref())
    }

    /// Checks that a compiled component fits the contract. It is not configured yet.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn load_compiled(self: &Arc<Runtime>, code: &Code) -> Result<Generation, LoadError> {
        // The code is our own compiler's: what can be wrong with it is that it does not fit the
        // pool.
        let component = code.component(&self.engine);
        let component = component.map_err(|error| LoadError::TooLarge(chain(&error)))?;
        self.generation(component, code.plain())
    }

    fn generation(
        self: &Arc<Runtime>,
        component: Component,
        plain: Option<&Plain>,
    ) -> Result<Generation, LoadError> {
        let wasi = self.check_imports(&component)?;
        self.check_version(&component)?;
        let mut linker = Linker::<State>::new(&self.engine);
        let linked = if wasi { wasi::add_to_linker(&mut linker) } else { Ok(()) };
        let pre = linked
            .and_then(|()| linker.instantiate_pre(&component))
            .and_then(GuestPre::new)
            .map_err(|error| LoadError::WrongWorld(chain(&error)))?;
        Generation::new(Arc::clone(self), pre, wasi, plain)
    }

    /// Whether the component imports WASI; anything else is an error.
    fn check_imports(&self, component: &Component) -> Result<bool, LoadError> {
        let component_type = component.component_type();
        let mut wasi = false;
        for (name, _) in component_type.imports(&self.engine) {
            let why = match is_wasi(name) {
                true if self.options.wasi => {
                    wasi = true;
                    continue;
                }
                true => "which `parameter guest-imports none` does not allow",
                false => "but a guest may import nothing except WASI",
            };
            return Err(LoadError::Import { name: name.into(), why });
        }
        Ok(wasi)
    }

    /// That the component has a version of the contract which is known here, if it has any: what
    /// is missing otherwise is said when it is bound.
    fn check_version(&self, component: &Component) -> Result<(), LoadError> {
        let component_type = component.component_type();
        let mut unknown = None;
        for (name, _) in component_type.exports(&self.engine) {
            match contract_version(name) {
                Some(version) if is_compatible(version) => return Ok(()),
                Some(_) => unknown = Some(name.into()),
                None => {}
            }
        }
        unknown.map_or(Ok(()), |name| Err(LoadError::Version(name)))
    }

    /// The clock of deadlines, without which no call may be made.
    pub(super) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What it was made with.
    pub fn options(&self) -> &RuntimeOptions {
        &self.options
    }

    pub(super) fn pace(&self) -> Pace {
        self.pace
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
    use super::*;
    use crate::sandbox::EMBEDDED_GUEST;

    fn runtime(wasi: bool) -> Arc<Runtime> {
        let deadline = Duration::from_secs(1);
        let options = RuntimeOptions { workers: 1, deadline, memory_octets_max: 16 << 20, wasi };
        Runtime::new(options).expect("an engine")
    }

    #[test]
    fn the_built_in_guest_imports_nothing() {
        assert!(runtime(false).load(EMBEDDED_GUEST).is_ok());
    }

    /// A release has its code; what is built without it, and other processors, compile it.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_built_in_guest_and_no_other_is_compiled_already() {
        let has_what_code_needs = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("lzcnt");
        let expected = crate::sandbox::is_code_embedded() && has_what_code_needs;
        assert_eq!(runtime(false).load_built_in(EMBEDDED_GUEST).is_some(), expected);
        assert!(runtime(false).load_trusted(EMBEDDED_GUEST).is_ok());
        // The same with an empty custom section at its end.
        let other = [EMBEDDED_GUEST, &[0, 2, 1, b'x']].concat();
        assert!(runtime(false).load_built_in(&other).is_none());
        assert!(runtime(false).load(&other).is_ok());
    }

    #[test]
    fn imports_are_refused_by_name() {
        let import = |name: &str| {
            let text = format!("(component (import \"{name}\" (instance)))");
            wat::parse_str(text).expect("a component")
        };
        let refusal = |wasi, name| match runtime(wasi).load(&import(name)) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{name} was accepted"),
        };
        assert!(refusal(true, "evil:host/thing").contains("it imports evil:host/thing, but"));
        assert!(refusal(false, "wasi:cli/stdin@0.2.0").contains("guest-imports none"));
        assert!(refusal(true, "wasi:cli/stdin@0.2.0").contains("wasmhttpd:guest/handler"));
    }
}
