//! Request heads for benches of calls.

/// How many differ.
pub const HEADS: usize = 64;

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
