//! TOY/1 as a session drives it.

use super::connection::Connection;
use super::response::{Frame, ResponseWriter};
use super::streams::State;
use crate::{After, Body, Buffers, FramedBody, Machine, Request, Step, Timer};

impl<F> Machine<F> for Connection<F> {
    type Writer<'a>
        = ResponseWriter<'a>
    where
        F: 'a;

    fn next(&mut self, head_octets_max: usize) -> Step<'_, F> {
        self.next_step(head_octets_max)
    }

    fn head<'a>(&'a self, stream: u32, request: &Request) -> &'a [u8] {
        &self.streams.at(stream).head[request.head.clone()]
    }

    fn writer(&mut self, stream: u32) -> ResponseWriter<'_> {
        let id = self.streams.at(stream).id;
        self.frame = Frame::begin(&mut self.output, id);
        ResponseWriter { output: &mut self.output, frame: &self.frame }
    }

    fn wait(&mut self, stream: u32, request: Request) {
        self.streams.at_mut(stream).state = State::Waiting(request);
    }

    fn resume(&mut self, stream: u32) -> Request {
        let state = &mut self.streams.at_mut(stream).state;
        let State::Waiting(request) = std::mem::replace(state, State::Handled) else {
            unreachable!("only a stream that waits is resumed")
        };
        request
    }

    fn answered(&mut self, stream: u32, _: &Request, _: After, body: Option<Body<F>>) {
        self.frame.end(&mut self.output);
        match body {
            Some(body) => {
                self.streams.at_mut(stream).state = State::Sending(FramedBody::new(body));
                self.streams.sending.push_back(stream);
            }
            None => self.streams.end(stream),
        }
    }

    fn refused(&mut self, stream: u32) {
        self.frame.end(&mut self.output);
        self.streams.end(stream);
    }

    fn input(&mut self) -> &mut Vec<u8> {
        &mut self.input
    }

    fn received(&mut self, octets: usize) {
        self.end_of_input |= octets == 0;
    }

    fn sent(&mut self, octets: usize) {
        self.sent += octets;
        if self.sent == self.output.len() {
            self.output.clear();
            self.sent = 0;
        }
    }

    fn streamed(&mut self, _: u64) {
        unreachable!("all content goes out in frames")
    }

    fn filled(&mut self, stream: u32, whole: bool) {
        self.filled_frame(stream, whole);
    }

    fn is_streaming(&self, stream: u32) -> bool {
        self.body_octets_left(stream).is_some()
    }

    fn body_octets_left(&self, stream: u32) -> Option<u64> {
        self.streams.get(stream)?.octets_left()
    }

    fn timer(&self) -> Timer {
        self.timer_now()
    }

    fn has_partial_head(&self) -> bool {
        false
    }

    fn lend(&mut self, buffers: &mut Buffers) {
        if self.input.capacity() < buffers.input_octets() {
            match self.input.capacity() {
                0 => self.input = buffers.input(),
                _ => self.input.reserve_exact(buffers.input_octets() - self.input.len()),
            }
        }
        if self.output.capacity() == 0 {
            self.output = buffers.output();
        }
    }

    fn reclaim(&mut self, buffers: &mut Buffers) {
        if self.input.len() == self.used {
            self.used = 0;
            buffers.keep_input(std::mem::take(&mut self.input));
        }
        if self.output.is_empty() {
            buffers.keep_output(std::mem::take(&mut self.output));
        }
    }
}
