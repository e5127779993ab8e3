//! The parameters that the host knows, in one table: [`SETTINGS`].
//!
//! The parser, `--help` and the README's table all come from it. Each parameter is stated once, in
//! `groups.rs`: its name, what its value looks like, its default, one sentence, and the function
//! that reads a value. [`Settings`] holds the values, group by group.

mod groups;
mod kinds;
#[cfg(test)]
mod tests;
mod value;

use std::path::Path;

use self::value::Value;
use super::{Diagnostics, Line};

pub use self::groups::{
    CompileSettings, ControlSettings, FileSettings, GuestSettings, LimitSettings, ListenSettings,
    LogSettings, RegistrySettings, ResponseSettings, SwapSettings,
};
pub use self::kinds::{
    AccessLog, Capture, Differences, GuestImports, Isolation, KeptIn, Listen, NamedFile,
};

/// What the host's parameters mean, in groups; the defaults at first.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What is listened on, and by how many.
    pub listen: ListenSettings,
    /// How much a client may take, and for how long.
    pub limits: LimitSettings,
    /// What is known and kept of files.
    pub files: FileSettings,
    /// What every response carries.
    pub responses: ResponseSettings,
    /// What is told of requests.
    pub log: LogSettings,
    /// How the server is spoken to while it serves.
    pub control: ControlSettings,
    /// Which guest serves, and what it may do.
    pub guest: GuestSettings,
    /// How guests are had from registries.
    pub registry: RegistrySettings,
    /// What compiling a guest may take.
    pub compile: CompileSettings,
    /// How a guest is replaced while it serves.
    pub swap: SwapSettings,
}

/// Whose a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole process has one value.
    Process,
    /// Each site may have its own, once there are settings for each.
    Site,
}

/// A parameter of web.conf.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Second word of the `parameter` line.
    pub name: &'static str,
    /// What the value looks like.
    pub value: &'static str,
    /// As one would write it; empty when the default is to have none.
    pub default: &'static str,
    /// One sentence, without its full stop.
    pub summary: &'static str,
    /// Whose it is.
    pub scope: Scope,
    apply: fn(&mut Settings, &Value<'_>) -> Result<(), String>,
}

/// The groups, as `--help` shows them.
const GROUPS: [&[Setting]; 10] = [
    ListenSettings::SETTINGS,
    LimitSettings::SETTINGS,
    FileSettings::SETTINGS,
    ResponseSettings::SETTINGS,
    LogSettings::SETTINGS,
    ControlSettings::SETTINGS,
    GuestSettings::SETTINGS,
    RegistrySettings::SETTINGS,
    CompileSettings::SETTINGS,
    SwapSettings::SETTINGS,
];

/// Every parameter that the host knows.
pub const SETTINGS: &[Setting] = &joined();

/// The only parameter that may stand on several lines.
const LISTEN: &str = "listen";

const fn count() -> usize {
    let (mut group, mut count) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].len();
        group += 1;
    }
    count
}

const fn joined() -> [Setting; count()] {
    let mut all = [GROUPS[0][0]; count()];
    let (mut group, mut at) = (0, 0);
    while group < GROUPS.len() {
        let mut entry = 0;
        while entry < GROUPS[group].len() {
            all[at] = GROUPS[group][entry];
            entry += 1;
            at += 1;
        }
        group += 1;
    }
    all
}

/// What a default means, as if it had been written.
fn default<T>(text: &'static str, read: fn(&Value<'_>) -> Result<T, String>) -> T {
    read(&Value { text, line: 0, folder: Path::new("") })
        .expect("defaults are valid: a test reads each")
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
            setting.take(&mut settings, first, folder, diagnostics);
            for again in lines {
                if setting.name == LISTEN {
                    let before = std::mem::take(&mut settings.listen.addresses);
                    setting.take(&mut settings, again, folder, diagnostics);
                    settings.listen.addresses.splice(..0, before);
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
        for listen in &mut self.listen.addresses {
            listen.address.set_port(port);
        }
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
