//! Buffers that connections borrow while they have octets in hand.

/// Buffers of a kind kept for the next borrower; more than are in use in one turn are not worth
/// their memory.
const KEPT_MAX: usize = 64;

/// An output that grew beyond this is not kept, in octets.
const OUTPUT_OCTETS_KEPT_MAX: usize = 128 << 10;

/// Room that an output has at first, in octets.
const OUTPUT_OCTETS: usize = 4 << 10;

/// The buffers of a worker that nobody uses at the moment. Inputs and outputs are kept apart: an
/// output grows with an answer, while many inputs may be held for long by slow clients.
#[derive(Debug, Default)]
pub struct Buffers {
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    input_octets: usize,
}

impl Buffers {
    /// Inputs have room for `input_octets`.
    pub fn new(input_octets: usize) -> Buffers {
        Buffers { inputs: Vec::new(), outputs: Vec::new(), input_octets }
    }

    /// Inputs have room for `input_octets` from now on; those held by connections grow when they
    /// are lent to next.
    pub fn resize_inputs(&mut self, input_octets: usize) {
        self.inputs.clear();
        self.input_octets = input_octets;
    }

    /// Octets that an input has room for at least.
    pub fn input_octets(&self) -> usize {
        self.input_octets
    }

    /// An empty buffer to receive into.
    pub fn input(&mut self) -> Vec<u8> {
        self.inputs.pop().unwrap_or_else(|| Vec::with_capacity(self.input_octets))
    }

    /// An empty buffer to send from.
    pub fn output(&mut self) -> Vec<u8> {
        self.outputs.pop().unwrap_or_else(|| Vec::with_capacity(OUTPUT_OCTETS))
    }

    /// Keeps an input for the next borrower, or frees it.
    pub fn keep_input(&mut self, input: Vec<u8>) {
        if input.capacity() >= self.input_octets {
            keep(&mut self.inputs, input, self.input_octets);
        }
    }

    /// Keeps an output for the next borrower, or frees it.
    pub fn keep_output(&mut self, output: Vec<u8>) {
        keep(&mut self.outputs, output, OUTPUT_OCTETS_KEPT_MAX);
    }
}

fn keep(kept: &mut Vec<Vec<u8>>, mut buffer: Vec<u8>, octets_max: usize) {
    if (1..=octets_max).contains(&buffer.capacity()) && kept.len() < KEPT_MAX {
        buffer.clear();
        kept.push(buffer);
    }
}
