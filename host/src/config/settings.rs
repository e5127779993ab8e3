//! The parameters that the host knows, in one table: [`SETTINGS`].
//!
//! The parser, `--help` and the README's table all come from it. A setting has its name, what its
//! value looks like, its default as one would write it, one sentence, and the function that takes
//! a value.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Diagnostics, GuestPlace, Line};
use crate::text::one_line;

/// The port of a `listen` value that names none.
const DEFAULT_PORT: u16 = 8080;

/// Longest time that any setting takes: a week. Timers count milliseconds in 32 bits.
const SECONDS_MAX: f64 = 7.0 * 24.0 * 3600.0;

/// What the host's parameters mean; every field is documented in [`SETTINGS`].
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "SETTINGS has the one description of each")]
pub struct Settings {
    pub listen: Vec<Listen>,
    pub timeout: Duration,
    pub head_timeout: Duration,
    pub send_timeout: Duration,
    pub drain: Duration,
    pub workers: usize,
    pub connections: usize,
    pub head_octets_max: usize,
    pub listing_entries_max: usize,
    pub file_freshness_seconds: u64,
    pub file_cache_octets: usize,
    pub server_name: String,
    pub access_log: Option<AccessLog>,
    pub guest: Option<GuestPlace>,
    pub watch: bool,
    pub guest_poll: Duration,
    pub pull_timeout: Duration,
    pub registry_credentials: Option<NamedFile>,
    pub guest_cache: KeptIn,
    pub control: Option<PathBuf>,
    pub guest_imports: GuestImports,
    pub guest_deadline: Duration,
    pub guest_memory_octets: usize,
    pub isolation: Isolation,
    pub recycle_after: u64,
    pub compile_timeout: Duration,
    pub compile_memory_octets: usize,
    pub code_cache: KeptIn,
    pub rehearsed_requests: usize,
    pub swap_differences: Differences,
    pub probation: Duration,
    pub probation_clients: usize,
    pub swap_retry: bool,
    pub capture: Capture,
}

/// An address to listen on, and the line that asked for it (0: a default).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    /// Line of web.conf.
    pub line: u32,
}

/// Where the access log goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessLog {
    /// Standard output.
    Output,
    /// Appended to, and reopened on SIGUSR1.
    File {
        /// Where it is.
        path: PathBuf,
        /// Line of web.conf.
        line: u32,
    },
}

/// What a guest may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuestImports {
    /// WASI, with nothing behind it.
    Wasi,
    /// Nothing at all.
    None,
}

/// A file, and the line that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Line of web.conf.
    pub line: u32,
}

/// Where something is kept that can be had again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptIn {
    /// In the user's folder for such things.
    Default,
    /// In this folder.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// Line of web.conf.
        line: u32,
    },
    /// Nowhere.
    Off,
}

/// What becomes of a new guest that answers otherwise than the serving one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differences {
    /// It serves; the differences are told.
    Allow,
    /// It is refused.
    Refuse,
}

/// How calls that failed are shown in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// Without the values of fields that carry credentials.
    Masked,
    /// As they were.
    Whole,
    /// Not at all.
    Off,
}

/// How long an instance of the guest lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// One instance serves all requests of a worker, until it fails or is recycled.
    Worker,
    /// Every request gets an instance of its own.
    Request,
}

/// A parameter of web.conf.
pub struct Setting {
    /// Second word of the `parameter` line.
    pub name: &'static str,
    /// What the value looks like.
    pub value: &'static str,
    /// As one would write it; empty when the default is to have none.
    pub default: &'static str,
    /// One sentence, without its full stop.
    pub summary: &'static str,
    /// May stand on several lines.
    repeatable: bool,
    apply: fn(&mut Settings, &Value) -> Result<(), String>,
}

/// A value as written, and where.
struct Value<'a> {
    text: &'a str,
    line: u32,
    /// The folder that relative paths start from.
    folder: &'a Path,
}

macro_rules! setting {
    ($name:literal $value:literal = $default:literal, $summary:literal, $apply:expr) => {
        Setting {
            name: $name,
            value: $value,
            default: $default,
            summary: $summary,
            repeatable: false,
            apply: $apply,
        }
    };
}

/// Every parameter that the host knows.
pub const SETTINGS: &[Setting] = &[
    Setting {
        repeatable: true,
        ..setting!(
            "listen" "ADDRESS[:PORT]" = "127.0.0.1:8080",
            "An address to serve on, such as 0.0.0.0:80 or [::1]:8080; may be given several times",
            |settings, value| {
                settings.listen.push(value.listen()?);
                Ok(())
            }
        )
    },
    setting!(
        "timeout" "SECONDS" = "15",
        "An idle connection is closed after this time",
        |settings, value| set(&mut settings.timeout, value.seconds())
    ),
    setting!(
        "head-timeout" "SECONDS" = "10",
        "A request head must have arrived whole within this time of its first octet, and likewise request content that is skipped",
        |settings, value| set(&mut settings.head_timeout, value.seconds())
    ),
    setting!(
        "send-timeout" "SECONDS" = "30",
        "A client that takes no octet of an answer for this time is disconnected; a directory that is not read within it is answered 503",
        |settings, value| set(&mut settings.send_timeout, value.seconds())
    ),
    setting!(
        "drain" "SECONDS" = "10",
        "After SIGTERM or SIGINT, what is in flight may take this time to finish",
        |settings, value| set(&mut settings.drain, value.seconds())
    ),
    setting!(
        "workers" "N" = "auto",
        "Threads that serve, 1 to 1024; auto: one for each core that the process may use",
        |settings, value| set(&mut settings.workers, value.workers())
    ),
    setting!(
        "connections" "N" = "16384",
        "Connections held at once, spread evenly over the workers; beyond its share a worker closes the one that has been idle longest",
        |settings, value| set(&mut settings.connections, value.number(1, 1_000_000))
    ),
    setting!(
        "head-limit" "SIZE" = "16K",
        "Largest request head, 1K to 256K; a longer one is answered 431, or 414 if its first line is that long",
        |settings, value| set(&mut settings.head_octets_max, value.octets(1 << 10, 256 << 10))
    ),
    setting!(
        "listing-entries" "N" = "10000",
        "Entries of a directory that the guest gets to know at most, 1 to 10000; no more than 10000 names are looked at",
        |settings, value| set(&mut settings.listing_entries_max, value.number(1, 10_000))
    ),
    setting!(
        "file-freshness" "SECONDS" = "1",
        "For so long what a path leads to is taken to be so still, in whole seconds up to 3600; 0: the file system is asked for every request",
        |settings, value| set(
            &mut settings.file_freshness_seconds,
            value.number(0, 3600).map(|seconds| seconds as u64)
        )
    ),
    setting!(
        "file-cache" "SIZE" = "64M",
        "Memory for contents of files up to 32K and for paths that lead nowhere, spread evenly over the workers, up to 64G; 0: nothing is kept, and no file is kept open",
        |settings, value| set(&mut settings.file_cache_octets, value.octets(0, 64 << 30))
    ),
    setting!(
        "server-name" "TEXT" = "wasmhttpd",
        "The Server field of every answer",
        |settings, value| set(&mut settings.server_name, value.field_value())
    ),
    setting!(
        "access-log" "FILE" = "",
        "Where a line for each response goes, in common log format; - is standard output; SIGUSR1 reopens the file",
        |settings, value| {
            settings.access_log = Some(match value.text {
                "-" => AccessLog::Output,
                _ => AccessLog::File { path: value.path(), line: value.line },
            });
            Ok(())
        }
    ),
    setting!(
        "guest" "FILE|oci://REGISTRY/NAME[:TAG][@DIGEST]" = "",
        "The component that handles requests, in a file or a registry; without it, the one built in",
        |settings, value| {
            settings.guest = Some(value.guest()?);
            Ok(())
        }
    ),
    setting!(
        "watch" "on|off" = "on",
        "Whether the guest is replaced when its file changes",
        |settings, value| set(&mut settings.watch, value.on_off())
    ),
    setting!(
        "guest-poll" "SECONDS" = "0",
        "How often a registry is asked whether the guest's tag has moved, to replace the guest then; 0: never",
        |settings, value| set(&mut settings.guest_poll, value.seconds_or_none())
    ),
    setting!(
        "pull-timeout" "SECONDS" = "60",
        "Longest time to get a guest from a registry",
        |settings, value| set(&mut settings.pull_timeout, value.seconds())
    ),
    setting!(
        "registry-credentials" "FILE" = "",
        "Names and passwords for registries, as `docker login` writes them to its config.json",
        |settings, value| {
            settings.registry_credentials =
                Some(NamedFile { path: value.path(), line: value.line });
            Ok(())
        }
    ),
    setting!(
        "guest-cache" "FOLDER|off" = "",
        "Where guests from registries are kept, below the user's folder for caches unless it is named; nobody else may write to it",
        |settings, value| {
            settings.guest_cache = value.kept_in();
            Ok(())
        }
    ),
    setting!(
        "control" "FILE" = "",
        "A socket for `wasmhttpd ctl`, which only the server's user may use",
        |settings, value| {
            settings.control = Some(value.path());
            Ok(())
        }
    ),
    setting!(
        "guest-imports" "wasi|none" = "wasi",
        "What a guest may import: WASI with nothing behind it, or nothing at all",
        |settings, value| set(
            &mut settings.guest_imports,
            value.choice(&[("wasi", GuestImports::Wasi), ("none", GuestImports::None)])
        )
    ),
    setting!(
        "guest-deadline" "MILLISECONDS" = "20",
        "A call of the guest that takes longer is ended, and its request answered 500; one that is given a directory has as much again for every 500 entries",
        |settings, value| set(
            &mut settings.guest_deadline,
            value.number(2, 60_000).map(|number| Duration::from_millis(number as u64))
        )
    ),
    setting!(
        "guest-memory" "SIZE" = "64M",
        "Memory that an instance of the guest may use, 1M to 4G",
        |settings, value| set(&mut settings.guest_memory_octets, value.octets(1 << 20, 4 << 30))
    ),
    setting!(
        "isolation" "worker|request" = "worker",
        "Whether an instance of the guest serves all requests of a worker, or each request gets a fresh one",
        |settings, value| set(
            &mut settings.isolation,
            value.choice(&[("worker", Isolation::Worker), ("request", Isolation::Request)])
        )
    ),
    setting!(
        "recycle-after" "N" = "100000",
        "An instance of the guest is replaced after this many requests; 0: never",
        |settings, value| set(
            &mut settings.recycle_after,
            value.number(0, usize::MAX).map(|number| number as u64)
        )
    ),
    setting!(
        "compile-timeout" "SECONDS" = "60",
        "Processor time that compiling a guest may take; by the clock, ten times as long",
        |settings, value| set(&mut settings.compile_timeout, value.seconds())
    ),
    setting!(
        "compile-memory" "SIZE" = "2G",
        "Memory that compiling a guest may take, 64M to 64G",
        |settings, value| set(
            &mut settings.compile_memory_octets,
            value.octets(64 << 20, 64 << 30)
        )
    ),
    setting!(
        "code-cache" "FOLDER|off" = "",
        "Where compiled guests are kept, below the user's folder for caches unless it is named; nobody else may write to it",
        |settings, value| {
            settings.code_cache = value.kept_in();
            Ok(())
        }
    ),
    setting!(
        "rehearse" "N" = "128",
        "Requests that each worker remembers, up to 10000, for a new guest to answer before it serves; 0: only those that are built in",
        |settings, value| set(&mut settings.rehearsed_requests, value.number(0, 10_000))
    ),
    setting!(
        "swap-differences" "allow|refuse" = "allow",
        "Whether a new guest may answer a rehearsed request otherwise than the serving one",
        |settings, value| set(
            &mut settings.swap_differences,
            value.choice(&[("allow", Differences::Allow), ("refuse", Differences::Refuse)])
        )
    ),
    setting!(
        "probation" "SECONDS" = "30",
        "For this time, failures of a new guest bring the previous one back; 0: never, for sites whose new guest closes a hole",
        |settings, value| set(&mut settings.probation, value.seconds_or_none())
    ),
    setting!(
        "probation-clients" "N" = "3",
        "So many clients, by their address, have to meet a failure of a guest on probation; 1 behind a proxy",
        |settings, value| set(&mut settings.probation_clients, value.number(1, 1000))
    ),
    setting!(
        "swap-retry" "on|off" = "off",
        "Whether a request that a guest on probation failed to answer is answered by the previous one, and so by the old rules",
        |settings, value| set(&mut settings.swap_retry, value.on_off())
    ),
    setting!(
        "capture" "masked|whole|off" = "masked",
        "How the log shows calls that failed, to be repeated by hand: without the values of fields that carry credentials, as they were, or not at all",
        |settings, value| set(
            &mut settings.capture,
            value.choice(&[
                ("masked", Capture::Masked),
                ("whole", Capture::Whole),
                ("off", Capture::Off)
            ])
        )
    ),
];

fn set<T>(field: &mut T, value: Result<T, String>) -> Result<(), String> {
    *field = value?;
    Ok(())
}

impl Settings {
    /// Gives every setting its value from `lines` or its default. Returns the lines that no
    /// setting of the host has the name of; they may be the guest's.
    pub fn from_lines(
        lines: Vec<Line>,
        folder: &Path,
        diagnostics: &mut Diagnostics,
    ) -> (Settings, Vec<Line>) {
        let mut settings = Settings::default();
        let (known, unknown): (Vec<Line>, Vec<Line>) =
            lines.into_iter().partition(|line| Setting::named(&line.name).is_some());
        for setting in SETTINGS {
            let mut lines = known.iter().filter(|line| line.name == setting.name);
            let Some(first) = lines.next() else { continue };
            if setting.name == "listen" {
                settings.listen.clear();
            }
            setting.take(&mut settings, first, folder, diagnostics);
            for again in lines {
                if setting.repeatable {
                    setting.take(&mut settings, again, folder, diagnostics);
                } else {
                    let reason = format!("{} is set already, on line {}", setting.name, first.line);
                    diagnostics.at(again.line, reason);
                }
            }
        }
        (settings, unknown)
    }

    /// `-p PORT`: every address is served on this port instead of its own.
    pub fn listen_on_port(&mut self, port: u16) {
        for listen in &mut self.listen {
            listen.address.set_port(port);
        }
    }
}

impl Default for Settings {
    /// The defaults of [`SETTINGS`], applied as if they had been written.
    fn default() -> Settings {
        let mut settings = Settings {
            listen: Vec::new(),
            timeout: Duration::ZERO,
            head_timeout: Duration::ZERO,
            send_timeout: Duration::ZERO,
            drain: Duration::ZERO,
            workers: 0,
            connections: 0,
            head_octets_max: 0,
            listing_entries_max: 0,
            file_freshness_seconds: 0,
            file_cache_octets: 0,
            server_name: String::new(),
            access_log: None,
            guest: None,
            guest_imports: GuestImports::Wasi,
            guest_deadline: Duration::ZERO,
            guest_memory_octets: 0,
            isolation: Isolation::Worker,
            recycle_after: 0,
            watch: false,
            guest_poll: Duration::ZERO,
            pull_timeout: Duration::ZERO,
            registry_credentials: None,
            guest_cache: KeptIn::Default,
            control: None,
            compile_timeout: Duration::ZERO,
            compile_memory_octets: 0,
            code_cache: KeptIn::Default,
            rehearsed_requests: 0,
            swap_differences: Differences::Allow,
            probation: Duration::ZERO,
            probation_clients: 0,
            swap_retry: false,
            capture: Capture::Masked,
        };
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            let value = Value { text: setting.default, line: 0, folder: Path::new("") };
            (setting.apply)(&mut settings, &value)
                .expect("defaults are valid: a test applies each");
        }
        settings
    }
}

impl Setting {
    fn named(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    fn take(
        &self,
        settings: &mut Settings,
        line: &Line,
        folder: &Path,
        diagnostics: &mut Diagnostics,
    ) {
        let value = Value { text: &line.value, line: line.line, folder };
        if let Err(reason) = (self.apply)(settings, &value) {
            diagnostics.at(line.line, format!("{}: {reason}", self.name));
        }
    }
}

/// How each kind of value is read. Errors say what would be right.
impl Value<'_> {
    fn seconds(&self) -> Result<Duration, String> {
        match self.text.parse::<f64>() {
            Ok(seconds) if (0.001..=SECONDS_MAX).contains(&seconds) => {
                Ok(Duration::from_secs_f64(seconds))
            }
            _ => Err(format!("`{}` is not a time in seconds above 0 (try 15, or 0.5)", self.text)),
        }
    }

    fn seconds_or_none(&self) -> Result<Duration, String> {
        match self.text {
            "0" => Ok(Duration::ZERO),
            _ => self.seconds().map_err(|reason| format!("{reason}, or 0")),
        }
    }

    fn on_off(&self) -> Result<bool, String> {
        self.choice(&[("on", true), ("off", false)])
    }

    fn number(&self, min: usize, max: usize) -> Result<usize, String> {
        match self.text.parse() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            _ if max == usize::MAX => {
                Err(format!("`{}` is not a whole number of at least {min}", self.text))
            }
            _ => Err(format!("`{}` is not a whole number from {min} to {max}", self.text)),
        }
    }

    fn workers(&self) -> Result<usize, String> {
        match self.text {
            "auto" => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
            _ => self.number(1, 1024).map_err(|reason| format!("{reason}, or auto")),
        }
    }

    fn octets(&self, min: usize, max: usize) -> Result<usize, String> {
        let (digits, unit) = match self.text.strip_suffix(['K', 'M', 'G']) {
            Some(digits) if self.text.ends_with('K') => (digits, 1 << 10),
            Some(digits) if self.text.ends_with('M') => (digits, 1 << 20),
            Some(digits) => (digits, 1 << 30),
            None => (self.text, 1),
        };
        let octets = digits.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
        match octets {
            Some(octets) if (min..=max).contains(&octets) => Ok(octets),
            Some(_) => {
                Err(format!("`{}` is not between {} and {}", self.text, size(min), size(max)))
            }
            None => Err(format!(
                "`{}` is not a size (try {}, in octets or with K, M, G)",
                self.text,
                size(min)
            )),
        }
    }

    fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Result<T, String> {
        match choices.iter().find(|(word, _)| *word == self.text) {
            Some((_, choice)) => Ok(*choice),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                Err(format!("`{}` is not a choice (try {})", self.text, words.join(" or ")))
            }
        }
    }

    fn listen(&self) -> Result<Listen, String> {
        let bare = self.text.trim_start_matches('[').trim_end_matches(']');
        let address = self
            .text
            .parse::<SocketAddr>()
            .or_else(|_| bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DEFAULT_PORT)))
            .map_err(|_| {
                format!("`{}` is not an IP address and port (try 127.0.0.1:8080)", self.text)
            })?;
        Ok(Listen { address, line: self.line })
    }

    /// RFC 9110, section 5.5, in US-ASCII.
    fn field_value(&self) -> Result<String, String> {
        match self.text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
            true => Ok(self.text.trim().to_owned()),
            false => Err(format!(
                "`{}` has characters that no field may carry (try ASCII letters)",
                one_line(self.text)
            )),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(self.text)
    }

    fn guest(&self) -> Result<GuestPlace, String> {
        Ok(match GuestPlace::of(self.text.into())? {
            GuestPlace::File(_) => GuestPlace::File(self.path()),
            registry => registry,
        })
    }

    fn kept_in(&self) -> KeptIn {
        match self.text {
            "off" => KeptIn::Off,
            _ => KeptIn::Folder { path: self.path(), line: self.line },
        }
    }
}

/// `octets` as one would write it.
fn size(octets: usize) -> String {
    match octets {
        0 => "0".into(),
        _ if octets.is_multiple_of(1 << 30) => format!("{}G", octets >> 30),
        _ if octets.is_multiple_of(1 << 20) => format!("{}M", octets >> 20),
        _ if octets.is_multiple_of(1 << 10) => format!("{}K", octets >> 10),
        _ => octets.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(parameters: &[(&str, &str)]) -> (Settings, Vec<Line>, Vec<String>) {
        let lines = (1..)
            .zip(parameters)
            .map(|(line, (name, value))| Line {
                line,
                name: (*name).into(),
                value: (*value).into(),
            })
            .collect();
        let mut diagnostics = Diagnostics::new("web.conf");
        let (settings, unknown) = Settings::from_lines(lines, Path::new("/etc"), &mut diagnostics);
        (settings, unknown, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn defaults_are_those_of_the_table() {
        let settings = Settings::default();
        assert_eq!(settings.listen.len(), 1);
        assert_eq!(settings.timeout, Duration::from_secs(15));
        assert_eq!(settings.head_octets_max, 16 << 10);
        assert!(settings.workers >= 1);
    }

    #[test]
    fn values_are_typed_and_paths_start_from_the_folder() {
        let (settings, unknown, complaints) = from(&[
            ("timeout", "0.5"),
            ("listen", "[::1]:81"),
            ("listen", "::1"),
            ("listen", "10.0.0.1"),
            ("guest", "a b.wasm"),
            ("access-log", "-"),
            ("guest-memory", "16M"),
            ("index", "index.html"),
        ]);
        assert_eq!(complaints, [""; 0]);
        assert_eq!(settings.timeout, Duration::from_millis(500));
        let listen: Vec<_> =
            settings.listen.iter().map(|listen| listen.address.to_string()).collect();
        assert_eq!(listen, ["[::1]:81", "[::1]:8080", "10.0.0.1:8080"]);
        assert_eq!(settings.guest, Some(GuestPlace::File("/etc/a b.wasm".into())));
        assert_eq!(settings.access_log, Some(AccessLog::Output));
        assert_eq!(settings.guest_memory_octets, 16 << 20);
        assert_eq!(unknown[0].name, "index");
    }

    #[test]
    fn bad_values_say_what_would_be_right() {
        let (_, _, complaints) = from(&[
            ("timeout", "soon"),
            ("timeout", "2"),
            ("workers", "0"),
            ("isolation", "none"),
            ("head-limit", "1023"),
            ("listen", "localhost"),
        ]);
        assert_eq!(
            complaints,
            [
                "web.conf:1: timeout: `soon` is not a time in seconds above 0 (try 15, or 0.5)",
                "web.conf:2: timeout is set already, on line 1",
                "web.conf:3: workers: `0` is not a whole number from 1 to 1024, or auto",
                "web.conf:4: isolation: `none` is not a choice (try worker or request)",
                "web.conf:5: head-limit: `1023` is not between 1K and 256K",
                "web.conf:6: listen: `localhost` is not an IP address and port (try 127.0.0.1:8080)",
            ]
        );
    }

    #[test]
    fn limits_hold_on_both_sides_of_the_edge() {
        for (value, good) in [("1023", false), ("1024", true), ("256K", true), ("262145", false)] {
            assert_eq!(from(&[("head-limit", value)]).2.is_empty(), good, "{value}");
        }
        for (value, good) in [("0", false), ("0.001", true), ("604800", true), ("604801", false)] {
            assert_eq!(from(&[("timeout", value)]).2.is_empty(), good, "{value}");
        }
        for (value, good) in [("-1", false), ("0", true), ("3600", true), ("3601", false)] {
            assert_eq!(from(&[("file-freshness", value)]).2.is_empty(), good, "{value}");
        }
        for (value, good) in [("off", false), ("0", true), ("64G", true), ("65G", false)] {
            assert_eq!(from(&[("file-cache", value)]).2.is_empty(), good, "{value}");
        }
        for (value, good) in [("0", false), ("1", true), ("10000", true), ("10001", false)] {
            assert_eq!(from(&[("listing-entries", value)]).2.is_empty(), good, "{value}");
        }
        for (value, good) in [("0", false), ("1", true), ("1024", true), ("1025", false)] {
            assert_eq!(from(&[("workers", value)]).2.is_empty(), good, "{value}");
        }
    }
}
