//! `wasmhttpd inspect`: what a component is, what it answers, and whether it keeps the contract.
//!
//! 1. Its names are read ([`Outline`]), which works for whatever is a component.
//! 2. It is loaded, by the steps of every guest ([`crate::startup`]); what refuses it is said.
//! 3. It is examined ([`examination`]): the battery of a rehearsal, the answers, the time they
//!    take, and what the host would not believe.
//!
//! Nothing is served, and the file system is not looked at for it.

mod examination;
mod text;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;

use self::examination::Examination;
use crate::cli::Inspect;
use crate::config::{Config, Diagnostics};
use crate::sandbox::{Age, Kind, Outline, World};
use crate::server::CALLED_FILE;
use crate::startup::{self, Failure, Loader, Refusal, Source};

/// What came out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Inspection {
    file: String,
    /// None: it could not be read.
    octets: Option<usize>,
    /// `component`, `core-module` or `unreadable`.
    kind: &'static str,
    /// `guest` or `middleware`, by the names alone.
    world: Option<&'static str>,
    /// The version of the contract that it has.
    contract: Option<String>,
    /// `older`, `same` or `newer` than this host's.
    age: Option<&'static str>,
    imports: Vec<String>,
    exports: Vec<String>,
    refused: Option<Refused>,
    settings: Vec<Setting>,
    examination: Option<Examination>,
    /// It is a guest, and no breach was met.
    sound: bool,
}

/// Why it would not serve.
#[derive(Debug, Serialize)]
struct Refused {
    step: String,
    complaints: Vec<String>,
}

/// A parameter that it takes.
#[derive(Debug, Serialize)]
struct Setting {
    name: String,
    value: String,
    default: String,
    summary: String,
}

/// Inspects what the command line says, and prints what comes out. The exit status says whether it
/// is sound.
///
/// # Errors
/// When the configuration is wrong, the system has no room for the engine, or the output cannot be
/// written.
pub fn run(arguments: &Inspect) -> Result<ExitCode, Failure> {
    let (mut diagnostics, config) = match &arguments.config {
        Some(file) => startup::read_file(Some(file))?,
        None => {
            let mut diagnostics = Diagnostics::new("");
            let config = Config::for_folder(Path::new(""), &mut diagnostics);
            (diagnostics, config)
        }
    };
    let loader = Loader::new(&config.settings, &mut diagnostics)?;
    if !diagnostics.is_empty() {
        return Err(diagnostics.into());
    }
    let inspection = inspect(arguments, &loader, &config);
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&inspection).map_err(io::Error::from)? + "\n",
        false => inspection.to_string(),
    };
    io::stdout().write_all(text.as_bytes()).context("cannot write what came out")?;
    Ok(if inspection.sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn inspect(arguments: &Inspect, loader: &Loader, config: &Config) -> Inspection {
    let file = arguments.file.display().to_string();
    let (source, octets) = match loader.read(Source::File(arguments.file.clone())) {
        Ok(found) => found,
        Err(refusal) => return Inspection::refused(file, None, &Outline::of(&[]), refusal),
    };
    let (outline, length) = (Outline::of(&octets), Some(octets.len()));
    let candidate = match loader.load((source, octets), config) {
        Ok(candidate) => candidate,
        Err(refusal) => return Inspection::refused(file, length, &outline, refusal),
    };
    // With a configuration, calls are to be repeated on the component that has it inside.
    let called = match &arguments.config {
        Some(_) => CALLED_FILE,
        None => &file,
    };
    let settings = match candidate.generation.settings() {
        Ok(settings) => settings,
        Err(error) => return Inspection::refused(file, length, &outline, error.into()),
    };
    let get = |target: &String| format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").into();
    let more: Vec<Vec<u8>> = arguments.get.iter().map(get).collect();
    let examination = examination::examine(&candidate.generation, &more, called);
    let setting = |help: crate::sandbox::contract::SettingHelp| Setting {
        name: help.name,
        value: help.value,
        default: help.default,
        summary: help.summary,
    };
    Inspection {
        settings: settings.into_iter().map(setting).collect(),
        sound: examination.breaches.is_empty(),
        examination: Some(examination),
        ..Inspection::outlined(file, length, &outline)
    }
}

impl Inspection {
    fn outlined(file: String, octets: Option<usize>, outline: &Outline) -> Inspection {
        let world = outline.world();
        Inspection {
            file,
            octets,
            kind: match outline.kind {
                Kind::Component => "component",
                Kind::CoreModule => "core-module",
                Kind::Unreadable => "unreadable",
            },
            world: world.map(|(world, _)| match world {
                World::Guest => "guest",
                World::Middleware => "middleware",
            }),
            contract: world.map(|(_, version)| version.to_owned()),
            age: world.map(|(_, version)| match Age::of(version) {
                Age::Older => "older",
                Age::Same => "same",
                Age::Newer => "newer",
            }),
            imports: outline.imports.clone(),
            exports: outline.exports.clone(),
            refused: None,
            settings: Vec::new(),
            examination: None,
            sound: false,
        }
    }

    fn refused(
        file: String,
        octets: Option<usize>,
        outline: &Outline,
        refusal: Refusal,
    ) -> Inspection {
        let complaints = refusal.complaints.iter().map(ToString::to_string).collect();
        let refused = Refused { step: refusal.step.to_string(), complaints };
        Inspection { refused: Some(refused), ..Inspection::outlined(file, octets, outline) }
    }
}
