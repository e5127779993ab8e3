//! What wit-bindgen writes, alone in a file.

#![allow(missing_docs, unsafe_code, clippy::all)]

wit_bindgen::generate!({ path: "../../../../wit", world: "guest" });
