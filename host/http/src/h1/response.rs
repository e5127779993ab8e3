//! How the head of a response looks on the wire (RFC 9112, section 4).

use crate::{After, CommonFields, Request, Response, status};

/// Appends one response to the output of a connection.
#[derive(Debug)]
pub struct ResponseWriter<'a> {
    output: &'a mut Vec<u8>,
    /// Where the response starts in the output.
    start: usize,
}

impl<'a> ResponseWriter<'a> {
    /// Begins at the end of `output`.
    #[inline]
    pub(crate) fn new(output: &'a mut Vec<u8>) -> ResponseWriter<'a> {
        let start = output.len();
        ResponseWriter { output, start }
    }

    /// Writes the head of `response` to `request`, `after` which the connection goes on or ends,
    /// with the fields that are `common` to all. Returns how many bytes of content have to follow:
    /// none on HEAD, and where the status forbids content.
    pub fn head<F>(
        &mut self,
        request: &Request,
        response: &Response<F>,
        after: After,
        common: &CommonFields,
    ) -> u64 {
        let length = response.content.length();
        let ends = status::ends_with_fields(response.status);
        let head = ResponseHead {
            status: response.status,
            fields: &response.fields,
            content_length: (!ends).then_some(length),
            persistent: matches!(after, After::KeepAlive { .. }),
            is_http_1_0: request.is_http_1_0,
        };
        head.write(common, self.output);
        if request.is_head || ends { 0 } else { length }
    }

    /// Where content is appended to, behind the head: as much as has to follow, unless it is sent
    /// from a [`Body`].
    ///
    /// [`Body`]: crate::Body
    #[inline]
    pub fn content(&mut self) -> &mut Vec<u8> {
        self.output
    }

    /// Takes back what was written, since it is not what has to be sent.
    pub fn take_back(self) {
        self.output.truncate(self.start);
    }
}

/// The head of a response.
#[derive(Debug, Clone, Copy)]
struct ResponseHead<'a> {
    /// 200 to 599.
    status: u16,
    /// Lines of `Name: value` CRLF, each character a byte.
    fields: &'a str,
    /// Bytes of content that a GET has; none where the status forbids content.
    content_length: Option<u64>,
    /// Whether the connection goes on.
    persistent: bool,
    /// Whether the client has to be told so if it does (RFC 9112, section C.2.2).
    is_http_1_0: bool,
}

impl ResponseHead<'_> {
    /// Appends the head, with `common`, to `output`.
    fn write(&self, common: &CommonFields, output: &mut Vec<u8>) {
        output.extend_from_slice(b"HTTP/1.1 ");
        decimal(self.status.into(), output);
        output.push(b' ');
        output.extend_from_slice(status::reason(self.status).as_bytes());
        output.extend_from_slice(b"\r\n");
        output.extend_from_slice(common.lines());
        if let Some(length) = self.content_length {
            output.extend_from_slice(b"Content-Length: ");
            decimal(length, output);
            output.extend_from_slice(b"\r\n");
        }
        if !self.persistent {
            output.extend_from_slice(b"Connection: close\r\n");
        } else if self.is_http_1_0 {
            output.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        latin1(self.fields, output);
        output.extend_from_slice(b"\r\n");
    }
}

/// Appends `text`, whose characters stand for bytes; the check of a guest's fields ensures that
/// they are at most U+00FF.
fn latin1(text: &str, output: &mut Vec<u8>) {
    if text.is_ascii() {
        output.extend_from_slice(text.as_bytes());
    } else {
        output.extend(text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')));
    }
}

fn decimal(number: u64, output: &mut Vec<u8>) {
    output.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    fn head(head: ResponseHead<'_>) -> String {
        let mut output = Vec::new();
        head.write(&CommonFields::new("test", 784_111_777), &mut output);
        output.into_iter().map(char::from).collect()
    }

    const OK: ResponseHead<'_> = ResponseHead {
        status: 200,
        fields: "X: \u{e9}\r\n",
        content_length: Some(12),
        persistent: true,
        is_http_1_0: false,
    };

    #[test]
    fn rfc9112_4_a_head_has_status_line_and_fields() {
        assert_eq!(
            head(OK),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: test\r\n\
             Content-Length: 12\r\nX: \u{e9}\r\n\r\n"
        );
    }

    #[test]
    fn rfc9112_4_a_space_follows_the_status_even_without_a_reason() {
        let odd = head(ResponseHead { status: 299, ..OK });
        assert!(odd.starts_with("HTTP/1.1 299 \r\n"), "{odd}");
    }

    #[test]
    fn rfc9110_8_6_no_content_length_where_content_is_forbidden() {
        let head = head(ResponseHead { status: 204, content_length: None, ..OK });
        assert!(!head.contains("Length"));
    }

    #[test]
    fn rfc9112_9_3_persistence_is_said_where_it_is_not_the_default() {
        assert!(!head(OK).contains("Connection"));
        let closing = head(ResponseHead { persistent: false, ..OK });
        assert!(closing.contains("\r\nConnection: close\r\n"));
        let old = ResponseHead { is_http_1_0: true, ..OK };
        assert!(head(old).contains("\r\nConnection: keep-alive\r\n"));
        let closing = head(ResponseHead { persistent: false, ..old });
        assert!(closing.contains("\r\nConnection: close\r\n"));
    }

    #[test]
    fn content_follows_unless_the_request_or_the_status_forbids_it() {
        let common = CommonFields::new("test", 0);
        for (status, is_head, line, follows) in [
            (200, false, true, 3),
            (200, true, true, 0),
            (205, false, true, 3),
            (204, false, false, 0),
            (304, true, false, 0),
        ] {
            let response: Response<()> = Response {
                status,
                fields: String::new(),
                content: Content::Octets(b"abc".to_vec()),
                file: None,
            };
            let request = Request { is_head, ..Request::UNREAD };
            let mut output = Vec::new();
            let mut writer = ResponseWriter::new(&mut output);
            let octets = writer.head(&request, &response, After::Close, &common);
            let head = String::from_utf8(output).unwrap();
            assert_eq!((octets, head.contains("Content-Length: 3\r\n")), (follows, line), "{head}");
            assert!(head.contains("Connection: close\r\n"));
        }
    }

    #[test]
    fn what_is_taken_back_leaves_what_was_there_before() {
        let mut output = b"before".to_vec();
        let mut writer = ResponseWriter::new(&mut output);
        writer.content().extend_from_slice(b"content");
        writer.take_back();
        assert_eq!(output, b"before");
    }
}
