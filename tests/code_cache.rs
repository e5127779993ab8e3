//! Compiled code that is kept: used by the next start, and never believed when anything is wrong
//! with it (fault 18).

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use wasmhttpd::sandbox::is_code_embedded;

use crate::control::{self, SOCKET};
use crate::harness::{Server, Site, Tiny, age, write};

/// Long ago: a file that is used gets a later time.
const UNUSED: Duration = Duration::from_secs(1_500_000_000);

const LINES: &str = "parameter guest tiny.wasm\nparameter code-cache kept\nparameter watch off";

fn site() -> Site {
    Site::new().file("www/index.html", "front\n").file("tiny.wasm", Tiny::new().component())
}

/// The files of compiled components below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    files_that_end_in("code", folder)
}

fn files_that_end_in(extension: &str, folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

/// The only one.
fn file(site: &Site) -> PathBuf {
    let mut files = files(&site.path("kept"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

/// Serves once, so that the site has compiled code.
fn kept() -> (Site, PathBuf) {
    let site = site();
    site.configure(LINES);
    site.run(&["-c", "web.conf", "--check"]).succeeds();
    let file = file(&site);
    (site, file)
}

/// A release has its code and compiles nothing; another build compiles it once.
#[test]
#[cfg(target_arch = "x86_64")]
fn the_built_in_guest_is_compiled_already() {
    let is_compiled_already = is_code_embedded() && is_x86_feature_detected!("avx2");
    let expected = usize::from(!is_compiled_already);
    let site = site();
    site.configure("parameter code-cache kept");
    check(&site);
    assert_eq!(files(&site.path("kept")).len(), expected);
    // What it is written as is the same guest.
    let guest = site.command(&["guest"]).output().expect("the program runs").stdout;
    fs::write(site.path("guest.wasm"), guest).expect("a component");
    site.configure("parameter code-cache kept\nparameter guest guest.wasm");
    check(&site);
    assert_eq!(files(&site.path("kept")).len(), expected);
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).expect("a file").ino()
}

/// Has the guest loaded again.
fn check(site: &Site) {
    site.run(&["-c", "web.conf", "--check"]).succeeds();
}

/// Asserts that the file is not used, and that what takes its place is. What a compiler writes
/// differs in a few octets from time to time, so that the file's number has to tell.
fn replaced(site: &Site, file: &Path, how: &str) {
    let before = inode(file);
    check(site);
    let after = inode(file);
    assert_ne!(before, after, "{how}: it was used");
    check(site);
    assert_eq!(inode(file), after, "{how}: what took its place was not used");
    let metadata = fs::symlink_metadata(file).expect("a file");
    assert!(metadata.is_file(), "{how}");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{how}");
}

/// What was compiled once is not compiled again: its file is used, and is the same.
#[test]
fn a_second_start_uses_what_the_first_compiled() {
    let (site, file) = kept();
    let folder = fs::metadata(site.path("kept")).expect("a folder");
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    let metadata = fs::metadata(&file).expect("a file");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let (before, octets) = (inode(&file), fs::read(&file).expect("code"));
    age(&file, SystemTime::UNIX_EPOCH + UNUSED);
    let server = site.start(&["-c", "web.conf"], 1);
    assert_eq!(server.get("/").expect(200).text(), "front\n");
    let used = fs::metadata(&file).expect("a file").modified().expect("a time");
    assert!(used > SystemTime::UNIX_EPOCH + UNUSED * 11 / 10, "it was not used: {used:?}");
    assert_eq!(inode(&file), before, "it was compiled again");
    assert_eq!(fs::read(&file).expect("code"), octets);
    assert_eq!(files(&server.site.path("kept")).len(), 1);
}

/// So do swaps, and each guest has its own.
#[test]
fn swaps_use_what_is_kept() {
    let (site, first) = kept();
    let site = site.file("other.wasm", Tiny::new().with("pages", "2").component());
    site.configure(&format!("parameter control {SOCKET}\n{LINES}"));
    let server: Server = site.start(&["-c", "web.conf"], 1);
    let folder = server.site.path("kept");
    let swap = |name: &str| {
        let reply = control::swap(&server, &server.site.path(name));
        assert!(reply["done"].is_string(), "{reply}");
    };
    swap("other.wasm");
    let both = files(&folder);
    assert_eq!(both.len(), 2, "{both:?}");
    let inodes = || both.iter().map(|path| inode(path)).collect::<Vec<_>>();
    let before = inodes();
    swap("tiny.wasm");
    swap("other.wasm");
    assert_eq!((inodes(), files(&folder).len()), (before, 2));
    assert!(both.contains(&first));
}

/// The functions of one guest are not compiled again for another that has the same; damaged ones
/// are.
#[test]
fn functions_are_not_compiled_again_for_another_guest() {
    let site = Site::new().file("www/index.html", "front\n");
    let guest = site.command(&["guest"]).output().expect("the program runs").stdout;
    let with_octet = |octet: u8| {
        let place = guest.windows(7).position(|octets| octets == b"nosniff").expect("a value");
        let mut guest = guest.clone();
        guest[place + 6] = octet;
        guest
    };
    for octet in b'a'..=b'd' {
        let name = format!("{}.wasm", char::from(octet));
        fs::write(site.path(&name), with_octet(octet)).expect("a file");
    }
    site.configure(&format!(
        "parameter control {SOCKET}\nparameter guest a.wasm\nparameter code-cache kept\n\
         parameter watch off"
    ));
    let server: Server = site.start(&["-c", "web.conf"], 1);
    let folder = server.site.path("kept");
    let functions = files_that_end_in("functions", &folder);
    assert_eq!(functions.len(), 1, "{functions:?}");
    let functions = &functions[0];
    let swap = |octet: char, codes: usize| {
        let reply = control::swap(&server, &server.site.path(&format!("{octet}.wasm")));
        assert!(reply["done"].is_string(), "{reply}");
        let response = server.get("/").expect(200);
        let expected = format!("nosnif{octet}");
        assert_eq!(response.field("X-Content-Type-Options"), Some(&*expected));
        assert_eq!(files(&folder).len(), codes, "it was not compiled");
    };
    let whole = fs::read(functions).expect("functions");
    swap('b', 2);
    let more = fs::read(functions).expect("functions").len() - whole.len();
    assert!(more < whole.len() / 10, "{more} octets of {} were compiled again", whole.len());
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(functions, &damaged).expect("a file");
    let before = inode(functions);
    swap('c', 3);
    assert_ne!(inode(functions), before, "damaged functions were used");
    fs::set_permissions(functions, fs::Permissions::from_mode(0o666)).expect("a mode");
    let before = inode(functions);
    swap('d', 4);
    assert_ne!(inode(functions), before, "functions that others could have written were used");
}

/// Fault 18: whatever a disk or somebody did to the file, it is compiled again and replaced.
#[test]
fn what_is_damaged_is_not_used_and_is_replaced() {
    let (site, file) = kept();
    let whole = fs::read(&file).expect("code");
    let flipped = |at: usize| {
        let mut octets = whole.clone();
        octets[at] ^= 1;
        octets
    };
    let damaged = [
        Vec::new(),
        whole[..31].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 1].to_vec(),
        [&whole[..], b"x"].concat(),
        flipped(0),
        flipped(40),
        flipped(whole.len() / 2),
        flipped(whole.len() - 1),
        vec![0; whole.len()],
    ];
    for (number, octets) in damaged.iter().enumerate() {
        fs::write(&file, octets).expect("a file");
        replaced(&site, &file, &format!("damage {number}"));
    }
}

/// Fault 18: what somebody else could have put there is not used, however good it looks.
#[test]
fn what_is_planted_is_not_used_and_is_replaced() {
    let (site, file) = kept();
    let elsewhere = site.path("elsewhere.code");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("a mode");
    replaced(&site, &file, "others could have written to it");

    fs::rename(&file, &elsewhere).expect("a file");
    symlink(&elsewhere, &file).expect("a link");
    age(&elsewhere, SystemTime::UNIX_EPOCH + UNUSED);
    replaced(&site, &file, "a link to code that is as it should be");
    let used = fs::metadata(&elsewhere).expect("a file").modified().expect("a time");
    assert_eq!(used, SystemTime::UNIX_EPOCH + UNUSED, "a link was followed");

    fs::remove_file(&file).expect("a file");
    let made = std::process::Command::new("mkfifo").arg(&file).status();
    assert!(made.is_ok_and(|status| status.success()), "a named pipe");
    replaced(&site, &file, "a named pipe");

    // Nothing can take a folder's place. That costs compilations.
    fs::remove_file(&file).expect("a file");
    fs::create_dir(&file).expect("a folder");
    check(&site);
    assert!(file.is_dir());
}

/// A folder that others may write to is no place for code; a line of web.conf is to blame.
#[test]
fn a_folder_that_others_may_write_to_is_refused_with_its_line() {
    let site = site();
    site.folder("shared");
    let mode = |mode| fs::set_permissions(site.path("shared"), fs::Permissions::from_mode(mode));
    site.configure("parameter guest tiny.wasm\nparameter code-cache shared");
    for shared in [0o777, 0o770, 0o1777, 0o702] {
        mode(shared).expect("a mode");
        let words = ["web.conf:2:", "code-cache", "shared", "others"];
        site.run(&["-c", "web.conf"]).complains(1, &words);
        assert!(files(&site.path("shared")).is_empty());
    }
    mode(0o755).expect("a mode");
    check(&site);
    assert_eq!(files(&site.path("shared")).len(), 1);
    write(&site.path("occupied"), "a file\n");
    site.configure("parameter guest tiny.wasm\nparameter code-cache occupied");
    site.run(&["-c", "web.conf"]).complains(1, &["web.conf:2:", "code-cache", "occupied"]);
}

/// The same when web.conf is read again: the old one goes on.
#[test]
fn a_folder_that_cannot_be_used_is_refused_by_a_reload() {
    let lines = format!("parameter control {SOCKET}\nparameter guest tiny.wasm");
    let server = site().serve(&lines);
    server.site.folder("shared");
    let mode = fs::Permissions::from_mode(0o777);
    fs::set_permissions(server.site.path("shared"), mode).expect("a mode");
    server.site.configure(&format!("{lines}\nparameter code-cache shared"));
    let reasons = control::refused_reload(&server);
    assert!(reasons.contains("web.conf:3: code-cache"), "{reasons}");
    assert_eq!(server.get("/").expect(200).text(), "front\n");
}

/// A site that is started with an environment of its own.
fn within(environment: &[&str]) -> Site {
    let variables = ["-u", "CACHE_DIRECTORY", "-u", "XDG_CACHE_HOME"];
    let under = [&["env"], &variables[..], environment].concat();
    site().under(under.into_iter().map(String::from).collect())
}

/// Off is off.
#[test]
fn code_cache_off_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let home = format!("HOME={}", folder.path().display());
    let site = within(&[&home]);
    site.configure("parameter guest tiny.wasm\nparameter code-cache off");
    check(&site);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

/// Where code is kept if nobody says: as users and systemd expect it.
#[test]
fn code_is_kept_where_the_environment_says() {
    for (variable, below) in
        [("HOME", ".cache/wasmhttpd"), ("XDG_CACHE_HOME", "wasmhttpd"), ("CACHE_DIRECTORY", "")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let place = format!("{variable}={}", folder.path().display());
        let site = within(&["HOME=/nowhere", &place]);
        site.configure("parameter guest tiny.wasm");
        check(&site);
        assert_eq!(files(&folder.path().join(below)).len(), 1, "by {variable}");
    }
}

/// A home that cannot be written to, or none, costs a compilation and nothing else.
#[test]
fn a_home_that_cannot_be_used_is_no_error() {
    for home in ["HOME=/proc/nowhere", "HOME=/dev/null", "HOME=relative", "HOME="] {
        let site = within(&[home]);
        let server = site.serve("parameter guest tiny.wasm");
        assert_eq!(server.get("/").expect(200).text(), "front\n");
        assert!(!server.site.path("relative").exists());
    }
}
