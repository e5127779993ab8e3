//! From the name of a guest to a generation that could serve, or to the step that refused it.
//!
//! Pull or read, compile, check, instantiate, configure: the same steps for the guest of the start
//! and for every one that follows it.

use std::sync::Arc;

use super::refusal::Refusal;
use super::source::{Found, Octets, Source, found};
use crate::config::{
    Config, Diagnostics, GuestImports, KeptIn, Line, Reference, SETTINGS, Settings, suggestion,
};
use crate::private_folder::PrivateFolder;
use crate::registry::{Credentials, PullError, Pulled, Puller};
use crate::sandbox::contract::{Configuration, Setting, SettingHelp};
use crate::sandbox::{
    CodeCache, Compiler, CompilerLimits, EMBEDDED_GUEST, Generation, GuestLimits, LoadError,
    Runtime, RuntimeOptions, Step,
};
use crate::text::readable;

/// A guest that could serve.
#[derive(Clone)]
pub struct Candidate {
    /// Where it comes from.
    pub source: Source,
    /// As it was read.
    pub octets: Octets,
    /// What became of it.
    pub generation: Arc<Generation>,
}

/// What loads guests.
pub struct Loader {
    runtime: Arc<Runtime>,
    limits: GuestLimits,
    compiler: Compiler,
    puller: Puller,
}

impl Loader {
    /// Loads guests as `settings` say. What is wrong with them is complained about.
    ///
    /// # Errors
    /// When the system has no room for the engine.
    pub fn new(settings: &Settings, diagnostics: &mut Diagnostics) -> anyhow::Result<Loader> {
        let runtime = Runtime::new(runtime_options(settings))
            .map_err(|error| anyhow::anyhow!("cannot set up the sandbox: {error:#}"))?;
        Ok(Loader::on(runtime, settings, diagnostics))
    }

    /// One for other settings, which shares the engine with this one where they allow it.
    ///
    /// # Errors
    /// See [`Loader::new`].
    pub fn renewed(
        &self,
        settings: &Settings,
        diagnostics: &mut Diagnostics,
    ) -> anyhow::Result<Loader> {
        match *self.runtime.options() == runtime_options(settings) {
            true => Ok(Loader::on(Arc::clone(&self.runtime), settings, diagnostics)),
            false => Loader::new(settings, diagnostics),
        }
    }

    fn on(runtime: Arc<Runtime>, settings: &Settings, diagnostics: &mut Diagnostics) -> Loader {
        let compiler = compiler(settings, diagnostics);
        let puller = puller(settings, diagnostics);
        Loader { runtime, limits: guest_limits(settings), compiler, puller }
    }

    /// Whether `generation` is what this would load: it has the same engine and the same limits.
    pub fn is_of(&self, generation: &Generation) -> bool {
        generation.is_of(&self.runtime) && generation.limits() == self.limits
    }

    /// Reads a component, or pulls it: where a tag cannot be, what it was at when it last could.
    ///
    /// # Errors
    /// As the file system or the registry says, or when it is too large.
    pub fn read(&self, source: Source) -> Result<Found, Refusal> {
        let octets = match &source {
            Source::BuiltIn => Octets::BuiltIn,
            Source::File(path) => match Runtime::read(path) {
                Ok(octets) => Octets::Read(octets.into()),
                Err(error) => return Err(Refusal::at(Step::Read, error)),
            },
            Source::Registry(reference) => {
                return Ok(found(pull_or_last(&self.puller, reference)?));
            }
        };
        Ok((source, octets))
    }

    /// What pulls guests.
    pub fn puller(&self) -> &Puller {
        &self.puller
    }

    /// Makes a generation of a component and what `config` has for it.
    ///
    /// # Errors
    /// The first step that it did not pass.
    pub fn load(&self, found: Found, config: &Config) -> Result<Candidate, Refusal> {
        let (source, octets) = found;
        let mut generation = match self.runtime.load_built_in(&octets, self.limits) {
            Some(generation) => generation,
            None => self.runtime.load_compiled(&self.compiler.compile(&octets)?, self.limits)?,
        };
        let settings = generation.settings()?;
        let mut diagnostics = Diagnostics::new(config.file.clone());
        let parameters = known_parameters(&config.guest_parameters, &settings, &mut diagnostics);
        let media = config.media.iter().map(setting).collect();
        if let Err(problems) = generation.configure(Configuration { media, parameters })? {
            if problems.is_empty() {
                diagnostics.general("it refuses its configuration and does not say why".into());
            }
            for problem in problems {
                diagnostics.at(problem.line, readable(&problem.reason));
            }
        }
        if !diagnostics.is_empty() {
            let complaints = diagnostics.iter().cloned().collect();
            return Err(Refusal { step: Step::Configure, complaints });
        }
        Ok(Candidate { source, octets, generation: Arc::new(generation) })
    }

    /// The parameters that the guest which is built in takes.
    ///
    /// # Errors
    /// When it cannot be loaded or asked.
    pub(super) fn embedded_settings(&self) -> Result<Vec<SettingHelp>, LoadError> {
        self.runtime.load_trusted(EMBEDDED_GUEST, self.limits)?.settings()
    }

    /// The engine.
    pub(super) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }
}

fn guest_limits(settings: &Settings) -> GuestLimits {
    GuestLimits {
        deadline: settings.guest_deadline,
        memory_octets_max: settings.guest_memory_octets,
        wasi: settings.guest_imports == GuestImports::Wasi,
    }
}

fn runtime_options(settings: &Settings) -> RuntimeOptions {
    RuntimeOptions::for_guest(settings.workers, guest_limits(settings))
}

fn compiler(settings: &Settings, diagnostics: &mut Diagnostics) -> Compiler {
    let limits = CompilerLimits {
        time: settings.compile_timeout,
        memory_octets: settings.compile_memory_octets,
    };
    let folder = kept_in(&settings.code_cache, "code-cache", "compiled code", diagnostics);
    Compiler::new(limits, folder.map(CodeCache::new))
}

/// What pulls guests as `settings` say. What is wrong with them is complained about.
pub fn puller(settings: &Settings, diagnostics: &mut Diagnostics) -> Puller {
    let folder = match &settings.guest_cache {
        // Most servers have no use for it: it is not made before it is needed.
        KeptIn::Default => PrivateFolder::default_path(),
        place => kept_in(place, "guest-cache", "guests", diagnostics)
            .map(|folder| folder.path().to_path_buf()),
    };
    let credentials = settings.registry_credentials.as_ref().and_then(|file| {
        let credentials = Credentials::new(file.path.clone());
        credentials
            .map_err(|error| diagnostics.at(file.line, format!("registry-credentials: {error}")))
            .ok()
    });
    Puller::new(settings.pull_timeout, credentials, folder)
}

/// What is at `reference`. Where a tag cannot be pulled: what it was at when it last could.
///
/// # Errors
/// When there is neither.
pub fn pull_or_last(puller: &Puller, reference: &Reference) -> Result<Pulled, PullError> {
    puller.pull(reference).or_else(|error| {
        let Some(last) = puller.last_pulled(reference) else { return Err(error) };
        tracing::warn!("{reference} could not be pulled, and is what it was last: {error}");
        tracing::warn!("in its place: {}", last.reference);
        Ok(last)
    })
}

/// Where `what` is kept, as the parameter `name` says.
fn kept_in(
    place: &KeptIn,
    name: &str,
    what: &str,
    diagnostics: &mut Diagnostics,
) -> Option<PrivateFolder> {
    match place {
        KeptIn::Off => None,
        KeptIn::Default => PrivateFolder::default_path().and_then(|path| {
            let opened = PrivateFolder::open(&path);
            opened
                .inspect_err(|error| {
                    tracing::debug!("no {what} is kept in {}: {error}", path.display());
                })
                .ok()
        }),
        KeptIn::Folder { path, line } => PrivateFolder::open(path)
            .inspect_err(|error| {
                diagnostics.at(
                    *line,
                    format!(
                        "{name}: cannot keep {what} in {}: {error} (try a folder of the \
                         server's user that nobody else may write to, or off)",
                        path.display()
                    ),
                );
            })
            .ok(),
    }
}

/// The parameters that the guest knows; the others are complained about.
fn known_parameters(
    lines: &[Line],
    settings: &[SettingHelp],
    diagnostics: &mut Diagnostics,
) -> Vec<Setting> {
    let (known, unknown): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|line| settings.iter().any(|setting| setting.name == line.name));
    for line in unknown {
        let names = SETTINGS.iter().map(|setting| setting.name);
        let names = names.chain(settings.iter().map(|setting| setting.name.as_str()));
        let cure = suggestion(&line.name, names).unwrap_or("wasmhttpd --help lists them".into());
        diagnostics.at(
            line.line,
            format!("`{}` is a parameter of neither the server nor the guest ({cure})", line.name),
        );
    }
    known.into_iter().map(setting).collect()
}

fn setting(line: &Line) -> Setting {
    Setting { line: line.line, name: line.name.clone(), value: line.value.clone() }
}
