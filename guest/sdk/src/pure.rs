//! What keeps a guest with std from importing WASI (the feature `pure`).
//!
//! std reads the environment when it starts and prints when it panics, by two functions of the C
//! library; through these the whole of WASI's command line is linked. Here are two that do nothing,
//! so that a component imports only what its own code calls. A test asserts that it is nothing.
#![allow(unsafe_code, reason = "functions of the C library are replaced by name")]

use core::ffi::{c_char, c_int, c_void};
use core::ptr;

/// The environment is empty.
// SAFETY: it stands in for the function of the same name and type of the C library, which nobody
// else defines: the linker takes the first definition, and this is in front of the library.
#[unsafe(no_mangle)]
extern "C" fn getenv(_: *const c_char) -> *mut c_char {
    ptr::null_mut()
}

/// What is written is taken, and lost.
// SAFETY: as for `getenv`.
#[unsafe(no_mangle)]
extern "C" fn write(_: c_int, _: *const c_void, octets: usize) -> isize {
    octets.cast_signed()
}
