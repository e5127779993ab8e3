//! Files that have not changed for a while, which a server may remember, and then do.
//!
//! `changes` asks for files just written; here they are left alone first, for longer than the
//! resolution of any time stamp, and asked for until whatever remembers them does.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::{Client, Site, age, missing, wait_until, without_file_privileges};

/// How long a file has to be left alone before anyone may rely on its time stamps.
const SETTLED: Duration = Duration::from_millis(3_200);

/// Every answer is of the moment.
const AT_ONCE: &str = "parameter workers 1\nparameter file-freshness 0";

/// A change to the site in a folder of its own, and what a request for `FOLDER/a.txt` gets then.
struct Case {
    name: &'static str,
    change: fn(&Path),
    statuses: &'static [u16],
    text: Option<&'static str>,
}

const GONE: &[u16] = &[403, 404];

const CASES: &[Case] = &[
    case("rewritten", |at| write(at, "a.txt", "behind\n"), &[200], Some("behind\n")),
    case("rewritten-in-its-old-time", rewrite_in_old_time, &[200], Some("behind\n")),
    case("shortened", |at| write(at, "a.txt", ""), &[200], Some("")),
    case("replaced", |at| rename(at, "next.txt", "a.txt"), &[200], Some("behind\n")),
    case("removed", |at| rename(at, "a.txt", "b.txt"), &[404], None),
    case("a-folder-now", |at| rename(at, "folder", "a.txt"), &[301, 302, 307, 308], None),
    case("a-link-now", |at| link(at, "next.txt"), &[200], Some("behind\n")),
    case("a-link-to-itself-elsewhere", link_to_itself, &[200], Some("before\n")),
    case("a-link-out-now", |at| link(at, "../../secret"), GONE, None),
    case("moved-out-behind-a-link", move_out_behind_a_link, GONE, None),
    case("in-a-folder-that-went", |at| rename(at, "", "../gone"), &[404], None),
    case("in-a-folder-replaced", replace_folder, &[200], Some("behind\n")),
];

/// The file itself does not change at all: only where the path to it leads.
const MOVED_OUT: &[Case] =
    &[case("in-a-folder-moved-out-behind-a-link", move_folder_out_behind_a_link, GONE, None)];

/// Those that need a server without root's privileges.
const PERMISSION_CASES: &[Case] = &[
    case("locked", |at| set_mode(at, "a.txt", 0o000), &[403], None),
    case("in-a-closed-folder", |at| set_mode(at, "", 0o000), &[403], None),
];

const fn case(
    name: &'static str,
    change: fn(&Path),
    statuses: &'static [u16],
    text: Option<&'static str>,
) -> Case {
    Case { name, change, statuses, text }
}

fn write(at: &Path, name: &str, content: &str) {
    fs::write(at.join(name), content).unwrap_or_else(|error| panic!("{at:?} {name}: {error}"));
}

fn rename(at: &Path, from: &str, to: &str) {
    let is_file = at.join(to).is_file();
    if is_file && at.join(from).is_dir() {
        fs::remove_file(at.join(to)).expect("a file to remove");
    }
    fs::rename(at.join(from), at.join(to)).unwrap_or_else(|error| panic!("{at:?}: {error}"));
}

/// Puts a link in the place of the file.
fn link(at: &Path, target: &str) {
    symlink(target, at.join("link")).expect("a symbolic link");
    rename(at, "link", "a.txt");
}

fn rewrite_in_old_time(at: &Path) {
    let path = at.join("a.txt");
    let modified = fs::metadata(&path).and_then(|file| file.modified()).expect("a time");
    write(at, "a.txt", "behind\n");
    age(&path, modified);
}

fn link_to_itself(at: &Path) {
    rename(at, "a.txt", "b.txt");
    link(at, "b.txt");
}

fn move_out_behind_a_link(at: &Path) {
    rename(at, "a.txt", "../../moved.txt");
    link(at, "../../moved.txt");
}

fn move_folder_out_behind_a_link(at: &Path) {
    rename(at, "", "../../moved");
    symlink("../moved", at).expect("a symbolic link");
}

fn replace_folder(at: &Path) {
    rename(at, "", "../aside");
    fs::create_dir(at).expect("a folder");
    write(at, "a.txt", "behind\n");
    let modified = fs::metadata(at.with_file_name("aside").join("a.txt"));
    age(&at.join("a.txt"), modified.and_then(|file| file.modified()).expect("a time"));
}

fn set_mode(at: &Path, name: &str, mode: u32) {
    fs::set_permissions(at.join(name), Permissions::from_mode(mode)).expect("permissions");
}

/// A site with a folder for each case, all of it settled.
fn settled(cases: &[Case], site: Site) -> Site {
    let site = cases.iter().fold(site.file("secret", "the secret\n"), |site, case| {
        let name = case.name;
        site.folder(&format!("www/{name}/folder"));
        site.file(&format!("www/{name}/a.txt"), "before\n")
            .file(&format!("www/{name}/next.txt"), "behind\n")
    });
    let start = SystemTime::now();
    wait_until("the files are settled", || start.elapsed().is_ok_and(|elapsed| elapsed > SETTLED));
    site
}

fn check(client: &mut Client, case: &Case, root: &Path) {
    let target = change(client, case, root);
    check_changed(client, case, &target);
}

/// Makes the change, after the file has been asked for; returns its target.
fn change(client: &mut Client, case: &Case, root: &Path) -> String {
    let target = format!("/{}/a.txt", case.name);
    for _ in 0..3 {
        assert_eq!(client.get(&target).expect(200).text(), "before\n", "{target}");
    }
    (case.change)(&root.join(case.name));
    target
}

fn check_changed(client: &mut Client, case: &Case, target: &str) {
    for _ in 0..2 {
        let answer = client.get(target);
        assert!(case.statuses.contains(&answer.status), "{target}: {answer:?}");
        if let Some(text) = case.text {
            assert_eq!(answer.text(), text, "{target}");
            assert_eq!(answer.length(), text.len() as u64, "{target}");
        }
    }
}

/// Where web.conf wants that, whatever happens to a remembered file is seen by the next request.
#[test]
fn changes_to_settled_files_are_seen() {
    let server = settled(CASES, Site::new()).serve(AT_ONCE);
    let mut client = server.client();
    for case in CASES {
        check(&mut client, case, &server.site.root());
    }
}

/// Else it is seen within a second, and never unseen again. Until then the file is as it was.
#[test]
fn changes_to_settled_files_are_seen_within_a_second() {
    let server = settled(CASES, Site::new()).serve("parameter workers 1");
    let mut client = server.client();
    for case in CASES {
        let target = change(&mut client, case, &server.site.root());
        wait_until("the change is seen", || {
            let answer = client.get(&target);
            let is_new = case.statuses.contains(&answer.status)
                && case.text.is_none_or(|text| answer.text() == text);
            assert!(is_new || answer.text() == "before\n", "{target}: {answer:?}");
            is_new
        });
        check_changed(&mut client, case, &target);
    }
}

/// Fault 8: a folder moved out of the root, with a link in its place, leads to the very same file,
/// but not beneath the root any more. This is noticed within a second, as a root that is replaced
/// is.
#[test]
fn a_settled_file_moved_out_of_the_root_is_not_served_through_a_link() {
    let server = settled(MOVED_OUT, Site::new()).serve("parameter workers 1");
    let mut client = server.client();
    let case = &MOVED_OUT[0];
    let target = format!("/{}/a.txt", case.name);
    assert_eq!(client.get(&target).expect(200).text(), "before\n");
    (case.change)(&server.site.root().join(case.name));
    wait_until("the path is refused", || GONE.contains(&client.get(&target).status));
    assert!(GONE.contains(&client.get(&target).status), "refused once, then served again");
}

/// Permissions that are taken away are gone for remembered files, too.
#[test]
fn permissions_taken_from_settled_files_are_gone() {
    let Some(under) = without_file_privileges() else {
        return missing("setpriv, for root to give up its privileges");
    };
    let site = settled(PERMISSION_CASES, Site::new().under(under));
    let server = site.serve(AT_ONCE);
    let mut client = server.client();
    for case in PERMISSION_CASES {
        check(&mut client, case, &server.site.root());
    }
    set_mode(&server.site.root(), "in-a-closed-folder", 0o755);
    assert_eq!(client.get("/in-a-closed-folder/a.txt").expect(200).text(), "before\n");
}

/// A remembered file is served as any other: HEAD, ranges, conditions, at every size.
#[test]
fn settled_files_are_served_as_others_are() {
    let sizes = [0, 1, 1_000, 32_767, 32_768, 32_769, 100_000];
    let site = sizes.iter().fold(Site::new(), |site, size| {
        site.file(&format!("www/{size}.txt"), crate::harness::pattern(*size))
    });
    let server = settled(&[], site).serve("parameter workers 1");
    let mut client = server.client();
    for size in sizes {
        let (target, content) = (format!("/{size}.txt"), crate::harness::pattern(size));
        let first = client.get(&target).expect(200);
        for _ in 0..3 {
            let answer = client.get(&target).expect(200).without_date();
            assert!(answer.content == content, "{size}: {} octets", answer.content.len());
            assert_eq!(answer.fields, first.clone().without_date().fields, "{size}");
        }
        assert_eq!(client.head(&target).expect(200).length(), size as u64);
        let tag = format!("If-None-Match: {}\r\n", first.needs("ETag"));
        client.get_with(&target, &tag).expect(304);
        if size >= 1_000 {
            let answer = client.get_with(&target, "Range: bytes=-900\r\n").expect(206);
            assert!(answer.content == content[size - 900..], "{size}: the last 900 octets differ");
            let answer = client.get_with(&target, "Range: bytes=5-904\r\n").expect(206);
            assert!(answer.content == content[5..905], "{size}: a range differs");
        }
    }
}
