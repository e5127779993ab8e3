//! From the name of a guest to a generation that could serve, or to the step that refused it.
//!
//! Read, compile, check, instantiate, configure: the same steps for the guest of the start and for
//! every one that follows it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{
    CodeCache as CachePlace, Config, Diagnostic, Diagnostics, GuestImports, Line, SETTINGS,
    Settings, suggestion,
};
use crate::sandbox::contract::{Configuration, Setting, SettingHelp};
use crate::sandbox::{
    CodeCache, Compiler, CompilerLimits, EMBEDDED_GUEST, Generation, LoadError, Runtime,
    RuntimeOptions, Step,
};

/// Where a component comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The program itself.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

impl Source {
    /// What web.conf says.
    pub fn configured(settings: &Settings) -> Source {
        settings.guest.clone().map_or(Source::BuiltIn, Source::File)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::BuiltIn => formatter.write_str("the built-in guest"),
            Source::File(path) => write!(formatter, "guest {}", path.display()),
        }
    }
}

/// The octets of a component.
#[derive(Clone)]
pub enum Octets {
    /// In the program.
    BuiltIn,
    /// Read from a file.
    Read(Arc<[u8]>),
}

impl std::ops::Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Octets::BuiltIn => EMBEDDED_GUEST,
            Octets::Read(octets) => octets,
        }
    }
}

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

/// Why a guest does not serve.
#[derive(Debug)]
pub struct Refusal {
    /// What it did not pass.
    pub step: Step,
    /// What is wrong.
    pub complaints: Vec<Diagnostic>,
}

impl Refusal {
    /// One thing is wrong, which no line of web.conf is to blame for.
    pub fn at(step: Step, reason: impl fmt::Display) -> Refusal {
        let reason = reason.to_string();
        Refusal { step, complaints: vec![Diagnostic { place: None, reason }] }
    }

    /// Says of whom the complaints are that no line of web.conf is to blame for.
    pub fn of(mut self, source: &Source) -> Refusal {
        let what = match self.step {
            Step::Read => "cannot be read",
            _ => "cannot be used",
        };
        for complaint in self.complaints.iter_mut().filter(|complaint| complaint.place.is_none()) {
            complaint.reason = format!("{source} {what}: {}", complaint.reason);
        }
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complaints: Vec<_> = self.complaints.iter().map(ToString::to_string).collect();
        write!(formatter, "refused at the step {}: {}", self.step, complaints.join("; "))
    }
}

impl From<LoadError> for Refusal {
    fn from(error: LoadError) -> Refusal {
        Refusal::at(error.step(), error)
    }
}

/// What loads guests.
pub struct Loader {
    runtime: Arc<Runtime>,
    compiler: Compiler,
}

impl Loader {
    /// Loads guests as `settings` say. What is wrong with them is complained about.
    ///
    /// # Errors
    /// When the system has no room for the engine.
    pub fn new(settings: &Settings, diagnostics: &mut Diagnostics) -> anyhow::Result<Loader> {
        let options = RuntimeOptions {
            workers: settings.workers,
            deadline: settings.guest_deadline,
            memory_octets_max: settings.guest_memory_octets,
            wasi: settings.guest_imports == GuestImports::Wasi,
        };
        let runtime = Runtime::new(options)
            .map_err(|error| anyhow::anyhow!("cannot set up the sandbox: {error:#}"))?;
        Ok(Loader { runtime, compiler: compiler(settings, diagnostics) })
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
        let renewed = Loader::new(settings, diagnostics)?;
        match renewed.runtime.options() == self.runtime.options() {
            true => Ok(Loader { runtime: Arc::clone(&self.runtime), ..renewed }),
            false => Ok(renewed),
        }
    }

    /// Whether `generation` was loaded by this.
    pub fn is_of(&self, generation: &Generation) -> bool {
        generation.is_of(&self.runtime)
    }

    /// Reads a component.
    ///
    /// # Errors
    /// As the file system says, or when it is too large.
    pub fn read(source: &Source) -> Result<Octets, Refusal> {
        match source {
            Source::BuiltIn => Ok(Octets::BuiltIn),
            Source::File(path) => match Runtime::read(path) {
                Ok(octets) => Ok(Octets::Read(octets.into())),
                Err(error) => Err(Refusal::at(Step::Read, error)),
            },
        }
    }

    /// Makes a generation of a component and what `config` has for it.
    ///
    /// # Errors
    /// The first step that it did not pass.
    pub fn load(
        &self,
        source: Source,
        octets: Octets,
        config: &Config,
    ) -> Result<Candidate, Refusal> {
        let code = self.compiler.compile(&octets)?;
        let mut generation = self.runtime.load_compiled(&code)?;
        drop(code);
        let settings = generation.settings()?;
        let mut diagnostics = Diagnostics::new(config.file.clone());
        let parameters = known_parameters(&config.guest_parameters, &settings, &mut diagnostics);
        let media = config.media.iter().map(setting).collect();
        if let Err(problems) = generation.configure(Configuration { media, parameters })? {
            if problems.is_empty() {
                diagnostics.general("it refuses its configuration and does not say why".into());
            }
            for problem in problems {
                diagnostics.at(problem.line, problem.reason.replace(char::is_control, " "));
            }
        }
        if !diagnostics.is_empty() {
            let complaints = diagnostics.iter().cloned().collect();
            return Err(Refusal { step: Step::Configure, complaints });
        }
        Ok(Candidate { source, octets, generation: Arc::new(generation) })
    }

    /// The parameters that the guest which is built in takes. It is compiled here: it is our own.
    ///
    /// # Errors
    /// When it cannot be loaded or asked.
    pub(super) fn embedded_settings(&self) -> Result<Vec<SettingHelp>, LoadError> {
        self.runtime.load(EMBEDDED_GUEST)?.settings()
    }

    /// The engine.
    pub(super) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }
}

fn compiler(settings: &Settings, diagnostics: &mut Diagnostics) -> Compiler {
    let limits = CompilerLimits {
        time: settings.compile_timeout,
        memory_octets: settings.compile_memory_octets,
    };
    let cache = match &settings.code_cache {
        CachePlace::Off => None,
        CachePlace::Default => CodeCache::default_folder().and_then(|folder| {
            let opened = CodeCache::open(&folder);
            opened
                .inspect_err(|error| {
                    tracing::debug!("no compiled code is kept in {}: {error}", folder.display());
                })
                .ok()
        }),
        CachePlace::Folder { path, line } => CodeCache::open(path)
            .inspect_err(|error| {
                diagnostics.at(
                    *line,
                    format!(
                        "code-cache: cannot keep compiled code in {}: {error} (try a folder of the \
                         server's user that nobody else may write to, or off)",
                        path.display()
                    ),
                );
            })
            .ok(),
    };
    Compiler::new(limits, cache)
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
