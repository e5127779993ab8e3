//! The default guest as the component that is built into the server: small, without std, and with
//! an allocator that a request leaves as it found it.

#![no_std]

wasmhttpd_sdk::handler!(wasmhttpd_sdk::Site);
