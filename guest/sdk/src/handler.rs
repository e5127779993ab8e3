//! What a guest is.

use alloc::vec::Vec;
use wasmhttpd_guest::contract::{
    Configuration, Context, Found, Parsed, Problem, Response, SettingHelp,
};
use wasmhttpd_guest::site::Site;

/// A whole guest: the functions of the contract, whose meaning is told in `wit/handler.wit`.
///
/// Its default is what answers when it was never configured. All is pure: the same arguments under the
/// same configuration give the same answer. What is kept from call to call may make it faster and must
/// not change an answer.
pub trait Handler: Default {
    /// A guest as web.conf describes it, or everything that is wrong with the description.
    ///
    /// # Errors
    /// Each problem with the line it is about.
    fn configure(configuration: &Configuration) -> Result<Self, Vec<Problem>>;

    /// Every parameter that [`Handler::configure`] takes; the host refuses all others.
    fn settings() -> Vec<SettingHelp>;

    /// What to do for a request.
    fn parse(&mut self, head: &str, context: Option<Context>) -> Parsed;

    /// What to answer, now that the host has looked.
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
