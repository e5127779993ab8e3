//! What a session needs of a protocol, whichever version of HTTP that is.
//!
//! A session is compiled for each protocol, so that a protocol with one request at a time pays for
//! no other: it ignores the numbers of streams.

use crate::{After, Body, Buffers, CommonFields, Request, Response, Step, Timer};

/// The state of one connection: bytes in, the next step out. It never acts.
pub trait Machine<F> {
    /// Writes a response into the output.
    type Writer<'a>: Writer
    where
        Self: 'a;

    /// The next step, given that nothing more has arrived.
    fn next(&mut self, head_octets_max: usize) -> Step<'_, F>;

    /// The head of the `request` of a stream.
    fn head<'a>(&'a self, stream: u32, request: &Request) -> &'a [u8];

    /// Where the response of a stream is written to.
    fn writer(&mut self, stream: u32) -> Self::Writer<'_>;

    /// The response to `request` has to wait for something.
    fn wait(&mut self, stream: u32, request: Request);

    /// Ends the wait. The request is to be answered, or to wait again, as after [`Step::Handle`].
    fn resume(&mut self, stream: u32) -> Request;

    /// The response to `request` is in the output, all of it but `body`.
    fn answered(&mut self, stream: u32, request: &Request, after: After, body: Option<Body<F>>);

    /// A response that refuses the head of a stream is in the output.
    fn refused(&mut self, stream: u32);

    /// Room for bytes to append.
    fn input(&mut self) -> &mut Vec<u8>;

    /// Bytes were appended to the input; none means that the peer has shut down its side.
    fn received(&mut self, octets: usize);

    /// This many bytes of the output were sent.
    fn sent(&mut self, octets: usize);

    /// This many bytes of a body were sent from its file, as [`Step::Stream`] says.
    fn streamed(&mut self, octets: u64);

    /// The range that [`Step::Fill`] names is in the output; or it is not to be had, and the
    /// response is given up.
    fn filled(&mut self, stream: u32, whole: bool);

    /// Whether the body of a stream is being sent.
    fn is_streaming(&self, stream: u32) -> bool;

    /// Bytes of the body of a stream that are not in the output yet; none when no body is being
    /// sent.
    fn body_octets_left(&self, stream: u32) -> Option<u64>;

    /// The time limit that applies now.
    fn timer(&self) -> Timer;

    /// Whether a request head has begun to arrive and should be answered when it is given up (408).
    fn has_partial_head(&self) -> bool;

    /// Lends the buffers that a connection lacks, before it is served.
    fn lend(&mut self, buffers: &mut Buffers);

    /// Takes back the buffers that hold no bytes which matter, from a connection that waits.
    fn reclaim(&mut self, buffers: &mut Buffers);
}

/// Appends one response to the output of a connection.
pub trait Writer {
    /// Writes the head of `response` to `request`, `after` which the connection goes on or ends,
    /// with the fields that are `common` to all. Returns how many bytes of content have to follow:
    /// none on HEAD, and where the status forbids content.
    fn head<F>(
        &mut self,
        request: &Request,
        response: &Response<F>,
        after: After,
        common: &CommonFields,
    ) -> u64;

    /// Bytes of content that may be appended behind the head; more of it is a [`Body`].
    fn content_octets_max(&self) -> u64;

    /// Where content is appended to, behind the head: as much as has to follow, unless it is sent
    /// from a [`Body`].
    fn content(&mut self) -> &mut Vec<u8>;

    /// Takes back what was written, since it is not what has to be sent.
    fn take_back(self);
}
