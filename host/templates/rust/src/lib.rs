//! A guest of wasmhttpd: the default site with one rule in front of it.

use wasmhttpd_sdk::parameters::{self, Parameters};
use wasmhttpd_sdk::{Context, Request, Response, Rule, SettingHelp, Verdict};

/// The greeting unless web.conf says otherwise.
const GREETING: &str = "Hello!";

/// What is asked under `/hello` is answered with a greeting. Change it.
#[derive(Debug)]
pub struct Greeting {
    text: String,
}

wasmhttpd_sdk::guest!(Greeting);

impl Default for Greeting {
    fn default() -> Self {
        Self { text: GREETING.into() }
    }
}

impl Rule for Greeting {
    fn settings() -> Vec<SettingHelp> {
        vec![SettingHelp::new("greeting", "TEXT", GREETING, "What is said under /hello")]
    }

    fn configure(parameters: &mut Parameters<'_>) -> Self {
        let text = parameters.last("greeting", parameters::text);
        Self { text: text.unwrap_or(GREETING.into()) }
    }

    fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
        match request.path() {
            "/hello" => Verdict::Answer(Response::new(200).with_text(format!("{}\n", self.text))),
            _ => Verdict::Pass,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmhttpd_sdk::contract::Content;
    use wasmhttpd_sdk::testing::Server;

    #[test]
    fn hello_is_answered_with_the_greeting() {
        let mut server = Server::<Greeting>::new(&[("greeting", "Good day!")]).unwrap();
        let response = server.get("/hello");
        assert_eq!(response.status, 200);
        assert_eq!(response.content, Content::Text("Good day!\n".into()));
    }

    #[test]
    fn everything_else_is_the_site_s() {
        let mut server = Server::<Greeting>::new(&[]).unwrap().with_file("/index.html", 12);
        assert_eq!(server.get("/").status, 200);
        assert_eq!(server.get("/none").status, 404);
    }
}
