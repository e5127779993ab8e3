//! Elements of lists, as they are written into the memory of a guest.

use crate::sandbox::bindings::contract::{Entry, Setting};

/// Where a string or list was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The address of the first octet.
    pub address: u32,
    /// Octets of the string, or elements of the list.
    pub length: u32,
}

impl Placed {
    fn octets(self) -> [u8; 8] {
        let [address, length] = [self.address, self.length].map(u32::to_le_bytes);
        let mut octets = [0; 8];
        octets[..4].copy_from_slice(&address);
        octets[4..].copy_from_slice(&length);
        octets
    }
}

/// A value that can be written as an element of a list.
pub trait Lower {
    /// Octets that it takes.
    const SIZE: usize;
    /// What its address is a multiple of.
    const ALIGN: usize;

    /// Writes it to `octets`, which are [`Lower::SIZE`], all 0; `place` puts a string into the
    /// memory.
    fn lower<E>(
        &self,
        octets: &mut [u8],
        place: impl FnMut(&str) -> Result<Placed, E>,
    ) -> Result<(), E>;
}

impl Lower for Setting {
    const SIZE: usize = 20;
    const ALIGN: usize = 4;

    fn lower<E>(
        &self,
        octets: &mut [u8],
        mut place: impl FnMut(&str) -> Result<Placed, E>,
    ) -> Result<(), E> {
        octets[..4].copy_from_slice(&self.line.to_le_bytes());
        octets[4..12].copy_from_slice(&place(&self.name)?.octets());
        octets[12..].copy_from_slice(&place(&self.value)?.octets());
        Ok(())
    }
}

impl Lower for Entry {
    const SIZE: usize = 40;
    const ALIGN: usize = 8;

    fn lower<E>(
        &self,
        octets: &mut [u8],
        mut place: impl FnMut(&str) -> Result<Placed, E>,
    ) -> Result<(), E> {
        octets[..8].copy_from_slice(&place(&self.name)?.octets());
        octets[8] = u8::from(self.directory);
        octets[16..24].copy_from_slice(&self.size.to_le_bytes());
        octets[24..32].copy_from_slice(&self.modified.seconds.to_le_bytes());
        octets[32..36].copy_from_slice(&self.modified.nanoseconds.to_le_bytes());
        Ok(())
    }
}
