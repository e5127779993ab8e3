//! Many octets at once: what is asked of each of them is answered by a mask, whose lowest bit is
//! the first octet's.
//!
//! In WebAssembly sixteen octets are a vector of the machine's; on other targets they are two
//! words, and the answers are the same.

/// How many octets a vector has.
const LANES: usize = 16;

/// Vectors in a row. A loop over long ones has few turns, each of which costs as much as a look at
/// some vectors: a guest's deadline is checked at every turn.
#[derive(Debug, Clone, Copy)]
pub struct Block<const VECTORS: usize>([Vector; VECTORS]);

/// Sixteen octets.
pub type Short = Block<1>;

/// Sixty-four octets.
pub type Long = Block<4>;

impl<const VECTORS: usize> Block<VECTORS> {
    /// How many octets it has.
    pub const OCTETS: usize = VECTORS * LANES;

    /// Those that begin at `at`, if there are so many.
    #[inline]
    pub fn at(octets: &[u8], at: usize) -> Option<Self> {
        let octets = octets.get(at..at.checked_add(Self::OCTETS)?)?;
        let (vectors, _) = octets.as_chunks::<LANES>();
        Some(Self(core::array::from_fn(|index| load(&vectors[index]))))
    }

    /// Which are `OCTET`.
    #[inline]
    pub fn equal<const OCTET: u8>(&self) -> u64 {
        self.mask(equal::<OCTET>)
    }

    /// Which are control octets: below 0x20, or DEL.
    #[inline]
    pub fn controls(&self) -> u64 {
        self.mask(|vector| or(below::<0x20>(vector), equal::<0x7f>(vector)))
    }

    /// Which are blanks or control octets, DEL excepted.
    #[inline]
    pub fn up_to_blank(&self) -> u64 {
        self.mask(below::<0x21>)
    }

    /// Which are letters or hyphens.
    #[inline]
    pub fn words(&self) -> u64 {
        self.mask(|vector| or(letters(vector), equal::<b'-'>(vector)))
    }

    /// Which are letters, digits, `-`, `.`, `/` or `_`: what nearly all names and paths are made
    /// of.
    #[inline]
    pub fn plain(&self) -> u64 {
        self.mask(|vector| {
            // Hyphen, dot, slash and the digits follow one another.
            let others = or(between::<b'-', b'9'>(vector), equal::<b'_'>(vector));
            or(letters(vector), others)
        })
    }

    /// Whether all are below 0x80.
    #[inline]
    pub fn is_ascii(&self) -> bool {
        let [first, rest @ ..] = &self.0[..] else { return true };
        mask(rest.iter().fold(*first, |all, vector| or(all, *vector))) == 0
    }

    /// Whether both have the same octets.
    #[inline]
    pub fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&other.0).map(|(one, other)| same(*one, *other));
        let Some(first) = pairs.next() else { return true };
        mask(pairs.fold(first, and)) == u16::MAX
    }

    #[inline]
    fn mask(&self, holds: impl Fn(Vector) -> Vector) -> u64 {
        let masks = self.0.iter().rev().map(|vector| u64::from(mask(holds(*vector))));
        masks.fold(0, |all, mask| all << LANES | mask)
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use vector::{Vector, and, below, between, equal, letters, load, mask, or, same};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use words::{Vector, and, below, between, equal, letters, load, mask, or, same};

/// A yes is the highest bit of an octet. Sums and differences in place of comparisons of numbers
/// without a sign: those are four instructions of x86-64 each.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use super::LANES;
    use core::arch::wasm32::{
        i8x16_bitmask, i8x16_eq, u8x16_add, u8x16_splat, u8x16_sub, u64x2, v128, v128_and,
        v128_andnot, v128_or,
    };

    pub type Vector = v128;

    #[inline]
    pub fn load(octets: &[u8; LANES]) -> Vector {
        // The compiler makes one load of this.
        let number = u128::from_le_bytes(*octets);
        u64x2(number as u64, (number >> 64) as u64)
    }

    #[inline]
    pub fn below<const LIMIT: u8>(vector: Vector) -> Vector {
        const { assert!(LIMIT <= 0x80) };
        // Negative where it is below, and among some that are above 0x7f.
        v128_andnot(u8x16_sub(vector, u8x16_splat(LIMIT)), vector)
    }

    #[inline]
    pub fn equal<const OCTET: u8>(vector: Vector) -> Vector {
        i8x16_eq(vector, u8x16_splat(OCTET))
    }

    #[inline]
    pub fn between<const FIRST: u8, const LAST: u8>(vector: Vector) -> Vector {
        const { assert!(FIRST <= LAST && LAST < 0x80) };
        let at_least = u8x16_add(vector, u8x16_splat(0x80 - FIRST));
        let at_most = u8x16_sub(vector, u8x16_splat(LAST + 1));
        // Above 0x7f the former is negative for 0x80 + what is below FIRST, the latter for what is
        // above LAST.
        v128_and(at_least, at_most)
    }

    #[inline]
    pub fn letters(vector: Vector) -> Vector {
        between::<b'a', b'z'>(v128_or(vector, u8x16_splat(0x20)))
    }

    #[inline]
    pub fn same(one: Vector, other: Vector) -> Vector {
        i8x16_eq(one, other)
    }

    #[inline]
    pub fn or(one: Vector, other: Vector) -> Vector {
        v128_or(one, other)
    }

    #[inline]
    pub fn and(one: Vector, other: Vector) -> Vector {
        v128_and(one, other)
    }

    /// The highest bits of the octets.
    #[inline]
    pub fn mask(vector: Vector) -> u16 {
        i8x16_bitmask(vector)
    }
}

/// A yes is the highest bit of an octet. No sum reaches the next octet, because the highest bits
/// are out of the way.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod words {
    use super::LANES;
    use core::array;

    pub type Vector = [u64; 2];

    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;

    #[inline]
    pub fn load(octets: &[u8; LANES]) -> Vector {
        let number = u128::from_le_bytes(*octets);
        [number as u64, (number >> 64) as u64]
    }

    #[inline]
    pub fn below<const LIMIT: u8>(vector: Vector) -> Vector {
        const { assert!(LIMIT <= 0x80) };
        vector.map(|word| !(at_least(word, LIMIT) | word))
    }

    #[inline]
    pub fn equal<const OCTET: u8>(vector: Vector) -> Vector {
        same(vector, [ONES * u64::from(OCTET); 2])
    }

    #[inline]
    pub fn between<const FIRST: u8, const LAST: u8>(vector: Vector) -> Vector {
        const { assert!(LAST < 0x80) };
        vector.map(|word| at_least(word, FIRST) & !at_least(word, LAST + 1) & !word)
    }

    #[inline]
    pub fn letters(vector: Vector) -> Vector {
        between::<b'a', b'z'>(vector.map(|word| word | (ONES * 0x20)))
    }

    #[inline]
    pub fn same(one: Vector, other: Vector) -> Vector {
        array::from_fn(|half| {
            let apart = one[half] ^ other[half];
            !(at_least(apart, 1) | apart)
        })
    }

    /// Of octets below 0x80, those that are not below `limit`.
    #[inline]
    fn at_least(word: u64, limit: u8) -> u64 {
        (word & !HIGHS) + ONES * u64::from(0x80 - limit)
    }

    #[inline]
    pub fn or(one: Vector, other: Vector) -> Vector {
        array::from_fn(|half| one[half] | other[half])
    }

    #[inline]
    pub fn and(one: Vector, other: Vector) -> Vector {
        array::from_fn(|half| one[half] & other[half])
    }

    /// The highest bits of the octets.
    #[inline]
    pub fn mask(vector: Vector) -> u16 {
        // Adds each of eight bits, eight apart, to the highest octet, one apart.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let [low, high] =
            vector.map(|word| (((word & HIGHS) >> 7).wrapping_mul(GATHER) >> 56) as u16);
        low | high << 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[track_caller]
    fn holds<const VECTORS: usize>(
        answer: impl Fn(&Block<VECTORS>) -> u64,
        is: impl Fn(u8) -> bool,
    ) {
        for octet in 0..=255u8 {
            for filler in [b'a', b'Z', b'-', b' ', b'\r', 0, 0x7f, 0x80, 0xff] {
                for position in 0..Block::<VECTORS>::OCTETS {
                    let mut octets = vec![filler; Block::<VECTORS>::OCTETS];
                    octets[position] = octet;
                    let bits = octets.iter().rev();
                    let expected = bits.fold(0, |mask, &o| mask << 1 | u64::from(is(o)));
                    assert_eq!(answer(&Block::at(&octets, 0).unwrap()), expected, "{octets:x?}");
                }
            }
        }
    }

    #[test]
    fn each_octet_has_its_bit() {
        holds(Short::controls, |o| o.is_ascii_control());
        holds(Long::controls, |o| o.is_ascii_control());
        holds(Long::up_to_blank, |o| o <= b' ');
        holds(Short::words, |o| o.is_ascii_alphabetic() || o == b'-');
        holds(Long::equal::<b'\r'>, |o| o == b'\r');
        holds(Long::plain, |o| o.is_ascii_alphanumeric() || b"-./_".contains(&o));
    }

    #[test]
    fn a_block_is_ascii_if_all_octets_are() {
        let mut octets = [0x7f; Long::OCTETS];
        assert!(Long::at(&octets, 0).unwrap().is_ascii());
        for position in 0..octets.len() {
            octets[position] = 0x80;
            assert!(!Long::at(&octets, 0).unwrap().is_ascii());
            octets[position] = 0;
        }
    }

    #[test]
    fn one_octet_apart_is_not_the_same() {
        let octets = [0x80; Long::OCTETS];
        let block = Long::at(&octets, 0).unwrap();
        assert!(block.is_same(&block));
        for position in 0..octets.len() {
            for octet in [0, 0x81, 0x7f] {
                let mut other = octets;
                other[position] = octet;
                assert!(!block.is_same(&Long::at(&other, 0).unwrap()));
            }
        }
    }

    #[test]
    fn there_is_a_block_only_where_there_are_enough_octets() {
        let octets = [0; Short::OCTETS + 1];
        assert!(Short::at(&octets, 1).is_some());
        assert!(Short::at(&octets, 2).is_none());
        assert!(Short::at(&octets, usize::MAX).is_none());
        assert!(Long::at(&octets, 0).is_none());
    }
}
