//! The fields that every response carries: Date and Server.

use std::time::{Duration, SystemTime};

/// Date and Server, written once a second. They are made for a second, so that they are also what
/// a worker knows of the time.
#[derive(Debug)]
pub struct CommonFields {
    /// Both lines, with their CRLF.
    lines: Vec<u8>,
    /// `Server: NAME` CRLF; empty without a name.
    server: String,
    /// The second that `lines` is for.
    seconds: u64,
}

/// Length of an IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
const DATE_OCTETS: usize = 29;

impl Default for CommonFields {
    /// Without a Server field, in 1970.
    fn default() -> CommonFields {
        CommonFields::new("", 0)
    }
}

impl CommonFields {
    /// An empty `server_name` leaves the Server field out.
    pub fn new(server_name: &str, seconds: u64) -> CommonFields {
        let server = match server_name {
            "" => String::new(),
            name => format!("Server: {name}\r\n"),
        };
        let mut fields = CommonFields { lines: Vec::new(), server, seconds };
        fields.rewrite();
        fields
    }

    /// Sets the time, in seconds since the Unix epoch.
    #[inline]
    pub fn set_time(&mut self, seconds: u64) {
        if seconds != self.seconds {
            self.seconds = seconds;
            self.rewrite();
        }
    }

    /// Both lines, with their CRLF.
    #[inline]
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// The time that was set, in seconds since the Unix epoch.
    #[inline]
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// The same as IMF-fixdate (RFC 9110, section 5.6.7).
    pub fn date(&self) -> &str {
        let date = &self.lines[b"Date: ".len()..][..DATE_OCTETS];
        str::from_utf8(date).expect("rewrite() wrote ASCII")
    }

    fn rewrite(&mut self) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds);
        self.lines = format!("Date: {}\r\n{}", httpdate::fmt_http_date(time), self.server).into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_follows_the_clock() {
        let mut fields = CommonFields::new("", 0);
        assert_eq!(fields.date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        fields.set_time(1);
        assert_eq!(fields.date(), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(fields.lines(), b"Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n");
    }
}
