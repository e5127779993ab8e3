//! A single-page application: its page for every navigation, security fields, and assets whose
//! names change with their content kept for good.
//!
//! A navigation is what a browser asks for when a person goes somewhere; what a page loads is none,
//! so that a script that is missing is a 404 and not a page.

use wasmhttpd_sdk::parameters::{self, Parameters};
use wasmhttpd_sdk::{Context, Pattern, Request, Response, Rule, SettingHelp, Verdict, request};

/// What the page may load and do, unless web.conf says otherwise: its own files.
const POLICY: &str = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Fields of every answer, where the site does not set them itself.
const FIELDS: [(&str, &str); 4] = [
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("X-Content-Type-Options", "nosniff"),
];

/// The application.
#[derive(Debug)]
pub struct Spa {
    page: String,
    except: Vec<Pattern>,
    immutable: Vec<Pattern>,
    policy: String,
}

#[cfg(not(feature = "middleware"))]
wasmhttpd_sdk::guest!(Spa);
#[cfg(feature = "middleware")]
wasmhttpd_sdk::middleware!(Spa);

impl Default for Spa {
    fn default() -> Self {
        Self {
            page: "/index.html".into(),
            except: Vec::new(),
            immutable: vec![Pattern::read("/assets/*").expect("a pattern")],
            policy: POLICY.into(),
        }
    }
}

impl Rule for Spa {
    fn settings() -> Vec<SettingHelp> {
        let setting = SettingHelp::new;
        vec![
            setting("spa-page", "PATH", "/index.html", "The page of the application"),
            setting(
                "spa-except",
                "PATTERN",
                "",
                "Paths that are not the application's, such as /docs/*; a line for each",
            ),
            setting(
                "spa-immutable",
                "PATTERN",
                "/assets/*",
                "Files whose names change with their content; a line for each",
            ),
            setting(
                "spa-policy",
                "POLICY",
                POLICY,
                "The Content-Security-Policy of the application",
            ),
        ]
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        let default = Self::default();
        let immutable = parameters.all("spa-immutable", parameters::pattern);
        Self {
            page: parameters.last("spa-page", page).unwrap_or(default.page),
            except: parameters.all("spa-except", parameters::pattern),
            immutable: if immutable.is_empty() { default.immutable } else { immutable },
            policy: parameters.last("spa-policy", policy).unwrap_or(default.policy),
        }
    }

    fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
        match self.is_route(request) && is_navigation(request) {
            true => Verdict::Rewrite(request::escaped(&self.page)),
            false => Verdict::Pass,
        }
    }

    fn after(&self, request: &Request<'_>, _: Option<Context>, response: &mut Response) {
        for (name, value) in FIELDS {
            add_missing(response, name, value);
        }
        // An error page brings its own style along, which the policy would forbid.
        if response.status < 400 {
            add_missing(response, "Content-Security-Policy", &self.policy);
        }
        let is_file = matches!(response.status, 200 | 206 | 304);
        if is_file && self.immutable.iter().any(|pattern| pattern.covers(request.path())) {
            add_missing(response, "Cache-Control", "public, max-age=31536000, immutable");
        } else if is_file {
            add_missing(response, "Cache-Control", "no-cache");
        }
        if self.is_route(request) {
            response.add("Vary", "Accept, Sec-Fetch-Mode");
        }
    }
}

impl Spa {
    /// Whether a path is one of the application's own: its last segment is no name of a file.
    fn is_route(&self, request: &Request<'_>) -> bool {
        let path = request.path();
        let name = path.rsplit('/').next().unwrap_or_default();
        request.is_get_or_head()
            && !name.contains('.')
            && !self.except.iter().any(|pattern| pattern.covers(path))
    }
}

/// Whether a person goes there, and no script or page loads it. Browsers say so by themselves, over
/// connections that are secure; else by what they would take.
fn is_navigation(request: &Request<'_>) -> bool {
    match request.field("Sec-Fetch-Mode") {
        Some(mode) => mode == "navigate",
        None => request.fields("Accept").any(|value| value.contains("text/html")),
    }
}

fn add_missing(response: &mut Response, name: &str, value: &str) {
    if response.field(name).is_none() {
        response.add(name, value);
    }
}

/// Reads the path of a page.
fn page(value: &str) -> Result<String, String> {
    let path =
        request::unescaped(value).filter(|path| path.starts_with('/') && !path.ends_with('/'));
    path.ok_or_else(|| format!("\"{value}\" is no path of a page (try /index.html)"))
}

/// Reads a policy.
fn policy(value: &str) -> Result<String, String> {
    let is_plain = |octet: u8| octet == b' ' || octet.is_ascii_graphic();
    match !value.is_empty() && value.bytes().all(is_plain) {
        true => Ok(value.into()),
        false => {
            Err("spa-policy takes directives in printable ASCII (try default-src 'self')".into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmhttpd_sdk::testing::Server;

    const NAVIGATION: &str = "Sec-Fetch-Mode: navigate\r\n";

    fn server(parameters: &[(&str, &str)]) -> Server<Spa> {
        let server = Server::new(parameters).expect("sound parameters");
        let server = server.with_file("/index.html", 11).with_file("/assets/app-1a2b.js", 22);
        server.with_file("/docs/index.html", 33).with_file("/photo.jpg", 44)
    }

    #[test]
    fn a_navigation_gets_the_page_wherever_it_goes() {
        let mut server = server(&[]);
        for (target, fields) in [
            ("/", NAVIGATION),
            ("/users/7?tab=1", NAVIGATION),
            ("/a/b/", "Accept: text/html,*/*;q=0.8\r\n"),
            ("/docs/", NAVIGATION),
        ] {
            let answer = server.get_with(target, fields);
            assert_eq!(answer.status, 200, "{target}");
            assert_eq!(answer.field("ETag"), server.get("/index.html").field("ETag"), "{target}");
            assert_eq!(answer.field("Vary"), Some("Accept, Sec-Fetch-Mode"));
            assert_eq!(answer.field("Cache-Control"), Some("no-cache"));
            assert_eq!(answer.field("Content-Security-Policy"), Some(POLICY));
        }
    }

    #[test]
    fn what_is_no_navigation_is_found_or_missing() {
        let mut server = server(&[("spa-except", "/docs/*")]);
        for (target, fields) in [
            ("/users/7", ""),
            ("/users/7", "Accept: application/json\r\n"),
            ("/users/7", "Accept: text/html\r\nSec-Fetch-Mode: cors\r\n"),
            ("/assets/old-9f.js", NAVIGATION),
            ("/docs/missing", NAVIGATION),
        ] {
            let answer = server.get_with(target, fields);
            assert_eq!(answer.status, 404, "{target} {fields}");
            assert_eq!(answer.field("Cache-Control"), None);
            assert_eq!(answer.field("Content-Security-Policy"), None);
            assert_eq!(answer.field("Referrer-Policy"), Some(FIELDS[2].1));
        }
        let docs = server.get_with("/docs/", NAVIGATION);
        assert_eq!((docs.status, docs.field("Vary")), (200, None));
        assert_ne!(docs.field("ETag"), server.get("/index.html").field("ETag"));
        let head = "POST /users/7 HTTP/1.1\r\nHost: a\r\nSec-Fetch-Mode: navigate\r\n\r\n";
        assert_eq!(server.ask(head).status, 405);
    }

    #[test]
    fn assets_are_kept_for_good_and_the_site_has_the_last_word() {
        let kept = Some("public, max-age=31536000, immutable");
        let mut by_default = server(&[]);
        assert_eq!(by_default.get("/assets/app-1a2b.js").field("Cache-Control"), kept);
        assert_eq!(by_default.get("/photo.jpg").field("Cache-Control"), Some("no-cache"));
        let mut other = server(&[
            ("spa-immutable", "*.jpg"),
            ("cache-control", "/assets/* max-age=5"),
            ("header", "Referrer-Policy: no-referrer"),
            ("spa-policy", "default-src 'none'"),
        ]);
        assert_eq!(other.get("/photo.jpg").field("Cache-Control"), kept);
        let asset = other.get("/assets/app-1a2b.js");
        assert_eq!(asset.field("Cache-Control"), Some("max-age=5"));
        assert_eq!(asset.field("Referrer-Policy"), Some("no-referrer"));
        assert_eq!(asset.field("Content-Security-Policy"), Some("default-src 'none'"));
    }

    #[test]
    fn what_is_wrong_is_complained_about() {
        for (name, value) in [
            ("spa-page", "index.html"),
            ("spa-page", "/"),
            ("spa-except", "docs"),
            ("spa-immutable", "assets"),
            ("spa-policy", ""),
            ("spa-policy", "default-src \u{e4}"),
        ] {
            let problems = Server::<Spa>::problems(&[("index", "index.html"), (name, value)]);
            assert_eq!((problems.len(), problems[0].0), (1, 2), "{problems:?}");
            assert!(problems[0].1.contains("try"), "{problems:?}");
        }
    }
}
