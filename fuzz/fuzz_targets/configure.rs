//! See `fuzzing::targets::configure`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzzing::targets::configure(octets));
