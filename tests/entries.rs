//! The entries of directories, as they are told to a guest that asks for them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use fixtures::HOSTILE;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{
    Client, DEADLINE, MIB, Response, Server, Site, age, missing, skip, without_file_privileges,
    write,
};

/// When the files of a site were last modified, as the guest tells it.
const MODIFIED: &str = "1700000000.000000000";

fn serve(site: Site) -> Server {
    let lines = "parameter workers 1\nparameter file-freshness 0";
    site.serve(&format!("parameter guest {HOSTILE}\n{lines}"))
}

/// A site with an empty folder, `www/folder`.
fn site() -> Site {
    let site = Site::new();
    site.folder("www/folder");
    site
}

/// What an answer says about the listing, and a line for each entry, sorted.
fn listing(answer: Response) -> (String, Vec<String>) {
    let text = answer.expect(200).text();
    let mut lines = text.lines().map(str::to_owned);
    let summary = lines.next().expect("a summary");
    let mut entries: Vec<String> = lines.collect();
    entries.sort();
    (summary, entries)
}

/// The entries of a listing that has them all, in order, without their times.
fn entries(server: &Server, target: &str) -> Vec<String> {
    let (summary, entries) = listing(server.get(target));
    assert_eq!(summary, format!("candidate 0: {} entries, complete", entries.len()), "{target}");
    let without_time = |line: &String| line.rsplit_once(' ').expect("a time").0.to_owned();
    entries.iter().map(without_time).collect()
}

#[test]
fn files_and_directories_are_told_with_their_sizes_and_times() {
    let site = site()
        .file("www/folder/a.txt", "a\n")
        .file("www/folder/.hidden", "")
        .file("www/folder/b and \"c\" <d>.html", "four")
        .file("www/folder/überall\n.txt", "u")
        .file("www/folder/sub/below.txt", "not an entry of the folder")
        .hole("www/folder/large.bin", 5 << 30);
    // The time of a directory, to the nanosecond.
    let modified = SystemTime::UNIX_EPOCH + Duration::new(1_600_000_000, 123_456_789);
    let folder = fs::File::open(site.path("www/folder/sub")).expect("a folder");
    folder.set_modified(modified).expect("a time");
    let server = serve(site);
    let (summary, entries) = listing(server.get("/list/folder/"));
    assert_eq!(summary, "candidate 0: 6 entries, complete");
    let large = entries.iter().position(|line| line.starts_with("\"large.bin\""));
    let mut entries = entries;
    let large = entries.remove(large.expect("a large file"));
    assert!(large.starts_with("\"large.bin\" file 5368709120 "), "{large}");
    let expected = [
        format!("\".hidden\" file 0 {MODIFIED}"),
        format!("\"a.txt\" file 2 {MODIFIED}"),
        format!("\"b and \\\"c\\\" <d>.html\" file 4 {MODIFIED}"),
        "\"sub\" directory 0 1600000000.123456789".to_owned(),
        format!("\"überall\\n.txt\" file 1 {MODIFIED}"),
    ];
    assert_eq!(entries, expected);
}

#[test]
fn an_empty_directory_and_the_document_root_are_listed_too() {
    let server = serve(site().file("www/index.html", "front\n"));
    assert_eq!(entries(&server, "/list/folder/"), [""; 0]);
    assert_eq!(entries(&server, "/list/"), ["\"folder\" directory 0", "\"index.html\" file 6"]);
}

/// A file from before 1970 counts as one from then.
#[test]
fn times_before_the_epoch_are_the_epoch() {
    let server = serve(site().file("www/folder/old.txt", ""));
    let old = server.site.path("www/folder/old.txt");
    age(&old, SystemTime::UNIX_EPOCH - Duration::from_secs(1_000));
    let (_, entries) = listing(server.get("/list/folder/"));
    assert_eq!(entries, ["\"old.txt\" file 0 0.000000000"]);
}

/// A link is what a request for it would get, with that one's size and time.
#[test]
fn links_are_shown_as_what_they_lead_to() {
    let site = site()
        .file("www/other/target.txt", "target")
        .link("www/folder/file", "../other/target.txt")
        .link("www/folder/directory", "../other")
        .link("www/folder/to-itself", ".")
        .link("www/folder/to-a-link", "file")
        .link("www/top", "other/target.txt")
        .link("www/aside", "folder");
    let server = serve(site);
    let (_, lines) = listing(server.get("/list/folder/"));
    assert_eq!(lines[1], format!("\"file\" file 6 {MODIFIED}"));
    let expected = [
        "\"directory\" directory 0",
        "\"file\" file 6",
        "\"to-a-link\" file 6",
        "\"to-itself\" directory 0",
    ];
    assert_eq!(entries(&server, "/list/folder/"), expected);
    assert_eq!(entries(&server, "/list/aside/"), expected, "the folder by way of a link");
    let top = entries(&server, "/list/");
    assert!(top.contains(&"\"top\" file 6".to_owned()), "{top:?}");
}

/// Fault 8 and 32: nothing outside the document root is as much as looked at.
#[test]
fn links_that_lead_nowhere_or_out_are_left_out() {
    let site = site()
        .file("secret", "the secret\n")
        .file("www/folder/a.txt", "a\n")
        .link("www/folder/out", "../../secret")
        .link("www/folder/out-and-back", "../../www/folder/a.txt")
        .link("www/folder/out-folder", "../..")
        .link("www/folder/dangling", "nothing")
        .link("www/folder/loop", "loop")
        .link("www/folder/through-a-file", "a.txt/b")
        .link("www/folder/magic", "/proc/self/cwd")
        .link("www/folder/to-the-pipe", "../pipe");
    let absolute = site.path("www/folder/a.txt");
    symlink(absolute, site.path("www/folder/absolute")).expect("a symbolic link");
    let mode = Mode::from_raw_mode(0o644);
    mknodat(CWD, site.path("www/pipe"), FileType::Fifo, mode, 0).expect("a FIFO");
    let server = serve(site);
    assert_eq!(entries(&server, "/list/folder/"), ["\"a.txt\" file 2"]);
}

/// Fault 31.
#[test]
fn what_is_neither_file_nor_directory_is_left_out() {
    let site = site().file("www/folder/a.txt", "a\n");
    let folder = site.path("www/folder");
    let mode = Mode::from_raw_mode(0o644);
    mknodat(CWD, folder.join("pipe"), FileType::Fifo, mode, 0).expect("a FIFO");
    let _socket = UnixListener::bind(folder.join("socket")).expect("a socket");
    let device = mknodat(CWD, folder.join("null"), FileType::CharacterDevice, mode, 0x103);
    if device.is_err() {
        skip("the device: it cannot be made here");
    }
    let server = serve(site);
    assert_eq!(entries(&server, "/list/folder/"), ["\"a.txt\" file 2"]);
}

/// The contract's names are text.
#[test]
fn names_that_are_not_utf_8_are_left_out() {
    let site = site().file("www/folder/a.txt", "a\n");
    let name = OsStr::from_bytes(b"\xff\xfe.txt");
    if fs::write(site.path("www/folder").join(name), "").is_err() {
        return skip("this file system takes no such name");
    }
    let server = serve(site);
    assert_eq!(entries(&server, "/list/folder/"), ["\"a.txt\" file 2"]);
}

/// A directory that may be searched but not read, one that may be read but not searched, and one
/// that may be neither: all are there, and forbidden.
#[test]
fn a_directory_that_may_not_be_read_is_forbidden() {
    let Some(under) = without_file_privileges() else {
        return missing("setpriv, for root to give up its privileges");
    };
    let site =
        site().file("www/index.html", "front\n").file("www/locked/a.txt", "a\n").under(under);
    let server = serve(site);
    let locked = server.site.path("www/locked");
    let unlocked = fs::metadata(&locked).expect("a folder").permissions();
    for mode in [0o111, 0o444, 0o000] {
        fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).expect("a mode");
        assert_eq!(server.get("/list/locked/").expect(404).text(), "forbidden\n", "{mode:o}");
        // What comes after it in the lookup is looked for as ever.
        let next = server.get("/list/locked/,index.html").expect(200);
        assert_eq!(next.text(), "front\n", "{mode:o}");
        let next = server.get("/count/locked/,missing,folder/").expect(200);
        assert_eq!(next.text(), "candidate 2: 0 entries, complete\n", "{mode:o}");
    }
    write(&server.site.path("www/forbidden.txt"), "instead\n");
    for mode in [0o111, 0o444, 0o000] {
        fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).expect("a mode");
        for target in ["/list/locked/", "/list/locked/,missing", "/list/missing,locked/"] {
            assert_eq!(server.get(target).expect(200).text(), "instead\n", "{target} {mode:o}");
        }
    }
    fs::set_permissions(&locked, unlocked).expect("a mode");
    assert_eq!(entries(&server, "/list/locked/"), ["\"a.txt\" file 2"]);
}

/// A link into a directory that may not be searched leads nowhere, and hurts nothing else.
#[test]
fn a_link_to_what_may_not_be_reached_is_left_out() {
    let Some(under) = without_file_privileges() else {
        return missing("setpriv, for root to give up its privileges");
    };
    let site = site()
        .file("www/folder/a.txt", "a\n")
        .file("www/locked/b.txt", "b\n")
        .link("www/folder/b.txt", "../locked/b.txt")
        .under(under);
    let locked = site.path("www/locked");
    let set_mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    };
    set_mode(&locked, 0o000);
    let server = serve(site);
    assert_eq!(entries(&server, "/list/folder/"), ["\"a.txt\" file 2"]);
    set_mode(&locked, 0o755);
    assert_eq!(entries(&server, "/list/folder/"), ["\"a.txt\" file 2", "\"b.txt\" file 2"]);
}

/// Names come and go while they are read: those that stay are told, and nothing fails.
#[test]
fn a_directory_that_changes_while_it_is_read_is_told_as_far_as_it_stays() {
    let site = (0..50).fold(site(), |site, n| site.file(&format!("www/folder/stays-{n}"), "s"));
    let server = serve(site);
    let folder = server.site.path("www/folder");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for n in 0..200 {
                    write(&folder.join(format!("goes-{n}")), "g");
                }
                for n in 0..200 {
                    fs::remove_file(folder.join(format!("goes-{n}"))).expect("a file to remove");
                }
            }
        });
        let mut client = server.client();
        for _ in 0..100 {
            let (summary, lines) = listing(client.get("/list/folder/"));
            assert!(summary.ends_with("complete"), "{summary}");
            let stay = lines.iter().filter(|line| line.starts_with("\"stays-")).count();
            assert_eq!(stay, 50, "{lines:?}");
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

/// So many entries are told, and not one more; what is left out does not count.
#[test]
fn listing_entries_limits_what_is_told() {
    for max in [1, 5] {
        let site = site().link("www/folder/dangling", "nothing");
        let folder = site.path("www/folder");
        let _socket = UnixListener::bind(folder.join("socket")).expect("a socket");
        let server = site.serve(&format!(
            "parameter guest {HOSTILE}\nparameter workers 1\nparameter listing-entries {max}"
        ));
        let tells = |entries: usize, complete: &str| {
            let summary = format!("candidate 0: {entries} entries, {complete}\n");
            assert_eq!(server.get("/count/folder/").expect(200).text(), summary, "of {max}");
        };
        for count in 1..=max {
            tells(count - 1, "complete");
            write(&folder.join(format!("{count}.txt")), "");
        }
        tells(max, "complete");
        fs::create_dir(folder.join("one-more")).expect("a folder");
        tells(max, "incomplete");
        write(&folder.join("two-more"), "");
        tells(max, "incomplete");
    }
}

/// Fault 11: of a directory with more names than anyone would read, as many as the host looks at.
#[test]
fn a_huge_directory_is_told_in_part() {
    let server = serve(site());
    let folder = server.site.path("www/folder");
    let name = |number: usize| folder.join(format!("{number}.txt"));
    (0..10_001).for_each(|number| write(&name(number), ""));
    let count = || server.get("/count/folder/").expect(200).text();
    assert_eq!(count(), "candidate 0: 10000 entries, incomplete\n");
    fs::remove_file(name(0)).expect("a file to remove");
    assert_eq!(count(), "candidate 0: 10000 entries, complete\n");
    fs::remove_file(name(1)).expect("a file to remove");
    assert_eq!(count(), "candidate 0: 9999 entries, complete\n");
    // Names are looked at to see whether they are entries, and those that are none count, too.
    symlink("nothing", name(1)).expect("a link");
    assert_eq!(count(), "candidate 0: 9999 entries, complete\n");
    symlink("nothing", name(0)).expect("a link");
    assert!(count().ends_with(" entries, incomplete\n"), "{}", count());
}

/// Fault 11: however many names there are, and whoever asks for them at once.
#[test]
fn a_gigantic_directory_takes_bounded_time_and_memory() {
    let server = serve(site());
    let folder = server.site.path("www/folder");
    let long = "n".repeat(200);
    (0..50_000).for_each(|number| write(&folder.join(format!("{number}-{long}")), ""));
    let summary = "candidate 0: 10000 entries, incomplete\n";
    let start = Instant::now();
    assert_eq!(server.get("/count/folder/").expect(200).text(), summary);
    assert!(start.elapsed() < DEADLINE / 3, "took {:?}", start.elapsed());
    let before = server.process().resident_octets();
    let mut clients: Vec<Client> = (0..50).map(|_| server.client()).collect();
    for client in &mut clients {
        client.send("GET /count/folder/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.answer().expect(200).text(), summary);
    }
    // One listing is about 4 MiB of this, in the host and again in the guest.
    let grown = server.process().resident_octets().saturating_sub(before);
    assert!(grown < 32 * MIB, "{} MiB more", grown / MIB);
}
