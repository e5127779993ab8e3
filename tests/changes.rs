//! Files, links and folders that change between requests: every answer is of the moment.
//!
//! Whatever a server remembers to be fast (descriptors, sizes, times, where a link leads), nobody
//! may see from outside that it does, where web.conf asks for no less. What it may be seen to do
//! otherwise is in `freshness`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{
    Site, age, missing, rename, shell_limit, wait_until, without_file_privileges, write,
};

/// No answer is of another moment.
const AT_ONCE: &str = "parameter file-freshness 0";

fn site() -> Site {
    Site::new().file("www/index.html", "front\n").file("secret", "the secret\n")
}

fn link(target: &str, path: &Path) {
    symlink(target, path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Every request sees the file as it is then.
#[test]
fn changes_between_requests_are_seen() {
    let server = site().file("www/a.txt", "one\n").serve(AT_ONCE);
    let file = server.site.root().join("a.txt");
    let mut client = server.client();
    assert_eq!(client.get("/a.txt").expect(200).text(), "one\n");
    write(&file, "two, longer\n");
    assert_eq!(client.get("/a.txt").expect(200).text(), "two, longer\n");
    write(&server.site.path("new"), "three\n");
    rename(&server.site.path("new"), &file);
    assert_eq!(client.get("/a.txt").expect(200).text(), "three\n");
    fs::remove_file(&file).expect("a file to remove");
    client.get("/a.txt").expect(404);
    write(&file, "four\n");
    assert_eq!(client.get("/a.txt").expect(200).text(), "four\n");
    write(&file, "");
    assert_eq!(client.get("/a.txt").expect(200).content, b"");
}

/// Deployments that swap a symbolic link to the document root are picked up while serving.
#[test]
fn a_document_root_swapped_by_a_link_is_picked_up() {
    let site = Site::new().file("v1/index.html", "one\n").file("v2/index.html", "two\n");
    let server = site.link("current", "v1").serve("host default current");
    let mut client = server.client();
    assert_eq!(client.get("/").expect(200).text(), "one\n");
    let site = &server.site;
    symlink("v2", site.path("next")).expect("a symbolic link");
    rename(&site.path("next"), &site.path("current"));
    wait_until("the new document root is served", || client.get("/").expect(200).text() == "two\n");
    // A root that is a folder can be replaced, too.
    rename(&site.path("v2"), &site.path("old"));
    site.folder("v2");
    write(&site.path("v2/index.html"), "three\n");
    wait_until("the replaced folder is served", || {
        let answer = client.get("/");
        assert!(matches!(answer.status, 200 | 404), "{answer:?}");
        answer.text() == "three\n"
    });
}

/// As long as the old one, and as old: only its identity tells a replaced file from what it was.
#[test]
fn a_file_replaced_by_one_of_the_same_size_and_time_is_seen() {
    let server = site().file("www/a.txt", "one\n").file("next", "two\n").serve(AT_ONCE);
    let site = &server.site;
    let mut client = server.client();
    for _ in 0..3 {
        assert_eq!(client.get("/a.txt").expect(200).text(), "one\n");
    }
    rename(&site.path("next"), &site.path("www/a.txt"));
    assert_eq!(client.get("/a.txt").expect(200).text(), "two\n");
}

/// Rewritten in place with its old time put back, as rsync and tar do.
#[test]
fn a_file_rewritten_with_its_old_time_is_seen() {
    let server = site().file("www/a.txt", "one\n").serve(AT_ONCE);
    let file = server.site.path("www/a.txt");
    let modified = fs::metadata(&file).and_then(|file| file.modified()).expect("a time");
    let mut client = server.client();
    assert_eq!(client.get("/a.txt").expect(200).text(), "one\n");
    write(&file, "two\n");
    age(&file, modified);
    assert_eq!(client.get("/a.txt").expect(200).text(), "two\n");
    write(&file, "three, longer\n");
    age(&file, modified);
    assert_eq!(client.get("/a.txt").expect(200).text(), "three, longer\n");
    age(&file, modified + Duration::from_secs(1));
    assert_eq!(
        client.get("/a.txt").expect(200).needs("Last-Modified"),
        "Tue, 14 Nov 2023 22:13:21 GMT"
    );
}

/// A link that leads elsewhere now.
#[test]
fn a_link_that_leads_elsewhere_is_followed_anew() {
    let site = site().file("www/one.txt", "one\n").file("www/two.txt", "two\n");
    let server = site.link("www/link", "one.txt").serve(AT_ONCE);
    let root = server.site.root();
    let mut client = server.client();
    assert_eq!(client.get("/link").expect(200).text(), "one\n");
    link("two.txt", &root.join("new"));
    rename(&root.join("new"), &root.join("link"));
    assert_eq!(client.get("/link").expect(200).text(), "two\n");
    link("../secret", &root.join("new"));
    rename(&root.join("new"), &root.join("link"));
    let status = client.get("/link").status;
    assert!(matches!(status, 403 | 404), "a link out of the root: {status}");
}

/// A folder on the way is another one now, or leads out of the root.
#[test]
fn a_folder_that_was_replaced_is_entered_anew() {
    let site = site().file("www/folder/a.txt", "one\n").file("next/a.txt", "two\n");
    let server = site.file("out/a.txt", "secret\n").serve(AT_ONCE);
    let (site, root) = (&server.site, server.site.root());
    let mut client = server.client();
    assert_eq!(client.get("/folder/a.txt").expect(200).text(), "one\n");
    rename(&root.join("folder"), &site.path("old"));
    client.get("/folder/a.txt").expect(404);
    rename(&site.path("next"), &root.join("folder"));
    assert_eq!(client.get("/folder/a.txt").expect(200).text(), "two\n");
    rename(&root.join("folder"), &site.path("next"));
    link("../out", &root.join("folder"));
    let status = client.get("/folder/a.txt").status;
    assert!(matches!(status, 403 | 404), "a folder that leads out of the root: {status}");
}

/// A name that was a file and is something else.
#[test]
fn a_file_that_became_something_else_is_seen() {
    let server = site().file("www/a", "one\n").serve(AT_ONCE);
    let path = server.site.path("www/a");
    let mut client = server.client();
    assert_eq!(client.get("/a").expect(200).text(), "one\n");
    fs::remove_file(&path).expect("a file to remove");
    fs::create_dir(&path).expect("a folder");
    let status = client.get("/a").status;
    assert!(matches!(status, 301 | 302 | 307 | 308), "a folder now: {status}");
    fs::remove_dir(&path).expect("a folder to remove");
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o644), 0).expect("a FIFO");
    client.get("/a").expect(404);
    fs::remove_file(&path).expect("a FIFO to remove");
    write(&path, "two\n");
    assert_eq!(client.get("/a").expect(200).text(), "two\n");
}

/// What may not be read any more is not shown any more.
#[test]
fn permissions_that_are_taken_away_are_gone() {
    let Some(under) = without_file_privileges() else {
        return missing("setpriv, for root to give up its privileges");
    };
    let server = site().under(under).file("www/a.txt", "one\n").serve(AT_ONCE);
    let path = server.site.path("www/a.txt");
    let set = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).expect("permissions");
    let mut client = server.client();
    client.get("/a.txt").expect(200);
    set(0o000);
    client.get("/a.txt").expect(403);
    set(0o644);
    client.get("/a.txt").expect(200);
}

/// An index, a file or a redirect that appears or goes.
#[test]
fn what_stands_first_among_candidates_is_seen() {
    let server = site().file("www/folder/note.txt", "note\n").serve(AT_ONCE);
    let index = server.site.path("www/folder/index.html");
    let mut client = server.client();
    let bare = client.get("/folder/").status;
    assert!(matches!(bare, 403 | 404), "{bare}");
    write(&index, "index\n");
    assert_eq!(client.get("/folder/").expect(200).text(), "index\n");
    fs::remove_file(&index).expect("a file to remove");
    assert_eq!(client.get("/folder/").status, bare);
}

/// A name may be missing for long and asked for often, and be there the next moment.
#[test]
fn a_file_that_was_missing_is_found_once_it_is_there() {
    let server = site().serve(AT_ONCE);
    let mut client = server.client();
    for number in 0..20 {
        let target = format!("/{number}.txt");
        for _ in 0..5 {
            client.get(&target).expect(404);
        }
        write(&server.site.root().join(&target[1..]), "here\n");
        assert_eq!(client.get(&target).expect(200).text(), "here\n");
    }
}

/// Whoever asks for everything does not use up the descriptors.
#[test]
fn a_site_with_more_files_than_descriptors_is_served() {
    let server = site().under(shell_limit(64)).serve("parameter workers 1");
    let files = 500;
    for number in 0..files {
        write(&server.site.root().join(format!("{number}.txt")), &format!("{number}\n"));
    }
    let mut client = server.client();
    for number in (0..files).chain(0..files) {
        let answer = client.get(&format!("/{number}.txt")).expect(200);
        assert_eq!(answer.text(), format!("{number}\n"));
    }
    let mut crowd: Vec<_> = (0..10).map(|_| server.client()).collect();
    for other in &mut crowd {
        other.get("/").expect(200);
    }
}

/// A writer at work: every answer is one state or another, with a length and a tag of its own.
#[test]
fn answers_during_changes_are_consistent() {
    let server = site().file("www/a.txt", "a\n").serve(AT_ONCE);
    let (next, path) = (server.site.path("next"), server.site.path("www/a.txt"));
    let mut client = server.client();
    let mut tags = std::collections::HashMap::new();
    let start = SystemTime::now();
    for round in 1..500_usize {
        write(&next, &"x".repeat(round));
        // Times that differ, but by less than anyone would look at.
        age(&next, start - Duration::from_millis(10_000 + round as u64));
        rename(&next, &path);
        let answer = client.get("/a.txt").expect(200);
        assert_eq!(answer.content.len(), round);
        let other = tags.insert(answer.needs("ETag").to_owned(), round);
        assert_eq!(other, None, "round {round} has the tag of another: {answer:?}");
    }
}
