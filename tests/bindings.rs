//! The SDK's bindings, which are generated and committed.

use std::fs;
use std::path::Path;

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

/// Where they are, below the repository.
const FILE: &str = "guest/sdk/src/bindings/generated.rs";

/// What wit-bindgen makes of the contract.
fn generated(wit: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).expect("the contract");
    let world = resolve.select_world(&[package], Some("middleware")).expect("its world");
    let options = Opts {
        format: true,
        // The handler imported and the one exported have the same types.
        merge_structurally_equal_types: Some(Some(true)),
        pub_export_macro: true,
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).expect("bindings");
    let (_, octets) = files.iter().next().expect("a file");
    String::from_utf8(octets.to_vec()).expect("text")
}

/// `WASMHTTPD_BLESS=1` writes them anew.
#[test]
fn the_committed_bindings_are_those_of_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (file, generated) = (root.join(FILE), generated(&root.join("wit")));
    if std::env::var_os("WASMHTTPD_BLESS").is_some() {
        fs::write(&file, &generated).expect("a file of the checkout");
    }
    let committed = fs::read_to_string(&file).expect("a file of the checkout");
    assert!(committed == generated, "{FILE} is of another contract (try WASMHTTPD_BLESS=1)");
}
