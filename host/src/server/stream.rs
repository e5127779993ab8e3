//! What belongs to one request and not to its connection.
//!
//! In HTTP/1.1 a connection has one of these at a time; in HTTP/2 it will have many.

use std::slice;

use super::handled::Paused;
use super::journal::Entry;
use super::reader::Ticket;

/// See the module.
#[derive(Default)]
pub struct Stream {
    /// A directory is being read for it.
    pub waiting: Option<Waiting>,
    /// Its response is being sent, and told of when that ends.
    pub entry: Option<Entry>,
    /// The file of its response was looked at in this turn.
    pub looked_at: bool,
}

/// The streams of a connection, by the numbers that its protocol gives them.
pub trait Streams: Default {
    /// The stream of this number.
    fn at(&mut self, number: u32) -> &mut Stream;

    /// All of them, in the order of their numbers.
    fn all(&mut self) -> &mut [Stream];
}

/// The stream of a connection that has one at a time.
impl Streams for Stream {
    #[inline]
    fn at(&mut self, _: u32) -> &mut Stream {
        self
    }

    #[inline]
    fn all(&mut self) -> &mut [Stream] {
        slice::from_mut(self)
    }
}

/// Streams of a connection that has many: they are made when they are first used.
impl Streams for Vec<Stream> {
    fn at(&mut self, number: u32) -> &mut Stream {
        let index = number as usize;
        if index >= self.len() {
            self.resize_with(index + 1, Stream::default);
        }
        &mut self[index]
    }

    fn all(&mut self) -> &mut [Stream] {
        self
    }
}

/// A request that goes on when the reader is done.
pub struct Waiting {
    /// The right to what is read.
    pub ticket: Ticket,
    /// What goes on.
    pub paused: Box<Paused>,
}
