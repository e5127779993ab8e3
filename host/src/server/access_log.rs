//! The access log: a line for each response, in common log format.

use std::io::Write;
use std::net::IpAddr;

use wasmhttpd_http::CommonFields;

use crate::log::AccessLogger;
use crate::text;

/// Months as IMF-fixdate and the common log format both write them need no conversion: the date is
/// put together from pieces of `Sun, 06 Nov 1994 08:49:37 GMT`.
const DAY: std::ops::Range<usize> = 5..7;
const MONTH: std::ops::Range<usize> = 8..11;
const YEAR: std::ops::Range<usize> = 12..16;
const TIME: std::ops::Range<usize> = 17..25;

/// A worker's handle of the log.
pub struct AccessLog {
    logger: AccessLogger,
    line: Vec<u8>,
    /// The second in which drops were last reported.
    reported: u64,
}

impl AccessLog {
    /// Writes to `logger`.
    pub fn new(logger: AccessLogger) -> AccessLog {
        AccessLog { logger, line: Vec::new(), reported: 0 }
    }

    /// Writes one line; `octets` of content were sent to `peer`.
    pub fn write(
        &mut self,
        peer: IpAddr,
        clock: &CommonFields,
        request_line: &[u8],
        status: u16,
        octets: u64,
    ) {
        let date = clock.date();
        let (day, month, year, time) = (&date[DAY], &date[MONTH], &date[YEAR], &date[TIME]);
        let line = &mut self.line;
        line.clear();
        // Writing to a vector does not fail.
        let _ = write!(line, "{} - - [{day}/{month}/{year}:{time} +0000] \"", peer.to_canonical());
        quoted(request_line, line);
        let _ = match octets {
            0 => writeln!(line, "\" {status} -"),
            octets => writeln!(line, "\" {status} {octets}"),
        };
        self.logger.write(line);
    }

    /// Lines dropped, by any worker, and not reported yet; at most once in a second.
    pub fn take_dropped(&mut self, now_seconds: u64) -> usize {
        match std::mem::replace(&mut self.reported, now_seconds) == now_seconds {
            true => 0,
            false => self.logger.take_dropped(),
        }
    }
}

/// The first line of a request head.
pub fn request_line(head: &[u8]) -> &[u8] {
    let end = memchr::memchr2(b'\r', b'\n', head).unwrap_or(head.len());
    &head[..end]
}

/// What stands between the quotes; a `-` where no line was received.
fn quoted(request_line: &[u8], line: &mut Vec<u8>) {
    match request_line {
        [] => line.push(b'-'),
        octets => text::push_octets(octets, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_cannot_forge_the_log() {
        let mut line = Vec::new();
        quoted(b"GET /\"\\ \x1b[31m\xff\x00", &mut line);
        assert_eq!(line, br#"GET /\"\\ \x1b[31m\xff\x00"#);
        line.clear();
        quoted(b"", &mut line);
        assert_eq!(line, b"-");
    }

    #[test]
    fn the_request_line_ends_at_its_line_end() {
        assert_eq!(request_line(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), b"GET / HTTP/1.1");
        assert_eq!(request_line(b"GET\n"), b"GET");
        assert_eq!(request_line(b""), b"");
    }
}
