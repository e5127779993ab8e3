//! The arithmetic of the allocator.

use core::cell::Cell;

/// The arithmetic of the allocator, over addresses that it never looks behind.
#[derive(Debug)]
pub(super) struct Bump {
    base: Cell<usize>,
    next: Cell<usize>,
    end: Cell<usize>,
    /// Blocks at or above the base.
    live: Cell<usize>,
}

impl Bump {
    /// An allocator without memory; it starts where the first growth puts it.
    pub(super) const fn new() -> Self {
        Self { base: Cell::new(0), next: Cell::new(0), end: Cell::new(0), live: Cell::new(0) }
    }

    /// Gives an allocator its first memory.
    pub(super) fn start(&self, start: usize, end: usize) {
        self.base.set(start);
        self.next.set(start);
        self.end.set(end);
    }

    /// Whether it has memory at all.
    pub(super) fn is_started(&self) -> bool {
        self.end.get() > 0
    }

    /// The address of a new block, if there is memory for it. `align` is a power of two. `grow` is
    /// asked for so many octets more, and says where the memory ends then.
    pub(super) fn allocate(
        &self,
        size: usize,
        align: usize,
        grow: impl FnOnce(usize) -> Option<usize>,
    ) -> Option<usize> {
        let mask = align - 1;
        let address = self.next.get().checked_add(mask)? & !mask;
        self.advance(address.checked_add(size)?, grow)?;
        self.live.set(self.live.get() + 1);
        Some(address)
    }

    /// Takes a block back. Its memory is used again at once if it is the last one, else when no
    /// block is live.
    pub(super) fn release(&self, address: usize, size: usize) {
        // What was live when the allocator was sealed stays.
        if address < self.base.get() {
            return;
        }
        self.live.set(self.live.get() - 1);
        if self.live.get() == 0 {
            self.next.set(self.base.get());
        } else if address + size == self.next.get() {
            self.next.set(address);
        }
    }

    /// Whether a block can have another size where it is. The last block can, and so can every
    /// block that shrinks.
    pub(super) fn resize(
        &self,
        address: usize,
        size: usize,
        new: usize,
        grow: impl FnOnce(usize) -> Option<usize>,
    ) -> bool {
        if address < self.base.get() || address + size != self.next.get() {
            return new <= size;
        }
        address.checked_add(new).and_then(|next| self.advance(next, grow)).is_some()
    }

    /// Nobody needs the blocks any more that are live now.
    pub(super) fn reset(&self) {
        self.next.set(self.base.get());
        self.live.set(0);
    }

    /// Keeps every live block for good.
    pub(super) fn seal(&self) {
        self.base.set(self.next.get());
        self.live.set(0);
    }

    fn advance(&self, next: usize, grow: impl FnOnce(usize) -> Option<usize>) -> Option<()> {
        if next > self.end.get() {
            self.end.set(grow(next - self.end.get()).filter(|&end| end >= next)?);
        }
        self.next.set(next);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;
    use std::vec::Vec;

    const START: usize = 100;

    fn bump(octets: usize) -> Bump {
        let bump = Bump::new();
        assert!(!bump.is_started());
        bump.start(START, START + octets);
        assert!(bump.is_started());
        bump
    }

    fn none(_: usize) -> Option<usize> {
        None
    }

    #[test]
    fn after_a_reset_all_starts_at_the_base_again() {
        let bump = bump(100);
        let kept = bump.allocate(10, 1, none);
        bump.seal();
        let answer = bump.allocate(20, 1, none);
        bump.allocate(30, 1, none);
        bump.reset();
        assert_eq!(bump.allocate(20, 1, none), answer);
        assert_eq!((kept, answer), (Some(START), Some(START + 10)));
    }

    #[test]
    fn blocks_are_aligned_and_apart() {
        let bump = bump(1_000);
        assert_eq!(bump.allocate(3, 1, none), Some(100));
        assert_eq!(bump.allocate(8, 8, none), Some(104));
        assert_eq!(bump.allocate(1, 64, none), Some(128));
    }

    #[test]
    fn memory_ends_where_it_ends() {
        assert_eq!(bump(8).allocate(7, 1, none), Some(START));
        assert_eq!(bump(8).allocate(8, 1, none), Some(START));
        assert_eq!(bump(8).allocate(9, 1, none), None);
        assert_eq!(bump(8).allocate(usize::MAX, 1, none), None);
        assert_eq!(bump(8).allocate(9, 1, |octets| Some(START + 8 + octets)), Some(START));
        assert_eq!(bump(8).allocate(9, 1, |_| Some(START + 8)), None, "grown too little");
        let bump = bump(8);
        assert_eq!(bump.allocate(9, 1, none), None);
        assert_eq!(bump.allocate(8, 1, none), Some(START), "a failure leaves no trace");
    }

    #[test]
    fn the_last_block_is_released_and_resized_in_place() {
        let bump = bump(100);
        bump.allocate(10, 1, none).unwrap();
        let last = bump.allocate(10, 1, none).unwrap();
        bump.release(last, 10);
        assert_eq!(bump.allocate(20, 1, none), Some(last));
        assert!(bump.resize(last, 20, 30, none));
        assert!(bump.resize(last, 30, 90, none));
        assert!(!bump.resize(last, 90, 91, none));
        assert!(bump.resize(last, 90, 91, |octets| Some(START + 100 + octets)));
        assert!(bump.resize(last, 91, 1, none));
        assert_eq!(bump.allocate(1, 1, none), Some(last + 1));
        assert!(!bump.resize(START, 10, 11, none), "not the last one");
        assert!(bump.resize(START, 10, 9, none));
    }

    #[test]
    fn without_live_blocks_it_starts_at_the_base_again() {
        let bump = bump(100);
        let blocks: Vec<_> = (0..5).map(|_| bump.allocate(10, 1, none).unwrap()).collect();
        for &block in &blocks {
            bump.release(block, 10);
        }
        assert_eq!(bump.allocate(10, 1, none), Some(START));
    }

    #[test]
    fn what_is_sealed_stays() {
        let bump = bump(100);
        let kept = bump.allocate(10, 1, none).unwrap();
        bump.seal();
        for _ in 0..3 {
            let one = bump.allocate(10, 1, none).unwrap();
            let other = bump.allocate(10, 1, none).unwrap();
            assert_eq!(one, START + 10);
            bump.release(kept, 10);
            bump.release(one, 10);
            assert_eq!(bump.allocate(10, 1, none), Some(START + 30), "the other one is live still");
            bump.release(other, 10);
            bump.release(START + 30, 10);
        }
        assert!(!bump.resize(kept, 10, 11, none));
        assert!(bump.resize(kept, 10, 9, none));
    }

    /// Random traffic over a plain arena: every block keeps what was written to it until it is
    /// released.
    #[test]
    fn no_block_touches_another() {
        let mut arena = vec![0u8; 1 << 20];
        let bump = Bump::new();
        bump.start(1, arena.len());
        let mut live: Vec<(usize, usize, u8)> = Vec::new();
        let mut state = 1u64;
        let mut random = move |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for step in 0..20_000 {
            let mark = step as u8;
            match random(4) {
                0 | 1 if live.len() < 20 => {
                    let (size, align) = (1 + random(200), 1 << random(5));
                    let address = bump
                        .allocate(size, align, none)
                        .unwrap_or_else(|| panic!("full at {step}"));
                    assert_eq!(address % align, 0);
                    arena[address..address + size].fill(mark);
                    live.push((address, size, mark));
                }
                2 if !live.is_empty() => {
                    let index = random(live.len());
                    let (address, size, _) = live[index];
                    let new = 1 + random(200);
                    if bump.resize(address, size, new, none) {
                        arena[address..address + new].fill(mark);
                        live[index] = (address, new, mark);
                    }
                }
                _ => {
                    let keep = if step % 50 == 0 { 0 } else { live.len().saturating_sub(1) };
                    while live.len() > keep {
                        let (address, size, _) = live.swap_remove(random(live.len()));
                        bump.release(address, size);
                    }
                }
            }
            for &(address, size, mark) in &live {
                assert!(arena[address..address + size].iter().all(|&o| o == mark), "step {step}");
            }
        }
    }
}
