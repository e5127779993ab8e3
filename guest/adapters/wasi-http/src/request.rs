//! A request head, put together again.

use wasip2::http::types::{IncomingRequest, Method, Scheme};

/// The head of `request`: its request-line, its fields, an empty line. The name and port that were
/// asked for are its Host field, wherever they came from; fields about the connection are missing.
pub fn head(request: &IncomingRequest) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend_from_slice(method(&request.method()).as_bytes());
    head.push(b' ');
    let target = request.path_with_query().unwrap_or_default();
    // An empty path is that of the root (RFC 9110, section 4.2.3), with a query or without.
    if target.is_empty() || target.starts_with('?') {
        head.push(b'/');
    }
    head.extend_from_slice(target.as_bytes());
    head.extend_from_slice(b" HTTP/1.1\r\n");
    let authority = request.authority();
    if let Some(authority) = &authority {
        push_field(&mut head, "Host", authority.as_bytes());
    }
    for (name, value) in request.headers().entries() {
        if authority.is_none() || !name.eq_ignore_ascii_case("Host") {
            push_field(&mut head, &name, &value);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Whether `request` came over TLS.
pub fn is_secure(request: &IncomingRequest) -> bool {
    matches!(request.scheme(), Some(Scheme::Https))
}

fn push_field(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    for octets in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(octets);
    }
}

fn method(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
}
