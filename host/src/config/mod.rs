//! web.conf: what was written, and what it means.
//!
//! Owns the grammar, the typed settings with their defaults, and the diagnostics. Leaves to others
//! whether a folder, a port or a guest can really be had: they add to the same diagnostics, so
//! that an operator sees everything that is wrong at once.
//!
//! 1. [`words`] splits a line into words.
//! 2. [`File::parse`] sorts lines into `host`, `media` and `parameter`.
//! 3. [`Settings::from_lines`] gives every parameter of [`settings::SETTINGS`] its value; what is
//!    left over is the guest's.

mod diagnostics;
mod reference;
mod settings;
mod words;

use std::path::{Path, PathBuf};

pub use diagnostics::{Diagnostic, Diagnostics, suggestion};
pub use reference::{Digest, GuestPlace, Reference, is_loopback};
pub use settings::{
    AccessLog, Capture, CompileSettings, ControlSettings, Differences, FileSettings, GuestImports,
    GuestSettings, Isolation, KeptIn, LimitSettings, Listen, ListenSettings, LogSettings,
    NamedFile, RegistrySettings, ResponseSettings, SETTINGS, Scope, Setting, Settings,
    SwapSettings,
};

/// The name of the `host` line that serves every other name.
pub const DEFAULT_HOST: &str = "default";

/// Where web.conf is looked for when none is named.
pub const DEFAULT_FILE: &str = "web.conf";

/// What a web.conf says, as far as the host understands it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file's name as the operator gave it; empty for the command line.
    pub file: String,
    /// Document roots, one for each `host` line.
    pub sites: Vec<Site>,
    /// `media EXT TYPE`, for the guest.
    pub media: Vec<Line>,
    /// Parameters that the host does not know, for the guest.
    pub guest_parameters: Vec<Line>,
    /// The parameters that the host knows.
    pub settings: Settings,
}

/// A `host NAME PATH` line.
#[derive(Debug, Clone)]
pub struct Site {
    /// Line of web.conf; 0 for a folder named on the command line.
    pub line: u32,
    /// Lower case, no port; [`DEFAULT_HOST`] for every other name.
    pub name: String,
    /// The document root, not yet looked at.
    pub root: PathBuf,
}

/// A `media` or `parameter` line: a name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From 1.
    pub line: u32,
    /// Second word of the line.
    pub name: String,
    /// The rest of the line, unquoted, its words one blank apart.
    pub value: String,
}

impl Config {
    /// Reads the web.conf at `path`. Complaints go to `diagnostics`; what could be understood is
    /// returned, so that later steps can complain too.
    pub fn read(path: &Path, diagnostics: &mut Diagnostics) -> Config {
        let text = match std::fs::read(path) {
            Ok(octets) => String::from_utf8(octets).unwrap_or_else(|error| {
                let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let line = 1 + valid.iter().filter(|octet| **octet == b'\n').count();
                diagnostics
                    .at(line as u32, "this line is not UTF-8 (try saving the file as UTF-8)");
                String::new()
            }),
            Err(error) => {
                diagnostics.general(format!("cannot read {}: {error}", path.display()));
                String::new()
            }
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        let unreadable = !diagnostics.is_empty();
        // Some editors mark UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let file = File::parse(text, folder, diagnostics);
        if file.sites.is_empty() && !unreadable {
            diagnostics.general("no site to serve (try a line `host default www`)".into());
        }
        Config { file: path.display().to_string(), ..Config::from_file(file, folder, diagnostics) }
    }

    /// The configuration of `wasmhttpd DIR`: one folder under every name, defaults otherwise.
    pub fn for_folder(root: &Path, diagnostics: &mut Diagnostics) -> Config {
        let site = Site { line: 0, name: DEFAULT_HOST.into(), root: root.to_path_buf() };
        let file = File { sites: vec![site], media: Vec::new(), parameters: Vec::new() };
        Config::from_file(file, Path::new(""), diagnostics)
    }

    fn from_file(file: File, folder: &Path, diagnostics: &mut Diagnostics) -> Config {
        let (settings, guest_parameters) =
            Settings::from_lines(file.parameters, folder, diagnostics);
        Config {
            file: String::new(),
            sites: file.sites,
            media: file.media,
            guest_parameters,
            settings,
        }
    }
}

/// What was written: the lines of a web.conf, sorted by their first word.
#[derive(Debug)]
struct File {
    sites: Vec<Site>,
    media: Vec<Line>,
    parameters: Vec<Line>,
}

/// The first words of lines.
const KINDS: [&str; 3] = ["host", "media", "parameter"];

impl File {
    /// Relative roots start from `folder`.
    fn parse(text: &str, folder: &Path, diagnostics: &mut Diagnostics) -> File {
        let mut file = File { sites: Vec::new(), media: Vec::new(), parameters: Vec::new() };
        for (number, text) in (1..).zip(text.lines()) {
            let words = match words::split(text) {
                Ok(words) => words,
                Err(reason) => {
                    diagnostics.at(number, reason);
                    continue;
                }
            };
            let Some((kind, rest)) = words.split_first() else { continue };
            match (kind.as_str(), rest) {
                ("host", [name, root]) => {
                    file.site(number, name, folder.join(root), diagnostics);
                }
                ("host", _) => diagnostics.at(
                    number,
                    "a host line is `host NAME PATH` (try quotes around a path with blanks)",
                ),
                ("media", [name, value @ ..]) if !value.is_empty() => {
                    file.media.push(Line::new(number, name, value));
                }
                ("media", _) => {
                    diagnostics.at(
                        number,
                        "a media line is `media EXT TYPE` (try `media txt text/plain`)",
                    );
                }
                ("parameter", [name, value @ ..]) if !value.is_empty() => {
                    file.parameters.push(Line::new(number, name, value));
                }
                ("parameter", _) => diagnostics.at(
                    number,
                    "a parameter line is `parameter NAME VALUE` (try `parameter timeout 15`)",
                ),
                (kind, _) => diagnostics.at(
                    number,
                    format!(
                        "`{kind}` is not a kind of line ({})",
                        suggestion(kind, KINDS).unwrap_or("try host, media or parameter".into())
                    ),
                ),
            }
        }
        file
    }

    fn site(&mut self, line: u32, name: &str, root: PathBuf, diagnostics: &mut Diagnostics) {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        if let Some(first) = self.sites.iter().find(|site| site.name == name) {
            diagnostics.at(line, format!("host {name} has a root already, on line {}", first.line));
        } else if name.contains('/') || port_of(name).is_some() {
            diagnostics.at(
                line,
                format!("`{name}` is not a host name (try it without scheme, port and path)"),
            );
        } else {
            self.sites.push(Site { line, name: name.into(), root });
        }
    }
}

impl Line {
    fn new(line: u32, name: &str, value: &[String]) -> Line {
        Line { line, name: name.into(), value: value.join(" ") }
    }
}

/// The port of `name:port`; an IPv6 address in brackets has colons of its own.
fn port_of(name: &str) -> Option<&str> {
    match name.rfind(']') {
        Some(end) => name[end + 1..].strip_prefix(':'),
        None => name.split_once(':').map(|(_, port)| port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (File, Vec<String>) {
        let mut diagnostics = Diagnostics::new("web.conf");
        let file = File::parse(text, Path::new("/site"), &mut diagnostics);
        (file, diagnostics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_course_s_file_is_understood() {
        let (file, complaints) = parse(
            "host default www\nmedia txt text/plain\nmedia html text/html\n\nparameter timeout 1\n",
        );
        assert_eq!(complaints, [""; 0]);
        assert_eq!(file.sites[0].name, "default");
        assert_eq!(file.sites[0].root, Path::new("/site/www"));
        assert_eq!(file.media[1], Line { line: 3, name: "html".into(), value: "text/html".into() });
        assert_eq!(file.parameters[0], Line { line: 5, name: "timeout".into(), value: "1".into() });
    }

    #[test]
    fn every_bad_line_is_reported_and_the_good_ones_kept() {
        let (file, complaints) =
            parse("hots a b\nhost a\nmedia x\nparameter y\nhost \"a\nhost a b\n");
        assert_eq!(
            complaints,
            [
                "web.conf:1: `hots` is not a kind of line (try host)",
                "web.conf:2: a host line is `host NAME PATH` (try quotes around a path with blanks)",
                "web.conf:3: a media line is `media EXT TYPE` (try `media txt text/plain`)",
                "web.conf:4: a parameter line is `parameter NAME VALUE` (try `parameter timeout 15`)",
                "web.conf:5: a quote is opened and not closed (try \" at its end)",
            ]
        );
        assert_eq!(file.sites.len(), 1);
    }

    #[test]
    fn host_names_are_lower_case_unique_and_without_port() {
        let (file, complaints) =
            parse("host A. x\nhost a y\nhost b:80 z\nhost [::1] v\nhost [::1]:80 w");
        assert_eq!(file.sites.iter().map(|site| &site.name).collect::<Vec<_>>(), ["a", "[::1]"]);
        assert_eq!(complaints.len(), 3, "{complaints:?}");
        assert_eq!(complaints[0], "web.conf:2: host a has a root already, on line 1");
    }
}
