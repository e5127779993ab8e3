//! See `fuzzing::targets::parse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzzing::targets::parse(octets));
