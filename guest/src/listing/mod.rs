//! The entries of a directory, as a page for people and as JSON for programs.
//!
//! Hidden names are not shown, as they are not served. The order is by the query (`order`); all
//! else depends on the entries alone.

mod html;
mod json;
mod order;
mod text;

use self::order::Order;
use crate::conditional::{self, Outcome, Validators};
use crate::contract::{Content, Context, Entry, Listing, Response};
use crate::field;
use crate::negotiation;
use crate::octet;
use crate::page;
use crate::request::Request;
use alloc::string::String;
use alloc::vec::Vec;

/// The longest listing that is written, in octets; behind it stands that there is more. An answer
/// may take twice as much of the host's memory.
pub const LISTING_OCTETS_MAX: usize = 4 << 20;

/// What is shown of a directory.
#[derive(Debug)]
struct Shown<'a> {
    /// The decoded path, with the slash at its end.
    path: &'a str,
    order: Order,
    entries: Vec<&'a Entry>,
    /// Whether these are all that there are.
    complete: bool,
}

/// Answers a request, whose head is `octets`, with the entries of the directory at `path`.
pub fn respond(
    octets: &[u8],
    path: &str,
    request: &Request,
    listing: &Listing,
    context: Option<Context>,
) -> Response {
    let query = request.target.query.map_or(&b""[..], |query| query.of(octets));
    let order = Order::read(query);
    let visible = listing.entries.iter().filter(|entry| !entry.name.starts_with('.'));
    let entries = order.sort(visible);
    let shown = Shown { path, order, entries, complete: listing.complete };

    let (text, representation) =
        if negotiation::prefers_json(request.head.values_of(octets, b"accept")) {
            (json::write(&shown), "Content-Type: application/json\r\n")
        } else {
            (html::write(&shown), HTML_FIELDS)
        };
    // Weak: a hash is no proof.
    let mut fields = String::from("ETag: W/\"");
    field::push_hexadecimal(&mut fields, octet::hash(0, text.as_bytes()));
    fields.push('"');
    let validators = Validators { tag: &fields["ETag: ".len()..], modified: None };
    let now = context.map(|context| context.now);
    let outcome = conditional::evaluate(&request.head, octets, validators, now);
    fields.push_str("\r\nVary: Accept\r\n");
    match outcome {
        Outcome::Failed => page::error(412),
        Outcome::NotModified => Response { status: 304, fields, content: Content::Empty },
        Outcome::Proceed => {
            fields.push_str(representation);
            Response { status: 200, fields, content: Content::Text(text) }
        }
    }
}

/// The page needs nothing but its own style, which is known by its hash, whatever names it shows.
const HTML_FIELDS: &str = concat!(
    "Content-Type: text/html; charset=utf-8\r\n",
    "Content-Security-Policy: default-src 'none'; style-src 'sha256-",
    "GFnujRAA+GuCpDPpmmBU4/+jZ0nxPU1mv1mTlqL0GIw=",
    "'; img-src 'self'; base-uri 'none'; form-action 'none'\r\n",
);

#[cfg(test)]
mod tests;
