//! The host's own responses: to requests that the guest never saw, or failed on.

use crate::{Content, Response, status};

/// The page of the default guest, so that all errors look alike.
const TEMPLATE: &str = include_str!("../../../guest/src/error.html");

const FIELDS: &str =
    "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n";

/// Says when to try again.
const RETRY_AFTER: &str = "Retry-After: 1\r\n";

/// An error that the host answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorPage {
    /// 408: the head did not arrive in time.
    RequestTimeout,
    /// 414: the request-line is longer than a head may be.
    UriTooLong,
    /// 431: the head is too long.
    HeadTooLarge,
    /// 500: the guest or the file system failed.
    InternalServerError,
    /// 503: there is no guest to ask at the moment, or a directory is not read in time.
    ServiceUnavailable,
}

impl ErrorPage {
    /// The status code.
    pub fn status(self) -> u16 {
        match self {
            ErrorPage::RequestTimeout => 408,
            ErrorPage::UriTooLong => 414,
            ErrorPage::HeadTooLarge => 431,
            ErrorPage::InternalServerError => 500,
            ErrorPage::ServiceUnavailable => 503,
        }
    }

    fn text(self) -> &'static str {
        match self {
            ErrorPage::RequestTimeout => "The request did not arrive in time.",
            ErrorPage::UriTooLong => "The address is longer than this server reads.",
            ErrorPage::HeadTooLarge => "The request has more header fields than this server reads.",
            ErrorPage::InternalServerError => "The server failed to handle this request.",
            ErrorPage::ServiceUnavailable => {
                "The server cannot handle requests right now. Please try again."
            }
        }
    }

    /// The whole response. The connection has to end after it, since no guest has said what the
    /// request means.
    pub fn response<F>(self) -> Response<F> {
        let mut fields = String::from(FIELDS);
        if self == ErrorPage::ServiceUnavailable {
            fields.push_str(RETRY_AFTER);
        }
        let content = TEMPLATE
            .replace("{status}", &self.status().to_string())
            .replace("{reason}", status::reason(self.status()))
            .replace("{text}", self.text());
        let content = Content::Octets(content.into_bytes());
        Response { status: self.status(), fields, content, file: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_filled_in() {
        let page: Response<()> = ErrorPage::HeadTooLarge.response();
        let Content::Octets(content) = page.content else { panic!("{page:?}") };
        let content = String::from_utf8(content).unwrap();
        assert!(content.contains("431") && content.contains("Request Header Fields Too Large"));
        for placeholder in ["{status}", "{reason}", "{text}"] {
            assert!(TEMPLATE.contains(placeholder) && !content.contains(placeholder));
        }
        assert!(!page.fields.contains("Retry-After"));
        assert!(ErrorPage::ServiceUnavailable.response::<()>().fields.ends_with(RETRY_AFTER));
    }
}
