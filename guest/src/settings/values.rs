//! The values of parameters: what they are made of, and what is said when they are not.

use crate::contract::Trouble;
use crate::extra::Rule;
use crate::field;
use crate::negotiation::SUFFIX_OCTETS_MAX;
use crate::path;
use crate::pattern::Pattern;
use crate::redirects::Redirect;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::INDEX_NAMES_MAX;

/// The longest index name, as file systems have it.
pub const INDEX_NAME_OCTETS_MAX: usize = 255;

/// Fields that the server or this guest sets itself, with what to do instead.
const RESERVED: [(&str, &str); 20] = [
    ("Accept-Ranges", "it is sent as it is right"),
    ("Allow", "it is sent as it is right"),
    ("Cache-Control", "use parameter cache-control"),
    ("Connection", "it belongs to the server"),
    ("Content-Encoding", "use parameter precompressed"),
    ("Content-Length", "it belongs to the server"),
    ("Content-Range", "it is sent as it is right"),
    ("Content-Type", "use media"),
    ("Date", "it belongs to the server"),
    ("ETag", "it is sent as it is right"),
    ("Keep-Alive", "it belongs to the server"),
    ("Last-Modified", "it is sent as it is right"),
    ("Location", "use parameter redirect"),
    ("Proxy-Connection", "it belongs to the server"),
    ("Retry-After", "it is sent as it is right"),
    ("Server", "use parameter server-name"),
    ("TE", "it belongs to the server"),
    ("Trailer", "it belongs to the server"),
    ("Transfer-Encoding", "it belongs to the server"),
    ("Upgrade", "it belongs to the server"),
];

/// The longest value of Cache-Control.
pub const CACHE_CONTROL_OCTETS_MAX: usize = 1_024;

/// The value of a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    /// All of a value; blanks around it say nothing.
    pub fn of(value: &'a str) -> Self {
        Self(value.trim_ascii())
    }

    /// `on` or `off`.
    pub fn switch(self) -> Result<bool, String> {
        match self.0 {
            "on" => Ok(true),
            "off" => Ok(false),
            other => Err(["\"", other, "\" is neither on nor off"].concat()),
        }
    }

    /// Names of files.
    pub fn index_names(self) -> Result<Vec<String>, String> {
        let names: Vec<String> = self.0.split_ascii_whitespace().map(String::from).collect();
        if names.is_empty() {
            return Err("index needs the name of a file, such as index.html".to_string());
        }
        if names.len() > INDEX_NAMES_MAX {
            return Err("too many index names: 15 at most".to_string());
        }
        for name in &names {
            // Hidden files are never shown, so neither can they be an index.
            if name.contains(['/', '\0'])
                || name.starts_with('.')
                || name.len() > INDEX_NAME_OCTETS_MAX
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

    /// `[PATTERN] DIRECTIVES`
    pub fn cache_control(self) -> Result<(Pattern, String), String> {
        let (pattern, Self(directives)) = self.pattern()?;
        if directives.is_empty() || !field::is_field_value(directives.as_bytes()) {
            return Err(
                "cache-control takes directives in printable ASCII, such as max-age=3600, public"
                    .to_string(),
            );
        }
        if directives.len() > CACHE_CONTROL_OCTETS_MAX {
            return Err("the directives are too long: 1,024 octets at most".to_string());
        }
        Ok((pattern, directives.into()))
    }

    /// `[PATTERN] NAME: VALUE`
    pub fn header(self) -> Result<Rule, String> {
        let (pattern, Self(text)) = self.pattern()?;
        let (name, value) = text
            .split_once(':')
            .filter(|(name, _)| field::is_token(name.as_bytes()))
            .ok_or("header takes NAME: VALUE, such as Referrer-Policy: no-referrer")?;
        let value = value.trim_ascii();
        if !field::is_field_value(value.as_bytes()) {
            return Err(["the value of ", name, " is not all in printable ASCII"].concat());
        }
        if let Some((name, advice)) =
            RESERVED.iter().find(|reserved| reserved.0.eq_ignore_ascii_case(name))
        {
            return Err(["header cannot set ", name, ": ", advice].concat());
        }
        Ok(Rule { pattern, name: name.into(), value: value.into() })
    }

    /// `FROM TO [STATUS]`
    pub fn redirect(self) -> Result<Redirect, String> {
        Redirect::read(self.0)
    }

    /// `STATUS PATH`
    pub fn error_page(self) -> Result<(Trouble, String), String> {
        let (status, path) = self.0.split_once([' ', '\t']).unwrap_or((self.0, ""));
        let trouble = match status {
            "403" => Trouble::Forbidden,
            "404" => Trouble::Missing,
            "500" => Trouble::Failed,
            "503" => Trouble::Busy,
            _ => {
                return Err(
                    "error-page takes 403, 404, 500 or 503 and a path, such as 404 /404.html"
                        .to_string(),
                );
            }
        };
        Ok((trouble, Self::of(path).page()?))
    }

    /// The path of a file of the site, written as in an address.
    pub fn page(self) -> Result<String, String> {
        let mut decoded = String::new();
        let is_file = self.0.starts_with('/')
            && !self.0.ends_with('/')
            && path::decode(self.0.as_bytes(), &mut decoded).is_ok()
            && !decoded.ends_with('/')
            // The contract's limits on candidates, in every form of the file.
            && !decoded.contains('\0')
            && decoded.len() <= path::CANDIDATE_OCTETS_MAX - SUFFIX_OCTETS_MAX;
        if is_file {
            return Ok(decoded);
        }
        let reason = [
            "\"",
            self.0,
            "\" is no path of a file of the site: it starts with a slash, ends without one, and has no hidden names, such as /404.html",
        ];
        Err(reason.concat())
    }

    /// The pattern in front, if there is one, and what is behind it.
    fn pattern(self) -> Result<(Pattern, Self), String> {
        let (word, rest) = self.0.split_once([' ', '\t']).unwrap_or((self.0, ""));
        if !Pattern::is_meant(word) {
            return Ok((Pattern::any(), self));
        }
        let pattern = Pattern::read(word).ok_or_else(|| {
            ["\"", word, "\" is no pattern of paths: write it as in an address, such as /assets/*"]
                .concat()
        })?;
        Ok((pattern, Self::of(rest)))
    }
}
