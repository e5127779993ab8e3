//! How the head of an answer looks on the wire (RFC 9112, section 4).

use std::time::{Duration, SystemTime};

use super::status;

/// The head of an answer: what the guest (or an error page) says of it, and its framing.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// 200 to 599.
    pub status: u16,
    /// Lines of `Name: value` CRLF, each character an octet.
    pub fields: &'a str,
    /// Octets of content that a GET has; none where the status forbids content.
    pub content_length: Option<u64>,
    /// Whether the connection goes on.
    pub persistent: bool,
    /// Whether the client has to be told so if it does (RFC 9112, section C.2.2).
    pub is_http_1_0: bool,
}

impl Answer<'_> {
    /// Appends the head, with `common`, to `output`.
    pub fn write_head(&self, common: &Framing, output: &mut Vec<u8>) {
        output.extend_from_slice(b"HTTP/1.1 ");
        decimal(self.status.into(), output);
        output.push(b' ');
        output.extend_from_slice(status::reason(self.status).as_bytes());
        output.extend_from_slice(b"\r\n");
        output.extend_from_slice(&common.lines);
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

/// The fields that every answer carries: Date and Server.
#[derive(Debug)]
pub struct Framing {
    /// Both lines, with their CRLF.
    lines: Vec<u8>,
    /// `Server: NAME` CRLF; empty without a name.
    server: String,
    /// The second that `lines` is for.
    seconds: u64,
}

/// Length of an IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
const DATE_OCTETS: usize = 29;

impl Framing {
    /// An empty `server_name` leaves the field out.
    pub fn new(server_name: &str, seconds: u64) -> Framing {
        let server = match server_name {
            "" => String::new(),
            name => format!("Server: {name}\r\n"),
        };
        let mut framing = Framing { lines: Vec::new(), server, seconds };
        framing.rewrite();
        framing
    }

    /// Sets the time, in seconds since the Unix epoch.
    pub fn set_time(&mut self, seconds: u64) {
        if seconds != self.seconds {
            self.seconds = seconds;
            self.rewrite();
        }
    }

    /// Now, in seconds since the Unix epoch, as far as these fields know.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// Now, as IMF-fixdate (RFC 9110, section 5.6.7).
    pub fn date(&self) -> &str {
        let date = &self.lines[b"Date: ".len()..][..DATE_OCTETS];
        str::from_utf8(date).expect("rewrite() wrote ASCII")
    }

    fn rewrite(&mut self) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds);
        self.lines = format!("Date: {}\r\n{}", httpdate::fmt_http_date(time), self.server).into();
    }
}

/// Appends `text`, whose characters stand for octets; the check of a guest's fields ensures that
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

    fn head(answer: Answer) -> String {
        let mut output = Vec::new();
        answer.write_head(&Framing::new("test", 784_111_777), &mut output);
        output.into_iter().map(char::from).collect()
    }

    const OK: Answer = Answer {
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
        let odd = head(Answer { status: 299, ..OK });
        assert!(odd.starts_with("HTTP/1.1 299 \r\n"), "{odd}");
    }

    #[test]
    fn rfc9110_8_6_no_content_length_where_content_is_forbidden() {
        assert!(!head(Answer { status: 204, content_length: None, ..OK }).contains("Length"));
    }

    #[test]
    fn rfc9112_9_3_persistence_is_said_where_it_is_not_the_default() {
        assert!(!head(OK).contains("Connection"));
        assert!(head(Answer { persistent: false, ..OK }).contains("\r\nConnection: close\r\n"));
        let old = Answer { is_http_1_0: true, ..OK };
        assert!(head(old).contains("\r\nConnection: keep-alive\r\n"));
        assert!(head(Answer { persistent: false, ..old }).contains("\r\nConnection: close\r\n"));
    }

    #[test]
    fn the_date_follows_the_clock() {
        let mut framing = Framing::new("", 0);
        assert_eq!(framing.date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        framing.set_time(1);
        assert_eq!(framing.date(), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(framing.lines, b"Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n");
    }
}
