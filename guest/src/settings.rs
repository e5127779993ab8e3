//! The parameters of this guest: one table from which `settings` answers and `configure` reads.

use crate::contract::{Problem, Setting, SettingHelp};
use crate::field;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many index names there may be: the contract allows 16 candidates, and the directory itself
/// is one.
pub const INDEX_NAMES_MAX: usize = 15;

/// The longest index name, as file systems have it.
pub const INDEX_NAME_OCTETS_MAX: usize = 255;

/// The parameters in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The files that are served for a directory, the first that exists.
    pub index: Vec<String>,
    /// The Cache-Control of files; empty for none.
    pub cache_control: String,
}

/// One parameter.
struct Definition {
    name: &'static str,
    value: &'static str,
    default: &'static str,
    summary: &'static str,
    /// Puts a value in force, or says what would be right.
    set: fn(&mut Settings, &str) -> Result<(), String>,
}

const TABLE: [Definition; 2] = [
    Definition {
        name: "index",
        value: "NAME...",
        default: "index.html",
        summary: "Files served for a directory, the first that exists",
        set: |settings, value| {
            settings.index = index_names(value)?;
            Ok(())
        },
    },
    Definition {
        name: "cache-control",
        value: "DIRECTIVES",
        default: "",
        summary: "Cache-Control field of every file, such as max-age=3600",
        set: |settings, value| {
            settings.cache_control = field_value(value)?;
            Ok(())
        },
    },
];

impl Default for Settings {
    fn default() -> Self {
        let mut settings = Self { index: Vec::new(), cache_control: String::new() };
        for definition in &TABLE {
            let set = (definition.set)(&mut settings, definition.default);
            debug_assert!(set.is_ok(), "the default of {} is wrong", definition.name);
        }
        settings
    }
}

impl Settings {
    /// Reads `parameter NAME VALUE` lines over the defaults; of several lines for one parameter the
    /// last holds.
    pub fn read(lines: &[Setting], problems: &mut Vec<Problem>) -> Self {
        let mut settings = Self::default();
        for line in lines {
            let set = match TABLE.iter().find(|definition| definition.name == line.name) {
                Some(definition) => (definition.set)(&mut settings, &line.value),
                None => Err(unknown(&line.name)),
            };
            if let Err(reason) = set {
                problems.push(Problem { line: line.line, reason });
            }
        }
        settings
    }
}

/// Every parameter, for help and documentation.
pub fn help() -> Vec<SettingHelp> {
    let help = |definition: &Definition| SettingHelp {
        name: definition.name.to_string(),
        value: definition.value.to_string(),
        default: definition.default.to_string(),
        summary: definition.summary.to_string(),
    };
    TABLE.iter().map(help).collect()
}

fn unknown(name: &str) -> String {
    let mut reason = ["unknown parameter \"", name, "\": this guest has"].concat();
    for (index, definition) in TABLE.iter().enumerate() {
        reason.push_str(if index == 0 { " " } else { ", " });
        reason.push_str(definition.name);
    }
    reason
}

fn index_names(value: &str) -> Result<Vec<String>, String> {
    let names: Vec<String> = value.split_ascii_whitespace().map(String::from).collect();
    if names.is_empty() {
        return Err("index needs the name of a file, such as index.html".to_string());
    }
    if names.len() > INDEX_NAMES_MAX {
        return Err("too many index names: 15 at most".to_string());
    }
    for name in &names {
        // Hidden files are never shown, so neither can they be an index.
        if name.contains(['/', '\0']) || name.starts_with('.') || name.len() > INDEX_NAME_OCTETS_MAX
        {
            let reason = [
                "index \"",
                name,
                "\" is no name of a file: no slash, no dot in front, 255 octets at most",
            ];
            return Err(reason.concat());
        }
    }
    Ok(names)
}

fn field_value(value: &str) -> Result<String, String> {
    if field::is_field_value(value.as_bytes()) {
        return Ok(value.to_string());
    }
    Err("cache-control takes directives in printable ASCII, such as max-age=3600, public"
        .to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, Vec<Problem>> {
        let line = Setting { line: 3, name: name.to_string(), value: value.to_string() };
        let mut problems = Vec::new();
        let settings = Settings::read(&[line], &mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(problems) }
    }

    #[test]
    fn help_and_defaults_agree() {
        let help = help();
        assert_eq!(help.len(), TABLE.len());
        for setting in &help {
            assert_eq!(
                read(&setting.name, &setting.default),
                Ok(Settings::default()),
                "{}",
                setting.name
            );
            assert!(!setting.summary.ends_with('.'));
        }
        assert_eq!(Settings::default().index, ["index.html"]);
        assert_eq!(Settings::default().cache_control, "");
    }

    #[test]
    fn values_are_read() {
        assert_eq!(read("index", " a.htm\tb.htm ").unwrap().index, ["a.htm", "b.htm"]);
        assert_eq!(
            read("cache-control", "max-age=60, public").unwrap().cache_control,
            "max-age=60, public"
        );
    }

    #[test]
    fn unknown_names_and_bad_values_are_complained_about() {
        let problems = read("indx", "a").unwrap_err();
        assert_eq!(problems[0].line, 3);
        assert_eq!(
            problems[0].reason,
            "unknown parameter \"indx\": this guest has index, cache-control"
        );
        for value in ["", " ", "a/b", "/", ".a", "a .b", "a\0b"] {
            assert!(read("index", value).is_err(), "{value:?}");
        }
        for value in ["a\r\nX: y", "a\nb", "\u{e4}", "a\0", " a"] {
            assert!(read("cache-control", value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn index_names_end_at_15_of_255_octets() {
        for (count, right) in [(14, true), (15, true), (16, false)] {
            assert_eq!(read("index", &"a ".repeat(count)).is_ok(), right, "{count}");
        }
        for (length, right) in [(254, true), (255, true), (256, false)] {
            assert_eq!(read("index", &"a".repeat(length)).is_ok(), right, "{length}");
        }
    }
}
