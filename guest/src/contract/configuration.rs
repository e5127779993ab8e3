//! What web.conf says, and what is wrong with it.

use alloc::string::String;
use alloc::vec::Vec;

/// One line of web.conf that is the guest's to understand.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let setting = Setting { line: 3, name: "cache-control".into(), value: "max-age=60".into() };
/// assert_eq!((setting.line, &*setting.name), (3, "cache-control"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Line of web.conf, from 1; 0 when the setting was not read from a file.
    pub line: u32,
    /// The parameter's name, or a file name extension without its dot.
    pub name: String,
    /// The rest of the line, unquoted.
    pub value: String,
}

/// What is wrong with one setting.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let problem = Problem { line: 3, reason: "`soon` is not a number (try 60)".into() };
/// assert!(problem.reason.contains("try"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the setting complained about.
    pub line: u32,
    /// What is wrong, and what would be right.
    pub reason: String,
}

/// Everything that web.conf tells the guest, in the order of the file.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let setting = Setting { line: 3, name: "listing".into(), value: "on".into() };
/// let configuration = Configuration { media: Vec::new(), parameters: vec![setting] };
/// assert_eq!(configuration.parameters[0].value, "on");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// `media EXT TYPE` lines.
    pub media: Vec<Setting>,
    /// `parameter NAME VALUE` lines that the host does not know itself.
    pub parameters: Vec<Setting>,
}

/// A parameter of this guest, for help and documentation.
///
/// ```
/// # use wasmhttpd_guest::contract::*;
/// let help = SettingHelp {
///     name: "listing".into(),
///     value: "on|off".into(),
///     default: "off".into(),
///     summary: "Whether a directory without an index file shows its entries".into(),
/// };
/// assert!(!help.summary.ends_with('.'));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingHelp {
    /// The name in web.conf.
    pub name: String,
    /// What to write as the value.
    pub value: String,
    /// The value in force when the parameter is not set; empty when there is none.
    pub default: String,
    /// One sentence.
    pub summary: String,
}
