//! HTTP/1.1 as a session drives it: one stream at a time, whose number is of no interest.

use super::connection::Connection;
use super::response::ResponseWriter;
use crate::{After, Body, Buffers, CommonFields, Machine, Request, Response, Step, Timer, Writer};

impl<F> Machine<F> for Connection<F> {
    type Writer<'a>
        = ResponseWriter<'a>
    where
        F: 'a;

    #[inline]
    fn next(&mut self, head_octets_max: usize) -> Step<'_, F> {
        self.next(head_octets_max)
    }

    #[inline]
    fn head<'a>(&'a self, _: u32, request: &Request) -> &'a [u8] {
        self.head(request)
    }

    #[inline]
    fn writer(&mut self, _: u32) -> ResponseWriter<'_> {
        self.writer()
    }

    #[inline]
    fn wait(&mut self, _: u32, request: Request) {
        self.wait(request);
    }

    #[inline]
    fn resume(&mut self, _: u32) -> Request {
        self.resume()
    }

    #[inline]
    fn answered(&mut self, _: u32, request: &Request, after: After, body: Option<Body<F>>) {
        self.answered(request, after, body);
    }

    #[inline]
    fn refused(&mut self, _: u32) {
        self.refused();
    }

    #[inline]
    fn input(&mut self) -> &mut Vec<u8> {
        self.input()
    }

    #[inline]
    fn received(&mut self, octets: usize) {
        self.received(octets);
    }

    #[inline]
    fn sent(&mut self, octets: usize) {
        self.sent(octets);
    }

    #[inline]
    fn streamed(&mut self, octets: u64) {
        self.streamed(octets);
    }

    fn filled(&mut self, _: u32, _: bool) {
        unreachable!("nothing of HTTP/1.1 goes out in frames")
    }

    #[inline]
    fn is_streaming(&self, _: u32) -> bool {
        self.is_streaming()
    }

    #[inline]
    fn body_octets_left(&self, _: u32) -> Option<u64> {
        self.body_octets_left()
    }

    #[inline]
    fn timer(&self) -> Timer {
        self.timer()
    }

    #[inline]
    fn has_partial_head(&self) -> bool {
        self.has_partial_head()
    }

    #[inline]
    fn lend(&mut self, buffers: &mut Buffers) {
        self.lend(buffers);
    }

    #[inline]
    fn reclaim(&mut self, buffers: &mut Buffers) {
        self.reclaim(buffers);
    }
}

impl Writer for ResponseWriter<'_> {
    #[inline]
    fn head<F>(
        &mut self,
        request: &Request,
        response: &Response<F>,
        after: After,
        common: &CommonFields,
    ) -> u64 {
        self.head(request, response, after, common)
    }

    /// The length of the content frames it, and all goes out in order.
    #[inline]
    fn content_octets_max(&self) -> u64 {
        u64::MAX
    }

    #[inline]
    fn content(&mut self) -> &mut Vec<u8> {
        self.content()
    }

    #[inline]
    fn take_back(self) {
        self.take_back();
    }
}
