//! Guests of wasmhttpd in Rust: a rule of one's own in front of the default site, the same rule as
//! middleware in front of any guest, or a guest from scratch.
//!
//! # A rule
//!
//! A guest with one rule is a type that implements [`Rule`] and a line that exports it:
//!
//! ```
//! use wasmhttpd_sdk::parameters::{self, Parameters};
//! use wasmhttpd_sdk::{Context, Request, Response, Rule, SettingHelp, Verdict};
//!
//! /// Tells robots with a certain name to stay away.
//! #[derive(Default)]
//! pub struct NoRobots {
//!     names: Vec<String>,
//! }
//!
//! impl Rule for NoRobots {
//!     fn settings() -> Vec<SettingHelp> {
//!         let summary = "A robot that is kept out, by its User-Agent";
//!         vec![SettingHelp::new("no-robot", "NAME", "", summary)]
//!     }
//!
//!     fn configure(parameters: &mut Parameters<'_>) -> Self {
//!         Self { names: parameters.all("no-robot", parameters::text) }
//!     }
//!
//!     fn before(&self, request: &Request<'_>, _: Option<Context>) -> Verdict {
//!         let agent = request.field("User-Agent").unwrap_or_default();
//!         match self.names.iter().any(|name| agent.contains(&**name)) {
//!             true => Verdict::Answer(Response::page(403, "Forbidden", "No robots, please.")),
//!             false => Verdict::Pass,
//!         }
//!     }
//! }
//!
//! wasmhttpd_sdk::guest!(NoRobots);
//!
//! // Tests run natively, against a server without sockets.
//! let mut server = wasmhttpd_sdk::testing::Server::<NoRobots>::new(&[("no-robot", "Greedy")])
//!     .unwrap()
//!     .with_file("/index.html", 12);
//! assert_eq!(server.get("/").status, 200);
//! assert_eq!(server.get_with("/", "User-Agent: GreedyBot/1.0\r\n").status, 403);
//! ```
//!
//! In a library crate of type `cdylib` this is a component:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib", "rlib"]
//!
//! [dependencies]
//! wasmhttpd-sdk = { path = "…/guest/sdk" }
//! ```
//!
//! `cargo build --release --target wasm32-wasip2` makes it, `parameter guest FILE` in web.conf
//! serves it, and `parameter no-robot Greedy` is its own. The parameters of the default site go on
//! to work.
//!
//! # What holds of every rule
//!
//! * It sees sound requests only ([`Request`]). To others it is not asked, and neither is a guest
//!   behind it believed that would answer them with anything but an error.
//! * It is asked before the site, and may pass, answer or rewrite ([`Verdict`]); then it may change
//!   the fields of the site's answer ([`Rule::after`]).
//! * What becomes of the connection is never its business.
//! * It is pure. It has no clock, file or network: time and address of the client are in
//!   [`Context`], and there is none when a person calls by hand. std is there; a guest imports
//!   nothing of WASI unless the feature `pure` is off (below).
//!
//! # Middleware, and whole guests
//!
//! [`middleware!`] exports the same rule over an imported handler (world `middleware` of the WIT),
//! to be composed in front of any guest: `wac plug rule.wasm --plug site.wasm -o both.wasm`.
//! [`handler!`] exports a type that implements [`Handler`]: a whole guest.
//!
//! # Features
//!
//! * `pure` (default): a guest with std imports nothing. What it prints is lost, messages of panics
//!   included; without this feature they are in the server's log, and WASI is imported, which the
//!   server allows with nothing behind it.
//! * `bare`: for guests without std, which need an allocator and a panic handler. The default guest
//!   is one. Memory is that of [`heap`]: a guest must not keep what it allocates after `configure`,
//!   and promises so ([`heap::KeepsNothing`]).

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod handler;
pub mod heap;
pub mod parameters;
pub mod request;
pub mod rule;
pub mod testing;

#[cfg(target_family = "wasm")]
mod bindings;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod component;
#[cfg(all(target_family = "wasm", feature = "pure"))]
mod pure;

pub use handler::Handler;
pub use parameters::Parameters;
pub use request::Request;
pub use rule::{InFront, Rule, Verdict};
/// The types of the contract.
///
/// ```
/// use wasmhttpd_sdk::contract::{Action, Lookup, Directories};
///
/// let lookup = Lookup {
///     site: "example.org".into(),
///     candidates: vec!["/a.txt".into()],
///     fallbacks: Vec::new(),
///     directories: Directories::Find,
/// };
/// assert!(matches!(Action::LookUp(lookup), Action::LookUp(_)));
/// ```
#[doc(inline)]
pub use wasmhttpd_guest::contract;
/// ```
/// use wasmhttpd_sdk::Response;
///
/// let mut response = Response::redirect(308, "/docs/").with("Cache-Control", "no-store");
/// assert_eq!(response.field("location"), Some("/docs/"));
/// response.remove("Cache-Control");
/// assert_eq!(response.field("Cache-Control"), None);
/// assert_eq!(Response::page(403, "Forbidden", "No robots, please.").status, 403);
/// ```
#[doc(inline)]
pub use wasmhttpd_guest::contract::Response;
/// ```
/// use wasmhttpd_sdk::SettingHelp;
///
/// let help = SettingHelp::new("limit", "N", "10", "Requests that are allowed");
/// assert_eq!((&*help.name, &*help.default), ("limit", "10"));
/// ```
#[doc(inline)]
pub use wasmhttpd_guest::contract::SettingHelp;
#[doc(inline)]
pub use wasmhttpd_guest::contract::{Context, IpAddress};
/// ```
/// use wasmhttpd_sdk::date;
///
/// let mut text = String::new();
/// date::push_rfc3339(&mut text, 784_111_777);
/// assert_eq!(text, "1994-11-06T08:49:37Z");
/// assert_eq!(date::read(b"Sun, 06 Nov 1994 08:49:37 GMT", None), Some(784_111_777));
/// ```
#[doc(inline)]
pub use wasmhttpd_guest::date;
/// ```
/// use wasmhttpd_sdk::Pattern;
///
/// assert!(Pattern::read("*.pdf").unwrap().covers("/docs/a.pdf"));
/// ```
#[doc(inline)]
pub use wasmhttpd_guest::pattern::Pattern;
/// ```
/// use wasmhttpd_sdk::Site;
///
/// let mut site = Site::default();
/// site.parse("GET / HTTP/1.0\r\n\r\n", None);
/// ```
#[doc(inline)]
pub use wasmhttpd_guest::site::Site;

/// Exports a [`Handler`] as a guest. On other targets than WebAssembly it only checks the type.
///
/// ```
/// wasmhttpd_sdk::handler!(wasmhttpd_sdk::Site);
/// ```
#[macro_export]
macro_rules! handler {
    ($handler:ty) => {
        const _: fn() = || {
            fn is_handler<H: $crate::Handler>() {}
            is_handler::<$handler>();
        };
        $crate::__export!($handler);
    };
}

/// Exports a [`Rule`] in front of the default site as a guest. On other targets than WebAssembly it
/// only checks the type.
///
/// ```
/// # #[derive(Default)]
/// # struct NoRobots;
/// # impl wasmhttpd_sdk::Rule for NoRobots {}
/// wasmhttpd_sdk::guest!(NoRobots);
/// ```
#[macro_export]
macro_rules! guest {
    ($rule:ty) => {
        $crate::handler!($crate::InFront<$rule, $crate::Site>);
    };
}

/// Exports a [`Rule`] in front of an imported handler: middleware, to be composed with any guest.
/// On other targets than WebAssembly it only checks the type.
///
/// ```
/// # #[derive(Default)]
/// # struct NoRobots;
/// # impl wasmhttpd_sdk::Rule for NoRobots {}
/// wasmhttpd_sdk::middleware!(NoRobots);
/// ```
#[macro_export]
macro_rules! middleware {
    ($rule:ty) => {
        const _: fn() = || {
            fn is_rule<R: $crate::Rule>() {}
            is_rule::<$rule>();
        };
        $crate::__export!($crate::InFront<$rule, $crate::component::Next>);
    };
}

/// Nothing to export to.
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! __export {
    ($handler:ty) => {};
}
