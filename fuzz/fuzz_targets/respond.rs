//! See `fuzzing::targets::respond`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| fuzzing::targets::respond(octets));
