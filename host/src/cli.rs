//! The command line.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{GuestPlace, SETTINGS};
use crate::project::Language;
use crate::sandbox::contract::SettingHelp;
use crate::sandbox::{COMPILE_SUBCOMMAND, PREBUILD_SUBCOMMAND};

/// A web server for static sites whose request handling is a sandboxed WebAssembly component
#[derive(Debug, Clone, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// Serve this folder, under every name, without a web.conf
    #[arg(value_name = "DIR", conflicts_with = "config")]
    pub folder: Option<PathBuf>,

    /// Read this configuration [default: web.conf in the working folder]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Listen on this port instead of the configured ones; 0 takes a free one
    #[arg(short, long, value_name = "N")]
    pub port: Option<u16>,

    /// Log more
    #[arg(short, long)]
    pub debug: bool,

    /// Check the configuration and the guest, say what would be served, and exit
    #[arg(long)]
    pub check: bool,

    /// What to do instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write the component that is built in to standard output
    Guest {
        /// Write the guest of web.conf instead, with its media and parameter lines inside
        #[arg(long)]
        configured: bool,

        /// Read this configuration [default: web.conf in the working folder]
        #[arg(short, long, value_name = "FILE", requires = "configured")]
        config: Option<PathBuf>,
    },
    /// Write a project of a guest of one's own into a new folder
    New {
        /// The folder, and the site's name
        name: String,

        /// What the guest is written in
        #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t = Language::Rust)]
        lang: Language,
    },
    /// Say what the component in FILE is, what it answers, how long that takes, and where it breaks
    /// the contract; exit with 1 if it does, or is no guest
    Inspect(Inspect),
    /// Make one component of a guest and an adapter, for hosts that know nothing of guests
    Compose(Compose),
    /// Tell a server that serves what to do: replace its guest, read web.conf again, say how it is
    Ctl(Control),
    /// Compile standard input to standard output, for a server that started this
    #[command(name = COMPILE_SUBCOMMAND, hide = true)]
    CompileGuest {
        /// Processor time
        seconds: u64,
        /// Address space
        octets: u64,
        /// Where compiled functions are kept
        folder: Option<PathBuf>,
    },
    /// Write the component that is built in and its code to a folder, for the next build to embed
    #[command(name = PREBUILD_SUBCOMMAND, hide = true)]
    Prebuild {
        /// Of the source code: host/prebuilt
        folder: PathBuf,
    },
}

/// `wasmhttpd inspect`.
#[derive(Debug, Clone, Args)]
pub struct Inspect {
    /// The component
    pub file: PathBuf,

    /// Give it the media and parameter lines of this configuration, and its limits [default: none,
    /// and the limits of a server whose web.conf sets none]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Ask for this address too, such as /private/; may be given several times
    #[arg(long, value_name = "TARGET")]
    pub get: Vec<String>,

    /// For programs, with all answers
    #[arg(long)]
    pub json: bool,
}

/// `wasmhttpd compose`.
#[derive(Debug, Clone, Args)]
pub struct Compose {
    /// The guest [default: the one built in]
    #[arg(value_name = "GUEST", conflicts_with = "configured")]
    pub guest: Option<PathBuf>,

    /// Write the component to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Make a command that answers one request on standard input, instead of one for hosts of
    /// wasi:http
    #[arg(long)]
    pub cli: bool,

    /// Take the guest of web.conf, with its media and parameter lines inside
    #[arg(long)]
    pub configured: bool,

    /// Read this configuration [default: web.conf in the working folder]
    #[arg(short, long, value_name = "FILE", requires = "configured")]
    pub config: Option<PathBuf>,

    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
}

/// `wasmhttpd ctl`.
#[derive(Debug, Clone, Args)]
pub struct Control {
    /// Read this configuration for the server's socket (parameter control) [default: web.conf in
    /// the working folder]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The server's socket
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub socket: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub command: ControlCommand,
}

/// What a server can be told.
#[allow(rustdoc::broken_intra_doc_links, reason = "brackets stand around what may be left out")]
#[derive(Debug, Clone, Subcommand)]
pub enum ControlCommand {
    /// Say how the server is: its guest, what it refused, what it listens on
    Status {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Replace the guest by a component, until web.conf is read again
    Swap {
        /// The component: a file, or oci://REGISTRY/NAME[:TAG][@DIGEST]
        #[arg(value_name = "FILE|REFERENCE", value_parser = guest_place())]
        guest: GuestPlace,
    },
    /// Read web.conf again, as SIGHUP does
    Reload,
    /// Go back to the guest before this one
    Rollback,
    /// Run a component beside the guest, and count how its answers differ; nobody gets them
    Shadow {
        /// The component: a file, or oci://REGISTRY/NAME[:TAG][@DIGEST]
        #[arg(value_name = "FILE|REFERENCE", value_parser = guest_place(), required_unless_present = "end")]
        guest: Option<GuestPlace>,
        /// It gets one in N requests
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        every: u64,
        /// End the one that runs, and say how it did
        #[arg(long, conflicts_with = "guest")]
        end: bool,
    },
    /// Let the component that runs beside serve
    Promote,
    /// Show the next requests as calls of the guest that `wasmtime run` takes
    Capture {
        /// So many
        #[arg(short = 'n', long, value_name = "N", default_value_t = 1)]
        count: u64,
        /// With the values of fields that carry credentials
        #[arg(long)]
        whole: bool,
    },
    /// Write the guest that serves to standard output, with its configuration inside
    Guest,
    /// End the server, as SIGTERM does
    Stop,
}

impl Arguments {
    /// Reads the command line. Ends the process where that asks for help or a version, or is wrong
    /// (status 2). `guest_settings` is asked only for the long help, which lists all parameters.
    pub fn parse_or_exit(guest_settings: impl FnOnce() -> Vec<SettingHelp>) -> Arguments {
        let words: Vec<OsString> = std::env::args_os().collect();
        let mut command = Arguments::command();
        if words.iter().any(|word| word == "--help") {
            command = command.after_long_help(parameters(&guest_settings()));
        }
        let matches = command.get_matches_from(words);
        Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// How a guest is named.
fn guest_place() -> impl TypedValueParser<Value = GuestPlace> {
    PathBufValueParser::new().try_map(GuestPlace::of)
}

/// What `--help` says of web.conf.
fn parameters(guest_settings: &[SettingHelp]) -> String {
    let mut text = "web.conf has lines of three kinds, and # comments:\n\
                    \x20 host NAME PATH         the folder of a site; NAME default: of every other name\n\
                    \x20 media EXT TYPE         the media type of a file name extension\n\
                    \x20 parameter NAME VALUE   one of the following\n"
        .to_owned();
    text.push_str("\nParameters of the server:\n");
    for setting in SETTINGS {
        describe(&mut text, setting.name, setting.value, setting.default, setting.summary);
    }
    text.push_str("\nParameters of the built-in guest:\n");
    for setting in guest_settings {
        describe(&mut text, &setting.name, &setting.value, &setting.default, &setting.summary);
    }
    text
}

fn describe(text: &mut String, name: &str, value: &str, default: &str, summary: &str) {
    let default = match default {
        "" => String::new(),
        default => format!(" [default: {default}]"),
    };
    // Writing to a string does not fail.
    let _ = writeln!(text, "  {name} {value}\n      {summary}{default}");
}
