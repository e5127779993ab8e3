//! What web.conf says.

use crate::bindings::exports::wasmhttpd::guest::handler::{
    Configuration, Problem, Setting, SettingHelp,
};

/// Media types by extension.
const MEDIA_TYPES: [(&str, &str); 12] = [
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/vnd.microsoft.icon"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("woff2", "font/woff2"),
];

/// The parameter that this guest takes.
pub fn help() -> Vec<SettingHelp> {
    vec![SettingHelp {
        name: "cache".into(),
        value: "SECONDS".into(),
        default: String::new(),
        summary: "How long a client may use a file without asking again".into(),
    }]
}

/// What web.conf says.
#[derive(Default)]
pub struct Settings {
    media: Vec<Setting>,
    /// A field line; empty where there is none.
    pub cache: String,
}

impl Settings {
    /// Takes a configuration, or says everything that is wrong with it.
    pub fn new(configuration: Configuration) -> Result<Self, Vec<Problem>> {
        let Configuration { media, parameters } = configuration;
        let media_problems =
            media.iter().filter(|media| !is_media_type(&media.value)).map(|media| Problem {
                line: media.line,
                reason: format!(
                    "media {}: `{}` is no media type (try text/plain)",
                    media.name, media.value
                ),
            });
        let cache_problems =
            parameters.iter().filter(|cache| !is_seconds(&cache.value)).map(|cache| Problem {
                line: cache.line,
                reason: format!("cache: `{}` is no number of seconds (try 3600)", cache.value),
            });
        let problems: Vec<Problem> = media_problems.chain(cache_problems).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let cache = parameters.last();
        let cache = cache.map(|cache| format!("Cache-Control: max-age={}\r\n", cache.value));
        Ok(Self { media, cache: cache.unwrap_or_default() })
    }

    /// The media type of files with an extension. The last line about it holds.
    pub fn media_type(&self, extension: &str) -> &str {
        let own = self.media.iter().rev().map(|media| (media.name.as_str(), media.value.as_str()));
        own.chain(MEDIA_TYPES)
            .find(|(name, _)| name.eq_ignore_ascii_case(extension))
            .map_or("application/octet-stream", |(_, media_type)| media_type)
    }
}

fn is_media_type(value: &str) -> bool {
    let is_visible =
        |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic());
    value.split_once('/').is_some_and(|(kind, rest)| {
        is_visible(kind)
            && !rest.is_empty()
            && rest.split(' ').all(|word| word.is_empty() || is_visible(word))
    })
}

fn is_seconds(value: &str) -> bool {
    matches!(value.len(), 1..=9) && value.bytes().all(|octet| octet.is_ascii_digit())
}
