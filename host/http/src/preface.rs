//! Which protocol a connection speaks, by its first bytes.

use crate::toy;

/// What the first bytes of a connection say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preface {
    /// Nothing yet.
    Incomplete,
    /// HTTP/1.1, or nothing that is known.
    Http1,
    /// TOY/1.
    Toy,
}

impl Preface {
    /// What `input` says, which is all that has arrived.
    pub fn of(input: &[u8]) -> Preface {
        if input.starts_with(toy::PREFACE) {
            Preface::Toy
        } else if toy::PREFACE.starts_with(input) {
            Preface::Incomplete
        } else {
            Preface::Http1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preface_is_known_by_its_last_byte() {
        for (input, expected) in [
            (&b""[..], Preface::Incomplete),
            (b"TOY/1", Preface::Incomplete),
            (b"TOY/1\n", Preface::Toy),
            (b"TOY/1\n1 2", Preface::Toy),
            (b"TOY/1\r", Preface::Http1),
            (b"TRACE", Preface::Http1),
            (b"G", Preface::Http1),
        ] {
            assert_eq!(Preface::of(input), expected);
        }
    }
}
