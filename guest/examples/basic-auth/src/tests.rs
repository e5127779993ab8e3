use super::*;
use wasmhttpd_sdk::testing::Server;

/// Of `correct horse`, as Python's hashlib computes it with the salt `salt of 16 octe` and a full
/// stop.
const HASH: &str =
    "$pbkdf2-sha256$i=1000$c2FsdCBvZiAxNiBvY3RlLg$O9Tl9ABgAh0zw/tBgrc1Z/Lphc7K45SZN7SlNVQj0bs";

fn server(parameters: &[(&str, &str)]) -> Server<BasicAuth> {
    let user = format!("alice:{HASH}");
    let parameters = [&[("auth-user", &*user)], parameters].concat();
    let server = Server::new(&parameters).expect("sound parameters");
    server.with_file("/index.html", 1).with_file("/private/a.txt", 2)
}

fn authorization(credentials: &str) -> String {
    format!("Authorization: Basic {}\r\n", STANDARD.encode(credentials))
}

#[test]
fn who_has_the_password_gets_in() {
    let mut server = server(&[]);
    for _ in 0..2 {
        let answer = server.get_with("/", &authorization("alice:correct horse"));
        assert_eq!(
            (answer.status, answer.field("Cache-Control")),
            (200, Some("private, no-cache"))
        );
    }
    let lower = authorization("alice:correct horse").replace("Basic ", "basic  ");
    assert_eq!(server.get_with("/", &lower).status, 200);
}

#[test]
fn everybody_else_is_asked() {
    let mut server = server(&[("auth-realm", "The shop")]);
    let right = authorization("alice:correct horse");
    assert_eq!(server.get_with("/", &right).status, 200);
    let colon = STANDARD.encode("alice");
    for fields in [
        String::new(),
        authorization("alice:correct horsf"),
        authorization("alice:"),
        authorization("alic:correct horse"),
        authorization("Alice:correct horse"),
        authorization(":correct horse"),
        format!("Authorization: Basic {colon}\r\n"),
        "Authorization: Basic !\r\n".into(),
        "Authorization: Basic\r\n".into(),
        right.replace("Basic", "Bearer"),
        // Two fields are none.
        right.repeat(2),
    ] {
        let answer = server.get_with("/", &fields);
        assert_eq!(answer.status, 401, "{fields}");
        let challenge = answer.field("WWW-Authenticate");
        assert_eq!(challenge, Some("Basic realm=\"The shop\", charset=\"UTF-8\""));
        assert_eq!(answer.field("Cache-Control"), Some("no-store"));
    }
}

#[test]
fn only_the_paths_of_the_patterns_are_guarded() {
    let mut server = server(&[("auth-path", "/private/*"), ("auth-path", "*.key")]);
    let answer = server.get("/");
    assert_eq!((answer.status, answer.field("Cache-Control")), (200, None));
    assert_eq!(server.get("/missing").status, 404);
    for target in [
        "/private/a.txt",
        "/private/missing",
        "/%70rivate/a.txt",
        "/x/../private/a.txt",
        "//private//a.txt",
        "/private%2Fa.txt",
        "http://localhost/private/a.txt",
        "/private/.git",
        "/a.key?b",
    ] {
        assert_eq!(server.get(target).status, 401, "{target}");
    }
    let inside = server.get_with("/private/a.txt", &authorization("alice:correct horse"));
    assert_eq!(inside.status, 200);
    // Whatever the method.
    for method in ["HEAD", "POST", "OPTIONS", "BREW"] {
        let head = format!("{method} /private/a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(server.ask(&head).status, 401, "{method}");
    }
}

#[test]
fn what_was_right_is_remembered_and_what_was_wrong_is_not() {
    let rule =
        BasicAuth { users: vec![user(&format!("alice:{HASH}")).unwrap()], ..BasicAuth::default() };
    let value = |password: &str| format!("Basic {}", STANDARD.encode(format!("alice:{password}")));
    for _ in 0..3 {
        assert!(!rule.knows(&value("wrong")));
        assert!(rule.knows(&value("correct horse")));
    }
    assert_eq!(rule.remembered.borrow().len(), 1);
    rule.remembered.borrow_mut().resize(REMEMBERED_MAX, [0; 32]);
    assert!(rule.knows(&value("correct horse")));
    // Another way to write the same.
    assert!(rule.knows(&value("correct horse").replace("Basic ", "Basic  ")));
    assert_eq!(rule.remembered.borrow().len(), REMEMBERED_MAX);
}

#[test]
fn without_users_nobody_gets_in() {
    let rule = BasicAuth::default();
    assert!(rule.guards("/") && !rule.knows(&format!("Basic {}", STANDARD.encode("a:b"))));
    let problems = Server::<BasicAuth>::problems(&[("auth-realm", "x")]);
    assert!(problems[0].1.contains("nobody would get in"), "{problems:?}");
}

#[test]
fn what_is_wrong_is_complained_about_with_its_line() {
    let right = format!("alice:{HASH}");
    for (name, value, words) in [
        ("auth-user", "alice", "a colon"),
        ("auth-user", &*format!(":{HASH}"), "takes a name"),
        ("auth-user", "alice:secret", "$pbkdf2-sha256$"),
        ("auth-user", "alice:$pbkdf2-sha256$i=5000$c2FsdHNhbHQ$AAAA", "$pbkdf2-sha256$"),
        ("auth-user", &*right.replace("=1000$", "=999$"), "1000 to 5000"),
        ("auth-user", &*right.replace("=1000$", "=5001$"), "1000 to 5000"),
        ("auth-user", "alice:$pbkdf2-sha256$i=1000$c2FsdA$AAAA", "salt"),
        ("auth-path", "private", "pattern"),
        ("auth-realm", "a \"b\"", "quotes"),
    ] {
        let problems = Server::<BasicAuth>::problems(&[("auth-user", &right), (name, value)]);
        assert_eq!((problems.len(), problems[0].0), (1, 2), "{problems:?}");
        assert!(problems[0].1.contains(words), "{words} in {problems:?}");
    }
    // The site's own parameters go on to the site.
    let problems = Server::<BasicAuth>::problems(&[("auth-user", &right), ("listing", "maybe")]);
    assert_eq!(problems[0].0, 2);
}
