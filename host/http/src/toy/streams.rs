//! The requests of a connection that have not ended.

use std::collections::VecDeque;

use crate::{FramedBody, Request};

/// Requests at a time; a further one is not read.
const STREAMS_MAX: usize = 100;

/// One request.
#[derive(Debug)]
pub struct Stream<F> {
    /// As the client calls it.
    pub id: u32,
    pub head: Vec<u8>,
    pub state: State<F>,
}

#[derive(Debug)]
pub enum State<F> {
    /// Being answered.
    Handled,
    Waiting(Request),
    Sending(FramedBody<F>),
    /// Given up with so many bytes left.
    Failed(u64),
}

impl<F> Stream<F> {
    /// Bytes of the body that are not in the output; none when no body is being sent.
    pub fn octets_left(&self) -> Option<u64> {
        match &self.state {
            State::Sending(body) => Some(body.octets_left()),
            State::Failed(octets_left) => Some(*octets_left),
            State::Handled | State::Waiting(_) => None,
        }
    }
}

/// The streams by number, and whose turn is next.
#[derive(Debug)]
pub struct Streams<F> {
    slots: Vec<Option<Stream<F>>>,
    /// Those that are sending, whose turn is next at the front.
    pub sending: VecDeque<u32>,
}

impl<F> Default for Streams<F> {
    fn default() -> Streams<F> {
        Streams { slots: Vec::new(), sending: VecDeque::new() }
    }
}

impl<F> Streams<F> {
    /// The number of a new stream.
    pub fn open(&mut self, id: u32, head: Vec<u8>) -> u32 {
        let stream = Some(Stream { id, head, state: State::Handled });
        let number = self.slots.iter().position(Option::is_none).unwrap_or(self.slots.len());
        if number == self.slots.len() {
            self.slots.push(stream);
        } else {
            self.slots[number] = stream;
        }
        number as u32
    }

    pub fn is_full(&self) -> bool {
        self.slots.iter().flatten().count() >= STREAMS_MAX
    }

    pub fn at(&self, number: u32) -> &Stream<F> {
        self.slots[number as usize].as_ref().expect("a stream that has not ended")
    }

    pub fn at_mut(&mut self, number: u32) -> &mut Stream<F> {
        self.slots[number as usize].as_mut().expect("a stream that has not ended")
    }

    pub fn get(&self, number: u32) -> Option<&Stream<F>> {
        self.slots.get(number as usize)?.as_ref()
    }

    pub fn end(&mut self, number: u32) {
        self.slots[number as usize] = None;
    }

    pub fn all(&self) -> impl Iterator<Item = &Stream<F>> {
        self.slots.iter().flatten()
    }
}
