use super::*;
use wasmhttpd_sdk::testing::Server;

fn server(lines: &[&str]) -> Server<Rewrites> {
    let parameters: Vec<_> = lines.iter().map(|line| ("rewrite", *line)).collect();
    let server = Server::new(&parameters).expect("sound parameters");
    server.with_file("/index.html", 1).with_file("/people/a b.html", 2)
}

#[track_caller]
fn leads(line: &str, target: &str, location: &str) {
    let answer = server(&[line]).get(target);
    assert_eq!(answer.field("Location"), Some(location), "{line}: {answer:?}");
}

#[test]
fn a_path_is_redirected_with_its_query() {
    leads("/old /new 301", "/old?a=b", "/new?a=b");
    leads("/old/* /new/* 308", "/old/a%20b/c", "/new/a%20b/c");
    leads(
        "/blog/*.php https://example.org/posts/*/ 302",
        "/blog/x.php",
        "https://example.org/posts/x/",
    );
    leads("/old/* /new?from=old 303", "/old/x?y", "/new?from=old");
    leads("/o%20ld /new 307", "/o%20ld", "/new");
    assert_eq!(server(&["/old /new 308"]).get("/old").status, 308);
    for target in ["/older", "/old/", "/x/old"] {
        assert_eq!(server(&["/old /new 301"]).get(target).status, 404, "{target}");
    }
}

#[test]
fn a_path_is_rewritten_and_nobody_notices() {
    let mut server = server(&["/~* /people/*.html"]);
    let answer = server.get("/~a%20b?c");
    assert_eq!((answer.status, answer.field("Location")), (200, None));
    assert_eq!(answer.field("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(server.get("/~nobody").status, 404);
    assert_eq!(server.get("/").status, 200);
}

#[test]
fn the_first_line_that_covers_a_path_holds() {
    let mut server = server(&["/a/b /first 301", "/a/* /second 301"]);
    assert_eq!(server.get("/a/b").field("Location"), Some("/first"));
    assert_eq!(server.get("/a/c").field("Location"), Some("/second"));
}

#[test]
fn no_path_leads_to_a_host_that_it_names() {
    leads("/old* /* 301", "/old//evil.example/", "/evil.example/");
    leads("/old* /new* 301", "/old%5c%0d%0aX:y", "/new%5C%0D%0AX:y");
}

#[test]
fn what_is_wrong_is_complained_about() {
    for (line, words) in [
        ("/a", "FROM TO"),
        ("/a /b 301 x", "FROM TO"),
        ("/a /b 200", "status"),
        ("a /b", "no path"),
        ("/a*b* /c", "no path"),
        ("/%zz /c", "no path"),
        ("/a b", "no address"),
        ("/a //b", "no address"),
        ("/a https://b/c", "no address"),
        ("/* https://* 301", "no address"),
        ("/* https://b.example* 301", "no address"),
        ("/a /b*c* 301", "no address"),
        ("/a /b/*", "nothing stands"),
        ("/a/* /a/b/* 301", "without end"),
        ("/a /a?b 301", "without end"),
    ] {
        let problems = Server::<Rewrites>::problems(&[("rewrite", "/x /y"), ("rewrite", line)]);
        assert_eq!((problems.len(), problems[0].0), (1, 2), "{problems:?}");
        assert!(problems[0].1.contains(words), "{line}: {problems:?}");
    }
}
