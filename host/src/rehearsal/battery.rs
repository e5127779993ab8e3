//! Requests that every guest is asked before it serves anyone, and what is found for each of them.

use super::player::Finding;
use crate::files::Trouble;
use crate::sandbox::contract::{Context, IpAddress};

/// What every candidate is asked.
pub const BATTERY: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /index.html HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br\r\n\r\n",
    b"GET /a/b.css?c=d HTTP/1.1\r\nHost: www.example.org:8080\r\nConnection: keep-alive\r\n\r\n",
    b"GET /no/such/file HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n",
    b"GET /folder/ HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n",
    b"GET /folder HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%C3%A9%20%2e%2e/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /a HTTP/1.0\r\n\r\n",
    b"GET /a HTTP/1.1\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-0,-1,5-\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nRange: bytes=18446744073709551615-\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"x\", W/\"y\"\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: *\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nIf-Modified-Since: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nIf-Range: \"x\"\r\nRange: bytes=0-9\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n",
    b"PUT /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"BREW /pot HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\nX: \xff\x80\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n",
    b"GET /a HTTP/2.0\r\nHost: localhost\r\n\r\n",
    b"GET  /a  HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\r\n\r\n",
    b"\r\n\r\n",
];

/// What is found for each of them.
pub const FINDINGS: [Finding<'static>; 8] = [
    Finding::Real,
    Finding::File(0),
    Finding::File(12_345),
    Finding::Directory,
    Finding::Nothing(Trouble::Missing),
    Finding::Nothing(Trouble::Forbidden),
    Finding::Nothing(Trouble::Failed),
    Finding::Nothing(Trouble::Busy),
];

/// What the battery's requests come with.
pub const CONTEXT: Context =
    Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now: 1_800_000_000 };
