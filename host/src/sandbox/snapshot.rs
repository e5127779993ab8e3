//! A guest with its configuration inside: a component that is what an instance is after
//! `configure`.
//!
//! 1. The component is instrumented: it exports how to read its globals and memories, too.
//! 2. An instance of that is started and configured, under the limits of every other one.
//! 3. Its globals and memories are read and become the initial ones of the component.
//!
//! wasmtime-wizer does the first and the last; the sandbox, and nothing else, runs the guest.

use std::future::{self, Future};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use wasmtime::Store;
use wasmtime::component::{ComponentNamedList, Instance, Lift, WasmList};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

use super::bindings::Guest;
use super::bindings::contract::Configuration;
use super::call::{Generation, State};
use super::error::{GuestError, LoadError};
use super::limits::GuestLimits;
use super::runtime::Runtime;
use crate::text::chain;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The component is made of what cannot be taken a snapshot of.
    #[error("no snapshot can be taken of it: {0}")]
    Unsupported(String),
    /// It does not run here, or not with this configuration.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A component that behaves as `component` does once it has this configuration. It can still be
/// configured: that replaces the configuration inside.
///
/// # Errors
/// When the guest cannot be loaded or started, refuses the configuration, or cannot be taken a
/// snapshot of.
pub fn configured(
    component: &[u8],
    configuration: &Configuration,
    limits: GuestLimits,
    runtime: &Arc<Runtime>,
) -> Result<Vec<u8>, SnapshotError> {
    let unsupported = |error| SnapshotError::Unsupported(chain(&error));
    let mut wizer = Wizer::new();
    // Whatever the guest exports is the contract's, whatever it is called.
    wizer.keep_init_func(true);
    let (context, instrumented) = wizer.instrument_component(component).map_err(unsupported)?;
    let generation = runtime.load(&instrumented, limits)?;
    runtime.timed(|| {
        let mut reader = Reader::start(&generation, configuration)?;
        let snapshot = at_once(wizer.snapshot_component(&context, &mut reader));
        match reader.failure {
            Some(error) => Err(LoadError::Failed { call: "reading its memory", error }.into()),
            None => snapshot.map_err(unsupported),
        }
    })
}

/// An instance whose state is read. What fails is kept, and reads as nothing.
struct Reader {
    store: Store<State>,
    instance: Instance,
    /// Those read, by the names of their functions: each reading makes a memory grow.
    memories: Vec<(String, Vec<u8>)>,
    failure: Option<GuestError>,
}

impl Reader {
    /// Starts an instance and configures it.
    fn start(
        generation: &Generation,
        configuration: &Configuration,
    ) -> Result<Reader, SnapshotError> {
        let failed = |call| move |error| LoadError::Failed { call, error };
        let mut store = generation.store();
        let instance = generation
            .pre()
            .instance_pre()
            .instantiate(&mut store)
            .map_err(|error| failed("its start")(error.into()))?;
        Guest::new(&mut store, &instance)
            .and_then(|guest| {
                guest.wasmhttpd_guest_handler().call_configure(&mut store, configuration)
            })
            .map_err(GuestError::from)
            .and_then(|configured| configured.map_err(GuestError::Configuration))
            .map_err(failed("configure"))?;
        if store.data_mut().wasi().is_some_and(|wasi| wasi.is_held()) {
            return Err(SnapshotError::Unsupported(
                "after configure it holds streams or other resources of WASI, which no component \
                 can start with"
                    .into(),
            ));
        }
        // Memory is what is copied out.
        store.set_hostcall_fuel(generation.limits().memory_octets_max);
        generation.begin_start(&mut store);
        Ok(Reader { store, instance, memories: Vec::new(), failure: None })
    }

    /// Calls a function that instrumenting added.
    fn call<T>(&mut self, instance: &str, function: &str) -> wasmtime::Result<T>
    where
        T: Lift + 'static,
        (T,): ComponentNamedList + Lift,
    {
        let missing = || wasmtime::format_err!("there is no {instance}.{function}");
        let store = &mut self.store;
        let (_, exported) =
            self.instance.get_export(&mut *store, None, instance).ok_or_else(missing)?;
        let (_, exported) =
            self.instance.get_export(&mut *store, Some(&exported), function).ok_or_else(missing)?;
        let function = self.instance.get_typed_func::<(), (T,)>(&mut *store, exported)?;
        Ok(function.call(store, ())?.0)
    }

    fn global<T>(&mut self, instance: &str, function: &str) -> T
    where
        T: Lift + Default + 'static,
        (T,): ComponentNamedList + Lift,
    {
        self.call(instance, function).unwrap_or_else(|error| self.fail(error))
    }

    fn memory(&mut self, instance: &str, function: &str) -> &[u8] {
        let read = self.memories.iter().position(|(name, _)| name == function);
        let index = read.unwrap_or_else(|| {
            let octets = match self.call::<WasmList<u8>>(instance, function) {
                Ok(octets) => octets.as_le_slice(&self.store).to_vec(),
                Err(error) => self.fail(error),
            };
            self.memories.push((function.to_owned(), octets));
            self.memories.len() - 1
        });
        &self.memories[index].1
    }

    fn fail<T: Default>(&mut self, error: wasmtime::Error) -> T {
        self.failure.get_or_insert(error.into());
        T::default()
    }
}

impl ComponentInstanceState for Reader {
    fn call_func_ret_list_u8(
        &mut self,
        instance: &str,
        func: &str,
        contents: impl FnOnce(&[u8]) + Send,
    ) -> impl Future<Output = ()> + Send {
        contents(self.memory(instance, func));
        future::ready(())
    }

    fn call_func_ret_s32(
        &mut self,
        instance: &str,
        func: &str,
    ) -> impl Future<Output = i32> + Send {
        future::ready(self.global(instance, func))
    }

    fn call_func_ret_s64(
        &mut self,
        instance: &str,
        func: &str,
    ) -> impl Future<Output = i64> + Send {
        future::ready(self.global(instance, func))
    }

    fn call_func_ret_f32(
        &mut self,
        instance: &str,
        func: &str,
    ) -> impl Future<Output = u32> + Send {
        future::ready(self.global::<f32>(instance, func).to_bits())
    }

    fn call_func_ret_f64(
        &mut self,
        instance: &str,
        func: &str,
    ) -> impl Future<Output = u64> + Send {
        future::ready(self.global::<f64>(instance, func).to_bits())
    }
}

/// The result of a future that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(wasmtime::format_err!("it waits")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sandbox::bindings::contract::{Action, Setting};
    use crate::sandbox::call;
    use crate::sandbox::embedded::EMBEDDED_GUEST;
    use crate::sandbox::runtime::RuntimeOptions;

    const LIMITS: GuestLimits =
        GuestLimits { deadline: Duration::from_secs(10), memory_octets_max: 16 << 20, wasi: false };

    fn runtime() -> Arc<Runtime> {
        Runtime::new(RuntimeOptions::for_guest(1, LIMITS)).expect("an engine")
    }

    fn configured(
        component: &[u8],
        configuration: &Configuration,
    ) -> Result<Vec<u8>, SnapshotError> {
        super::configured(component, configuration, LIMITS, &runtime())
    }

    fn index(name: &str) -> Configuration {
        let parameter = Setting { line: 1, name: "index".into(), value: name.into() };
        Configuration { media: Vec::new(), parameters: vec![parameter] }
    }

    /// What is looked for at `/`, by an instance that is configured only if told.
    fn candidates(component: &[u8], configuration: Option<&Configuration>) -> Vec<String> {
        let runtime = runtime();
        let generation = runtime.load(component, LIMITS).expect("a guest");
        let parsed = runtime.timed(|| {
            let mut instance = call::Instance::start(&generation).expect("a start");
            if let Some(configuration) = configuration {
                instance.configure(configuration).expect("no problems");
            }
            instance.parse("GET / HTTP/1.0\r\n\r\n", None).expect("an answer")
        });
        match parsed.action {
            Action::LookUp(lookup) => lookup.candidates,
            Action::Answer(response) => panic!("{response:?}"),
        }
    }

    #[test]
    fn a_snapshot_has_its_configuration_until_it_gets_another() {
        let snapshot = configured(EMBEDDED_GUEST, &index("a.html")).expect("a snapshot");
        assert!(candidates(EMBEDDED_GUEST, None).contains(&"/index.html".to_owned()));
        let expected = candidates(EMBEDDED_GUEST, Some(&index("a.html")));
        assert!(expected.contains(&"/a.html".to_owned()), "{expected:?}");
        assert_eq!(candidates(&snapshot, None), expected);
        assert_eq!(candidates(&snapshot, Some(&index("a.html"))), expected);
        let other = candidates(EMBEDDED_GUEST, Some(&index("b.html")));
        assert_eq!(candidates(&snapshot, Some(&index("b.html"))), other);

        let again = configured(&snapshot, &index("b.html")).expect("a snapshot of a snapshot");
        assert_eq!(candidates(&again, None), other);
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let error = |component: &[u8], name: &str| {
            let parameter = Setting { line: 1, name: name.into(), value: "a".into() };
            let configuration = Configuration { media: Vec::new(), parameters: vec![parameter] };
            match configured(component, &configuration) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("a snapshot"),
            }
        };
        let refused = error(EMBEDDED_GUEST, "colour");
        assert!(refused.contains("configuration refused: unknown parameter"), "{refused}");
        let text = |text: &str| wat::parse_str(text).expect("a component");
        let module = error(&text("(module)"), "index");
        assert!(module.contains("expected a component, found a core module"), "{module}");
        let garbage = error(b"garbage", "index");
        assert!(garbage.contains("no snapshot can be taken of it"), "{garbage}");
        let world = error(&text("(component)"), "index");
        assert!(world.contains("does not fit the world"), "{world}");
        let nested = error(&text("(component (component (core module)))"), "index");
        assert!(nested.contains("nested components with modules"), "{nested}");
    }
}
