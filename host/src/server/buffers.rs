//! Buffers that connections borrow while they have octets in hand.

/// Buffers kept for the next borrower; more than are in use in one turn are not worth their memory.
const KEPT_MAX: usize = 64;

/// A buffer that grew beyond this is not kept, in octets.
const KEPT_OCTETS_MAX: usize = 128 << 10;

/// The buffers of a worker that nobody uses at the moment.
#[derive(Debug)]
pub struct Buffers {
    free: Vec<Vec<u8>>,
    octets: usize,
}

impl Buffers {
    /// Buffers of at least `octets`.
    pub fn new(octets: usize) -> Buffers {
        Buffers { free: Vec::new(), octets }
    }

    /// An empty buffer.
    pub fn take(&mut self) -> Vec<u8> {
        self.free.pop().unwrap_or_else(|| Vec::with_capacity(self.octets))
    }

    /// Keeps `buffer` for the next borrower, or frees it.
    pub fn give(&mut self, mut buffer: Vec<u8>) {
        let fits = (self.octets..=self.octets.max(KEPT_OCTETS_MAX)).contains(&buffer.capacity());
        if fits && self.free.len() < KEPT_MAX {
            buffer.clear();
            self.free.push(buffer);
        }
    }
}
