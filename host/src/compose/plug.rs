//! The handler of a guest as that of an adapter: two components become one.

use wac_graph::types::{Package, SubtypeChecker};
use wac_graph::{CompositionGraph, EncodeOptions, PackageId};

use crate::sandbox::{HANDLER, contract_version, is_wasi};
use crate::text::{chain, readable};

/// Why two components do not become one.
#[derive(Debug, thiserror::Error)]
pub enum PlugError {
    /// The octets are no component.
    #[error("it is not a WebAssembly component: {0} (try a file such as `wasmhttpd guest` writes)")]
    NotAComponent(String),
    /// It exports no handler.
    #[error("it is not a guest: it does not export {HANDLER} (it exports {0})")]
    NotAGuest(String),
    /// It exports the handler of another version.
    #[error("it exports {0}, not {HANDLER} (try the wasmhttpd of that version)")]
    Version(String),
    /// It needs another guest behind it.
    #[error(
        "it is middleware: it imports {HANDLER} itself (try it with a guest plugged into it, as \
         `wac plug` does)"
    )]
    Middleware,
    /// It imports what no host of adapters has.
    #[error("it imports {0}, but a guest may import nothing except WASI")]
    Import(String),
    /// Its handler has other types than the contract.
    #[error("its {HANDLER} is not that of the contract: {0}")]
    WrongTypes(String),
    /// The whole cannot be made, though its parts fit.
    #[error("the components do not fit together: {0}")]
    Unfit(String),
}

/// One component that exports what `adapter` does, with the handler of `guest`, and imports what
/// either does besides.
///
/// # Errors
/// The first thing about the guest that does not fit.
pub fn plug(adapter: &[u8], guest: &[u8]) -> Result<Vec<u8>, PlugError> {
    let mut graph = CompositionGraph::new();
    let guest = register(&mut graph, "guest", guest)?;
    check(&graph, guest)?;
    let adapter = register(&mut graph, "adapter", adapter)?;
    check_types(&graph, guest, adapter)?;
    wac_graph::plug(&mut graph, vec![guest], adapter).map_err(|error| unfit(error.into()))?;
    graph.encode(EncodeOptions::default()).map_err(|error| unfit(error.into()))
}

fn register(
    graph: &mut CompositionGraph,
    name: &str,
    component: &[u8],
) -> Result<PackageId, PlugError> {
    let package = Package::from_bytes(name, None, component, graph.types_mut())
        .map_err(|error| PlugError::NotAComponent(chain(&error)))?;
    graph.register_package(package).map_err(|error| unfit(error.into()))
}

/// Compares the names of exports and imports with the contract.
fn check(graph: &CompositionGraph, guest: PackageId) -> Result<(), PlugError> {
    let world = &graph.types()[graph[guest].ty()];
    if !world.exports.contains_key(HANDLER) {
        let other = world.exports.keys().find(|name| contract_version(name).is_some());
        return Err(match other {
            Some(other) => PlugError::Version(readable(other)),
            None => PlugError::NotAGuest(match world.exports.keys().next() {
                Some(name) => readable(name),
                None => "nothing".into(),
            }),
        });
    }
    match world.imports.keys().find(|name| !is_wasi(name)) {
        None => Ok(()),
        Some(name) if name == HANDLER => Err(PlugError::Middleware),
        Some(name) => Err(PlugError::Import(readable(name))),
    }
}

/// Compares the types of the two handlers.
fn check_types(
    graph: &CompositionGraph,
    guest: PackageId,
    adapter: PackageId,
) -> Result<(), PlugError> {
    let types = graph.types();
    let exported = types[graph[guest].ty()].exports.get(HANDLER);
    let imported = types[graph[adapter].ty()].imports.get(HANDLER);
    let (Some(exported), Some(imported)) = (exported, imported) else {
        return Err(PlugError::Unfit(format!("the adapter does not import {HANDLER}")));
    };
    SubtypeChecker::new(&mut Default::default())
        .is_subtype(*exported, types, *imported, types)
        .map_err(|error| PlugError::WrongTypes(chain(&error)))
}

fn unfit(error: anyhow::Error) -> PlugError {
    PlugError::Unfit(chain(&error))
}
