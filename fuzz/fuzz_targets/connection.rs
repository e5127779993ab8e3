//! See `fuzzing::targets::connection`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzzing::targets::connection(octets));
