//! The first calls of a generation, before it serves.

use super::direct::DirectPre;
use super::generation::Generation;
use super::instance::Instance;
use crate::sandbox::bindings::contract::{Configuration, Problem, SettingHelp};
use crate::sandbox::compile::plain::{self, Plain};
use crate::sandbox::error::{GuestError, LoadError};

impl Generation {
    /// Has instances to come called by their module, which only an instance hands over.
    pub(in crate::sandbox) fn call_directly(&mut self, plain: &Plain) -> Result<(), LoadError> {
        let module = self.runtime().timed(|| Instance::module(self, plain::EXPORT))?;
        self.set_direct(module.and_then(|module| DirectPre::new(&module, plain)));
        Ok(())
    }

    /// The parameters that the guest takes.
    ///
    /// # Errors
    /// When it cannot be started or asked.
    pub fn settings(&self) -> Result<Vec<SettingHelp>, LoadError> {
        self.runtime().timed(|| Instance::settings(self))
    }

    /// Gives the guest its configuration, on an instance for trial.
    ///
    /// # Errors
    /// When it cannot be started or asked.
    pub fn configure(
        &mut self,
        configuration: Configuration,
    ) -> Result<Result<(), Vec<Problem>>, LoadError> {
        self.set_configuration(configuration);
        match self.runtime().timed(|| self.instance()) {
            Ok(_) => Ok(Ok(())),
            Err(GuestError::Configuration(problems)) => Ok(Err(problems)),
            Err(error) => Err(LoadError::Failed { call: "configure", error }),
        }
    }

    /// A new instance, configured. The clock of deadlines must be going.
    pub(super) fn instance(&self) -> Result<Instance, GuestError> {
        let mut instance = Instance::start(self)?;
        instance.configure(self.configuration())?;
        Ok(instance)
    }
}
