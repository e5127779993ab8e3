//! Reads what callgrind wrote: instructions by the object file that they are in.
//!
//! The format is described in valgrind's manual ("Callgrind Format Specification"). Of it counts:
//! `ob=` names the object of the lines that follow, the line behind `calls=` has what a callee
//! took, which is counted where it is spent, and every other line that begins with a position ends
//! with a number of instructions.

use std::collections::HashMap;
use std::ops::{Add, Sub};

/// Instructions, by where they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Instructions {
    /// In code that was compiled while the program ran: the guest.
    pub guest: i64,
    /// In the program.
    pub host: i64,
    /// In libc, and whatever else is linked when the program starts.
    pub libc: i64,
}

impl Instructions {
    /// All of them.
    pub fn total(self) -> i64 {
        self.guest + self.host + self.libc
    }

    /// For one request of so many.
    pub fn each(self, count: usize) -> Instructions {
        let each = |sum: i64| (sum as f64 / count as f64).round() as i64;
        Instructions { guest: each(self.guest), host: each(self.host), libc: each(self.libc) }
    }
}

impl Add for Instructions {
    type Output = Instructions;

    fn add(self, other: Instructions) -> Instructions {
        Instructions {
            guest: self.guest + other.guest,
            host: self.host + other.host,
            libc: self.libc + other.libc,
        }
    }
}

impl Sub for Instructions {
    type Output = Instructions;

    fn sub(self, other: Instructions) -> Instructions {
        Instructions {
            guest: self.guest - other.guest,
            host: self.host - other.host,
            libc: self.libc - other.libc,
        }
    }
}

/// Where an object's instructions belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Guest,
    Host,
    Libc,
}

impl Part {
    fn of(object: &str) -> Part {
        let name = object.rsplit('/').next().unwrap_or_default();
        match name {
            // No object: nobody has loaded a file there.
            "" | "???" => Part::Guest,
            _ if name.contains(".so") => Part::Libc,
            _ => Part::Host,
        }
    }
}

/// Adds up what is in the file.
pub fn sum(text: &str) -> Instructions {
    let mut names: HashMap<&str, Part> = HashMap::new();
    let mut sum = Instructions::default();
    let (mut part, mut is_callee) = (Part::Guest, false);
    for line in text.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            // `(3) NAME` names it, `(3)` is that again.
            let (number, name) = object.split_once(' ').unwrap_or((object, ""));
            part = match name {
                "" => names.get(number).copied().unwrap_or(Part::of(number)),
                name => *names.entry(number).or_insert(Part::of(name)),
            };
        } else if let Some(callee) = line.strip_prefix("cob=") {
            if let Some((number, name)) = callee.split_once(' ') {
                names.entry(number).or_insert(Part::of(name));
            }
        } else if line.starts_with("calls=") {
            is_callee = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let count = line.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
            match part {
                _ if is_callee => {}
                Part::Guest => sum.guest += count,
                Part::Host => sum.host += count,
                Part::Libc => sum.libc += count,
            }
            is_callee = false;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# callgrind format\nversion: 1\nevents: Ir\n\nob=(1) /usr/lib/libc.so.6\nfn=(1) memcpy\n\
        0 5\n+3 2\n\nob=(2) /target/release/wasmhttpd\nfn=(2) serve\n10 100\ncob=(3) ???\ncfn=(3) 0x1234\n\
        calls=7 0\n* 5000\n11 10\n\nob=(3)\nfn=(3)\n0 5000\n\nob=(1)\n* 1\n\nsummary: 5118\ntotals: 5118\n";

    #[test]
    fn instructions_are_added_up_where_they_are() {
        let sum = sum(TEXT);
        assert_eq!(sum, Instructions { guest: 5000, host: 110, libc: 8 });
        assert_eq!(sum.total(), 5118);
    }

    #[test]
    fn a_difference_is_divided_among_requests() {
        let one = Instructions { guest: 100, host: 50, libc: 7 };
        let two = one + one + Instructions { guest: 0, host: 3, libc: 0 };
        assert_eq!((two - one).each(10), Instructions { guest: 10, host: 5, libc: 1 });
    }
}
