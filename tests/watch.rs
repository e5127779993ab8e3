//! The guest is replaced when its file changes, in whichever way files are replaced.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use crate::control::{self, SOCKET};
use crate::harness::{Server, Site, age, edition, editions, holds_within, rename, wait_until};

/// The server looks at the file this often, whatever it was told; and once more.
const LOOKED_AT: Duration = Duration::from_millis(2500);

/// Replaces the guest, and waits until requests are answered by the new one. Requests are answered
/// all the while.
fn replaces(server: &Server, number: u32, replace: impl FnOnce() + Send) {
    let is_replaced = AtomicBool::new(false);
    let mut client = server.client();
    let before = client.get("/page").edition();
    let mut editions = vec![before];
    thread::scope(|scope| {
        scope.spawn(|| {
            replace();
            is_replaced.store(true, Ordering::Relaxed);
        });
        wait_until("the new guest answers", || {
            editions.push(client.get("/page").edition());
            is_replaced.load(Ordering::Relaxed) && editions.last() == Some(&number)
        });
        editions.dedup();
        assert_eq!(editions, [before, number]);
    });
}

/// Edition 1 serves, on one worker: others hear of a publish a moment earlier or later.
fn serve(site: Site, lines: &str) -> Server {
    site.serve_editions(&format!("parameter workers 1\n{lines}"))
}

/// Asserts that no other generation than this serves, for some time to come.
fn stays(server: &Server, generation: u64) {
    assert!(!holds_within(LOOKED_AT, || server.generation() != generation));
}

/// As installers and careful editors do it.
#[test]
fn a_file_that_is_renamed_over_the_guest_replaces_it() {
    let server = serve(editions(), "");
    for number in [2, 3, 1] {
        let new = server.site.path("new.wasm");
        fs::write(&new, edition(number, "")).expect("a component");
        replaces(&server, number, || rename(&new, &server.site.path("guest.wasm")));
    }
    server.logs(&["generation 4 serves", "guest.wasm"]);
    assert_eq!(server.generation(), 4);
}

/// As compilers and `cp` do it.
#[test]
fn a_guest_that_is_written_in_place_is_replaced() {
    let server = serve(editions(), "");
    for number in [2, 3, 1] {
        replaces(&server, number, || {
            fs::write(server.site.path("guest.wasm"), edition(number, "")).expect("a component");
        });
    }
    assert_eq!(server.generation(), 4);
}

/// Half a file is no guest, however long it stays half: nobody notices, and the whole one serves.
#[test]
fn a_guest_that_is_half_written_for_long_is_waited_for() {
    let server = serve(editions(), "");
    let component = edition(2, "");
    let (half, rest) = component.split_at(component.len() / 2);
    replaces(&server, 2, || {
        let mut file = File::create(server.site.path("guest.wasm")).expect("a file");
        file.write_all(half).expect("half a component");
        server.logs(&["since the file changed", "generation 1 goes on"]);
        file.write_all(rest).expect("the rest");
    });
    let status = server.status();
    assert_eq!((&status["generation"], &status["refused"]), (&2.into(), &1.into()));
}

/// A file that grows piece by piece is not loaded before it is whole, and then once.
#[test]
fn a_guest_that_is_written_slowly_is_loaded_when_it_is_whole() {
    let server = serve(editions(), "");
    let component = edition(2, "");
    replaces(&server, 2, || {
        let mut file = File::create(server.site.path("guest.wasm")).expect("a file");
        let mut client = server.client();
        for piece in component.chunks(500) {
            file.write_all(piece).expect("a piece");
            // Some time, and a look at the server.
            client.get("/page").edition();
        }
    });
    assert_eq!(server.generation(), 2);
}

/// A file that is not there is no reason to stop, or to complain; the next one is loaded.
#[test]
fn a_guest_that_is_deleted_serves_on_until_another_is_there() {
    let server = serve(editions(), "");
    fs::remove_file(server.site.path("guest.wasm")).expect("a file");
    stays(&server, 1);
    assert_eq!(server.status()["refused"], 0);
    replaces(&server, 2, || {
        fs::write(server.site.path("guest.wasm"), edition(2, "")).expect("a component");
    });
    assert_eq!(server.generation(), 2);
}

/// A link that is pointed elsewhere, here or further up, is another file.
#[test]
fn a_link_that_is_pointed_elsewhere_replaces_the_guest() {
    let site = editions().edition("two/guest.wasm", 2, "").edition("three/guest.wasm", 3, "");
    rename(&site.path("guest.wasm"), &site.path("one.wasm"));
    let site = site.link("current", "two").link("guest.wasm", "one.wasm");
    let server = serve(site, "");
    let point = |name: &str, target: &str| {
        let new = server.site.path("new-link");
        symlink(target, &new).expect("a link");
        rename(&new, &server.site.path(name));
    };
    replaces(&server, 2, || point("guest.wasm", "current/guest.wasm"));
    replaces(&server, 3, || point("current", "three"));
    assert_eq!(server.generation(), 3);
}

/// A file that was touched, or written again as it was, is the same guest.
#[test]
fn a_guest_that_is_touched_is_no_new_generation() {
    let server = serve(editions(), "");
    let guest = server.site.path("guest.wasm");
    age(&guest, SystemTime::now());
    stays(&server, 1);
    fs::write(&guest, edition(1, "")).expect("a component");
    stays(&server, 1);
    let status = server.status();
    assert_eq!((&status["published"], &status["refused"]), (&0.into(), &0.into()));
}

/// What takes the file's place while that is loaded is loaded next, and not taken for what was. It
/// once was, and never served.
#[test]
fn a_guest_that_is_replaced_while_it_is_loaded_is_not_missed() {
    let lines = format!("parameter control {SOCKET}\nparameter code-cache off");
    let server = editions().serve(&lines);
    let signal = |id: u32, signal| {
        let id = Pid::from_raw(id as i32).expect("a process id");
        kill_process(id, signal).expect("a compiler to signal");
    };
    server.site.configure(&format!("{lines}\nparameter guest guest.wasm"));
    thread::scope(|scope| {
        let reload = scope.spawn(|| control::reload(&server));
        wait_until("there is a compiler", || !server.process().children().is_empty());
        let compiler = server.process().children()[0];
        signal(compiler, Signal::STOP);
        let new = server.site.path("new.wasm");
        fs::write(&new, edition(2, "")).expect("a component");
        rename(&new, &server.site.path("guest.wasm"));
        signal(compiler, Signal::CONT);
        assert!(reload.join().expect("a reload").contains("generation 2 serves"));
    });
    wait_until("the new guest answers", || server.get("/page").edition() == 2);
    assert_eq!(server.generation(), 3);
    stays(&server, 3);
}

/// What does not pass leaves the serving guest where it is, and what passes next replaces it.
#[test]
fn a_watched_guest_that_is_refused_changes_nothing() {
    let server = serve(editions(), "");
    fs::write(server.site.path("guest.wasm"), edition(2, "t*r")).expect("a component");
    server.logs(&[
        "since the file changed",
        "refused at the step rehearse",
        "generation 1 goes on",
    ]);
    assert_eq!(server.get("/page").edition(), 1);
    replaces(&server, 2, || {
        fs::write(server.site.path("guest.wasm"), edition(2, "")).expect("a component");
    });
}

/// `watch off`: the file is looked at when somebody says so.
#[test]
fn without_watching_only_an_order_replaces_the_guest() {
    let server = serve(editions(), "parameter watch off");
    fs::write(server.site.path("guest.wasm"), edition(2, "")).expect("a component");
    stays(&server, 1);
    server.swap("guest.wasm");
    assert_eq!(server.get("/page").edition(), 2);
}

/// No change is missed where other files of the folder change all the time. It once could be: a
/// change that had rested was taken note of, and then forgotten because of the noise.
#[test]
fn a_guest_is_replaced_in_a_folder_where_much_happens() {
    let server = serve(editions(), "");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                fs::write(server.site.path("noise"), "noise").expect("a file");
            }
        });
        let end = OnDrop(&is_over);
        for turn in 0..30 {
            replaces(&server, 2 - turn % 2, || {
                let new = server.site.path("new.wasm");
                fs::write(&new, edition(2 - turn % 2, "")).expect("a component");
                rename(&new, &server.site.path("guest.wasm"));
            });
        }
        drop(end);
    });
}

/// Ends the noise however the test ends.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
