//! Bindings generated from `wit/`: the types of the contract, and how a guest is called.
#![allow(missing_docs, reason = "the documentation is the WIT's")]

wasmtime::component::bindgen!({ path: "../wit", world: "guest" });

pub use exports::wasmhttpd::guest::handler as contract;
