//! How the code is arranged, and how it is written: what no other tool looks at.
//!
//! A module may use what is on a lower line of the diagram in ARCHITECTURE.md, and files of one
//! folder do not use one another in circles. Files, functions and comments have a size that fits a
//! screen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::shell::root;

/// As wide as rustfmt makes code.
const COLUMNS_MAX: usize = 100;

/// From `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Of a file with its tests, and without.
const FILE_LINES_MAX: usize = 500;
const CODE_LINES_MAX: usize = 350;

/// What is product; the tests are not.
const FOLDERS: [&str; 6] =
    ["host/src", "host/http/src", "guest/src", "guest/sdk/src", "guest/adapters", "guest/examples"];

/// Starts the unit tests of a file.
const TESTS: &str = "#[cfg(test)]\nmod tests {";

const DIAGRAM: &str = include_str!("../ARCHITECTURE.md");

/// The source files below a folder, but for one that is generated.
fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the checkout") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("bindings/generated.rs")
        {
            files.push(path);
        }
    }
}

/// The source files of the product, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    FOLDERS.iter().for_each(|folder| find(&root().join(folder), &mut files));
    files.sort();
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a source file");
    files.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

/// What is not a comment, nor a unit test.
fn code(text: &str) -> String {
    let text = text.split_once(TESTS).map_or(text, |(code, _)| code);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The words that follow `prefix` in `text`.
fn words_behind<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let end = |rest: &str| {
        rest.find(|at: char| at != '_' && !at.is_ascii_alphanumeric()).unwrap_or(rest.len())
    };
    text.match_indices(prefix)
        .filter(|(at, _)| !text[..*at].ends_with(|before: char| before.is_alphanumeric()))
        .map(|(at, _)| &text[at + prefix.len()..])
        .map(|rest| &rest[..end(rest)])
        .filter(|word| !word.is_empty())
        .collect()
}

/// The names within `prefix{...}`, such as those of `use super::{a, b::C}`.
fn words_within<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let braces = format!("{prefix}{{");
    let lists = text.match_indices(&braces).filter_map(|(at, _)| {
        let rest = &text[at + braces.len()..];
        rest.split_once("};").map(|(list, _)| list)
    });
    let names = lists.flat_map(|list| list.split([',', '{', '}', '\n']));
    names
        .filter_map(|name| name.trim().split("::").next())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The lines of the diagram, the lowest first: names of modules.
fn layers() -> Vec<Vec<&'static str>> {
    let (_, rest) = DIAGRAM.split_once("```text\nprocess").expect("a diagram that begins so");
    let (diagram, _) = rest.split_once("```").expect("its end");
    let modules = |line: &'static str| line.split('|').next().map(|names| names.split_whitespace());
    let mut layers: Vec<Vec<&str>> =
        diagram.lines().skip(1).filter_map(modules).map(Iterator::collect).collect();
    layers.insert(0, vec!["process"]);
    layers.reverse();
    layers
}

#[test]
fn modules_use_only_what_is_below_them_in_the_diagram() {
    let layers = layers();
    let level = |module: &str| layers.iter().position(|layer| layer.contains(&module));
    let sources = sources();
    let folder = root().join("host/src");
    let mut upward = Vec::new();
    let mut modules = BTreeSet::new();
    for (path, text) in &sources {
        let Ok(inside) = path.strip_prefix(&folder) else { continue };
        let first = inside.iter().next().and_then(|name| name.to_str()).expect("a name");
        let module = first.trim_end_matches(".rs");
        if matches!(module, "lib" | "main") {
            continue;
        }
        modules.insert(module.to_owned());
        let own = level(module).unwrap_or_else(|| panic!("the diagram lacks {module}"));
        for used in words_behind(&code(text), "crate::") {
            if used != module && level(used).is_none_or(|used| used >= own) {
                upward.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(upward.is_empty(), "not below in the diagram: {upward:#?}");
    let drawn: BTreeSet<String> = layers.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(drawn, modules, "the diagram has other modules than the code");
}

#[test]
fn files_of_a_folder_do_not_use_one_another_in_circles() {
    let mut folders: BTreeMap<&Path, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let sources = sources();
    for (path, text) in &sources {
        let (folder, name) = (path.parent().expect("a folder"), path.file_stem().expect("a name"));
        let name = name.to_string_lossy();
        if matches!(&*name, "mod" | "lib" | "main" | "tests") {
            continue;
        }
        let text = code(text);
        let mut used = words_behind(&text, "super::");
        used.extend(words_within(&text, "super::"));
        let files = folders.entry(folder).or_default();
        files.insert(name.to_string(), used.into_iter().map(str::to_owned).collect());
    }
    let mut circles = Vec::new();
    for (folder, mut files) in folders {
        // Whatever uses nothing that is left, or is used by nothing, is taken away: circles remain.
        loop {
            let names: BTreeSet<String> = files.keys().cloned().collect();
            let used: BTreeSet<String> = files
                .iter()
                .flat_map(|(name, used)| used.iter().filter(move |used| *used != name).cloned())
                .collect();
            let is_free = |name: &String, uses: &BTreeSet<String>| {
                !used.contains(name) || uses.iter().all(|it| it == name || !names.contains(it))
            };
            let before = files.len();
            files.retain(|name, uses| !is_free(name, uses));
            if files.len() == before {
                break;
            }
        }
        if !files.is_empty() {
            circles.push(format!("{}: {:?}", folder.display(), files.keys()));
        }
    }
    assert!(circles.is_empty(), "files that use one another: {circles:#?}");
}

#[test]
fn files_and_functions_fit() {
    let mut long = Vec::new();
    for (path, text) in sources() {
        let tests = path.ends_with("tests.rs");
        let code = text.split_once(TESTS).map_or(&*text, |(code, _)| code);
        let (all, without) = (text.lines().count(), code.lines().count());
        if all > FILE_LINES_MAX || !tests && without > CODE_LINES_MAX {
            long.push(format!("{}: {all} lines, {without} without tests", path.display()));
        }
        if !tests {
            long_functions(&path, code, &mut long);
        }
    }
    assert!(long.is_empty(), "longer than a reader takes in: {long:#?}");
}

/// Adds the functions that are too long. As rustfmt writes them, one ends at the first brace that
/// stands where its line begins.
fn long_functions(path: &Path, code: &str, long: &mut Vec<String>) {
    let lines: Vec<&str> = code.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let text = line.trim_start();
        let is_function = text.split(' ').take_while(|word| !word.contains('(')).any(|w| w == "fn")
            || text.starts_with("fn ");
        if !is_function || text.starts_with("//") || text.ends_with([';', '}']) {
            continue;
        }
        let indent = &line[..line.len() - text.len()];
        let end = |line: &&str| line.strip_prefix(indent).is_some_and(|rest| rest == "}");
        let Some(length) = lines[start..].iter().position(end) else { continue };
        if length + 1 > FUNCTION_LINES_MAX {
            long.push(format!("{}:{}: {} lines", path.display(), start + 1, length + 1));
        }
    }
}

#[test]
fn comments_are_as_narrow_as_code() {
    let mut wide = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            if is_comment && line.chars().count() > COLUMNS_MAX {
                wide.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(wide.is_empty(), "comments of more than {COLUMNS_MAX} columns: {wide:#?}");
}
