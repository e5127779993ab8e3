//! The commands that people type.

use std::fs;
use std::process::Command;

use crate::harness::{Server, Site, missing};

/// Runs curl and returns what it printed; none if there is no curl.
fn curl(server: &Server, arguments: &[&str], target: &str) -> Option<String> {
    let address = format!("http://{}{target}", server.address());
    let mut command = Command::new("curl");
    // No configuration or proxy of whoever runs the tests.
    command.args(["-q", "--noproxy", "*", "-sS", "--max-time", "30"]).args(arguments).arg(address);
    let Ok(output) = command.output() else {
        missing("curl");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {errors}", output.status);
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn site() -> Server {
    Site::new().file("www/index.html", "front page\n").file("www/a b.txt", "blank\n").serve("")
}

#[test]
fn plain_curl_gets_the_file() {
    let server = site();
    let Some(output) = curl(&server, &[], "/") else { return };
    assert_eq!(output, "front page\n");
    assert_eq!(curl(&server, &[], "/a%20b.txt").as_deref(), Some("blank\n"));
}

#[test]
fn curl_with_http_1_0_gets_the_file() {
    let server = site();
    let Some(output) = curl(&server, &["--http1.0", "-i"], "/") else { return };
    assert!(output.starts_with("HTTP/1.1 200 "), "{output}");
    assert!(output.ends_with("\r\n\r\nfront page\n"), "{output}");
}

#[test]
fn curl_head_shows_the_fields() {
    let server = site();
    let Some(output) = curl(&server, &["-I"], "/") else { return };
    assert!(output.starts_with("HTTP/1.1 200 "), "{output}");
    for field in ["Date: ", "Server: ", "Content-Length: 11\r\n", "Last-Modified: ", "ETag: "] {
        assert!(output.contains(field), "{field} in {output}");
    }
    assert!(output.ends_with("\r\n\r\n"), "{output}");
}

#[test]
fn curl_range_gets_the_octets() {
    let server = site();
    let Some(output) = curl(&server, &["-r", "0-4"], "/") else { return };
    assert_eq!(output, "front");
    assert_eq!(curl(&server, &["-r", "-5"], "/").as_deref(), Some("page\n"));
}

#[test]
fn curl_with_a_tag_gets_304() {
    let server = site();
    let tags = server.site.path("tags");
    let tags = tags.to_str().expect("a path that is text");
    let Some(first) = curl(&server, &["--etag-save", tags], "/") else { return };
    assert_eq!(first, "front page\n");
    assert!(fs::metadata(tags).is_ok_and(|file| file.len() > 2), "curl saved no tag");
    let status = ["--etag-compare", tags, "-o", "/dev/null", "-w", "%{http_code}"];
    assert_eq!(curl(&server, &status, "/").as_deref(), Some("304"));
    let since = ["-z", "Tue, 14 Nov 2023 22:13:20 GMT", "-o", "/dev/null", "-w", "%{http_code}"];
    assert_eq!(curl(&server, &since, "/").as_deref(), Some("304"));
}

#[test]
fn curl_uses_one_connection_for_two_files() {
    let server = site();
    let second = format!("http://{}/missing", server.address());
    let arguments = ["-w", "%{num_connects} ", "-o", "/dev/null", "-o", "/dev/null", &second];
    let Some(output) = curl(&server, &arguments, "/") else { return };
    assert_eq!(output, "1 0 ");
}
