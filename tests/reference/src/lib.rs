//! A second reader of request heads, to compare the guest's with: written from the RFCs, sharing no
//! code with the guest, and as plain as can be. It splits at CRLF, at spaces and at colons, copies
//! what it needs, and cares nothing for speed.
//!
//! What an RFC leaves open is settled as the guest documents it: what two recipients could read
//! differently is refused, and nothing is repaired. The faults of a head are looked for in this
//! order, and the first one found decides its status:
//!
//! 1. the grammar of the request-line and then of the field lines ([`grammar`]): 400, 505;
//! 2. where the request ends ([`framing`]): 400, 501;
//! 3. the Host field, then the target ([`uri`]): 400;
//! 4. the expectation: 417;
//! 5. the method: 405, 501;
//! 6. escapes in the path that are read in two ways ([`path`]): 400;
//! 7. an `https` target on a connection that is not secure: 421;
//! 8. the name of the resource: 404.

mod framing;
mod grammar;
mod path;
mod uri;

use framing::Framing;
use grammar::Head;

/// What becomes of the connection (RFC 9112, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It goes on, after this many octets of content.
    KeepAlive(u64),
    /// It ends.
    Close,
}

/// A request that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// GET, HEAD or OPTIONS.
    pub method: String,
    /// The host asked for, in lower case, without port and final dot; empty if there was none.
    pub host: String,
    /// The decoded path; none for OPTIONS, which is about any.
    pub path: Option<String>,
    /// The query, if there is one.
    pub query: Option<String>,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

/// A request that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The status code.
    pub status: u16,
    /// What becomes of the connection.
    pub persistence: Persistence,
}

/// A status code, as an error.
type Status = u16;

/// Malformed.
const BAD_REQUEST: Status = 400;

/// Methods of the IANA registry that a server of files knows and does not allow. PRI is not one: it
/// is registered so that nobody uses it.
const KNOWN_METHODS: &str = "ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE LABEL \
    LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PATCH POST \
    PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE \
    UPDATEREDIRECTREF VERSION-CONTROL";

/// Reads a head, from the request-line to the empty line, in which each character stands for an
/// octet.
///
/// # Errors
/// When the request is refused.
pub fn read(head: &str, secure: bool) -> Result<Request, Refused> {
    let closing = |status| Refused { status, persistence: Persistence::Close };
    let head = Head::read(head).map_err(closing)?;
    let framing = Framing::read(&head).map_err(closing)?;
    let host = host(&head).map_err(closing)?;
    let target = uri::target(&head.target, &head.method).ok_or(closing(BAD_REQUEST))?;

    let persistence = framing.persistence;
    let refuse = |status| Err(Refused { status, persistence });
    if framing.expects_unknown {
        return refuse(417);
    }
    let path = match head.method.as_str() {
        "GET" | "HEAD" => match path::decode(&target.path) {
            Err(BAD_REQUEST) => return Err(closing(BAD_REQUEST)),
            decoded => Some(decoded),
        },
        "OPTIONS" => None,
        known if KNOWN_METHODS.split(' ').any(|method| method == known) => return refuse(405),
        _ => return refuse(501),
    };
    if target.secure && !secure {
        return refuse(421);
    }
    let path = path.transpose().map_err(|status| Refused { status, persistence })?;
    let host = target.host.unwrap_or(host).to_ascii_lowercase();
    Ok(Request { method: head.method, host, path, query: target.query, persistence })
}

/// The host of the Host field (RFC 9112, section 3.2): exactly one line in HTTP/1.1, at most one in
/// HTTP/1.0, always valid.
fn host(head: &Head) -> Result<String, Status> {
    match head.values("Host").as_slice() {
        [] if head.is_http_1_0 => Ok(String::new()),
        [value] => Ok(uri::authority(value).ok_or(BAD_REQUEST)?.host),
        _ => Err(BAD_REQUEST),
    }
}
