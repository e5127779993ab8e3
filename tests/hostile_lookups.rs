//! Lookups that try to leave the document root, or to be too many.

use std::os::unix::fs::symlink;

use fixtures::HOSTILE;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{DEADLINE, Server, Site, wait_until};
use crate::hostile::{hostile, site};

pub const ESCAPES: &[&str] = &[
    "parent",
    "parent-without-slash",
    "parent-twice",
    "parent-below",
    "parent-doubled-slashes",
    "parent-folder",
    "absolute",
    "absolute-thrice",
    "without-slash",
    "proc",
    "proc-root",
    "nul",
    "nul-only",
    "empty",
    "slash",
    "dot",
    "dot-dot",
    "link",
    "link-to-folder",
    "link-and-back",
    "pipe",
    "folder-as-file",
    "file-as-folder",
    "file-below-file",
    "long",
    "long-name",
];

/// Paths that may name the root folder itself, which is inside.
pub const ROOT_ITSELF: [&str; 2] = ["slash", "parent-folder"];

fn with_ways_out(lines: &str) -> Server {
    let server = hostile(lines);
    add_ways_out(&server.site);
    server
}

/// Puts links that lead out, and a FIFO, into the document root.
pub fn add_ways_out(site: &Site) {
    let root = site.root();
    symlink("../secret", root.join("outside")).expect("a symbolic link");
    symlink("..", root.join("outside-folder")).expect("a symbolic link");
    let mode = Mode::from_raw_mode(0o644);
    mknodat(CWD, root.join("pipe"), FileType::Fifo, mode, 0).expect("a FIFO");
}

/// Fault 8: no path that a guest can name leads out of the document root.
#[test]
fn no_candidate_leaves_the_document_root() {
    let server = with_ways_out("");
    let mut bystander = server.client();
    for way in ["escape", "escape-by-fallback"] {
        for name in ESCAPES {
            let target = format!("/{way}/{name}");
            let answer = server.client().try_answer_to(&target, DEADLINE / 2);
            let answer = answer.unwrap_or_else(|lost| panic!("{target}: {lost:?}"));
            let inside = ROOT_ITSELF.contains(name) && answer.text() == "directory\n";
            assert!(matches!(answer.status, 404 | 500) || inside, "{target}: {answer:?}");
            assert!(!answer.text().contains("secret"), "{target}: {answer:?}");
            assert_eq!(bystander.get("/file").expect(200).text(), "front\n", "after {target}");
        }
    }
}

/// Nothing outside is as much as looked at: a file that appears there changes no answer.
#[test]
fn a_site_that_is_none_is_the_default_or_missing() {
    let server = with_ways_out("");
    for target in ["/site/parent", "/site/long"] {
        let answer = server.get(target);
        assert!(matches!(answer.status, 404 | 500), "{target}: {answer:?}");
    }
}

/// Fault 11: so many candidates and fallbacks, and not one more.
#[test]
fn too_many_candidates_are_refused() {
    let server = hostile("parameter guest-memory 128M");
    let mut bystander = server.client();
    for kind in ["candidates", "fallbacks"] {
        for count in [1, 2, 15, 16] {
            let answer = server.get(&format!("/{kind}/{count}")).expect(200);
            assert_eq!(answer.text(), "front\n", "{kind} {count}");
        }
        for count in [17, 1_000, 1_000_000] {
            server.get(&format!("/{kind}/{count}")).expect(500);
            bystander.get("/ok").expect(200);
        }
    }
    server.logs(&["guest failed", "breach"]);
}

/// Descriptors of files that a guest looked for and did not use are closed.
#[test]
fn files_of_failed_requests_are_closed() {
    let server = site().serve(&format!("parameter guest {HOSTILE}\nparameter workers 1"));
    server.get("/file").expect(200);
    let before = server.process().descriptors();
    for _ in 0..50 {
        server.get("/respond-trap").expect(500);
        server.get("/slice/one-over").expect(500);
        server.get("/candidates/3").expect(200);
    }
    wait_until("no descriptor is left over", || server.process().descriptors() <= before);
}
