//! How the code is written: what rustfmt leaves alone.

use std::fs;
use std::path::Path;

use crate::harness::shell::root;

/// As wide as rustfmt makes code.
const COLUMNS_MAX: usize = 100;

/// Adds the lines of comments that are too wide, in the files below a folder.
fn find_wide(folder: &Path, wide: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of the checkout") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find_wide(&path, wide);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("bindings/generated.rs")
        {
            let text = fs::read_to_string(&path).expect("a source file");
            for (number, line) in text.lines().enumerate() {
                let is_comment = line.trim_start().starts_with("//");
                if is_comment && line.chars().count() > COLUMNS_MAX {
                    wide.push(format!("{}:{}", path.display(), number + 1));
                }
            }
        }
    }
}

#[test]
fn comments_are_as_narrow_as_code() {
    let mut wide = Vec::new();
    for folder in ["host/src", "guest/src", "guest/sdk/src", "guest/adapters", "guest/examples"] {
        find_wide(&root().join(folder), &mut wide);
    }
    assert!(wide.is_empty(), "comments of more than {COLUMNS_MAX} columns: {wide:#?}");
}
