//! Guests from a registry: pushed to a real one, pulled, verified, kept, and served.

use crate::harness::{Artifact, Registry, Server, Site, edition, editions, wait_until};

/// Of every server here: what it pulls is kept in the site's folder.
const LINES: &str = "parameter control ctl.sock\nparameter guest-cache kept\n";

/// A site, and a registry that has editions under tags: `guest:NUMBER`.
fn pushed(numbers: &[u32]) -> Option<(Site, Registry)> {
    let registry = Registry::start()?;
    for number in numbers {
        push(&registry, *number, &number.to_string());
    }
    Some((editions(), registry))
}

fn push(registry: &Registry, number: u32, tag: &str) -> String {
    let artifact = Artifact::of(&edition(number, ""));
    artifact.push(&registry.address, "site/guest", tag);
    artifact.digest()
}

/// Starts a server with this guest and these lines.
fn serve(site: Site, guest: &str, lines: &str) -> Server {
    site.serve(&format!("parameter guest {guest}\n{LINES}{lines}"))
}

fn stop(mut server: Server) -> Site {
    server.ctl(&["stop"]).succeeds();
    assert_eq!(server.end().code(), Some(0));
    let unused = Site::new();
    std::mem::replace(&mut server.site, unused)
}

/// Pull, verify, swap: a tag is served, it moves, and what it moved to serves; the status has the
/// reference and the digest.
#[test]
fn a_tag_is_served_and_when_it_moves_what_it_moved_to() {
    let Some((site, registry)) = pushed(&[1]) else { return };
    let first = push(&registry, 1, "stable");
    let reference = registry.reference("site/guest:stable");
    let server = serve(site, &reference, "parameter guest-poll 0.1");
    assert_eq!(server.get("/page").edition(), 1);
    let guest = server.status()["guest"].to_string();
    assert!(guest.contains(&format!("{reference}@{first}")), "{guest}");
    let second = push(&registry, 2, "stable");
    server.waits_for_generation(2);
    assert_eq!(server.get("/page").edition(), 2);
    let guest = server.status()["guest"].to_string();
    assert!(guest.contains(&format!("{reference}@{second}")), "{guest}");
    server.logs(&["generation 2 serves: guest", &second, "rehearsed", "on probation"]);
    // What was rolled back does not come again by itself.
    server.ctl(&["rollback"]).succeeds();
    push(&registry, 3, "stable");
    wait_until("the third serves", || server.get("/page").edition() == 3);
}

/// With what was pulled once, a server starts though its registry is gone: with a digest as if
/// nothing were, with a tag after a warning.
#[test]
fn a_start_without_the_registry_has_what_was_pulled_before() {
    let Some((site, mut registry)) = pushed(&[1, 2]) else { return };
    let digest = push(&registry, 1, "1");
    let pinned = registry.reference(&format!("site/guest@{digest}"));
    let tag = registry.reference("site/guest:2");
    let site = stop(serve(site, &pinned, ""));
    let site = stop(serve(site, &tag, ""));
    registry.stop();
    let server = serve(site, &pinned, "");
    assert_eq!(server.get("/page").edition(), 1);
    assert_eq!(server.count_logged(&["could not be pulled"]), 0);
    let server = serve(stop(server), &tag, "parameter guest-poll 0.1");
    assert_eq!(server.get("/page").edition(), 2);
    server.logs(&["WARN", &tag, "could not be pulled, and is what it was last", "did not come"]);
    wait_until("the status tells that nothing is known of the tag", || {
        server.status()["poll-failure"].as_str().is_some_and(|it| it.contains("did not come"))
    });
    // What was never pulled cannot be had, and the server says so.
    let site = stop(server);
    site.configure(&format!("parameter guest {}\n{LINES}", registry.reference("site/guest:3")));
    site.run(&["-c", "web.conf", "--check"])
        .complains(1, &["guest:3 cannot be pulled", "is the registry up"]);
    // Once the registry is there again, so is the tag.
    registry.start_again();
    let server = serve(site, &tag, "parameter guest-poll 0.1");
    push(&registry, 3, "2");
    wait_until("the third serves", || server.get("/page").edition() == 3);
    assert!(server.status()["poll-failure"].is_null());
}

/// A file that is damaged in the folder of what was pulled is not believed: it is pulled again.
#[test]
fn what_is_damaged_in_the_folder_is_pulled_again() {
    let Some((site, mut registry)) = pushed(&[1]) else { return };
    let digest = push(&registry, 1, "1");
    let pinned = registry.reference(&format!("site/guest:1@{digest}"));
    site.configure(&format!("parameter guest {pinned}\n{LINES}"));
    let check = || site.run(&["-c", "web.conf", "--check"]);
    check().succeeds();
    for ending in ["component", "manifest"] {
        damage(&site, ending);
        registry.stop();
        check().complains(1, &["cannot be pulled"]);
        registry.start_again();
        check().succeeds();
        registry.stop();
        assert!(check().succeeds().stdout.contains(&pinned));
    }
}

/// Flips a bit in the last octet of the one file of what was pulled that ends so.
fn damage(site: &Site, ending: &str) {
    let files = std::fs::read_dir(site.path("kept")).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    let ours: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == ending)).collect();
    let [path] = &ours[..] else { panic!("{ending}: {ours:?}") };
    let mut octets = std::fs::read(path).expect("a file");
    *octets.last_mut().expect("an octet") ^= 1;
    std::fs::write(path, octets).expect("a file");
}

/// `ctl swap` and `ctl shadow` take references as they take files; a digest that is not the one of
/// what the registry has is refused.
#[test]
fn ctl_takes_references() {
    let Some((site, registry)) = pushed(&[1, 2, 3]) else { return };
    let server = site.serve_editions("parameter guest-cache off");
    let second = registry.reference("site/guest:2");
    let said = server.swap(&second);
    assert!(said.starts_with(&format!("generation 2 serves: guest {second}@sha256:")), "{said}");
    assert_eq!(server.get("/page").edition(), 2);
    assert_eq!(server.swap(&second), "generation 2 serves it already");
    let third = registry.reference("site/guest:3");
    let said = server.ctl(&["shadow", &third]).succeeds().stdout;
    assert!(said.contains(&format!("{third}@sha256:")), "{said}");
    assert!(said.contains("runs beside generation 2"), "{said}");
    server.ctl(&["promote"]).succeeds();
    assert_eq!(server.get("/page").edition(), 3);
    for (wrong, words) in [
        (registry.reference("site/guest:4"), ["status 404", "try the name and the tag"]),
        (registry.reference("site/other:1"), ["status 404", "try the name and the tag"]),
        (format!("{third}@sha256:{}", "0".repeat(64)), ["status 404", "try the name"]),
        ("oci://127.0.0.1:1/a:1".into(), ["did not come", "is the registry up"]),
    ] {
        let end = "was refused at the step pull: generation 3 goes on";
        server.ctl(&["swap", &wrong]).complains(1, &[&words[..], &[end]].concat());
    }
    server.ctl(&["swap", "oci://a/B:1"]).complains(2, &["small letters"]);
    server.ctl(&["rollback"]).succeeds();
    assert_eq!(server.get("/page").edition(), 2);
}

/// web.conf may come to name another registry's guest, or a file, and the other way round.
#[test]
fn a_reload_pulls_what_web_conf_names_now() {
    let Some((site, mut registry)) = pushed(&[2, 3]) else { return };
    let server = site.serve_editions("parameter guest-cache kept");
    let configure = |rest: &str| {
        let guest = registry.reference(rest);
        server.site.configure(&format!("parameter guest {guest}\n{LINES}"));
    };
    configure("site/guest:2");
    let said = server.ctl(&["reload"]).succeeds().stdout;
    assert!(said.contains("generation 2 serves: guest oci://"), "{said}");
    assert_eq!(server.get("/page").edition(), 2);
    configure("site/guest:4");
    let end = "reading web.conf again was refused at the step pull: generation 2 goes on";
    server.ctl(&["reload"]).complains(1, &["guest:4 cannot be pulled", "status 404", end]);
    // Without the registry, web.conf can still be read again.
    configure("site/guest:2");
    registry.stop();
    let said = server.ctl(&["reload"]).succeeds().stdout;
    assert!(said.contains("generation 2 goes on"), "{said}");
    server.logs(&["guest:2 could not be pulled, and is what it was last"]);
}
