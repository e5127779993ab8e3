//! What a guest is.

use alloc::vec::Vec;
use wasmhttpd_guest::contract::{
    Configuration, Context, Found, Parsed, Problem, Response, SettingHelp,
};
use wasmhttpd_guest::site::Site;

/// A whole guest: the functions of the contract, whose meaning is told in `wit/handler.wit`.
///
/// Its default is what answers when it was never configured. All is pure: the same arguments under
/// the same configuration give the same answer. What is kept from call to call may make it faster
/// and must not change an answer.
///
/// ```
/// use wasmhttpd_sdk::contract::{
///     Action, Configuration, Found, Parsed, Persistence, Problem, Trouble,
/// };
/// use wasmhttpd_sdk::{Context, Handler, Response, SettingHelp};
///
/// /// Has nothing, and says so.
/// #[derive(Default)]
/// struct Empty;
///
/// impl Handler for Empty {
///     fn configure(_: &Configuration) -> Result<Self, Vec<Problem>> {
///         Ok(Self)
///     }
///
///     fn settings() -> Vec<SettingHelp> {
///         Vec::new()
///     }
///
///     fn parse(&mut self, _: &str, _: Option<Context>) -> Parsed {
///         let action = Action::Answer(Response::page(404, "Not Found", "There is nothing here."));
///         Parsed { action, persistence: Persistence::Close }
///     }
///
///     fn respond(&mut self, _: &str, _: &Found, _: Option<Context>) -> Response {
///         // Never called: `parse` looks for no file.
///         Response::new(500)
///     }
/// }
///
/// wasmhttpd_sdk::handler!(Empty);
/// # let parsed = Empty.parse("", None);
/// # assert!(matches!(parsed.action, Action::Answer(_)));
/// # Empty.respond("", &Found::Nothing(Trouble::Missing), None);
/// # assert!(Empty::settings().is_empty() && Empty::configure(&Configuration::default()).is_ok());
/// ```
pub trait Handler: Default {
    /// A guest as web.conf describes it, or everything that is wrong with the description.
    ///
    /// # Errors
    /// Each problem with the line it is about.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::{Configuration, Setting};
    /// use wasmhttpd_sdk::{Handler, Site};
    ///
    /// let line = Setting { line: 3, name: "listing".into(), value: "perhaps".into() };
    /// let configuration = Configuration { media: Vec::new(), parameters: vec![line] };
    /// let problems = <Site as Handler>::configure(&configuration).unwrap_err();
    /// assert_eq!(problems[0].line, 3);
    /// ```
    fn configure(configuration: &Configuration) -> Result<Self, Vec<Problem>>;

    /// Every parameter that [`Handler::configure`] takes; the host refuses all others.
    ///
    /// ```
    /// use wasmhttpd_sdk::{Handler, Site};
    ///
    /// assert!(<Site as Handler>::settings().iter().any(|setting| setting.name == "listing"));
    /// ```
    fn settings() -> Vec<SettingHelp>;

    /// What to do for a request.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::Action;
    /// use wasmhttpd_sdk::{Handler, Site};
    ///
    /// let parsed = Handler::parse(&mut Site::default(), "GET /a HTTP/1.0\r\n\r\n", None);
    /// let Action::LookUp(lookup) = parsed.action else { panic!("a file is wanted") };
    /// assert_eq!(lookup.candidates, ["/a", "/a/"]);
    /// ```
    fn parse(&mut self, head: &str, context: Option<Context>) -> Parsed;

    /// What to answer, now that the host has looked.
    ///
    /// ```
    /// use wasmhttpd_sdk::contract::{Found, Trouble};
    /// use wasmhttpd_sdk::{Handler, Site};
    ///
    /// let (head, found) = ("GET /a HTTP/1.0\r\n\r\n", Found::Nothing(Trouble::Missing));
    /// assert_eq!(Handler::respond(&mut Site::default(), head, &found, None).status, 404);
    /// ```
    fn respond(&mut self, head: &str, found: &Found, context: Option<Context>) -> Response;
}

impl Handler for Site {
    fn configure(configuration: &Configuration) -> Result<Self, Vec<Problem>> {
        Self::configure(configuration)
    }

    fn settings() -> Vec<SettingHelp> {
        Self::settings()
    }

    fn parse(&mut self, head: &str, context: Option<Context>) -> Parsed {
        self.parse(head, context)
    }

    fn respond(&mut self, head: &str, found: &Found, context: Option<Context>) -> Response {
        self.respond(head, found, context)
    }
}
