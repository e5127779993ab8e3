//! `wasmhttpd compose`: what is written, and what is refused.

use std::fs;

use crate::harness::{Site, write};

fn composed(site: &Site, arguments: &[&str]) -> Vec<u8> {
    let _ = fs::remove_file(site.path("app.wasm"));
    let finished = site.run(&[&["compose", "-o", "app.wasm"], arguments].concat()).succeeds();
    assert_eq!((finished.stdout.as_str(), finished.stderr.as_str()), ("", ""));
    fs::read(site.path("app.wasm")).expect("a component")
}

/// Whether the component exports an interface by this name, whatever its version.
fn exports(component: &[u8], name: &str) -> bool {
    let needle = format!("{name}@0.2.");
    memchr::memmem::find(component, needle.as_bytes()).is_some()
}

#[test]
fn a_guest_and_an_adapter_become_one_component() {
    let site = Site::new();
    let http = composed(&site, &[]);
    assert!(exports(&http, "wasi:http/incoming-handler"));
    assert!(!exports(&http, "wasi:cli/run"));
    // The same octets each time: it can be known by its digest.
    assert!(http == composed(&site, &[]));
    let command = composed(&site, &["--cli"]);
    assert!(exports(&command, "wasi:cli/run") && !exports(&command, "wasi:http/incoming-handler"));

    let guest = site.command(&["guest"]).output().expect("the program runs").stdout;
    let site = site.file("guest.wasm", guest);
    assert!(http == composed(&site, &["guest.wasm"]));
    site.configure("parameter index other.html");
    let configured = composed(&site, &["--configured"]);
    assert!(http != configured);
    assert!(configured == composed(&site, &["--configured", "-c", "web.conf"]));
}

/// What is there is not overwritten by accident.
#[test]
fn a_file_that_exists_is_kept_unless_told() {
    let site = Site::new().file("app.wasm", "precious");
    let arguments = ["compose", "-o", "app.wasm"];
    site.run(&arguments).complains(1, &["app.wasm exists", "--force"]);
    assert_eq!(fs::read(site.path("app.wasm")).expect("a file"), b"precious");
    site.run(&[&arguments[..], &["--force"]].concat()).succeeds();
    assert!(fs::read(site.path("app.wasm")).expect("a file").starts_with(b"\0asm"));
    let site = site.link("dangling", "nowhere");
    site.run(&["compose", "-o", "dangling"]).complains(1, &["dangling exists"]);
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let site = Site::new();
    site.run(&["compose", "-o", "none/app.wasm"])
        .complains(1, &["cannot write none/app.wasm", "No such file"]);
    site.run(&["compose", "-o", "www", "--force"]).complains(1, &["cannot write www"]);
    site.run(&["compose"]).complains(2, &["--output"]);
}

/// Each thing that a guest can be wrong in, with what to do about it.
#[test]
fn what_is_no_guest_is_refused() {
    let handler = "wasmhttpd:guest/handler@0.1.0";
    let exporting =
        |name: &str| format!(r#"(component (instance $i) (export "{name}" (instance $i)))"#);
    let importing = |import: &str| {
        format!(
            r#"(component (import "{import}" (instance $i)) (instance $j)
                (export "{handler}" (instance $j)))"#
        )
    };
    let site = Site::new();
    let refused = |text: &str, words: &[&str]| {
        let octets = wat::parse_str(text).unwrap_or_else(|_| text.into());
        fs::write(site.path("guest.wasm"), octets).expect("a file");
        let words = [&["guest guest.wasm cannot be composed"], words].concat();
        site.run(&["compose", "guest.wasm", "-o", "app.wasm"]).complains(1, &words);
        assert!(!site.path("app.wasm").exists());
    };
    refused("garbage", &["not a WebAssembly component", "try a file such as `wasmhttpd guest`"]);
    refused("(module)", &["not a WebAssembly component"]);
    refused("(component)", &["it is not a guest", "it exports nothing"]);
    refused(&exporting("wasi:cli/run@0.2.0"), &["not a guest", "it exports wasi:cli/run@0.2.0"]);
    refused(
        &exporting("wasmhttpd:guest/handler@0.2.0"),
        &[
            "exports wasmhttpd:guest/handler@0.2.0, not wasmhttpd:guest/handler@0.1.0",
            "that version",
        ],
    );
    refused(&exporting(handler), &["is not that of the contract"]);
    refused(&importing(handler), &["it is middleware", "wac plug"]);
    refused(&importing("other:things/here@1.0.0"), &["imports other:things/here@1.0.0", "WASI"]);

    site.run(&["compose", "none.wasm", "-o", "app.wasm"])
        .complains(1, &["guest none.wasm cannot be read", "No such file"]);
    site.run(&["compose", "www", "-o", "app.wasm"]).complains(1, &["guest www cannot be read"]);
}

#[test]
fn what_is_wrong_with_web_conf_is_said_and_nothing_written() {
    let site = Site::new();
    write(&site.path("web.conf"), "host default www\nparameter indx a\n");
    let arguments = ["compose", "-o", "app.wasm"];
    site.run(&[&arguments[..], &["--configured"]].concat())
        .complains(1, &["web.conf:2:", "try index"]);
    assert!(!site.path("app.wasm").exists());
    site.run(&[&arguments[..], &["-c", "web.conf"]].concat()).complains(2, &["--configured"]);
    site.run(&[&arguments[..], &["guest.wasm", "--configured"]].concat()).complains(2, &[]);
}
