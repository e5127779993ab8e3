use super::*;
use wasmhttpd_sdk::testing::Server;

/// The octets from 0 to 31.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// As Python's hmac signs `/files/a b.pdf` until 2027-01-15.
const LINK: &str =
    "/files/a%20b.pdf?until=2027-01-15&signature=S17klP8vFhQyt38Q9fwhqYx5vEtfbD-lsyD9hvaILO4";

/// Midnight at the end of that day, in seconds since the epoch.
const END: u64 = 1800057600;

fn server() -> Server<SignedLinks> {
    let server = Server::new(&[("link-key", KEY), ("link-path", "/files/*")]);
    let server = server.expect("sound parameters").with_file("/index.html", 1);
    server.with_file("/files/a b.pdf", 2).with_file("/files/b.pdf", 3)
}

#[test]
fn a_link_is_good_until_its_day_ends() {
    let mut server = server();
    for (now, status) in
        [(0, 200), (END - 86_401, 200), (END - 1, 200), (END, 410), (u64::MAX, 410)]
    {
        server.set_now(now);
        let answer = server.get(LINK);
        assert_eq!(
            (answer.status, answer.field("Cache-Control")),
            (status, Some("no-store")),
            "{now}"
        );
    }
    server.set_context(None);
    assert_eq!(server.get(LINK).status, 410);
}

#[test]
fn a_link_is_good_for_its_path_and_day_only() {
    let mut server = server();
    server.set_now(END - 1);
    assert_eq!(server.get(LINK).status, 200);
    assert_eq!(server.get(&LINK.replace("%20", "%2520")).status, 403);
    assert_eq!(server.get(&LINK.replace("a%20b", "b")).status, 403);
    assert_eq!(server.get(&LINK.replace("01-15", "01-16")).status, 403);
    assert_eq!(server.get(&LINK.replace("until", "since")).status, 403);
    assert_eq!(server.get(&LINK.replace("signature=", "signature=A")).status, 403);
    assert_eq!(server.get(&LINK[..LINK.len() - 1]).status, 403);
    for target in ["/files/b.pdf", "/files/missing", "/files%2Fb.pdf", "/x/../files/b.pdf?until=x"]
    {
        let answer = server.get(target);
        assert_eq!(
            (answer.status, answer.field("Cache-Control")),
            (403, Some("no-store")),
            "{target}"
        );
    }
    // The same path, written otherwise, is the same file.
    assert_eq!(server.get(&LINK.replace("/files/", "//files/./")).status, 200);
}

#[test]
fn what_is_not_guarded_needs_no_link() {
    let answer = server().get("/");
    assert_eq!((answer.status, answer.field("Cache-Control")), (200, None));
    assert!(SignedLinks::default().guards("/"));
}

#[test]
fn what_is_wrong_is_complained_about() {
    for value in ["", "secret", "AAAA", &KEY[4..]] {
        let problems = Server::<SignedLinks>::problems(&[("link-path", "*"), ("link-key", value)]);
        assert_eq!(problems[0].0, 2, "{problems:?}");
        assert!(problems[0].1.contains("openssl"), "{problems:?}");
    }
    let problems = Server::<SignedLinks>::problems(&[("link-path", "files")]);
    assert_eq!(problems.iter().map(|problem| problem.0).collect::<Vec<_>>(), [0, 1]);
}
