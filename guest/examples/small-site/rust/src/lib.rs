//! A small static site: all of the interface `wasmhttpd:guest/handler`, by hand.
//!
//! The host sends each request's head as text, in which each octet is the character of the same
//! number. `parse` says which file is wanted, the host looks for it, and `respond` says what to
//! answer. Neither does anything else: the same arguments give the same answer.
#![allow(unsafe_code, reason = "the functions that bindings export have names of their own")]

mod answer;
mod bindings;
mod request;
mod settings;

use std::cell::RefCell;

use bindings::exports::wasmhttpd::guest::handler::{
    Action, Configuration, Content, Context, Directories, Fallback, Found, Guest, Lookup, Parsed,
    Problem, Response, SettingHelp, Slice, Trouble,
};
use request::Request;
use settings::Settings;

thread_local! {
    static SETTINGS: RefCell<Settings> = RefCell::default();
}

struct SmallSite;

impl Guest for SmallSite {
    fn settings() -> Vec<SettingHelp> {
        settings::help()
    }

    fn configure(configuration: Configuration) -> Result<(), Vec<Problem>> {
        SETTINGS.set(Settings::new(configuration)?);
        Ok(())
    }

    fn parse(head: String, _: Option<Context>) -> Parsed {
        match Request::read(&head) {
            Ok(request) => Parsed {
                action: Action::LookUp(Lookup {
                    candidates: request.candidates(),
                    site: request.site,
                    fallbacks: vec![Fallback { after: Trouble::Missing, path: "/404.html".into() }],
                    directories: Directories::Find,
                }),
                persistence: request.persistence,
            },
            Err(refusal) => Parsed {
                action: Action::Answer(answer::error(refusal.status, "")),
                persistence: refusal.persistence,
            },
        }
    }

    fn respond(head: String, found: Found, _: Option<Context>) -> Response {
        let request = match Request::read(&head) {
            Ok(request) => request,
            Err(refusal) => return answer::error(refusal.status, ""),
        };
        SETTINGS.with_borrow(|settings| match found {
            Found::File(file) => match file.after {
                None => answer::serve(&request, &file, settings),
                Some(trouble) => Response {
                    status: answer::status(trouble),
                    fields: format!("Content-Type: {}\r\n", settings.media_type("html")),
                    content: Content::Slice(Slice { start: 0, length: file.size }),
                },
            },
            Found::Directory(_) => {
                answer::error(301, &format!("Location: {}/{}\r\n", request.path, request.query))
            }
            Found::Nothing(trouble) => answer::error(answer::status(trouble), ""),
        })
    }
}

bindings::export!(SmallSite with_types_in bindings);
