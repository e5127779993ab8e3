//! Names and passwords, from a file such as `docker login` writes. They are read when they are
//! needed and not kept, and nothing here shows them.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::error::PullError;

/// Largest such file, in octets.
const FILE_OCTETS_MAX: u64 = 1 << 20;

/// A file of names and passwords.
#[derive(Debug, Clone)]
pub struct Credentials {
    path: PathBuf,
}

/// A name and password, as the Authorization field has them. It has no `Debug`.
#[derive(Clone)]
pub struct Basic(String);

#[derive(Deserialize)]
struct Contents {
    #[serde(default)]
    auths: HashMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
}

impl Credentials {
    /// Those of the file at `path`, which can be read now.
    ///
    /// # Errors
    /// When it cannot, or is no such file.
    pub fn new(path: PathBuf) -> Result<Credentials, PullError> {
        let credentials = Credentials { path };
        credentials.read()?;
        Ok(credentials)
    }

    /// What there is for a registry.
    pub(super) fn of(&self, registry: &str) -> Result<Option<Basic>, PullError> {
        let auths = self.read()?.auths;
        let mut entries = auths.iter().filter(|(name, _)| host(name) == registry);
        let Some(auth) = entries.find_map(|(_, entry)| entry.auth.as_deref()) else {
            return Ok(None);
        };
        let is_pair = |octets: Vec<u8>| octets.contains(&b':');
        match STANDARD.decode(auth).is_ok_and(is_pair) {
            true => Ok(Some(Basic(format!("Basic {auth}")))),
            false => Err(self.error(format!("auth of {registry} is not NAME:PASSWORD in base64"))),
        }
    }

    fn read(&self) -> Result<Contents, PullError> {
        let mut octets = Vec::new();
        let read = File::open(&self.path)
            .and_then(|file| file.take(FILE_OCTETS_MAX).read_to_end(&mut octets));
        read.map_err(|error| self.error(error.to_string()))?;
        // Where the reading stopped, but not at what: that may be a password.
        serde_json::from_slice(&octets).map_err(|error| {
            self.error(format!(
                "line {}, column {} is not as it should be",
                error.line(),
                error.column()
            ))
        })
    }

    fn error(&self, reason: String) -> PullError {
        PullError::Credentials { path: self.path.clone(), reason }
    }
}

impl Basic {
    /// The value of the Authorization field.
    pub fn field(&self) -> &str {
        &self.0
    }
}

/// The host and port of an entry, which may be written as the start of a URI.
fn host(name: &str) -> &str {
    let bare = name.split_once("://").map_or(name, |(_, rest)| rest);
    bare.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).expect("a file");
        (folder, path)
    }

    #[test]
    fn a_registry_is_found_however_it_is_written() {
        let (_folder, path) = file(
            r#"{"auths":{"a.example":{"auth":"YTpi"},"https://b.example:5000/v2/":{"auth":"YTpj"},
            "helped.example":{}},"credsStore":"other"}"#,
        );
        let credentials = Credentials::new(path).expect("credentials");
        let of = |registry| {
            let basic = credentials.of(registry).expect("a file that can be read");
            basic.map(|basic| basic.field().to_owned())
        };
        assert_eq!(of("a.example").as_deref(), Some("Basic YTpi"));
        assert_eq!(of("b.example:5000").as_deref(), Some("Basic YTpj"));
        assert_eq!((of("b.example"), of("helped.example"), of("c.example")), (None, None, None));
    }

    #[test]
    fn a_complaint_does_not_tell_a_password() {
        for text in [
            r#"{"auths":{"a":{"auth":"c2VjcmV0"}}}"#,
            r#"{"auths":{"a":{"auth":["c2VjcmV0"]}}}"#,
            r#"{"auths":"c2VjcmV0"}"#,
            r#"{"auths":{"a":{"auth":"c2VjcmV0}}}"#,
        ] {
            let (_folder, path) = file(text);
            let error = match Credentials::new(path) {
                Ok(credentials) => credentials.of("a").err(),
                Err(error) => Some(error),
            };
            let error = error.expect("a complaint").to_string();
            assert!(!error.contains("c2VjcmV0") && error.contains("(try "), "{error}");
        }
    }
}
