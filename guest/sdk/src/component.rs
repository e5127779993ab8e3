//! A handler as a component: what the exported functions do, and the handler that is imported.
//!
//! For the macros of this crate, which say which handler it is.

use crate::bindings::{Move, imported};
use crate::handler::Handler;
use crate::heap::{self, OneThread};
use alloc::vec::Vec;
use core::cell::RefCell;
use wasmhttpd_guest::contract::{
    Configuration, Context, Found, Parsed, Problem, Response, SettingHelp,
};

pub use crate::bindings::generated;
pub use crate::bindings::wit;
/// For macros in crates without std.
pub use alloc::{string, vec};

/// The handler of this instance; none before the first call.
pub struct Place<H>(OneThread<RefCell<Option<H>>>);

impl<H: Handler> Place<H> {
    /// A place without a handler.
    #[allow(clippy::new_without_default, reason = "only ever a static")]
    pub const fn new() -> Self {
        Self(OneThread::new(RefCell::new(None)))
    }

    /// Puts a configured handler in place.
    pub fn configure(&self, configuration: wit::Configuration) -> Result<(), Vec<wit::Problem>> {
        let configuration = configuration.moved();
        let handler = H::configure(&configuration).map_err(Move::moved)?;
        drop(configuration);
        keep(&mut self.0.borrow_mut(), handler);
        Ok(())
    }

    /// The parameters of the handler.
    pub fn settings(&self) -> Vec<wit::SettingHelp> {
        H::settings().moved()
    }

    /// Has the handler parse.
    pub fn parse(&self, head: &str, context: Option<wit::Context>) -> wit::Parsed {
        self.with(|handler| handler.parse(head, context.moved())).moved()
    }

    /// Has the handler respond.
    pub fn respond(
        &self,
        head: &str,
        found: wit::Found,
        context: Option<wit::Context>,
    ) -> wit::Response {
        self.with(|handler| handler.respond(head, &found.moved(), context.moved())).moved()
    }

    /// Calls with the handler, which has its defaults if it was never configured.
    fn with<T>(&self, call: impl FnOnce(&mut H) -> T) -> T {
        let mut place = self.0.borrow_mut();
        match &mut *place {
            Some(handler) => call(handler),
            None => call(keep(&mut place, H::default())),
        }
    }
}

/// Puts a handler in place for good, and its memory with it.
fn keep<H>(place: &mut Option<H>, handler: H) -> &mut H {
    let handler = place.insert(handler);
    heap::seal();
    handler
}

/// The handler that a middleware imports: whichever guest it is composed with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Next;

impl Handler for Next {
    fn configure(configuration: &Configuration) -> Result<Self, Vec<Problem>> {
        imported::configure(&configuration.clone().moved()).map_err(Move::moved)?;
        Ok(Self)
    }

    fn settings() -> Vec<SettingHelp> {
        imported::settings().moved()
    }

    fn parse(&mut self, head: &str, context: Option<Context>) -> Parsed {
        imported::parse(head, context.moved()).moved()
    }

    fn respond(&mut self, head: &str, found: &Found, context: Option<Context>) -> Response {
        imported::respond(head, &found.clone().moved(), context.moved()).moved()
    }
}

/// Exports a handler that lives in a place.
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($handler:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::component::string::String;
            use $crate::component::vec::Vec;
            use $crate::component::{Place, generated, wit};

            struct Component;

            static PLACE: Place<$handler> = Place::new();

            impl wit::Guest for Component {
                fn configure(configuration: wit::Configuration) -> Result<(), Vec<wit::Problem>> {
                    PLACE.configure(configuration)
                }

                fn settings() -> Vec<wit::SettingHelp> {
                    PLACE.settings()
                }

                fn parse(head: String, context: Option<wit::Context>) -> wit::Parsed {
                    PLACE.parse(&head, context)
                }

                fn respond(
                    head: String,
                    found: wit::Found,
                    context: Option<wit::Context>,
                ) -> wit::Response {
                    PLACE.respond(&head, found, context)
                }
            }

    generated::export!(Component with_types_in generated);
        };
    };
}
