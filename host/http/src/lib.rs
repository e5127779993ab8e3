//! HTTP as the server speaks it, purely: bytes in, the next step out.
//!
//! Owns requests as far as their framing goes, responses as values, and the state of connections.
//! No socket, file, clock or guest is touched here, so that the protocol builds in seconds and is
//! tested and fuzzed without them. What a request *means* is the guest's.
//!
//! * [`h1`]: HTTP/1.1 (RFC 9112). HTTP/2 will stand beside it.
//! * [`Machine`]: the state of a connection, whichever version it speaks.
//! * [`Step`]: what a connection wants done next; [`Request`] and [`Body`] are what it passes to
//!   and fro.
//! * [`Response`], [`Content`]: a response before a version of HTTP has framed it.
//! * [`ErrorPage`]: the responses that the host makes by itself.
//! * [`check`]: what must hold for a guest's answer, whoever carries it out.

mod body;
mod buffers;
pub mod check;
mod common_fields;
mod error_page;
pub mod h1;
mod machine;
mod preface;
mod request;
mod response;
pub mod status;
mod step;
pub mod toy;

pub use body::{Body, FileRange, FramedBody, Part};
pub use buffers::Buffers;
pub use common_fields::CommonFields;
pub use error_page::ErrorPage;
pub use machine::{Machine, Writer};
pub use preface::Preface;
pub use request::{Request, RequestContent};
pub use response::{Content, Piece, Response};
pub use step::{After, ONLY_STREAM, Step, Timer};
