//! What the documents say happens: every command in them is run as written, and prints what they
//! show.
//!
//! The documents are found, not listed. Each has a bash and a folder of its own with a fresh copy
//! of the sample site, and where that can be had a network of its own. Blocks that need a package
//! registry are run only where the environment variable WASMHTTPD_REGISTRIES is 1, as `.ci/run`
//! sets it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::harness::document::{Block, blocks};
use crate::harness::shell::{Scratch, can_be_alone, root};
use crate::harness::{find_wasmtime, missing, skip};

/// Longest time for a document: a wasmtime without its cache compiles the guest for every call.
const TIME: Duration = Duration::from_secs(900);

/// Longest time for one that installs packages.
const TIME_WITH_NEEDS: Duration = Duration::from_secs(3600);

/// How to find out whether something that documents need is there.
const NEEDS: [(&str, &str); 6] = [
    ("npm", "npm view componentize-qjs version"),
    ("pypi", "python3 -m pip download --no-deps --quiet --dest \"$(mktemp -d)\" componentize-py"),
    ("crates", "cargo info --quiet wit-bindgen"),
    ("wac", "wac --version"),
    ("wkg", "wkg --version"),
    ("docker-registry", "command -v docker-registry"),
];

/// README.md, the documents of `docs`, and every README below `guest`.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    add(&root().join("docs"), |name| name.ends_with(".md"), &mut found);
    add(&root().join("guest"), |name| name == "README.md", &mut found);
    found.sort();
    found
}

fn add(folder: &Path, is_wanted: fn(&str) -> bool, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the checkout") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name that is text");
        // What was installed or built brings documents of its own.
        let is_foreign =
            ["node_modules", "target", "venv"].contains(&&*name) || name.starts_with('.');
        match entry.path() {
            path if path.is_dir() && !is_foreign => add(&path, is_wanted, found),
            path if is_wanted(&name) => found.push(path),
            _ => {}
        }
    }
}

/// Runs the blocks that `is_wanted` of all documents. Returns how many there were.
fn run(is_wanted: impl Fn(&str, &Block) -> bool, alone: bool, time: Duration) -> usize {
    let mut wanted = Vec::new();
    for path in documents() {
        let name = path.strip_prefix(root()).expect("below it").display().to_string();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut blocks = blocks(&text).unwrap_or_else(|reason| panic!("{name}:{reason}"));
        blocks.retain(|block| is_wanted(&name, block));
        if !blocks.is_empty() {
            wanted.push((name, blocks));
        }
    }
    let one = |(name, blocks): &(String, Vec<Block>)| {
        let done = Scratch::new(alone).run(&blocks.iter().collect::<Vec<_>>(), time);
        done.err().map(|(line, complaint)| format!("{name}:{line}: {complaint}"))
    };
    let failures: Vec<String> = if alone {
        thread::scope(|scope| {
            let threads: Vec<_> =
                wanted.iter().map(|document| scope.spawn(move || one(document))).collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("a result")).collect()
        })
    } else {
        // They share their ports, with those of other checkouts too.
        let lock = File::create(std::env::temp_dir().join("wasmhttpd-documents.lock"));
        let lock = lock.expect("a file to lock");
        lock.lock().expect("a lock");
        wanted.iter().filter_map(one).collect()
    };
    assert!(failures.is_empty(), "documents say what is not so:\n\n{}", failures.join("\n"));
    wanted.iter().map(|(_, blocks)| blocks.len()).sum()
}

#[test]
fn documents_do_what_they_say() {
    if find_wasmtime().is_none() {
        return;
    }
    let count = run(
        |name, block| {
            if !block.needs.is_empty() {
                skip(&format!("{name}:{} needs {}", block.line, block.needs.join(", ")));
            }
            block.needs.is_empty()
        },
        can_be_alone(),
        TIME,
    );
    assert!(count > 10, "only {count} blocks");
}

/// The second tier. A block that is left out for what cannot be reached here is said.
#[test]
fn documents_that_need_a_registry_do_what_they_say() {
    if std::env::var("WASMHTTPD_REGISTRIES").is_ok_and(|word| word == "1") {
        if find_wasmtime().is_none() {
            return;
        }
        let there: Vec<&str> =
            NEEDS.iter().filter(|need| is_there(need.1)).map(|need| need.0).collect();
        let count = run(
            |name, block| {
                for need in &block.needs {
                    assert!(NEEDS.iter().any(|known| known.0 == need), "{name}: needs {need}?");
                    if !there.contains(&need.as_str()) {
                        missing(&format!("{need}, for {name}:{}", block.line));
                        return false;
                    }
                }
                true
            },
            false,
            TIME_WITH_NEEDS,
        );
        eprintln!("{count} blocks were run, with {there:?}");
    } else {
        skip("documents that need a package registry (try WASMHTTPD_REGISTRIES=1)");
    }
}

fn is_there(command: &str) -> bool {
    let mut bash = Command::new("bash");
    bash.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    bash.status().is_ok_and(|status| status.success())
}

// The runner itself.

/// Runs a document's text.
fn document(text: &str) -> Result<(), (usize, String)> {
    let blocks = blocks(text).unwrap_or_else(|reason| panic!("{reason}"));
    Scratch::new(false).run(&blocks.iter().collect::<Vec<_>>(), Duration::from_secs(20))
}

#[track_caller]
fn fails(text: &str, line: usize, words: &[&str]) {
    let (at, complaint) = document(text).expect_err("something is wrong with it");
    assert_eq!(at, line, "{complaint}");
    for word in words {
        assert!(complaint.contains(word), "{word:?} is missing in {complaint}");
    }
}

#[test]
fn a_document_that_is_right_is_right() {
    let text = "# A\n```sh\nx=1\ncd www\n```\n\n```console\n$ echo \"$x\"; ls index.html\n1\n[..].html\n\
        $ printf 'a\\nb\\nc\\n'\n...\nc\n\n$ cat <<'END'\n> $x\n>  y\n> END\n$x\n y\n$ true\n```\n";
    document(text).expect("nothing wrong");
}

#[test]
fn a_document_that_shows_another_output_is_wrong() {
    fails(
        "```console\n$ echo a\na\n$ echo b\nc\n$ false\n```\n",
        4,
        &["`echo b`", "    c\n", "    b\n"],
    );
    fails("```console\n$ echo a\n```\n", 2, &["something else"]);
    fails("```console\n$ true\na\n```\n", 2, &["something else"]);
    fails("```console\n$ printf 'a\\nb\\n'\na\n[..]\n[..]\n```\n", 2, &["something else"]);
}

#[test]
fn a_command_that_fails_is_wrong() {
    fails("x\n```sh\necho said\nfalse\necho more\n```\n", 3, &["exit status: 1", "said"]);
    fails("```console\n$ echo a\na\n$ echo \"$unset\"\n\n```\n", 4, &["unset"]);
    fails("```sh\nif\n```\n```sh\ntrue\n```\n", 2, &["syntax error"]);
    // What is said to go wrong.
    document("```console\n$ false || echo \"status $?\"\nstatus 1\n```\n").expect("nothing wrong");
}

#[test]
fn a_document_that_ends_early_or_never_is_wrong() {
    fails("```sh\nexit 0\n```\n```sh\ntrue\n```\n", 1, &["1 of 2 steps"]);
    let blocks = blocks("```sh\ntrue\n```\n```sh\nsleep 60\n```\n").expect("a document");
    let late =
        Scratch::new(false).run(&blocks.iter().collect::<Vec<_>>(), Duration::from_millis(500));
    let (line, complaint) = late.expect_err("it takes long");
    assert!(line == 5 && complaint.contains("did not end"), "{line}: {complaint}");
}

/// A server goes on while the next commands are run, and ends with its document.
#[test]
fn what_a_document_starts_ends_with_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("pid").display().to_string();
    document(&format!(
        "```console\n$ {{ echo up; sleep 0.2; echo two; exec sleep 300; }} &\nup\ntwo\n$ echo $! >{file}\n```\n"
    ))
    .expect("nothing wrong");
    let pid = fs::read_to_string(&file).expect("written").trim().to_owned();
    crate::harness::wait_until("it has ended", || !Path::new(&format!("/proc/{pid}")).exists());
    document("```console\n$ { sleep 0.1; echo a; echo \"it's\"; echo b; } &\na\nit[..]s\n```\n")
        .expect("right");
    fails("```console\n$ { echo down; } &\nup\n```\n", 2, &["down"]);
    fails("```console\n$ { echo b; echo a; } &\na\nb\n```\n", 2, &["something else"]);
}

#[test]
fn documents_that_say_it_wrong_are_refused() {
    for (text, words) in [
        ("a\n```bash\ntrue\n```\n", "2: a block `bash` is not run"),
        ("```sh\ntrue\n", "1: the block does not end"),
        ("```console\ntrue\n```\n", "2: output before the first command"),
        ("<!-- neds: npm -->\n```sh\ntrue\n```\n", "1: `neds` is unknown"),
        ("<!-- in: space -->\n```sh\ntrue\n```\n", "1: `in` in a comment"),
        ("```console\n$ sleep 1 &\n...\n```\n", "2: `...` after a command that goes on"),
    ] {
        let reason = blocks(text).expect_err("it is refused");
        assert!(reason.starts_with(words), "{reason}");
    }
}

#[test]
fn comments_say_more_about_the_next_block() {
    let text = "<!-- needs: npm, wac -->\n<!-- in: checkout -->\n```sh\na\n```\n<!-- a word -->\n```sh\nb\n```\n\
        <!-- not run: no time -->\n```sh\nc\n```\n<!-- needs: npm -->\n\n```sh\nd\n```\n```text\ne\n```\n";
    let blocks = blocks(text).expect("a document");
    let of = |block: &Block| (block.line, block.needs.join(" "), block.in_checkout);
    let found: Vec<_> = blocks.iter().map(of).collect();
    let nothing = String::new();
    assert_eq!(
        found,
        [(3, "npm wac".into(), true), (7, nothing.clone(), false), (16, nothing, false)]
    );
}

#[test]
fn a_block_in_the_checkout_is_run_in_a_copy_of_it() {
    let text = "<!-- in: checkout -->\n```console\n$ ls Cargo.toml; rm -r docs\nCargo.toml\n```\n\n\
        ```console\n$ ls\nweb.conf\nwww\n```\n";
    document(text).expect("nothing wrong");
    assert!(root().join("docs").exists());
}
