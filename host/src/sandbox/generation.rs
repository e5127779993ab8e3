//! A compiled component and its configuration: what a worker makes instances of.

use std::sync::Arc;
use std::time::Duration;

use super::bindings::GuestPre;
use super::contract::{Configuration, Problem, SettingHelp};
use super::direct::DirectPre;
use super::error::{GuestError, LoadError};
use super::instance::{Instance, State};
use super::plain::{self, Plain};
use super::runtime::Runtime;

/// Longest time for what happens once in an instance's life: starting it, its settings, its
/// configuration. Interpreters take a while.
const START_DEADLINE: Duration = Duration::from_secs(2);

/// A compiled component and its configuration.
pub struct Generation {
    runtime: Arc<Runtime>,
    pre: GuestPre<State>,
    /// Where the component is plain, what its module is called by instead.
    direct: Option<DirectPre>,
    wasi: bool,
    configuration: Configuration,
    /// The deadlines in ticks of the runtime's clock.
    call_ticks: u64,
    start_ticks: u64,
}

impl Generation {
    pub(super) fn new(
        runtime: Arc<Runtime>,
        pre: GuestPre<State>,
        wasi: bool,
        plain: Option<&Plain>,
    ) -> Result<Generation, LoadError> {
        let pace = runtime.pace();
        let mut generation = Generation {
            call_ticks: pace.ticks(runtime.options().deadline),
            start_ticks: pace.ticks(START_DEADLINE.max(runtime.options().deadline)),
            configuration: Configuration { media: Vec::new(), parameters: Vec::new() },
            runtime,
            pre,
            direct: None,
            wasi,
        };
        if let Some(plain) = plain {
            let module = generation.timed(|| Instance::module(&generation, plain::EXPORT))?;
            generation.direct = module.and_then(|module| DirectPre::new(&module, plain));
        }
        Ok(generation)
    }

    /// The parameters that the guest takes.
    ///
    /// # Errors
    /// When it cannot be started or asked.
    pub fn settings(&self) -> Result<Vec<SettingHelp>, LoadError> {
        self.timed(|| Instance::settings(self))
    }

    /// Gives the guest its configuration, on an instance for trial.
    ///
    /// # Errors
    /// When it cannot be started or asked.
    pub fn configure(
        &mut self,
        configuration: Configuration,
    ) -> Result<Result<(), Vec<Problem>>, LoadError> {
        self.configuration = configuration;
        match self.timed(|| self.instance()) {
            Ok(_) => Ok(Ok(())),
            Err(GuestError::Configuration(problems)) => Ok(Err(problems)),
            Err(error) => Err(LoadError::Failed { call: "configure", error }),
        }
    }

    /// What it is configured with.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Whether `runtime` runs it.
    pub fn is_of(&self, runtime: &Arc<Runtime>) -> bool {
        Arc::ptr_eq(&self.runtime, runtime)
    }

    /// Makes calls while the clock of deadlines goes.
    fn timed<T>(&self, calls: impl FnOnce() -> T) -> T {
        self.runtime.ticker().begin_use();
        let result = calls();
        self.runtime.ticker().end_use();
        result
    }

    /// A new instance, configured. The clock of deadlines must be going.
    pub(super) fn instance(&self) -> Result<Instance, GuestError> {
        let mut instance = Instance::start(self)?;
        instance.configure(&self.configuration)?;
        Ok(instance)
    }

    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    pub(super) fn pre(&self) -> &GuestPre<State> {
        &self.pre
    }

    /// What instances are made of where they are of a plain component.
    pub(super) fn direct(&self) -> Option<&DirectPre> {
        self.direct.as_ref()
    }

    /// The same, called as the component that it is.
    #[cfg(test)]
    pub(super) fn into_component(self) -> Generation {
        Generation { direct: None, ..self }
    }

    /// Whether instances need a WASI to import.
    pub(super) fn wasi(&self) -> bool {
        self.wasi
    }

    pub(super) fn call_ticks(&self) -> u64 {
        self.call_ticks
    }

    pub(super) fn start_ticks(&self) -> u64 {
        self.start_ticks
    }
}
