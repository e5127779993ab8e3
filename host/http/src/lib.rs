//! HTTP as the server speaks it, purely: bytes in, the next step out.
//!
//! Owns requests as far as their framing goes, responses as values, and the state of connections.
//! No socket, file, clock or guest is touched here, so that the protocol builds in seconds and is
//! tested and fuzzed without them. What a request *means* is the guest's.
//!
//! * [`h1`]: HTTP/1.1 (RFC 9112). HTTP/2 will stand beside it.
//! * [`Response`], [`Content`]: a response before a version of HTTP has framed it.
//! * [`ErrorPage`]: the responses that the host makes by itself.
//! * [`check`]: the checks that a guest's answer must pass, in the server and in the adapters.

mod buffers;
pub mod check;
mod common_fields;
mod error_page;
pub mod h1;
mod response;
pub mod status;

pub use buffers::Buffers;
pub use common_fields::CommonFields;
pub use error_page::ErrorPage;
pub use response::{Content, Piece, Response};
