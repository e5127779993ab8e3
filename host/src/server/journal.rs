//! What has happened to requests: the one place that is told, when it has happened.
//!
//! Owns the access log. Counters belong here, too.

use std::net::IpAddr;

use wasmhttpd_http::CommonFields;

use super::access_log::{self, AccessLog};
use crate::log::AccessLogger;

/// See the module.
pub struct Journal {
    access_log: Option<AccessLog>,
}

/// A response that is being sent.
#[derive(Debug)]
pub struct Entry {
    /// As received, without its line end.
    request_line: Box<[u8]>,
    status: u16,
    /// Bytes of content, if all of it is sent.
    content_octets: u64,
}

/// The end of a request.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    /// The request head as received, or its first line; empty when no whole head was.
    pub head: &'a [u8],
    /// Of the response.
    pub status: u16,
    /// Bytes of content that were handed to the kernel, or are in the output.
    pub content_octets: u64,
}

impl Journal {
    /// Writes the access log to `logger`, if there is one.
    pub fn new(logger: Option<AccessLogger>) -> Journal {
        Journal { access_log: logger.map(AccessLog::new) }
    }

    /// A request of `peer` has ended, at the time that `clock` says.
    #[inline]
    pub fn ended(&mut self, peer: IpAddr, clock: &CommonFields, ended: Ended<'_>) {
        if let Some(log) = &mut self.access_log {
            let request_line = access_log::request_line(ended.head);
            log.write(peer, clock, request_line, ended.status, ended.content_octets);
        }
    }

    /// What has to be kept of a request until its response has been sent; none if nobody asks.
    #[inline]
    pub fn entry(&self, head: &[u8], status: u16, content_octets: u64) -> Option<Entry> {
        self.access_log.as_ref()?;
        let request_line = access_log::request_line(head).into();
        Some(Entry { request_line, status, content_octets })
    }

    /// Reports what could not be written; at most once in a second.
    pub fn report(&mut self, clock: &CommonFields) {
        let Some(log) = &mut self.access_log else { return };
        let dropped = log.take_dropped(clock.seconds());
        if dropped > 0 {
            tracing::warn!(
                "{dropped} lines of the access log were dropped: it is not written fast enough"
            );
        }
    }
}

impl Entry {
    /// The response was sent but for so many bytes of its content.
    pub fn ended(&self, octets_left: u64) -> Ended<'_> {
        Ended {
            head: &self.request_line,
            status: self.status,
            content_octets: self.content_octets - octets_left,
        }
    }
}
