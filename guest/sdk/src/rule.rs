//! A rule in front of a handler.

use crate::handler::Handler;
use crate::parameters::Parameters;
use crate::request::Request;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use wasmhttpd_guest::contract::{
    Action, Configuration, Context, Found, Parsed, Persistence, Problem, Response, Setting,
    SettingHelp,
};
use wasmhttpd_guest::page;

/// What a rule says of a request.
///
/// ```
/// use wasmhttpd_sdk::{Request, Verdict};
///
/// /// The manual has moved.
/// fn verdict(request: &Request<'_>) -> Verdict {
///     match request.path().strip_prefix("/manual/") {
///         Some(rest) => Verdict::Rewrite(format!("/docs/{rest}")),
///         None => Verdict::Pass,
///     }
/// }
///
/// let request = Request::read("GET /manual/a.html HTTP/1.0\r\n\r\n").unwrap();
/// assert_eq!(verdict(&request), Verdict::Rewrite("/docs/a.html".into()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: whatever is behind the rule answers.
    Pass,
    /// This is the answer. Nothing behind the rule hears of the request.
    Answer(Response),
    /// What is behind the rule answers as if this path and query had been asked for: `/…`, escaped
    /// as in an address (see [`escaped`](crate::request::escaped)).
    Rewrite(String),
}

/// One rule of one's own, in front of a site or of any other guest.
///
/// Its default is what holds when it was never configured. All is pure: the same request and
/// context under the same configuration get the same verdict. A request is two calls of the guest,
/// and the rule is asked in both; the clock may have gone on between them, so what depends on it
/// may change a verdict from [`Verdict::Pass`] to an answer, and never to another path.
///
/// ```
/// use wasmhttpd_sdk::testing::Server;
/// use wasmhttpd_sdk::{Context, Request, Response, Rule};
///
/// /// Says who answered.
/// #[derive(Default)]
/// struct Named;
///
/// impl Rule for Named {
///     fn after(&self, _: &Request<'_>, _: Option<Context>, response: &mut Response) {
///         response.set("X-Answered-By", "named");
///     }
/// }
///
/// let answer = Server::<Named>::new(&[]).unwrap().get("/");
/// assert_eq!(answer.field("X-Answered-By"), Some("named"));
/// ```
pub trait Rule: Default {
    /// The parameters of this rule. They are its own: what is behind it gets all others, and none
    /// of these.
    ///
    /// ```
    /// use wasmhttpd_sdk::{Rule, SettingHelp};
    ///
    /// #[derive(Default)]
    /// struct Limit;
    ///
    /// impl Rule for Limit {
    ///     fn settings() -> Vec<SettingHelp> {
    ///         vec![SettingHelp::new("limit", "N", "10", "Requests that are allowed")]
    ///     }
    /// }
    ///
    /// assert_eq!(Limit::settings()[0].name, "limit");
    /// ```
    fn settings() -> Vec<SettingHelp> {
        Vec::new()
    }

    /// The rule as its own lines of web.conf describe it; what is wrong is complained about to
    /// `parameters`.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Parameters, Rule, SettingHelp, parameters};
    ///
    /// #[derive(Default)]
    /// struct Limit(u64);
    ///
    /// impl Rule for Limit {
    ///     fn settings() -> Vec<SettingHelp> {
    ///         vec![SettingHelp::new("limit", "N", "10", "Requests that are allowed")]
    ///     }
    ///
    ///     fn configure(parameters: &mut Parameters<'_>) -> Self {
    ///         Self(parameters.last("limit", parameters::number(1..=100)).unwrap_or(10))
    ///     }
    /// }
    ///
    /// assert_eq!(Server::<Limit>::problems(&[("limit", "0")])[0].0, 1);
    /// ```
    fn configure(parameters: &mut Parameters<'_>) -> Self {
        let _ = parameters;
        Self::default()
    }

    /// What to do with a request. Heads that are not sound never get here.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule, Verdict};
    ///
    /// /// Nothing below /private is shown.
    /// #[derive(Default)]
    /// struct Private;
    ///
    /// impl Rule for Private {
    ///     fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
    ///         match request.path().starts_with("/private/") {
    ///             true => Verdict::Answer(Response::page(403, "Forbidden", "Private.")),
    ///             false => Verdict::Pass,
    ///         }
    ///     }
    /// }
    ///
    /// let mut server = Server::<Private>::new(&[]).unwrap();
    /// assert_eq!(server.get("/x/..%2fprivate/key").status, 403);
    /// ```
    fn before(&self, request: &Request<'_>, context: Option<Context>) -> Verdict {
        let _ = (request, context);
        Verdict::Pass
    }

    /// Changes an answer of what is behind the rule, to a request as it came: its fields, mostly.
    /// Answers of [`Rule::before`] are left as they are.
    ///
    /// ```
    /// use wasmhttpd_sdk::testing::Server;
    /// use wasmhttpd_sdk::{Context, Request, Response, Rule};
    ///
    /// #[derive(Default)]
    /// struct Fresh;
    ///
    /// impl Rule for Fresh {
    ///     fn after(&self, _: &Request<'_>, _: Option<Context>, response: &mut Response) {
    ///         response.set("Cache-Control", "no-cache");
    ///     }
    /// }
    ///
    /// let answer = Server::<Fresh>::new(&[]).unwrap().get("/none");
    /// assert_eq!(answer.field("Cache-Control"), Some("no-cache"));
    /// ```
    fn after(&self, request: &Request<'_>, context: Option<Context>, response: &mut Response) {
        let _ = (request, context, response);
    }
}

/// A rule in front of a handler is a handler.
///
/// ```
/// use wasmhttpd_sdk::{Handler, InFront, Rule, Site};
///
/// #[derive(Default)]
/// struct Nothing;
/// impl Rule for Nothing {}
///
/// // What `guest!` exports.
/// let mut guest = InFront::<Nothing, Site>::default();
/// guest.parse("GET / HTTP/1.0\r\n\r\n", None);
/// ```
#[derive(Debug, Default)]
pub struct InFront<R, H> {
    rule: R,
    handler: H,
}

/// What a head comes to at the rule.
enum Step<'a> {
    /// It is not sound.
    Unsound,
    /// The rule answers.
    Answer(Response, Persistence),
    /// The handler answers to this head.
    Pass(Request<'a>, Cow<'a, str>),
}

impl<R: Rule, H: Handler> InFront<R, H> {
    fn step<'a>(&self, head: &'a str, context: Option<Context>) -> Step<'a> {
        let Ok(request) = Request::read(head) else { return Step::Unsound };
        match self.rule.before(&request, context) {
            Verdict::Pass => Step::Pass(request, Cow::Borrowed(head)),
            Verdict::Answer(response) => Step::Answer(response, request.persistence()),
            Verdict::Rewrite(target) => match request.with_target(&target) {
                Some(head) => Step::Pass(request, Cow::Owned(head)),
                None => Step::Answer(page::error(500), request.persistence()),
            },
        }
    }

    /// The answer to a head that is not sound: the handler's, if it refuses it as well. Another
    /// reading of it would be one that the rule has not seen.
    fn refusal(response: Option<Response>) -> Response {
        response.filter(|response| response.status >= 400).unwrap_or_else(|| page::error(400))
    }
}

impl<R: Rule, H: Handler> Handler for InFront<R, H> {
    fn configure(configuration: &Configuration) -> Result<Self, Vec<Problem>> {
        let own = R::settings();
        let is_own = |setting: &Setting| own.iter().any(|help| help.name == setting.name);
        let (own, parameters) = configuration.parameters.iter().cloned().partition(is_own);
        let own: Vec<_> = own;
        let mut own = Parameters::new(&own);
        let rule = R::configure(&mut own);
        let mut problems = own.into_problems();
        let media = configuration.media.clone();
        match H::configure(&Configuration { media, parameters }) {
            Ok(handler) if problems.is_empty() => Ok(Self { rule, handler }),
            configured => {
                problems.extend(configured.err().unwrap_or_default());
                Err(problems)
            }
        }
    }

    fn settings() -> Vec<SettingHelp> {
        let mut settings = R::settings();
        let is_new = |help: &SettingHelp| settings.iter().all(|own| own.name != help.name);
        let others: Vec<_> = H::settings().into_iter().filter(is_new).collect();
        settings.extend(others);
        settings
    }

    fn parse(&mut self, head: &str, context: Option<Context>) -> Parsed {
        match self.step(head, context) {
            Step::Unsound => {
                let response = match self.handler.parse(head, context).action {
                    Action::Answer(response) => Some(response),
                    Action::LookUp(_) => None,
                };
                let action = Action::Answer(Self::refusal(response));
                Parsed { action, persistence: Persistence::Close }
            }
            Step::Answer(response, persistence) => {
                Parsed { action: Action::Answer(response), persistence }
            }
            Step::Pass(request, head) => {
                let mut parsed = self.handler.parse(&head, context);
                if let Action::Answer(response) = &mut parsed.action {
                    self.rule.after(&request, context, response);
                }
                parsed
            }
        }
    }

    fn respond(&mut self, head: &str, found: &Found, context: Option<Context>) -> Response {
        match self.step(head, context) {
            Step::Unsound => Self::refusal(Some(self.handler.respond(head, found, context))),
            Step::Answer(response, _) => response,
            Step::Pass(request, head) => {
                let mut response = self.handler.respond(&head, found, context);
                self.rule.after(&request, context, &mut response);
                response
            }
        }
    }
}

#[cfg(test)]
mod tests;
