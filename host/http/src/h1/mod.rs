//! HTTP/1.1 (RFC 9112), and HTTP/1.0 as it asks for.
//!
//! 1. `head.rs` finds where a request head ends, and what the host believes of it.
//! 2. `connection.rs` says what to do next: read, have a request answered, send, close.
//! 3. `response.rs` writes the head of a response; `body.rs` knows what is left of content that is
//!    too large to be written behind it.

mod body;
mod connection;
mod head;
mod lines;
mod response;
mod step;

pub use body::{Body, FileRange};
pub use connection::Connection;
pub use head::{Request, RequestContent};
pub use response::ResponseWriter;
pub use step::{After, Step, Timer};
