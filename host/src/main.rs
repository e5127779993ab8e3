//! The program: everything is in the library.

use std::process::ExitCode;

#[cfg(feature = "counting")]
compile_error!(
    "the feature `counting` is for the program wasmhttpd-counted alone, which serves nobody"
);

fn main() -> ExitCode {
    wasmhttpd::process::run()
}
