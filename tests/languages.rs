//! Guests in other languages, built from their registries' packages by the documented commands.
//! They run in the second tier only: see `harness::Packages`.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::harness::{Packages, shell};
use crate::small_site::{
    LINES, answers_the_table, complains_about_its_configuration, serve, serves_the_sample_site,
    site,
};

#[test]
fn the_small_site_in_python_answers_its_table() {
    if Packages::Pypi.is_wanted() {
        is_the_small_site("python", "./build");
    }
}

#[test]
fn the_small_site_in_javascript_answers_its_table() {
    if Packages::Npm.is_wanted() {
        is_the_small_site("javascript", "npm install && npm run build");
    }
}

/// Builds the example in a copy of its own and serves it.
fn is_the_small_site(language: &str, build: &str) {
    let copy = Copy::of(&["wit", &format!("guest/examples/small-site/{language}")]);
    let folder = copy.path(&format!("guest/examples/small-site/{language}"));
    shell(&folder, build);
    let component = fs::read(folder.join("site.wasm")).expect("the component that was built");
    // An interpreter takes longer to compile than a server may take to start in a test. What is
    // compiled is kept; the time limit is the program's own.
    let site = site(&component);
    site.configure(LINES);
    let check = site.command(&["--check"]).output().expect("the program");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    complains_about_its_configuration(&site);
    answers_the_table(&serve(site));
    serves_the_sample_site(&component);
}

/// A copy of parts of the repository.
struct Copy(TempDir);

impl Copy {
    fn of(folders: &[&str]) -> Copy {
        let copy = Copy(TempDir::with_prefix("wasmhttpd-").expect("a temporary folder"));
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for folder in folders {
            copy_folder(&root.join(folder), &copy.path(folder));
        }
        copy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Copies the files of a folder; what was built in it is not among them, as it has folders of its
/// own.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    let entries = fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    for entry in entries.map(|entry| entry.expect("an entry")) {
        if entry.file_type().expect("a type").is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
}
