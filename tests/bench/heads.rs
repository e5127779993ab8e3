//! What benches of calls hand to the guest: request heads, whose they are, and what was found.

use wasmhttpd::sandbox::contract::{Context, Datetime, File, IpAddress};

/// How many differ.
pub const HEADS: usize = 64;

/// The client of every request, and when it asks.
pub const CONTEXT: Context =
    Context { peer: IpAddress::Ipv4(0x7f00_0001), secure: false, now: 1_800_000_000 };

/// The file that is found.
pub const FILE: File = File {
    candidate: 0,
    size: 1024,
    modified: Datetime { seconds: 1_700_000_000, nanoseconds: 123_456_789 },
    after: None,
};

/// What a browser sends, nearly.
pub fn head(number: usize) -> String {
    format!(
        "GET /css/site-{number}.css HTTP/1.1\r\nHost: www.example.org\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.{number}\r\n\
         Accept: text/css,*/*;q=0.1\r\nAccept-Language: en-US,en;q=0.5\r\n\
         Accept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n\
         Referer: http://www.example.org/page-{number}\r\nSec-Fetch-Dest: style\r\n\r\n"
    )
}
