//! Names that components import and export: the contract's, with its version, and WASI's.

/// The version in the names below. It is a macro because `concat!` takes literals only.
macro_rules! version {
    () => {
        "0.1.0"
    };
}

/// The version of the contract that this host speaks.
pub const CONTRACT_VERSION: &str = version!();

/// The interface that makes a component a guest, in that version.
pub const HANDLER: &str = concat!("wasmhttpd:guest/handler@", version!());

/// The world of a guest, in that version.
pub const WORLD: &str = concat!("wasmhttpd:guest/guest@", version!());

/// The same interface without a version.
const INTERFACE: &str = "wasmhttpd:guest/handler";

/// The version of the contract in the name of its interface; empty if it has none. None: it is the
/// name of something else.
pub fn contract_version(name: &str) -> Option<&str> {
    match name.strip_prefix(INTERFACE)? {
        "" => Some(""),
        version => version.strip_prefix('@'),
    }
}

/// Whether guests of that version of the contract can be served. The Component Model has 0.1.1 as
/// 0.1.0 with more functions.
pub fn is_compatible(version: &str) -> bool {
    let series = CONTRACT_VERSION.rsplit_once('.').map_or(CONTRACT_VERSION, |(series, _)| series);
    version.strip_prefix(series).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether an import is one of WASI, the only imports that a guest may have.
pub fn is_wasi(import: &str) -> bool {
    import.starts_with("wasi:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_version_of_the_contract() {
        let wit = include_str!("../../../wit/handler.wit");
        assert!(wit.contains(&format!("package wasmhttpd:guest@{CONTRACT_VERSION};")));
        assert_eq!(HANDLER, format!("{INTERFACE}@{CONTRACT_VERSION}"));
        for name in [HANDLER, WORLD] {
            assert_eq!(name.split_once('@').map(|(_, version)| version), Some(CONTRACT_VERSION));
        }
        assert_eq!(contract_version(HANDLER), Some(CONTRACT_VERSION));
        assert_eq!(contract_version(INTERFACE), Some(""));
        assert_eq!(contract_version("wasmhttpd:guest/handlers@0.1.0"), None);
    }

    #[test]
    fn later_versions_of_the_same_series_are_served() {
        for (version, is_served) in [
            ("0.1.0", true),
            ("0.1.17", true),
            ("0.1", false),
            ("0.2.0", false),
            ("0.10.0", false),
            ("1.1.0", false),
            ("", false),
        ] {
            assert_eq!(is_compatible(version), is_served, "{version}");
        }
    }
}
