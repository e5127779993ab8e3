//! `wasmhttpd new`: a project of a guest of one's own, ready to be built, tested and served.
//!
//! What is written is in the program: see `templates`. Nothing is asked and nothing is built here.

mod templates;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use templates::File;

/// Longest name of a project, in octets.
const NAME_OCTETS_MAX: usize = 64;

/// What a guest is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// With the SDK: a rule in front of the built-in site
    Rust,
    /// With componentize-py, from PyPI
    Python,
    /// With componentize-qjs, from npm
    #[value(name = "javascript", alias = "js")]
    JavaScript,
}

/// Writes a project into the folder `name` of the working folder, which must not exist yet. Returns
/// what to tell who asked for it: the commands that come next.
///
/// # Errors
/// When the name is not one for a folder, or is taken, or the file system says so.
pub fn write(name: &str, language: Language) -> anyhow::Result<String> {
    if !is_name(name) {
        bail!(
            "`{name}` is no name for a project (try letters, digits, - and _, with a letter first, \
             {NAME_OCTETS_MAX} octets at most)"
        );
    }
    let folder = Path::new(name);
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{name} exists already (try another name)")
        }
        done => done.with_context(|| format!("cannot make the folder {name}"))?,
    }
    for file in templates::of(language) {
        write_file(folder, &file, name)
            .with_context(|| format!("cannot write {name}/{}", file.path))?;
    }
    let steps = templates::steps(language);
    Ok(format!("{name} is there. Next:\n  cd {name}\n  {}\n", steps.join("\n  ")))
}

fn is_name(name: &str) -> bool {
    let is_in_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.len() <= NAME_OCTETS_MAX
        && name.bytes().all(is_in_name)
}

fn write_file(folder: &Path, file: &File, name: &str) -> io::Result<()> {
    let path = folder.join(file.path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mode = if file.is_program() { 0o777 } else { 0o666 };
    let mut output = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    match file.is_template {
        true => {
            let version = env!("CARGO_PKG_VERSION");
            let text = file.text.replace("{{name}}", name).replace("{{version}}", version);
            output.write_all(text.as_bytes())
        }
        false => output.write_all(file.text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_folders_that_need_no_quotes() {
        let longest = "a".repeat(NAME_OCTETS_MAX);
        for name in ["a", "my-site_2", "Site", longest.as_str()] {
            assert!(is_name(name), "{name}");
        }
        let longer = "a".repeat(NAME_OCTETS_MAX + 1);
        for name in ["", "2nd", "-a", ".a", "_a", "a/b", "a b", "..", "\u{e9}", longer.as_str()] {
            assert!(!is_name(name), "{name}");
        }
    }

    /// The SDK's manifests name dependencies of a workspace, which a project has to have, too.
    #[test]
    fn a_project_in_rust_depends_on_what_the_sdk_does() {
        let versions = |text: &'static str| {
            let (_, table) = text.split_once("[workspace.dependencies]\n").expect("the table");
            let lines = table.lines().take_while(|line| !line.starts_with('['));
            lines.filter(|line| line.contains("version = ")).collect::<Vec<_>>()
        };
        let ours = versions(include_str!("../../../Cargo.toml"));
        let project = versions(include_str!("../../templates/rust/Cargo.toml.txt"));
        assert!(!project.is_empty());
        for line in project {
            assert!(ours.contains(&line), "{line}");
        }
    }

    #[test]
    fn no_file_is_there_twice_and_none_is_empty() {
        for language in Language::value_variants() {
            let files: Vec<File> = templates::of(*language).collect();
            let paths: std::collections::BTreeSet<_> = files.iter().map(|file| file.path).collect();
            assert_eq!(paths.len(), files.len(), "{language:?}: {paths:?}");
            assert!(files.iter().all(|file| !file.text.is_empty()), "{language:?}");
            for path in ["README.md", "web.conf", ".gitignore", "www/index.html"] {
                assert!(paths.contains(path), "{language:?} lacks {path}");
            }
        }
    }
}
