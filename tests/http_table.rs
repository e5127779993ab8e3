//! `docs/http.md` names every test that is named for a section of an RFC, and only tests that
//! exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const TABLE: &str = include_str!("../docs/http.md");

#[test]
fn the_table_of_duties_names_the_tests_that_there_are() {
    let named: BTreeSet<String> = TABLE
        .lines()
        .filter(|line| line.starts_with("| 9") || line.starts_with("| 3"))
        .flat_map(|line| line.split('`'))
        .filter(|word| word.starts_with("rfc"))
        .map(str::to_owned)
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut written = BTreeSet::new();
    for folder in ["guest/src", "host/http/src", "host/src", "tests"] {
        collect(&root.join(folder), &mut written);
    }
    assert!(written.len() > 100, "the tests were not found: {written:?}");
    let missing: Vec<_> = written.difference(&named).collect();
    assert!(missing.is_empty(), "docs/http.md lacks {missing:#?}");
    let invented: Vec<_> = named.difference(&written).collect();
    assert!(invented.is_empty(), "docs/http.md names what is not there: {invented:#?}");
}

/// Adds the names of tests in the sources of a folder that start with the number of an RFC.
fn collect(folder: &Path, names: &mut BTreeSet<String>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            collect(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(names_in(&path));
        }
    }
}

fn names_in(path: &PathBuf) -> Vec<String> {
    let source =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let functions = source.split("#[test]\n").skip(1).filter_map(|rest| {
        let line = rest.lines().find(|line| line.trim_start().starts_with("fn "))?;
        line.trim_start().strip_prefix("fn ")?.split('(').next()
    });
    functions.filter(|name| name.starts_with("rfc")).map(str::to_owned).collect()
}
