//! A handler as a component: what the exported functions do, and the handler that is imported.
//!
//! For the macros of this crate, which say which handler it is.
#![allow(
    unsafe_code,
    reason = "functions are exported by name, with the arguments of the canonical ABI"
)]

use crate::bindings::{Move, imported};
use crate::handler::Handler;
use crate::heap::{self, OneThread};
use alloc::vec::Vec;
use core::cell::RefCell;
use wasmhttpd_guest::contract::{
    Configuration, Context, Found, Parsed, Problem, Response, SettingHelp,
};

pub use crate::bindings::wit;
pub use crate::bindings::{exported, generated};
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
            use $crate::component::{Place, exported, generated, wit};

            struct Component;

            static PLACE: Place<$handler> = Place::new();

            $crate::__promise!($handler);

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

    generated::export!(Component with_types_in exported);
        };
    };
}

/// Checks what a handler has to promise where memory is that of [`heap`].
#[doc(hidden)]
#[cfg(feature = "bare")]
#[macro_export]
macro_rules! __promise {
    ($handler:ty) => {
        const _: fn() = || {
            fn keeps_nothing<H: $crate::heap::KeepsNothing>() {}
            keeps_nothing::<$handler>();
        };
    };
}

/// Where memory is another allocator's, nothing has to be promised.
#[doc(hidden)]
#[cfg(not(feature = "bare"))]
#[macro_export]
macro_rules! __promise {
    ($handler:ty) => {};
}

/// Exports the functions of the interface, as the bindings would, but without those that take an
/// answer back (`post-return`): each would be one more call for the host. The memory of an answer
/// is free when the next call begins, which [`heap`] sees to.
#[doc(hidden)]
#[cfg(feature = "bare")]
#[macro_export]
macro_rules! __export_functions {
    ($component:ident with_types_in $($path:tt)*) => {
        $crate::__export_function!($component, "wasmhttpd:guest/handler@0.1.0#configure",
            configure = _export_configure_cabi(a: *mut u8, b: usize, c: *mut u8, d: usize));
        $crate::__export_function!($component, "wasmhttpd:guest/handler@0.1.0#settings",
            settings = _export_settings_cabi());
        $crate::__export_function!($component, "wasmhttpd:guest/handler@0.1.0#parse",
            parse = _export_parse_cabi(
                a: *mut u8, b: usize, c: i32, d: i32, e: i64, f: i64, g: i32, h: i64));
        $crate::__export_function!($component, "wasmhttpd:guest/handler@0.1.0#respond",
            respond = _export_respond_cabi(
                a: *mut u8, b: usize, c: i32, d: i32, e: ::core::mem::MaybeUninit<u64>, f: i64, g: i32,
                h: i32, i: i32, j: i32, k: i32, l: i64, m: i64, n: i32, o: i64));
    };
}

/// Exports one function, by its name in the core module.
#[doc(hidden)]
#[cfg(feature = "bare")]
#[macro_export]
macro_rules! __export_function {
    ($component:ident, $name:literal, $export:ident = $function:ident($($argument:ident: $type:ty),*)) => {
        // SAFETY: no other item of the program has this name.
        #[unsafe(export_name = $name)]
        unsafe extern "C" fn $export($($argument: $type),*) -> *mut u8 {
            // SAFETY: the host has had the last answer, and the handler keeps nothing
            // (`KeepsNothing`).
            unsafe { $crate::heap::begin_call() };
            // SAFETY: these are the arguments that the canonical ABI passes for this function.
            let answer = unsafe { wit::$function::<$component>($($argument),*) };
            // SAFETY: as before the call, for this answer.
            unsafe { $crate::heap::end_call() };
            answer
        }
    };
}
