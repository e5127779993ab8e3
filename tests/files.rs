//! Files of every kind, and how they change between requests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::harness::{Server, Site, age, missing, rename, skip, without_file_privileges, write};

fn site() -> Site {
    Site::new().file("www/index.html", "front\n").file("secret", "the secret\n")
}

/// Fault 8: symbolic links stay inside the root, or lead nowhere.
#[test]
fn a_link_out_of_the_root_is_refused_and_one_inside_is_followed() {
    let server = site()
        .link("www/inside", "index.html")
        .link("www/outside", "../secret")
        .link("www/absolute", "/etc/passwd")
        .link("www/folder", "..")
        .link("www/dangling", "nowhere")
        .link("www/ring", "ring")
        .link("www/proc", "/proc/self/root/etc/passwd")
        .serve("");
    assert_eq!(server.get("/inside").expect(200).text(), "front\n");
    let targets = ["/outside", "/absolute", "/folder/secret", "/dangling", "/ring", "/proc"];
    for target in targets {
        let status = server.get(target).status;
        assert!(matches!(status, 403 | 404), "{target}: {status}");
    }
}

/// Fault 32: a name that is a file now and a link out of the root the next moment.
#[test]
fn a_link_swapped_in_during_requests_never_shows_what_is_outside() {
    let site = site().file("www/race/a.txt", "public\n").file("out/a.txt", "secret\n");
    // Every request takes part in the race.
    let server = site.serve("parameter file-freshness 0");
    let site = &server.site;
    let (folder, file) = (site.root().join("race"), site.root().join("race/a.txt"));
    let (aside, link) = (site.root().join("aside"), site.path("link"));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                // The folder goes, a link out of the root takes its name, and back.
                rename(&folder, &aside);
                std::os::unix::fs::symlink("../out", &folder).expect("a symbolic link");
                fs::remove_file(&folder).expect("a link to remove");
                rename(&aside, &folder);
                // The file, the same in one step.
                std::os::unix::fs::symlink("../../out/a.txt", &link).expect("a symbolic link");
                rename(&link, &file);
                write(&link, "public\n");
                rename(&link, &file);
            }
        });
        let mut client = server.client();
        let mut found = 0;
        for _ in 0..2_000 {
            let answer = client.get("/race/a.txt");
            assert!(!answer.text().contains("secret"), "{answer:?}");
            // 503: the kernel gave up on a path that moved while it looked.
            assert!(matches!(answer.status, 200 | 403 | 404 | 503), "{answer:?}");
            found += usize::from(answer.status == 200);
        }
        done.store(true, Ordering::Relaxed);
        assert!(found > 0, "the file was never found: the race did not take place");
    });
}

/// Fault 31: what is no regular file is not there, and nothing waits for it.
#[test]
fn pipes_sockets_and_devices_are_not_served() {
    let server = site().serve("");
    let root = server.site.root();
    let pipe = mknodat(CWD, root.join("pipe"), FileType::Fifo, Mode::from_raw_mode(0o644), 0);
    pipe.expect("a FIFO");
    let _socket = UnixListener::bind(root.join("socket")).expect("a socket");
    let zero = rustix::fs::makedev(1, 5);
    let mode = Mode::from_raw_mode(0o644);
    let device = mknodat(CWD, root.join("device"), FileType::CharacterDevice, mode, zero);
    let mut targets = vec!["/pipe", "/socket", "/pipe/", "/index.html/", "/index.html/x"];
    match device {
        Ok(()) => targets.push("/device"),
        Err(_) => skip("devices: only root makes them"),
    }
    let mut client = server.client();
    for target in targets {
        let status = client.get(target).status;
        assert!(matches!(status, 403 | 404), "{target}: {status}");
    }
    client.get("/").expect(200);
}

/// The course: 403 for what the server's user may not read.
#[test]
fn what_may_not_be_read_is_403() {
    let Some(under) = without_file_privileges() else {
        return missing("setpriv, for root to give up its privileges");
    };
    let site = site().under(under).file("www/locked.txt", "a").file("www/closed/a.txt", "a");
    let set = |name: &str, mode| {
        let path = site.path(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
    };
    set("www/locked.txt", 0o000);
    set("www/closed", 0o000);
    let server = site.serve("parameter file-freshness 0");
    server.get("/locked.txt").expect(403);
    server.get("/closed/a.txt").expect(403);
    server.get("/").expect(200);
    fs::set_permissions(server.site.root().join("closed"), fs::Permissions::from_mode(0o755))
        .expect("permissions");
    server.get("/closed/a.txt").expect(200);
}

/// Names that people give to files.
#[test]
fn names_with_blanks_and_letters_of_all_kinds_are_served() {
    let server = site()
        .file("www/two words.txt", "blank\n")
        .file("www/grüße/日本.txt", "unicode\n")
        .file("www/100%.txt", "percent\n")
        .file("www/a+b&c=d.txt", "signs\n")
        .file("www/what?.txt", "question\n")
        .file("www/line\nbreak.txt", "line break\n")
        .serve("");
    for (target, content) in [
        ("/two%20words.txt", "blank\n"),
        ("/gr%C3%BC%C3%9Fe/%E6%97%A5%e6%9c%ac.txt", "unicode\n"),
        ("/100%25.txt", "percent\n"),
        ("/a+b&c=d.txt", "signs\n"),
        ("/what%3F.txt", "question\n"),
    ] {
        assert_eq!(server.get(target).expect(200).text(), content, "{target}");
    }
    for target in ["/line%0Abreak.txt", "/gr%FC%DFe", "/%ff%fe", &format!("/{}", "n".repeat(300))] {
        let status = server.get(target).status;
        assert!(matches!(status, 200 | 400 | 403 | 404), "{target}: {status}");
    }
}

/// Names that begin with a dot are nobody's business, but for `.well-known`.
#[test]
fn hidden_files_are_hidden_and_well_known_ones_are_not() {
    let server = site()
        .file("www/.htpasswd", "hidden\n")
        .file("www/.git/config", "hidden\n")
        .file("www/folder/.env", "hidden\n")
        .file("www/.well-known/security.txt", "contact\n")
        .serve("");
    for target in ["/.htpasswd", "/.git/config", "/.git/", "/folder/.env", "/%2ehtpasswd"] {
        let answer = server.get(target);
        assert!(matches!(answer.status, 403 | 404), "{target}: {}", answer.status);
        assert!(!answer.text().contains("hidden\n"), "{target}");
    }
    assert_eq!(server.get("/.well-known/security.txt").expect(200).text(), "contact\n");
}

/// RFC 9110, 8.8.2.1: Last-Modified is not later than Date; and clocks were wrong before 1970, too.
#[test]
fn modification_times_of_every_age_are_told_sensibly() {
    let server = site().file("www/future.txt", "a").file("www/ancient.txt", "a").serve("");
    let file = |name: &str| server.site.root().join(name);
    let century = Duration::from_secs(100 * 365 * 24 * 3600);
    age(&file("future.txt"), SystemTime::now() + century / 2);
    age(&file("ancient.txt"), SystemTime::UNIX_EPOCH - century / 2);
    for target in ["/future.txt", "/ancient.txt"] {
        let answer = server.get(target).expect(200);
        if let Some(modified) = answer.field("Last-Modified") {
            let time = |text| httpdate::parse_http_date(text).expect("a date");
            assert!(time(modified) <= time(answer.needs("Date")), "{target}: {answer:?}");
        }
        if let Some(tag) = answer.field("ETag").map(str::to_owned) {
            let fields = format!("If-None-Match: {tag}\r\n");
            server.client().get_with(target, &fields).expect(304);
        }
    }
}

/// Nothing to send is an answer as well.
#[test]
fn an_empty_file_is_served() {
    let server: Server = site().file("www/empty.txt", "").serve("");
    let mut client = server.client();
    let answer = client.get("/empty.txt").expect(200);
    assert_eq!(answer.needs("Content-Length"), "0");
    client.head("/empty.txt").expect(200);
    let status = client.get_with("/empty.txt", "Range: bytes=0-0\r\n").status;
    assert!(matches!(status, 200 | 416), "{status}");
    client.get("/").expect(200);
}
