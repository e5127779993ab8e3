//! A registry that lies, breaks and hangs: every kind of fault at every stage of a pull. The guest
//! that serves never notices, whoever asked is told why, and nothing is left over.

use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};

use crate::harness::artifact::{CONFIG_TYPE, MANIFEST_TYPE, digest};
use crate::harness::liar::{Asked, honestly};
use crate::harness::{Artifact, Askers, Liar, Server, Then, Told, edition, editions, wait_until};

/// Where a fault happens: the name of the repository starts so.
const STAGES: [&str; 3] = ["manifest", "component", "token"];

/// Faults of an answer, and what is said of them where the answer should have been a manifest, a
/// component, a token.
const ANSWERS: &[(&str, [&str; 3])] = &[
    ("status-204", ["status 204"; 3]),
    ("status-206", ["status 206"; 3]),
    ("status-304", ["status 304"; 3]),
    ("status-400", ["status 400"; 3]),
    ("status-401", ["registry-credentials"; 3]),
    ("status-403", ["registry-credentials"; 3]),
    ("status-404", ["try the name and the tag"; 3]),
    ("status-429", ["try a longer guest-poll"; 3]),
    ("status-500", ["status 500 (try again later)"; 3]),
    ("status-503", ["status 503 (try again later)"; 3]),
    ("hang-before-head", ["pull-timeout"; 3]),
    ("hang-in-head", ["pull-timeout"; 3]),
    ("hang-after-head", ["pull-timeout"; 3]),
    ("hang-in-content", ["pull-timeout"; 3]),
    ("drip-head", ["pull-timeout"; 3]),
    ("drip-content", ["pull-timeout"; 3]),
    ("endless-head", ["did not come"; 3]),
    ("endless-content", ["octets", "octets", "octets"]),
    ("endless-chunks", ["octets", "octets", "octets"]),
    ("reset-before-head", ["did not come"; 3]),
    ("reset-in-head", ["did not come"; 3]),
    ("reset-in-content", ["did not come"; 3]),
    ("end-before-head", ["did not come"; 3]),
    ("end-in-head", ["did not come"; 3]),
    ("cut-to-nothing", ["did not come"; 3]),
    ("cut-to-one", ["did not come"; 3]),
    ("cut-to-half", ["did not come"; 3]),
    ("cut-by-one", ["did not come"; 3]),
    ("unsized-cut-to-half", ["has the digest", "has the digest", "no token"]),
    ("unsized-cut-by-one", ["has the digest", "has the digest", "no token"]),
    ("chunks-cut", ["did not come"; 3]),
    ("chunks-garbled", ["did not come"; 3]),
    ("length-huge", ["pull-timeout"; 3]),
    ("length-beyond-numbers", ["did not come"; 3]),
    ("length-negative", ["did not come"; 3]),
    ("empty", ["has the digest", "has the digest", "no token"]),
    ("flipped-first", ["has the digest", "has the digest", "no token"]),
    ("flipped-last", ["has the digest", "has the digest", "no token"]),
    ("one-more", ["has the digest", "octets", "no token"]),
    ("deep", ["has the digest", "digest", "no token"]),
    ("garbage", ["did not come"; 3]),
    ("redirect-loop", ["after 5 places", "after 5 places", "status 302"]),
    ("redirect-nowhere", ["but not where", "but not where", "status 302"]),
    ("redirect-plain", ["neither secret nor sure", "neither secret nor sure", "status 302"]),
    ("redirect-file", ["somewhere else", "somewhere else", "status 302"]),
    ("redirect-garbage", ["somewhere else", "somewhere else", "status 302"]),
];

/// What is wrong with a manifest whose digest is right.
const MANIFESTS: &[(&str, &str)] = &[
    ("not-json", "manifest cannot be read"),
    ("no-object", "manifest cannot be read"),
    ("deep-json", "manifest cannot be read"),
    ("version", "version 1"),
    ("index", "index of several"),
    ("manifest-type", "its manifest has the type"),
    ("config-type", "its config has the type"),
    ("layer-type", "its layer has the type"),
    ("no-config", "no config"),
    ("no-layers", "0 layers"),
    ("two-layers", "2 layers"),
    ("many-layers", "10000 layers"),
    ("other-algorithm", "is not a digest"),
    ("half-a-digest", "is not a digest"),
    ("path-for-a-digest", "is not a digest"),
    ("other-digest", "status 404"),
    ("smaller", "octets"),
    ("larger", "promises"),
    ("huge", "larger than 128 MiB"),
    ("negative", "manifest cannot be read"),
];

#[test]
fn a_registry_that_lies_or_breaks_or_hangs_changes_nothing() {
    let artifact = Artifact::of(&edition(2, ""));
    let liar = Liar::start(move |asked, address| answer(asked, address, &artifact));
    let server = editions()
        .file("www/index.html", "as ever\n")
        .serve_editions("parameter pull-timeout 1\nparameter guest-cache off");
    // Whatever is there once everything was done once is not left over.
    swap_is_refused(&server, &liar.reference("manifest/status-500:1"), "status 500");
    let descriptors = server.process().descriptors();
    let expected = server.get("/").text();
    let askers = Askers::start(server.address(), 2, 50, &expected);
    let faults = Mutex::new(faults());
    let count = faults.lock().expect("a list").len();
    assert!(count >= 100, "{count} faults");
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some((name, reason)) = take(&faults) {
                    swap_is_refused(&server, &liar.reference(&format!("{name}:1")), reason);
                }
            });
        }
    });
    wait_until("no pull is left", || server.process().threads_named("pull") == 0);
    server.frees_descriptors(descriptors + 2);
    let tally = askers.end();
    assert!(tally.answers > 100 && tally.others == 0, "{tally:?}");
    let status = server.status();
    assert_eq!((&status["generation"], &status["refused"]), (&1.into(), &(count + 1).into()));
    server.frees_descriptors(descriptors);
    // After all that, what is good is taken, whatever its config says.
    let said = server.swap(&liar.reference("good/config-lies:1"));
    assert!(said.starts_with("generation 2 serves"), "{said}");
    assert_eq!(server.get("/page").edition(), 2);
}

fn swap_is_refused(server: &Server, reference: &str, reason: &str) {
    let end = "was refused at the step pull: generation 1 goes on";
    let finished = server.ctl(&["swap", reference]);
    assert!(finished.stderr.contains(reason), "{reference}: {reason:?} in {}", finished.stderr);
    finished.complains(1, &[reference, end]);
}

fn take(faults: &Mutex<Vec<(String, &'static str)>>) -> Option<(String, &'static str)> {
    faults.lock().expect("a list").pop()
}

/// Names of repositories, and what is said of each.
fn faults() -> Vec<(String, &'static str)> {
    let stages = (0..).zip(STAGES);
    let answers = stages.flat_map(|(index, stage)| {
        ANSWERS.iter().map(move |(kind, reasons)| (format!("{stage}/{kind}"), reasons[index]))
    });
    let manifests = MANIFESTS.iter().map(|(kind, reason)| (format!("content/{kind}"), *reason));
    answers.chain(manifests).collect()
}

/// What is said of a repository whose name is a stage and a kind.
fn answer(asked: &Asked, address: &str, artifact: &Artifact) -> Told {
    let mut words = asked.target.split('/').skip(2);
    let (stage, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let kind = kind.split('?').next().unwrap_or_default();
    let is_manifest = asked.target.contains("/manifests/");
    let is_token = asked.target.starts_with("/token/");
    match stage {
        "manifest" if is_manifest => damaged(kind, asked, honestly(asked, artifact), address),
        "component" if !is_manifest => damaged(kind, asked, honestly(asked, artifact), address),
        "token" if is_token => {
            let token = Told::answer(200, "", br#"{"token":"word"}"#);
            damaged(kind, asked, token, address)
        }
        "token" if asked.authorization.is_none() => {
            let realm =
                format!(r#"Bearer realm="http://{address}/token/token/{kind}",service="a""#);
            Told::answer(401, &format!("WWW-Authenticate: {realm}\r\n"), b"{}")
        }
        "content" | "good" => honestly(asked, &other(kind, artifact)),
        _ => honestly(asked, artifact),
    }
}

/// An artifact whose manifest is no guest's.
fn other(kind: &str, artifact: &Artifact) -> Artifact {
    let component = &artifact.component;
    let with = |change: &dyn Fn(&mut Value)| Artifact::with(component, change);
    let layer = |name: &str, value: Value| with(&|it| it["layers"][0][name] = value.clone());
    let layers = |count: usize| {
        with(&|it| it["layers"] = Value::Array(vec![it["layers"][0].clone(); count]))
    };
    let octets = |manifest: &[u8]| Artifact { manifest: manifest.into(), ..artifact.clone() };
    match kind {
        "not-json" => octets(b"<html>"),
        "no-object" => octets(b"[]"),
        "deep-json" => octets(format!("{{\"a\":{}", "[".repeat(200_000)).as_bytes()),
        "version" => with(&|it| it["schemaVersion"] = json!(1)),
        "index" => with(&|it| {
            it["mediaType"] = json!("application/vnd.oci.image.index.v1+json");
        }),
        "manifest-type" => with(&|it| it["mediaType"] = json!("text/plain\u{1b}[2J")),
        "config-type" => with(&|it| it["config"]["mediaType"] = json!("application/json")),
        "layer-type" => layer("mediaType", json!("application/x-tar")),
        "no-config" => with(&|it| drop(it.as_object_mut().map(|it| it.remove("config")))),
        "no-layers" => layers(0),
        "two-layers" => layers(2),
        "many-layers" => with(&|it| {
            let one = json!({ "mediaType": "a", "digest": "b", "size": 0 });
            it["layers"] = Value::Array(vec![one; 10_000]);
        }),
        "other-algorithm" => layer("digest", json!(format!("sha512:{}", "0".repeat(128)))),
        "half-a-digest" => layer("digest", json!(&digest(component)[..39])),
        "path-for-a-digest" => layer("digest", json!("../../../v2/")),
        "other-digest" => layer("digest", json!(digest(b"other"))),
        "smaller" => layer("size", json!(component.len() - 1)),
        "larger" => layer("size", json!(component.len() + 1)),
        "huge" => layer("size", json!((128 << 20) + 1)),
        "negative" => layer("size", json!(-1)),
        "config-lies" => with(&|it| {
            it["config"] = json!({ "mediaType": CONFIG_TYPE, "digest": "none", "size": u64::MAX });
        }),
        _ => artifact.clone(),
    }
}

/// An answer that was good, with a fault.
pub fn damaged(kind: &str, asked: &Asked, good: Told, address: &str) -> Told {
    let whole = good.octets;
    let end_of_head = memchr::memmem::find(&whole, b"\r\n\r\n").expect("a head") + 4;
    let (head, content) = (whole[..end_of_head].to_vec(), whole[end_of_head..].to_vec());
    let told = |octets: &[u8], then: Then| Told { octets: octets.to_vec(), then };
    let cut = |length: usize| told(&whole[..end_of_head + length], Then::Close);
    // Of a manifest, the digest is still said to be what it should be.
    let said = format!("Content-Type: {MANIFEST_TYPE}\r\n{}", said_digest(&head));
    let other = |content: &[u8]| Told::answer(200, &said, content);
    let unsized_head = format!("HTTP/1.1 200 Said\r\n{said}\r\n");
    let chunked_head = format!("HTTP/1.1 200 Said\r\n{said}Transfer-Encoding: chunked\r\n\r\n");
    let unsized_content =
        |content: &[u8]| told(&[unsized_head.as_bytes(), content].concat(), Then::Close);
    let chunked = |content: &str, then: Then| {
        told(&[chunked_head.as_bytes(), content.as_bytes()].concat(), then)
    };
    let length = |length: &str| {
        let head = format!("HTTP/1.1 200 Said\r\nContent-Length: {length}\r\n\r\n");
        told(&[head.as_bytes(), &content].concat(), Then::Hang)
    };
    let redirect = |place: &str| Told::answer(302, &format!("Location: {place}\r\n"), b"");
    let flipped = |index: usize| {
        let mut content = content.clone();
        content[index] ^= 1;
        other(&content)
    };
    let half = content.len() / 2;
    if let Some(status) = kind.strip_prefix("status-") {
        return Told::answer(status.parse().expect("a status"), "", b"");
    }
    match kind {
        "hang-before-head" => told(b"", Then::Hang),
        "hang-in-head" => told(&head[..20], Then::Hang),
        "hang-after-head" => told(&head, Then::Hang),
        "hang-in-content" => told(&whole[..end_of_head + half], Then::Hang),
        "drip-head" => told(b"", Then::Drip(whole)),
        // So that there are enough drops.
        "drip-content" => length_then_drip(),
        "endless-head" => told(b"HTTP/1.1 200 Said\r\n", Then::Endless(b"A: b\r\n")),
        "endless-content" => told(unsized_head.as_bytes(), Then::Endless(b"    ")),
        "endless-chunks" => chunked("", Then::Endless(b"4\r\nabcd\r\n")),
        "reset-before-head" => told(b"", Then::Reset),
        "reset-in-head" => told(&head[..20], Then::Reset),
        "reset-in-content" => told(&whole[..end_of_head + half], Then::Reset),
        "end-before-head" => told(b"", Then::Close),
        "end-in-head" => told(&head[..20], Then::Close),
        "cut-to-nothing" => cut(0),
        "cut-to-one" => cut(1),
        "cut-to-half" => cut(half),
        "cut-by-one" => cut(content.len() - 1),
        "unsized-cut-to-half" => unsized_content(&content[..half]),
        "unsized-cut-by-one" => unsized_content(&content[..content.len() - 1]),
        "chunks-cut" => chunked("4\r\nabcd\r\n", Then::Close),
        "chunks-garbled" => chunked("4\r\nabcdefgh\r\nzz\r\n", Then::Close),
        "length-huge" => length("18446744073709551615"),
        "length-beyond-numbers" => length("99999999999999999999999999"),
        "length-negative" => length("-1"),
        "empty" => other(b""),
        "flipped-first" => flipped(0),
        "flipped-last" => flipped(content.len() - 1),
        "one-more" => other(&[&content[..], b"x"].concat()),
        "deep" => other("[".repeat(60_000).as_bytes()),
        "garbage" => told(b"\0\xff\r\n\r\nnothing of HTTP\r\n\r\n", Then::Close),
        "redirect-loop" => redirect(&asked.target),
        "redirect-nowhere" => Told::answer(302, "", b""),
        "redirect-plain" => redirect("http://registry.example/v2/"),
        "redirect-file" => redirect("file:///etc/passwd"),
        "redirect-garbage" => redirect(&format!("http://{address}:x/")),
        _ => panic!("no such fault: {kind}"),
    }
}

fn length_then_drip() -> Told {
    let head = b"HTTP/1.1 200 Said\r\nContent-Length: 1000\r\n\r\n";
    Told { octets: head.to_vec(), then: Then::Drip(vec![b' '; 1000]) }
}

/// The line of a head that tells a digest, if it has one.
fn said_digest(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let line = head.lines().find(|line| line.starts_with("Docker-Content-Digest"));
    line.map_or_else(String::new, |line| format!("{line}\r\n"))
}
