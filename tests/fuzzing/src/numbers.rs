//! Numbers that look random and are the same in every run, so that a failure can be repeated.

/// A sequence of numbers (xorshift64).
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Every seed but 0 begins another sequence.
    pub fn new(seed: u64) -> Numbers {
        assert_ne!(seed, 0, "zeros only would follow");
        Numbers(seed)
    }

    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The next number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next_number() % limit as u64) as usize
    }

    /// Whether something is to happen that happens once in so many times.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// So many octets.
    pub fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next_number() >> 32) as u8).collect()
    }
}
