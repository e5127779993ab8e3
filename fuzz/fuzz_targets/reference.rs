//! See `fuzzing::targets::reference`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzzing::targets::reference(octets));
