//! From the octets of a component to a generation.
//!
//! 1. The octets are read from a file, unless they come from elsewhere.
//! 2. They are compiled here and now, or were compiled before ([`super::compile`]).
//! 3. The imports and exports of the component are compared with the contract.
//! 4. The component is linked. If it is plain, an instance hands over its module, which is called
//!    in its place ([`super::call`]).

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::{Component, Linker};

use super::bindings::GuestPre;
use super::call::{Generation, State, add_wasi_to_linker};
use super::compile::Code;
use super::compile::plain::{self, Plain};
use super::error::LoadError;
use super::limits::GuestLimits;
use super::names::{contract_version, is_compatible, is_wasi};
use super::runtime::Runtime;
use crate::text::chain;

/// Largest component that is read from a file, in octets. Interpreters come as 20 MiB.
const COMPONENT_OCTETS_MAX: u64 = 128 << 20;

impl Runtime {
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
    pub fn load_built_in(
        self: &Arc<Runtime>,
        component: &[u8],
        limits: GuestLimits,
    ) -> Option<Generation> {
        self.load_compiled(&Code::built_in(component)?, limits).ok()
    }

    /// The guest that is built in as it is, and any other as [`Runtime::load`].
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn load_trusted(
        self: &Arc<Runtime>,
        component: &[u8],
        limits: GuestLimits,
    ) -> Result<Generation, LoadError> {
        self.load_built_in(component, limits).map_or_else(|| self.load(component, limits), Ok)
    }

    /// Compiles `component` here and now, without limits: for octets that are trusted not to be a
    /// burden. Then as [`Runtime::load_compiled`].
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn load(
        self: &Arc<Runtime>,
        component: &[u8],
        limits: GuestLimits,
    ) -> Result<Generation, LoadError> {
        let (prepared, plain) = plain::prepare(component);
        let component = Component::from_binary(self.engine(), &prepared)
            .map_err(|error| LoadError::NotAComponent(chain(&error)))?;
        self.generation(component, plain.as_ref(), limits)
    }

    /// Checks that a compiled component fits the contract and imports no more than `limits` allow.
    /// It is not configured yet.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn load_compiled(
        self: &Arc<Runtime>,
        code: &Code,
        limits: GuestLimits,
    ) -> Result<Generation, LoadError> {
        // The code is our own compiler's: what can be wrong with it is that it does not fit the
        // pool.
        let component = code.component(self.engine());
        let component = component.map_err(|error| LoadError::TooLarge(chain(&error)))?;
        self.generation(component, code.plain(), limits)
    }

    fn generation(
        self: &Arc<Runtime>,
        component: Component,
        plain: Option<&Plain>,
        limits: GuestLimits,
    ) -> Result<Generation, LoadError> {
        debug_assert!(limits.memory_octets_max <= self.memory_octets_max());
        let imports_wasi = self.check_imports(&component, limits.wasi)?;
        self.check_version(&component)?;
        let mut linker = Linker::<State>::new(self.engine());
        let linked = if imports_wasi { add_wasi_to_linker(&mut linker) } else { Ok(()) };
        let pre = linked
            .and_then(|()| linker.instantiate_pre(&component))
            .and_then(GuestPre::new)
            .map_err(|error| LoadError::WrongWorld(chain(&error)))?;
        let mut generation = Generation::new(Arc::clone(self), pre, imports_wasi, limits);
        if let Some(plain) = plain {
            generation.call_directly(plain)?;
        }
        Ok(generation)
    }

    /// Whether the component imports WASI. Any other import is an error, and so is WASI where it is
    /// not allowed.
    fn check_imports(
        &self,
        component: &Component,
        is_wasi_allowed: bool,
    ) -> Result<bool, LoadError> {
        let component_type = component.component_type();
        let mut imports_wasi = false;
        for (name, _) in component_type.imports(self.engine()) {
            let why = match is_wasi(name) {
                true if is_wasi_allowed => {
                    imports_wasi = true;
                    continue;
                }
                true => "which `parameter guest-imports none` does not allow",
                false => "but a guest may import nothing except WASI",
            };
            return Err(LoadError::Import { name: name.into(), why });
        }
        Ok(imports_wasi)
    }

    /// That the component has a version of the contract which is known here, if it has any: what
    /// is missing otherwise is said when it is bound.
    fn check_version(&self, component: &Component) -> Result<(), LoadError> {
        let component_type = component.component_type();
        let mut unknown = None;
        for (name, _) in component_type.exports(self.engine()) {
            match contract_version(name) {
                Some(version) if is_compatible(version) => return Ok(()),
                Some(_) => unknown = Some(name.into()),
                None => {}
            }
        }
        unknown.map_or(Ok(()), |name| Err(LoadError::Version(name)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sandbox::compile::is_code_embedded;
    use crate::sandbox::embedded::EMBEDDED_GUEST;
    use crate::sandbox::runtime::RuntimeOptions;

    const LIMITS: GuestLimits =
        GuestLimits { deadline: Duration::from_secs(1), memory_octets_max: 16 << 20, wasi: false };

    fn runtime() -> Arc<Runtime> {
        Runtime::new(RuntimeOptions::for_guest(1, LIMITS)).expect("an engine")
    }

    #[test]
    fn the_built_in_guest_imports_nothing() {
        assert!(runtime().load(EMBEDDED_GUEST, LIMITS).is_ok());
    }

    /// A release has its code; what is built without it, and other processors, compile it.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_built_in_guest_and_no_other_is_compiled_already() {
        let has_what_code_needs = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("lzcnt");
        let expected = is_code_embedded() && has_what_code_needs;
        let runtime = runtime();
        assert_eq!(runtime.load_built_in(EMBEDDED_GUEST, LIMITS).is_some(), expected);
        assert!(runtime.load_trusted(EMBEDDED_GUEST, LIMITS).is_ok());
        // The same with an empty custom section at its end.
        let other = [EMBEDDED_GUEST, &[0, 2, 1, b'x']].concat();
        assert!(runtime.load_built_in(&other, LIMITS).is_none());
        assert!(runtime.load(&other, LIMITS).is_ok());
    }

    #[test]
    fn guests_with_other_limits_share_an_engine() {
        let runtime = runtime();
        let small = GuestLimits { memory_octets_max: 64 << 10, ..LIMITS };
        let Err(error) = runtime.load(EMBEDDED_GUEST, small) else { panic!("it has no limit") };
        assert!(error.to_string().contains("memory: more was wanted"), "{error}");
        let generation = runtime.load(EMBEDDED_GUEST, LIMITS).expect("a guest");
        assert_eq!(generation.limits(), LIMITS);
    }

    #[test]
    fn imports_are_refused_by_name() {
        let import = |name: &str| {
            let text = format!("(component (import \"{name}\" (instance)))");
            wat::parse_str(text).expect("a component")
        };
        let runtime = runtime();
        let refusal = |wasi, name| match runtime.load(&import(name), GuestLimits { wasi, ..LIMITS })
        {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{name} was accepted"),
        };
        assert!(refusal(true, "evil:host/thing").contains("it imports evil:host/thing, but"));
        assert!(refusal(false, "wasi:cli/stdin@0.2.0").contains("guest-imports none"));
        assert!(refusal(true, "wasi:cli/stdin@0.2.0").contains("wasmhttpd:guest/handler"));
    }
}
