use super::*;
use crate::testing::Server;
use std::format;
use wasmhttpd_guest::contract::{Content, Lookup, Trouble};
use wasmhttpd_guest::site::Site;

/// A rule that does what the path says.
#[derive(Debug, Default)]
struct Told {
    answer: String,
}

impl Rule for Told {
    fn settings() -> Vec<SettingHelp> {
        [SettingHelp::new("told", "TEXT", "", "What is said")].into()
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        Self { answer: parameters.last("told", crate::parameters::text).unwrap_or_default() }
    }

    fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
        match (request.path(), request.query()) {
            ("/answer", _) => Verdict::Answer(Response::new(200).with_text(&*self.answer)),
            ("/rewrite", target) => Verdict::Rewrite(target.unwrap_or_default().into()),
            _ => Verdict::Pass,
        }
    }

    fn after(&self, request: &Request<'_>, _: Option<Context>, response: &mut Response) {
        response.add("X-Path", request.path());
    }
}

/// A guest that believes anything, and counts what it hears.
#[derive(Debug, Default)]
struct Credulous {
    heard: usize,
}

impl Handler for Credulous {
    fn configure(_: &Configuration) -> Result<Self, Vec<Problem>> {
        Ok(Self::default())
    }

    fn settings() -> Vec<SettingHelp> {
        let setting = |name| SettingHelp::new(name, "X", "", "Of the guest");
        [setting("told"), setting("other")].into()
    }

    fn parse(&mut self, _: &str, _: Option<Context>) -> Parsed {
        self.heard += 1;
        let action = Action::Answer(Response::new(200).with_text("secret"));
        Parsed { action, persistence: Persistence::KeepAlive(0) }
    }

    fn respond(&mut self, _: &str, _: &Found, _: Option<Context>) -> Response {
        self.heard += 1;
        Response::new(200).with_text("secret")
    }
}

fn head(line: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn a_rule_passes_answers_and_rewrites() {
    let server = Server::<Told>::new(&[("told", "so"), ("index", "start.html")]).unwrap();
    let mut server = server.with_file("/a.html", 7).with_file("/start.html", 8);
    let site = server.get("/a.html");
    assert_eq!((site.status, site.field("X-Path")), (200, Some("/a.html")));
    let own = server.get("/answer");
    assert_eq!((own.content, own.fields.contains("X-Path")), (Content::Text("so".into()), false));
    let rewritten = server.get("/rewrite?/a.html");
    assert_eq!(rewritten.field("ETag"), site.field("ETag"));
    assert_eq!(rewritten.field("X-Path"), Some("/rewrite"), "the request as it came");
    assert_eq!(server.get("/rewrite?/%2e%2e/./?x").status, 200, "the index");
    for wrong in ["/rewrite", "/rewrite?a.html", "/rewrite?/%00"] {
        assert_eq!(server.get(wrong).status, 500, "{wrong}");
    }
    // An answer of the site's that needs no file.
    assert_eq!(server.ask(&head("POST /x")).field("X-Path"), Some("/x"));
    // A head that is not sound: the site's answer, and the rule does not hear of it.
    let refused = server.ask(&head("GET  /answer"));
    assert_eq!((refused.status, refused.field("X-Path")), (400, None));
}

#[test]
fn persistence_is_of_the_request_whatever_the_rule_says() {
    let mut guest = InFront::<Told, Site>::default();
    let mut persistence = |line: &str, fields: &str| {
        let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        guest.parse(&head, None).persistence
    };
    for line in ["POST /answer", "POST /rewrite?/a", "POST /a", "POST /rewrite"] {
        assert_eq!(persistence(line, ""), Persistence::KeepAlive(0), "{line}");
        let content = "Content-Length: 5\r\n";
        assert_eq!(persistence(line, content), Persistence::KeepAlive(5), "{line}");
        assert_eq!(persistence(line, "Connection: close\r\n"), Persistence::Close, "{line}");
    }
}

#[test]
fn a_guest_behind_a_rule_is_not_believed_about_unsound_heads() {
    let mut guest = InFront::<Told, Credulous>::default();
    let found = Found::Nothing(Trouble::Missing);
    for head in [head("GET  /answer"), head("GET /%00"), "nonsense".into()] {
        let parsed = guest.parse(&head, None);
        assert_eq!(parsed.persistence, Persistence::Close);
        assert!(matches!(parsed.action, Action::Answer(Response { status: 400, .. })), "{head}");
        assert_eq!(guest.respond(&head, &found, None).status, 400, "{head}");
    }
}

#[test]
fn a_guest_behind_a_rule_does_not_hear_of_what_the_rule_answers() {
    let mut guest = InFront::<Told, Credulous>::default();
    let found = Found::Nothing(Trouble::Missing);
    for line in ["GET /answer", "POST /answer", "BREW /answer", "GET http://b/answer"] {
        let Action::Answer(response) = guest.parse(&head(line), None).action else {
            panic!("{line}");
        };
        assert_eq!(guest.respond(&head(line), &found, None), response);
    }
    assert_eq!(guest.handler.heard, 0);
    guest.parse(&head("GET /other"), None);
    assert_eq!(guest.handler.heard, 1);
}

#[test]
fn a_rewritten_request_is_looked_up_under_its_own_host() {
    let mut guest = InFront::<Told, Site>::default();
    let action = guest.parse(&head("GET http://B.example/rewrite?/c"), None).action;
    let Action::LookUp(Lookup { site, candidates, .. }) = action else { panic!("{action:?}") };
    assert_eq!((&*site, &*candidates[0]), ("b.example", "/c"));
}

#[test]
fn every_parameter_has_one_owner() {
    let names = |settings: Vec<SettingHelp>| -> Vec<_> {
        settings.into_iter().map(|setting| setting.name).collect()
    };
    assert_eq!(names(InFront::<Told, Credulous>::settings()), ["told", "other"]);
    let problems = Server::<Told>::problems(&[("listing", "x"), ("told", ""), ("nonsense", "")]);
    assert_eq!(problems.iter().map(|problem| problem.0).collect::<Vec<_>>(), [2, 1, 3]);
}
