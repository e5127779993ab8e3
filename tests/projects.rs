//! `wasmhttpd new`: what it writes, and that what it prints next is true. The latter needs packages
//! from registries: see `harness::Packages`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::harness::{Packages, Server, Site, shell, shell_command, write};

#[test]
fn a_project_has_what_it_says_in_each_language() {
    for (lang, files) in [
        ("rust", &["Cargo.toml", "src/lib.rs", "vendor/guest/sdk/src/lib.rs"][..]),
        ("python", &["app.py", "small_site.py", "test_app.py", "build", "test"]),
        ("javascript", &["guest.js", "small-site.js", "guest.test.js", "package-lock.json"]),
        ("js", &["guest.js"]),
    ] {
        let site = Site::new();
        let printed = site.run(&["new", "my-site", "--lang", lang]).succeeds().stdout;
        assert!(printed.starts_with("my-site is there. Next:\n  cd my-site\n"), "{printed}");
        assert!(printed.ends_with("\n  wasmhttpd"), "{printed}");
        for file in ["README.md", "web.conf", ".gitignore", "www/index.html"].iter().chain(files) {
            let path = site.path(&format!("my-site/{file}"));
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(!text.contains("{{"), "{lang}: {file} has a gap: {text}");
            let is_program = path.metadata().expect("a file").permissions().mode() & 0o100 != 0;
            assert_eq!(is_program, ["build", "test"].contains(file), "{lang}: {file}");
        }
        let readme = fs::read_to_string(site.path("my-site/README.md")).expect("a file");
        assert!(readme.starts_with("# my-site\n"), "{readme}");
        for command in printed.lines().skip(2) {
            assert!(readme.contains(&format!("\n    {}", command.trim())), "{command} in {readme}");
        }
    }
}

#[test]
fn a_project_is_in_rust_unless_something_else_is_asked_for() {
    let site = Site::new();
    site.run(&["new", "my-site"]).succeeds();
    assert!(site.path("my-site/Cargo.toml").exists());
}

/// What is there is not touched, whatever it is.
#[test]
fn a_name_that_is_taken_is_refused() {
    let site = Site::new().file("file", "here first\n");
    for name in ["www", "file"] {
        site.run(&["new", name]).complains(1, &[name, "exists already (try another name)"]);
    }
    assert_eq!(fs::read_dir(site.path("www")).expect("a folder").count(), 0);
    assert_eq!(fs::read_to_string(site.path("file")).expect("a file"), "here first\n");
}

#[test]
fn names_and_languages_that_are_none_are_refused() {
    let site = Site::new();
    for name in ["", "../elsewhere", "a/b", ".", ".hidden", "2nd", "a b"] {
        site.run(&["new", name]).complains(1, &["is no name for a project (try letters"]);
    }
    site.run(&["new", "a", "--lang", "cobol"]).complains(2, &["rust, python, javascript"]);
    let entries = fs::read_dir(site.path("")).expect("a folder").count();
    assert_eq!(entries, 1, "nothing but www is there");
}

#[test]
fn a_project_in_rust_builds_tests_and_runs_as_printed() {
    if Packages::Crates.is_wanted() {
        does_as_printed("rust", "test result: ok. 2 passed");
    }
}

#[test]
fn a_project_in_python_builds_tests_and_runs_as_printed() {
    if Packages::Pypi.is_wanted() {
        does_as_printed("python", "Component built successfully");
    }
}

#[test]
fn a_project_in_javascript_builds_tests_and_runs_as_printed() {
    if Packages::Npm.is_wanted() {
        does_as_printed("javascript", "# pass 2");
    }
}

/// Does what is printed, line by line, up to `wasmhttpd`; a word of what that prints is expected.
fn does_as_printed(lang: &str, expected: &str) {
    let site = Site::new();
    let printed = shell(&site.path(""), &format!("wasmhttpd new my-site --lang {lang}"));
    let mut steps: Vec<&str> = printed.lines().skip(1).map(str::trim).collect();
    assert_eq!((steps.remove(0), steps.pop()), ("cd my-site", Some("wasmhttpd")), "{printed}");
    let folder = site.path("my-site");
    let said: String = steps.iter().map(|step| shell(&folder, step)).collect();
    assert!(said.contains(expected), "{expected:?} is missing: {said}");

    // A port that is free, and what is compiled is kept: a test does not wait that long for a
    // server.
    let conf = fs::read_to_string(folder.join("web.conf")).expect("a file");
    write(&folder.join("web.conf"), &conf.replace("127.0.0.1:8080", "127.0.0.1:0"));
    shell(&folder, "wasmhttpd --check");
    let mut command = shell_command(&folder, "exec wasmhttpd");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash");
    let server = Server::started(site, child, 1, None);
    assert_eq!(server.get("/hello").expect(200).text(), "Good day!\n");
    assert!(server.get("/").expect(200).text().contains("<h1>my-site</h1>"));
    server.get("/none").expect(404);
}
