//! What the tests and the fuzzers have in common: inputs, and what must hold for each of them.

pub mod cases;
