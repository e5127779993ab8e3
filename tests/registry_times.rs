//! A registry that takes its time: whatever hangs hangs alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::harness::artifact::digest;
use crate::harness::liar::honestly;
use crate::harness::{Artifact, Askers, DEADLINE, Liar, Then, Told, edition, editions, wait_until};
use crate::registry_faults::damaged;

/// Says nothing at all.
fn silent() -> Liar {
    Liar::start(|_, _| Told { octets: Vec::new(), then: Then::Hang })
}

/// While a pull hangs, the status tells of it, other swaps and rollbacks are done, requests are
/// answered, and the server ends when it is told to.
#[test]
fn nothing_waits_for_a_pull_that_hangs() {
    let liar = silent();
    let mut server = editions()
        .edition("two.wasm", 2, "")
        .file("www/index.html", "as ever\n")
        .serve_editions("parameter pull-timeout 600\nparameter guest-cache off");
    let reference = liar.reference("site/guest:1");
    let expected = server.get("/").text();
    thread::scope(|scope| {
        let swap = scope.spawn(|| server.ctl(&["swap", &reference]));
        wait_until("the status tells of the pull", || {
            server.status()["pulling"][0].as_str().is_some_and(|it| it.contains(&reference))
        });
        let text = server.ctl(&["status"]).succeeds().stdout;
        assert!(text.contains(&format!("being pulled: a swap to guest {reference}")), "{text}");
        let askers = Askers::start(server.address(), 2, 50, &expected);
        askers.allow_any_answer(true);
        server.swap("two.wasm");
        assert_eq!(server.get("/page").edition(), 2);
        server.ctl(&["rollback"]).succeeds();
        askers.allow_any_answer(false);
        server.ctl(&["reload"]).succeeds();
        assert_eq!(server.get("/page").edition(), 1);
        askers.end();
        // So many may hang, and no more.
        for _ in 1..4 {
            scope.spawn(|| server.ctl(&["swap", &reference]));
        }
        wait_until("all hang", || server.status()["pulling"].as_array().map(Vec::len) == Some(4));
        server.ctl(&["swap", &reference]).complains(1, &["4 guests are being pulled", "pull: "]);
        assert!(!swap.is_finished(), "it did not hang");
        let start = Instant::now();
        server.ctl(&["stop"]).succeeds();
        swap.join().expect("a ctl").complains(1, &["the server"]);
        assert!(start.elapsed() < DEADLINE / 3, "the end took {:?}", start.elapsed());
    });
    assert_eq!(server.end().code(), Some(0));
}

/// What a tag moved to and what is no guest is refused once, and not again at each look; when the
/// tag moves on, that is served.
#[test]
fn a_digest_that_was_refused_is_not_tried_again() {
    let unfit = Artifact::with(b"", |manifest| manifest["layers"] = serde_json::json!([]));
    for (bad, step) in [(Artifact::of(b"no component"), "compile"), (unfit, "pull")] {
        let moved = Arc::<AtomicUsize>::default();
        let theirs = Arc::clone(&moved);
        let tag = [Artifact::of(&edition(2, "")), bad, Artifact::of(&edition(3, ""))];
        let liar = Liar::start(move |asked, _| {
            let at = theirs.load(Ordering::SeqCst);
            // Until it is asked again, the tag may have moved on.
            let mut all = tag[..=at].iter().rev();
            let told = all.find(|it| asked.target.ends_with(&digest(&it.component)));
            honestly(asked, told.unwrap_or(&tag[at]))
        });
        let server = editions().serve(&format!(
            "parameter guest {}\nparameter control ctl.sock\nparameter guest-poll 0.05\n\
             parameter guest-cache off",
            liar.reference("site/guest:1")
        ));
        let asked = |verb: &str| liar.count_asked(&format!("{verb} /v2/site/guest/manifests/1"));
        moved.store(1, Ordering::SeqCst);
        server.logs(&["since the tag moved", &format!("refused at the step {step}: generation 1")]);
        let (heads, gets) = (asked("HEAD"), asked("GET"));
        wait_until("it was looked at often", || asked("HEAD") >= heads + 10);
        assert_eq!(asked("GET"), gets, "it was pulled again");
        let status = server.status();
        assert_eq!((&status["refused"], &status["poll-failure"]), (&1.into(), &Value::Null));
        assert_eq!(server.get("/page").edition(), 2);
        moved.store(2, Ordering::SeqCst);
        server.waits_for_generation(2);
        assert_eq!(server.get("/page").edition(), 3);
    }
}

/// A look at a tag that fails is told by the status and in the log, and leaves the guest as it is;
/// the next look that does not fail is as if nothing had been.
#[test]
fn a_look_at_a_tag_that_fails_is_told_until_one_does_not() {
    let artifact = Artifact::of(&edition(2, ""));
    let fault = Arc::<Mutex<&str>>::default();
    let theirs = Arc::clone(&fault);
    let liar = Liar::start(move |asked, address| {
        let kind = *theirs.lock().expect("a kind");
        match kind {
            "" => honestly(asked, &artifact),
            _ => damaged(kind, asked, honestly(asked, &artifact), address),
        }
    });
    let reference = liar.reference("site/guest:1");
    let server = editions().serve(&format!(
        "parameter guest {reference}\nparameter control ctl.sock\nparameter guest-poll 0.05\n\
         parameter pull-timeout 1\nparameter guest-cache off"
    ));
    for (kind, reason) in [
        ("status-401", "registry-credentials"),
        ("status-429", "try a longer guest-poll"),
        ("status-500", "status 500"),
        ("hang-before-head", "pull-timeout"),
        ("hang-in-head", "pull-timeout"),
        ("drip-head", "pull-timeout"),
        ("endless-head", "did not come"),
        ("reset-before-head", "did not come"),
        ("end-in-head", "did not come"),
        ("garbage", "did not come"),
        ("redirect-loop", "after 5 places"),
        ("redirect-plain", "neither secret nor sure"),
    ] {
        *fault.lock().expect("a kind") = kind;
        wait_until(&format!("{kind} is told"), || {
            server.status()["poll-failure"].as_str().is_some_and(|it| it.contains(reason))
        });
        server.logs(&["WARN", &reference, "could not be looked at", reason]);
        assert_eq!(server.get("/page").edition(), 2, "{kind}");
        *fault.lock().expect("a kind") = "";
        wait_until("a look that did not fail", || server.status()["poll-failure"].is_null());
    }
    let status = server.status();
    assert_eq!((&status["generation"], &status["refused"]), (&1.into(), &0.into()));
}

/// A password goes to the registry and nowhere else: not into the log, not to where it redirects
/// to.
#[test]
fn a_password_goes_to_the_registry_alone() {
    let artifact = Artifact::of(&edition(2, ""));
    let component = artifact.component.clone();
    let storage = Liar::start(move |asked, _| {
        assert_eq!(asked.authorization, None, "told a stranger");
        Told::answer(200, "", &component)
    });
    let place = format!("http://{}/there", storage.address);
    let liar = Liar::start(move |asked, address| {
        let is_token = asked.target.starts_with("/token?scope=repository:site/");
        let (basic, bearer) = (Some("Basic bmFtZTpzZWNyZXQ="), Some("Bearer word"));
        let wants = |challenge: &str| {
            Told::answer(401, &format!("WWW-Authenticate: {challenge}\r\n"), b"{}")
        };
        match asked.authorization.as_deref() {
            given if is_token && given == basic => {
                Told::answer(200, "", br#"{"access_token":"word"}"#)
            }
            given if asked.target.contains("/basic/") && given != basic => {
                wants("Basic realm=\"a\"")
            }
            given if asked.target.contains("/bearer/") && given != bearer => {
                wants(&format!("Bearer realm=\"http://{address}/token\",service=\"a b\""))
            }
            _ if asked.target.contains("/blobs/") => {
                Told::answer(307, &format!("Location: {place}\r\n"), b"")
            }
            _ => honestly(asked, &artifact),
        }
    });
    let config =
        |registry: &str| format!(r#"{{"auths":{{"{registry}":{{"auth":"bmFtZTpzZWNyZXQ="}}}}}}"#);
    let server = editions()
        .file("config.json", config(&liar.address))
        .serve_editions("parameter registry-credentials config.json\nparameter guest-cache off");
    for name in ["site/basic/a", "site/bearer/a"] {
        let reference = liar.reference(&format!("{name}:1"));
        assert!(server.swap(&reference).starts_with("generation "), "{name}");
        assert_eq!(server.get("/page").edition(), 2);
        server.ctl(&["rollback"]).succeeds();
    }
    assert!(storage.count_asked("GET /there") >= 2);
    // The file is read at each pull: without the password, nothing is given.
    std::fs::write(server.site.path("config.json"), config("other.example")).expect("a file");
    let reference = liar.reference("site/basic/a:1");
    server.ctl(&["swap", &reference]).complains(1, &["status 401", "registry-credentials"]);
    std::fs::write(server.site.path("config.json"), "{").expect("a file");
    server.ctl(&["swap", &reference]).complains(1, &["config.json cannot be used", "docker login"]);
    for secret in ["secret", "bmFtZTpzZWNyZXQ", "Bearer word"] {
        assert!(!server.stderr.text().contains(secret), "{secret} in the log");
    }
    let lines = "parameter guest guest.wasm\nparameter registry-credentials none.json";
    server.site.configure(lines);
    let words = ["web.conf:2: registry-credentials: ", "none.json cannot be used"];
    server.site.run(&["-c", "web.conf", "--check"]).complains(1, &words);
}
