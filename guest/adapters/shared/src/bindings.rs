//! What wit-bindgen writes, alone in a file.

#![allow(
    missing_docs,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]

wit_bindgen::generate!({
    path: "../../../wit",
    inline: "
        package wasmhttpd:adapter;

        world adapter {
            import wasmhttpd:guest/handler@0.1.0;
        }
    ",
    world: "adapter",
    generate_all,
});

pub use wasmhttpd::guest::handler;
