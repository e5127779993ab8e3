//! HTTP/1.1 framing, purely: octets in, the next step out.
//!
//! Owns where a request head ends, what its framing fields say, the state of a connection, and how
//! an answer looks on the wire. No socket, file, clock or guest is touched here: the server carries
//! the steps out. What a request *means* is the guest's.

mod answer;
mod buffers;
mod connection;
mod error_page;
mod head;
mod lines;
mod status;

pub use answer::{Answer, Framing};
pub use buffers::Buffers;
pub use connection::{After, Body, Connection, Piece, Step, Stretch, Timer};
pub use error_page::ErrorPage;
pub use head::{Content, Request};
pub use status::ends_with_fields;
