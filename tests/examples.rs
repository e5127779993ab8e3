//! The examples of `guest/examples`, each as its own web.conf has it: components that import
//! nothing, over a real socket.

use std::fs;
use std::path::Path;

use fixtures::examples;

use crate::harness::{Client, Server, Site};

/// The password of the sample web.conf: `alice:correct horse`.
const AUTHORIZATION: &str = "Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZQ==\r\n";

/// As Python's hmac signs `/docs/` with the key of the sample web.conf, until a far day and a past
/// one.
const LINK: &str = "/docs/?until=9999-12-31&signature=IZWqTAGd2iASeBmlTAlMT-nO5Czu8kPy_Wg6wRa5yYE";
const EXPIRED: &str =
    "/docs/?until=2020-01-01&signature=IX5S9Tjmy8fulsMW1G_fZBTNqQ2iJ68MuskUcXv7h0E";

/// A folder of the project.
fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The sample site with an example's component beside it, and the example's web.conf.
fn site(name: &str, component: &str) -> (Site, String) {
    let read = |path| fs::read(project(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut site = Site::new();
    for file in ["www/index.html", "www/docs/index.html", "www/style.css", "www/favicon.svg"] {
        site = site.file(file, read(file));
    }
    let site = site.file("guest.wasm", fs::read(component).expect("a component that was built"));
    let text = String::from_utf8(read(&format!("guest/examples/{name}/web.conf"))).expect("text");
    let file = format!("{}.wasm", name.replace('-', "_"));
    let built = format!("../../../target/wasm32-wasip2/guest/{file}");
    assert!(text.contains(&built) && text.contains("host default ../../../www\n"), "{text}");
    // Not even WASI may be imported.
    let text = text.replace(&built, "guest.wasm").replace("../../../www", "www");
    (site, format!("{text}parameter guest-imports none\n"))
}

fn serve(name: &str, component: &str) -> Server {
    let (site, lines) = site(name, component);
    site.serve(&lines)
}

/// A bad line behind those of the example is complained about with its number.
fn complains(name: &str, component: &str, line: &str, words: &[&str]) {
    let (site, lines) = site(name, component);
    site.configure(&format!("{lines}{line}"));
    let place = format!("web.conf:{}:", lines.lines().count() + 1);
    site.run(&["-c", "web.conf", "--check"]).complains(1, &[&[&*place], words].concat());
}

#[test]
fn basic_auth_asks_for_a_password_and_lets_in_who_has_it() {
    let server = serve("basic-auth", examples::BASIC_AUTH);
    let open = server.get("/").expect(200);
    assert_eq!(open.field("Cache-Control"), None);
    let asked = server.get("/docs/").expect(401);
    assert_eq!(asked.needs("WWW-Authenticate"), "Basic realm=\"Documents\", charset=\"UTF-8\"");
    assert_eq!(asked.needs("Cache-Control"), "no-store");
    let mut client = server.client();
    for _ in 0..3 {
        client.get_with("/docs/", &AUTHORIZATION.replace("Y29y", "Y29x")).expect(401);
        let inside = client.get_with("/docs/", AUTHORIZATION).expect(200);
        assert_eq!(inside.needs("Cache-Control"), "private, no-cache");
    }
    let tag = client.get_with("/docs/", AUTHORIZATION).needs("ETag").to_owned();
    client.get_with("/docs/", &format!("{AUTHORIZATION}If-None-Match: {tag}\r\n")).expect(304);
    for target in ["/d%6fcs/", "/x/..%2fdocs/", "//docs//index.html", "/docs/missing"] {
        client.get(target).expect(401);
    }
    // Content of a request that is refused is skipped, and the connection goes on.
    let post = "POST /docs/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
    client.ask(post).expect(401);
    client.get("/").expect(200);
}

#[test]
fn maintenance_closes_the_site_but_for_some() {
    let server = serve("maintenance", examples::MAINTENANCE);
    let closed = server.get("/").expect(503);
    assert_eq!((closed.needs("Retry-After"), closed.needs("Cache-Control")), ("3600", "no-store"));
    assert!(closed.text().contains("We are moving house."), "{}", closed.text());
    server.get("/style.css").expect(200);
    let (site, lines) = site("maintenance", examples::MAINTENANCE);
    let server = site.serve(&format!("{lines}parameter maintenance-allow 127.0.0.2"));
    server.get("/").expect(503);
    let mut allowed = Client::connect_from("127.0.0.2".parse().expect("one"), server.address());
    allowed.get("/").expect(200);
}

#[test]
fn rewrites_send_and_serve_other_paths() {
    let server = serve("rewrites", examples::REWRITES);
    let answer = server.get("/manual/index.html.php?a=b").expect(301);
    assert_eq!(answer.needs("Location"), "/docs/index.html?a=b");
    assert_eq!(server.get("/manual").expect(308).needs("Location"), "/docs/");
    let style = server.get("/style.css").expect(200);
    let rewritten = server.get("/styles/style.css").expect(200);
    assert_eq!(rewritten.content, style.content);
    assert_eq!(rewritten.needs("Content-Type"), style.needs("Content-Type"));
    server.get("/styles/none.css").expect(404);
    let part = server.client().get_with("/styles/style.css", "Range: bytes=0-9\r\n").expect(206);
    assert_eq!(part.content, style.content[..10]);
}

#[test]
fn signed_links_are_good_until_they_expire() {
    let server = serve("signed-links", examples::SIGNED_LINKS);
    server.get("/").expect(200);
    assert_eq!(server.get(LINK).expect(200).needs("Cache-Control"), "no-store");
    assert_eq!(server.get(EXPIRED).expect(410).needs("Cache-Control"), "no-store");
    server.get(&EXPIRED.replace("2020", "2999")).expect(403);
    server.get(&LINK.replace("/docs/", "/docs/index.html")).expect(403);
    assert_eq!(server.get("/docs/").expect(403).needs("Cache-Control"), "no-store");
}

#[test]
fn an_application_has_its_page_for_every_navigation() {
    let server = serve("spa", examples::SPA);
    let page = server.get("/index.html").expect(200);
    let mut client = server.client();
    let route = client.get_with("/users/7", "Sec-Fetch-Mode: navigate\r\n").expect(200);
    assert_eq!(route.content, page.content);
    assert_eq!(route.needs("Vary"), "Accept, Sec-Fetch-Mode");
    assert_eq!(route.needs("Cache-Control"), "no-cache");
    assert!(route.needs("Content-Security-Policy").contains("frame-ancestors 'none'"));
    assert_eq!(route.needs("Referrer-Policy"), "strict-origin-when-cross-origin");
    client.get("/users/7").expect(404);
    client.get_with("/missing.js", "Sec-Fetch-Mode: navigate\r\n").expect(404);
    client.get_with("/docs/none", "Sec-Fetch-Mode: navigate\r\n").expect(404);
    let icon = client.get("/favicon.svg").expect(200);
    assert_eq!(icon.needs("Cache-Control"), "public, max-age=31536000, immutable");
}

#[test]
fn wrong_parameters_are_complained_about_with_their_line() {
    let (auth, closed) = (examples::BASIC_AUTH, examples::MAINTENANCE);
    complains("basic-auth", auth, "parameter auth-user bob:secret", &["$pbkdf2-sha256$"]);
    complains("basic-auth", auth, "parameter auth-pth /x/*", &["auth-pth", "auth-path"]);
    complains("basic-auth", auth, "parameter listing perhaps", &["neither on nor off"]);
    complains("maintenance", closed, "parameter maintenance-allow home", &["no address"]);
    complains("rewrites", examples::REWRITES, "parameter rewrite /a /b 200", &["status"]);
    complains("signed-links", examples::SIGNED_LINKS, "parameter link-key abc", &["openssl"]);
    complains("spa", examples::SPA, "parameter spa-except docs", &["no pattern of paths"]);
}
