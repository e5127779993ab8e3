//! The adapter's own answers: to requests that the guest never saw, or failed on.

use crate::bindings::handler::{Content, Response};
use crate::status;

/// The page of the default guest, so that all errors look alike.
const TEMPLATE: &str = include_str!("../../../src/error.html");

const FIELDS: &str =
    "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n";

/// An error that the adapter answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorPage {
    /// 414: the request-line is longer than a head may be.
    UriTooLong,
    /// 431: the head is too long.
    HeadTooLarge,
    /// 500: the guest broke the contract.
    InternalServerError,
}

impl ErrorPage {
    /// The whole answer.
    pub fn response(self) -> Response {
        let (status, text) = match self {
            ErrorPage::UriTooLong => (414, "The address is longer than this server reads."),
            ErrorPage::HeadTooLarge => {
                (431, "The request has more header fields than this server reads.")
            }
            ErrorPage::InternalServerError => (500, "The server failed to handle this request."),
        };
        let content = TEMPLATE
            .replace("{status}", &status.to_string())
            .replace("{reason}", status::reason(status))
            .replace("{text}", text);
        Response { status, fields: FIELDS.into(), content: Content::Text(content) }
    }
}
