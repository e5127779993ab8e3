//! The parameters of this guest: one table from which `settings` answers and `configure` reads.

mod values;

use self::values::Words;
use crate::contract::{Problem, Setting, SettingHelp, Trouble};
use crate::extra::{ExtraFields, Rule};
use crate::pattern::Pattern;
use crate::redirects::Redirect;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

pub use self::values::{CACHE_CONTROL_OCTETS_MAX, INDEX_NAME_OCTETS_MAX};

/// How many index names there may be: the contract allows 16 candidates, and the directory itself
/// is one.
pub const INDEX_NAMES_MAX: usize = 15;

/// How many index names there may be when each may be there in four forms.
pub const INDEX_NAMES_IN_FORMS_MAX: usize = 3;

/// What all fields of `header` may take together, so that they fit into an answer beside its own.
pub const HEADER_OCTETS_MAX: usize = 4_096;

/// The parameters in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The files that are served for a directory, the first that exists.
    pub index: Vec<String>,
    /// Whether `.br`, `.zst` and `.gz` beside a file are forms of it.
    pub precompressed: bool,
    /// Whether the entries of a directory are shown.
    pub listing: bool,
    /// The Cache-Control of files, by path; the last that covers a path holds.
    pub cache_control: Vec<(Pattern, String)>,
    /// Fields of every answer, by path.
    pub header: ExtraFields,
    /// Redirects by path; the last that covers a path holds.
    pub redirects: Vec<Redirect>,
    /// The pages shown for a trouble; one for each at most.
    pub error_pages: Vec<(Trouble, String)>,
    /// The page served in place of one that is missing.
    pub fallback: Option<String>,
}

/// The parameters while they are read.
#[derive(Default)]
struct Draft {
    settings: Settings,
    header: Vec<Rule>,
}

/// One parameter.
struct Definition {
    name: &'static str,
    value: &'static str,
    /// As one would write it; empty for none.
    default: &'static str,
    summary: &'static str,
    /// Puts a value in force, or says what would be right.
    set: fn(&mut Draft, Words<'_>) -> Result<(), String>,
}

const TABLE: [Definition; 8] = [
    Definition {
        name: "index",
        value: "NAME...",
        default: "index.html",
        summary: "Files served for a directory, the first that exists",
        set: |draft, words| words.index_names().map(|names| draft.settings.index = names),
    },
    Definition {
        name: "listing",
        value: "on|off",
        default: "off",
        summary: "Whether a directory without an index file shows its entries, as a page, or as JSON to clients that ask for it",
        set: |draft, words| words.switch().map(|on| draft.settings.listing = on),
    },
    Definition {
        name: "precompressed",
        value: "on|off",
        default: "off",
        summary: "Whether NAME.br, NAME.zst and NAME.gz are sent in place of NAME to clients that take them; names without an extension are sent as they are",
        set: |draft, words| words.switch().map(|on| draft.settings.precompressed = on),
    },
    Definition {
        name: "cache-control",
        value: "[PATTERN] DIRECTIVES",
        default: "",
        summary: "Cache-Control field of files, such as max-age=3600, or /assets/* max-age=31536000, immutable; the last line that covers a path holds",
        set: |draft, words| {
            words.cache_control().map(|rule| draft.settings.cache_control.push(rule))
        },
    },
    Definition {
        name: "header",
        value: "[PATTERN] NAME: VALUE",
        default: "",
        summary: "A field of every answer, such as Referrer-Policy: no-referrer, or *.wasm Cross-Origin-Resource-Policy: same-origin; the last line that covers a path holds, and without a value it leaves the field out",
        set: |draft, words| {
            draft.header.push(words.header()?);
            let octets = draft.header.iter().map(|rule| rule.name.len() + rule.value.len() + 4);
            if octets.sum::<usize>() > HEADER_OCTETS_MAX {
                return Err("too many fields: 4,096 octets at most in all header lines".to_string());
            }
            Ok(())
        },
    },
    Definition {
        name: "redirect",
        value: "FROM TO [STATUS]",
        default: "",
        summary: "Sends a path to another address, with its query; /old/* /new/* sends all below, STATUS is 301 or one of 302, 303, 307, 308",
        set: |draft, words| {
            words.redirect().map(|redirect| draft.settings.redirects.push(redirect))
        },
    },
    Definition {
        name: "error-page",
        value: "STATUS PATH",
        default: "",
        summary: "A file of the site shown for 403, 404, 500 or 503, such as 404 /404.html",
        set: |draft, words| {
            let (trouble, path) = words.error_page()?;
            draft.settings.error_pages.retain(|page| page.0 != trouble);
            draft.settings.error_pages.push((trouble, path));
            Ok(())
        },
    },
    Definition {
        name: "fallback",
        value: "PATH",
        default: "",
        summary: "A file of the site served with 200 for whatever is missing, such as /index.html for a single-page application",
        set: |draft, words| words.page().map(|path| draft.settings.fallback = Some(path)),
    },
];

impl Default for Settings {
    fn default() -> Self {
        Self {
            index: ["index.html".to_string()].into(),
            precompressed: false,
            listing: false,
            cache_control: Vec::new(),
            header: ExtraFields::new(default_header()),
            redirects: Vec::new(),
            error_pages: Vec::new(),
            fallback: None,
        }
    }
}

/// Fields that every answer has unless the operator says otherwise: what is served is what its
/// media type says.
fn default_header() -> Vec<Rule> {
    let (name, value) = ("X-Content-Type-Options".into(), "nosniff".into());
    [Rule { pattern: Pattern::any(), name, value }].into()
}

impl Settings {
    /// Reads `parameter NAME VALUE` lines over the defaults; where a parameter has one value, the
    /// last line holds.
    pub fn read(lines: &[Setting], problems: &mut Vec<Problem>) -> Self {
        let mut draft = Draft { header: default_header(), ..Draft::default() };
        for line in lines {
            let set = match TABLE.iter().find(|definition| definition.name == line.name) {
                Some(definition) => (definition.set)(&mut draft, Words::of(&line.value)),
                None => Err(unknown(&line.name)),
            };
            if let Err(reason) = set {
                problems.push(Problem { line: line.line, reason });
            }
        }
        let Draft { mut settings, header } = draft;
        settings.header = ExtraFields::new(header);
        if settings.precompressed && settings.index.len() > INDEX_NAMES_IN_FORMS_MAX {
            let reason = "too many index names: 3 at most with precompressed on".to_string();
            let line = lines.iter().rfind(|line| line.name == "index").map_or(0, |line| line.line);
            problems.push(Problem { line, reason });
        }
        settings
    }

    /// The Cache-Control of the file at a path, which is told only where it matters; empty for
    /// none.
    pub fn cache_control(&self, path: impl FnOnce() -> String) -> &str {
        if self.cache_control.is_empty() {
            return "";
        }
        let path = path();
        let covering = self.cache_control.iter().rfind(|rule| rule.0.covers(&path));
        covering.map_or("", |rule| &rule.1)
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

#[cfg(test)]
mod tests;
