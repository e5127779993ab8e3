//! The host's own answers: to requests that the guest never saw, or failed on.

use super::{Answer, Framing, status};

/// The page of the default guest, so that all errors look alike.
const TEMPLATE: &str = include_str!("../../../guest/src/error.html");

const FIELDS: &str =
    "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n";
const FIELDS_WITH_RETRY: &str = "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nRetry-After: 1\r\n";

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

    /// Appends the whole answer to `output` and returns the octets of its content. The connection
    /// ends after it: no guest has said what the request means.
    pub fn write(self, common: &Framing, is_head: bool, output: &mut Vec<u8>) -> u64 {
        let content = self.content();
        let answer = Answer {
            status: self.status(),
            fields: match self {
                ErrorPage::ServiceUnavailable => FIELDS_WITH_RETRY,
                _ => FIELDS,
            },
            content_length: Some(content.len() as u64),
            persistent: false,
            is_http_1_0: false,
        };
        answer.write_head(common, output);
        if is_head {
            return 0;
        }
        output.extend_from_slice(content.as_bytes());
        content.len() as u64
    }

    fn content(self) -> String {
        TEMPLATE
            .replace("{status}", &self.status().to_string())
            .replace("{reason}", status::reason(self.status()))
            .replace("{text}", self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_filled_in_and_left_out_on_head() {
        let common = Framing::new("test", 0);
        let (mut get, mut head) = (Vec::new(), Vec::new());
        let octets = ErrorPage::HeadTooLarge.write(&common, false, &mut get);
        assert_eq!(ErrorPage::HeadTooLarge.write(&common, true, &mut head), 0);
        let get = String::from_utf8(get).unwrap();
        let (fields, content) = get.split_once("\r\n\r\n").unwrap();
        assert!(content.contains("431") && content.contains("Request Header Fields Too Large"));
        for placeholder in ["{status}", "{reason}", "{text}"] {
            assert!(TEMPLATE.contains(placeholder) && !content.contains(placeholder));
        }
        assert!(fields.contains(&format!("Content-Length: {octets}")));
        assert_eq!(head, [fields, "\r\n\r\n"].concat().as_bytes());
    }
}
