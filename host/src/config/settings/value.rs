//! How each kind of value is read.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kinds::{AccessLog, KeptIn, Listen, NamedFile};
use crate::config::GuestPlace;
use crate::text::one_line;

/// The port of a `listen` value that names none.
const DEFAULT_PORT: u16 = 8080;

/// Longest time that any setting takes: a week. Timers count milliseconds in 32 bits.
const SECONDS_MAX: f64 = 7.0 * 24.0 * 3600.0;

/// A value as written, and where.
pub(super) struct Value<'a> {
    pub text: &'a str,
    /// From 1; 0: a default.
    pub line: u32,
    /// The folder that relative paths start from.
    pub folder: &'a Path,
}

/// Errors say what would be right.
impl Value<'_> {
    pub(super) fn seconds(&self) -> Result<Duration, String> {
        match self.text.parse::<f64>() {
            Ok(seconds) if (0.001..=SECONDS_MAX).contains(&seconds) => {
                Ok(Duration::from_secs_f64(seconds))
            }
            _ => Err(format!("`{}` is not a time in seconds above 0 (try 15, or 0.5)", self.text)),
        }
    }

    pub(super) fn seconds_or_none(&self) -> Result<Duration, String> {
        match self.text {
            "0" => Ok(Duration::ZERO),
            _ => self.seconds().map_err(|reason| format!("{reason}, or 0")),
        }
    }

    /// A number of 64 bits.
    pub(super) fn count(&self, min: usize, max: usize) -> Result<u64, String> {
        self.number(min, max).map(|number| number as u64)
    }

    pub(super) fn milliseconds(&self, min: usize, max: usize) -> Result<Duration, String> {
        self.count(min, max).map(Duration::from_millis)
    }

    pub(super) fn on_off(&self) -> Result<bool, String> {
        self.choice(&[("on", true), ("off", false)])
    }

    pub(super) fn number(&self, min: usize, max: usize) -> Result<usize, String> {
        match self.text.parse() {
            Ok(number) if (min..=max).contains(&number) => Ok(number),
            _ if max == usize::MAX => {
                Err(format!("`{}` is not a whole number of at least {min}", self.text))
            }
            _ => Err(format!("`{}` is not a whole number from {min} to {max}", self.text)),
        }
    }

    pub(super) fn workers(&self) -> Result<usize, String> {
        match self.text {
            "auto" => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
            _ => self.number(1, 1024).map_err(|reason| format!("{reason}, or auto")),
        }
    }

    pub(super) fn octets(&self, min: usize, max: usize) -> Result<usize, String> {
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

    pub(super) fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Result<T, String> {
        match choices.iter().find(|(word, _)| *word == self.text) {
            Some((_, choice)) => Ok(*choice),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                Err(format!("`{}` is not a choice (try {})", self.text, words.join(" or ")))
            }
        }
    }

    pub(super) fn addresses(&self) -> Result<Vec<Listen>, String> {
        Ok(vec![self.listen()?])
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
    pub(super) fn field_value(&self) -> Result<String, String> {
        match self.text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
            true => Ok(self.text.trim().to_owned()),
            false => Err(format!(
                "`{}` has characters that no field may carry (try ASCII letters)",
                one_line(self.text)
            )),
        }
    }

    /// A file or folder; none where that is the default.
    pub(super) fn path(&self) -> Result<Option<PathBuf>, String> {
        Ok((!self.is_none()).then(|| self.joined()))
    }

    /// A default that is to have none. Nothing in web.conf can say so.
    fn is_none(&self) -> bool {
        self.line == 0 && self.text.is_empty()
    }

    fn joined(&self) -> PathBuf {
        self.folder.join(self.text)
    }

    pub(super) fn named_file(&self) -> Result<Option<NamedFile>, String> {
        Ok(self.path()?.map(|path| NamedFile { path, line: self.line }))
    }

    pub(super) fn access_log(&self) -> Result<Option<AccessLog>, String> {
        Ok(match self.text {
            _ if self.is_none() => None,
            "-" => Some(AccessLog::Output),
            _ => Some(AccessLog::File { path: self.joined(), line: self.line }),
        })
    }

    /// A guest; none where that is the default.
    pub(super) fn guest(&self) -> Result<Option<GuestPlace>, String> {
        if self.is_none() {
            return Ok(None);
        }
        Ok(Some(match GuestPlace::of(self.text.into())? {
            GuestPlace::File(_) => GuestPlace::File(self.joined()),
            registry => registry,
        }))
    }

    pub(super) fn kept_in(&self) -> Result<KeptIn, String> {
        Ok(match self.text {
            _ if self.is_none() => KeptIn::Default,
            "off" => KeptIn::Off,
            _ => KeptIn::Folder { path: self.joined(), line: self.line },
        })
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
