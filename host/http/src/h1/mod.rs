//! HTTP/1.1 (RFC 9112), and HTTP/1.0 as it asks for.
//!
//! 1. `head.rs` finds where a request head ends, and what the host believes of it.
//! 2. `connection.rs` says what to do next: read, have a request answered, send, close.
//! 3. `response.rs` writes the head of a response.

mod connection;
mod head;
mod lines;
mod machine;
mod response;

pub use connection::Connection;
pub(crate) use head::{Scan, Scanner};
pub use response::ResponseWriter;
