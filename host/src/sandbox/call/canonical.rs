//! Values of the contract in the memory of a guest, as the canonical ABI of the Component Model
//! lays them out.
//!
//! Sizes, alignments and offsets follow from the types in `wit/` by the rules of the canonical ABI:
//! a record is its fields in order, each at the next multiple of its alignment; a variant is its
//! case in one octet, and behind it, at the alignment of all payloads, the payload; a string or
//! list is where it is and how long.
//!
//! Nothing in that memory is believed: what lies outside of it, is not aligned, no UTF-8, or no
//! case is a [`Breach::Malformed`], and so is what would make the host copy too much.

mod lower;

use crate::sandbox::bindings::contract::{
    Action, Content, Directories, Fallback, Lookup, Parsed, Part, Persistence, Problem, Response,
    Slice, Trouble,
};
use crate::sandbox::error::Breach;

pub use self::lower::{Lower, Placed};

/// A value that can be read.
pub trait Lift: Sized {
    /// Octets that it takes.
    const SIZE: usize;
    /// What its address is a multiple of.
    const ALIGN: usize;

    /// Reads it from `octets`, which are [`Lift::SIZE`].
    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Self, Breach>;
}

/// The memory of a guest, and how much of it may be copied.
pub struct Memory<'a> {
    octets: &'a [u8],
    /// Octets of host memory that may still be made of it.
    allowance: usize,
}

impl<'a> Memory<'a> {
    /// What is read from `octets` takes at most `allowance` of the host's memory.
    pub fn new(octets: &'a [u8], allowance: usize) -> Memory<'a> {
        Memory { octets, allowance }
    }

    /// The value at `address`.
    pub fn read<T: Lift>(&mut self, address: u32) -> Result<T, Breach> {
        T::lift(self.run(address, T::SIZE, T::ALIGN)?, self)
    }

    /// So many octets.
    fn run(&self, address: u32, length: usize, align: usize) -> Result<&'a [u8], Breach> {
        let start = address as usize;
        if !start.is_multiple_of(align) {
            return Err(malformed("an address that is not aligned"));
        }
        let end = start.checked_add(length);
        let octets = end.and_then(|end| self.octets.get(start..end));
        octets.ok_or_else(|| malformed("an address outside of memory"))
    }

    /// Counts what is about to be allocated.
    fn pay(&mut self, octets: usize) -> Result<(), Breach> {
        let left = self.allowance.checked_sub(octets);
        self.allowance = left.ok_or_else(|| malformed("more than the host will copy"))?;
        Ok(())
    }
}

/// Values that cannot be read, or memory that is none.
pub fn malformed(what: &str) -> Breach {
    Breach::Malformed(what.into())
}

/// The rest of `octets` from an offset on.
fn from<const SIZE: usize>(octets: &[u8], offset: usize) -> [u8; SIZE] {
    *octets[offset..].first_chunk().expect("a field lies within its record")
}

fn u16_at(octets: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(from(octets, offset))
}

fn u32_at(octets: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(from(octets, offset))
}

fn u64_at(octets: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(from(octets, offset))
}

/// A field of a record, or the payload of a variant.
fn at<T: Lift>(octets: &[u8], offset: usize, memory: &mut Memory<'_>) -> Result<T, Breach> {
    T::lift(&octets[offset..offset + T::SIZE], memory)
}

/// The case of an enum, of all that it has in the order of the contract.
fn one_of<T: Copy>(octets: &[u8], cases: &[T]) -> Result<T, Breach> {
    cases.get(usize::from(octets[0])).map_or_else(|| no_case(octets[0]), |case| Ok(*case))
}

fn no_case<T>(case: u8) -> Result<T, Breach> {
    Err(Breach::Malformed(format!("the case {case} of a type that has fewer")))
}

impl Lift for String {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<String, Breach> {
        let text = memory.run(u32_at(octets, 0), u32_at(octets, 4) as usize, 1)?;
        memory.pay(text.len())?;
        match simdutf8::compat::from_utf8(text) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(Breach::Malformed(format!("a string with {error}"))),
        }
    }
}

impl<T: Lift> Lift for Vec<T> {
    const SIZE: usize = 8;
    const ALIGN: usize = 4;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Vec<T>, Breach> {
        let count = u32_at(octets, 4) as usize;
        let length =
            count.checked_mul(T::SIZE).ok_or_else(|| malformed("an address outside of memory"))?;
        let elements = memory.run(u32_at(octets, 0), length, T::ALIGN)?;
        memory.pay(count.saturating_mul(size_of::<T>()))?;
        let mut list = Vec::with_capacity(count);
        for element in elements.chunks_exact(T::SIZE) {
            list.push(T::lift(element, memory)?);
        }
        Ok(list)
    }
}

impl Lift for Trouble {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;

    fn lift(octets: &[u8], _: &mut Memory<'_>) -> Result<Trouble, Breach> {
        one_of(octets, &[Trouble::Missing, Trouble::Forbidden, Trouble::Failed, Trouble::Busy])
    }
}

impl Lift for Fallback {
    const SIZE: usize = 12;
    const ALIGN: usize = 4;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Fallback, Breach> {
        Ok(Fallback { after: at(octets, 0, memory)?, path: at(octets, 4, memory)? })
    }
}

impl Lift for Directories {
    const SIZE: usize = 1;
    const ALIGN: usize = 1;

    fn lift(octets: &[u8], _: &mut Memory<'_>) -> Result<Directories, Breach> {
        one_of(octets, &[Directories::Find, Directories::Read, Directories::Forbid])
    }
}

impl Lift for Lookup {
    const SIZE: usize = 28;
    const ALIGN: usize = 4;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Lookup, Breach> {
        Ok(Lookup {
            site: at(octets, 0, memory)?,
            candidates: at(octets, 8, memory)?,
            fallbacks: at(octets, 16, memory)?,
            directories: at(octets, 24, memory)?,
        })
    }
}

impl Lift for Action {
    const SIZE: usize = 48;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Action, Breach> {
        match octets[0] {
            0 => Ok(Action::LookUp(at(octets, 8, memory)?)),
            1 => Ok(Action::Answer(at(octets, 8, memory)?)),
            case => no_case(case),
        }
    }
}

impl Lift for Persistence {
    const SIZE: usize = 16;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], _: &mut Memory<'_>) -> Result<Persistence, Breach> {
        match octets[0] {
            0 => Ok(Persistence::KeepAlive(u64_at(octets, 8))),
            1 => Ok(Persistence::Close),
            case => no_case(case),
        }
    }
}

impl Lift for Parsed {
    const SIZE: usize = 64;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Parsed, Breach> {
        Ok(Parsed { action: at(octets, 0, memory)?, persistence: at(octets, 48, memory)? })
    }
}

impl Lift for Slice {
    const SIZE: usize = 16;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], _: &mut Memory<'_>) -> Result<Slice, Breach> {
        Ok(Slice { start: u64_at(octets, 0), length: u64_at(octets, 8) })
    }
}

impl Lift for Part {
    const SIZE: usize = 24;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Part, Breach> {
        match octets[0] {
            0 => Ok(Part::Text(at(octets, 8, memory)?)),
            1 => Ok(Part::Slice(at(octets, 8, memory)?)),
            case => no_case(case),
        }
    }
}

impl Lift for Content {
    const SIZE: usize = 24;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Content, Breach> {
        match octets[0] {
            0 => Ok(Content::Empty),
            1 => Ok(Content::Text(at(octets, 8, memory)?)),
            2 => {
                let octets = memory.run(u32_at(octets, 8), u32_at(octets, 12) as usize, 1)?;
                memory.pay(octets.len())?;
                Ok(Content::Octets(octets.to_vec()))
            }
            3 => Ok(Content::Slice(at(octets, 8, memory)?)),
            4 => Ok(Content::Parts(at(octets, 8, memory)?)),
            case => no_case(case),
        }
    }
}

impl Lift for Response {
    const SIZE: usize = 40;
    const ALIGN: usize = 8;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Response, Breach> {
        Ok(Response {
            status: u16_at(octets, 0),
            fields: at(octets, 4, memory)?,
            content: at(octets, 16, memory)?,
        })
    }
}

impl Lift for Problem {
    const SIZE: usize = 12;
    const ALIGN: usize = 4;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Problem, Breach> {
        Ok(Problem { line: u32_at(octets, 0), reason: at(octets, 4, memory)? })
    }
}

/// What `configure` returns.
impl Lift for Result<(), Vec<Problem>> {
    const SIZE: usize = 12;
    const ALIGN: usize = 4;

    fn lift(octets: &[u8], memory: &mut Memory<'_>) -> Result<Self, Breach> {
        match octets[0] {
            0 => Ok(Ok(())),
            1 => Ok(Err(at(octets, 4, memory)?)),
            case => no_case(case),
        }
    }
}
