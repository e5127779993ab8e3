//! What a component says of itself: the names that it imports and exports.
//!
//! Read from its octets, before anything is compiled, so that it can be said even of what does not
//! fit: whether it really is what it says comes out when it is loaded.

use wasmparser::{Encoding, Parser, Payload};

use super::names::{CONTRACT_VERSION, contract_version, is_compatible};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// What the octets are.
    pub kind: Kind,
    /// Names of what is imported, in the order of the file.
    pub imports: Vec<String>,
    /// Names of what is exported, likewise.
    pub exports: Vec<String>,
}

/// What octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// What components are made of.
    CoreModule,
    /// No WebAssembly, or not all of it.
    Unreadable,
}

/// The worlds of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Handles requests by itself.
    Guest,
    /// Stands in front of a guest.
    Middleware,
}

/// A version of the contract beside the one of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// An earlier one.
    Older,
    /// This one.
    Same,
    /// A later one.
    Newer,
}

impl Outline {
    /// The outline of `octets`. Of what cannot be read to its end, there are the names up to there.
    pub fn of(octets: &[u8]) -> Outline {
        let mut outline =
            Outline { kind: Kind::Unreadable, imports: Vec::new(), exports: Vec::new() };
        if outline.read(octets).is_none() {
            outline.kind = Kind::Unreadable;
        }
        outline
    }

    /// None: they are not what they seemed to be.
    fn read(&mut self, octets: &[u8]) -> Option<()> {
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(octets) {
            match payload.ok()? {
                Payload::Version { encoding, .. } => {
                    if depth == 0 {
                        self.kind = match encoding {
                            Encoding::Component => Kind::Component,
                            Encoding::Module => Kind::CoreModule,
                        };
                    }
                    depth += 1;
                }
                Payload::End(_) => depth = depth.checked_sub(1)?,
                Payload::ComponentImportSection(imports) if depth == 1 => {
                    for import in imports {
                        self.imports.push(import.ok()?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(exports) if depth == 1 => {
                    for export in exports {
                        self.exports.push(export.ok()?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Some(())
    }

    /// The world that it is of, by the names alone, and the version of the contract.
    pub fn world(&self) -> Option<(World, &str)> {
        if self.kind != Kind::Component {
            return None;
        }
        let versions = || self.exports.iter().filter_map(|name| contract_version(name));
        let version = versions().find(|version| is_compatible(version));
        let version = version.or_else(|| versions().next())?;
        let imports_handler = self.imports.iter().any(|name| contract_version(name).is_some());
        Some((if imports_handler { World::Middleware } else { World::Guest }, version))
    }
}

impl Age {
    /// How old `version` is.
    pub fn of(version: &str) -> Age {
        match numbers(version).cmp(&numbers(CONTRACT_VERSION)) {
            std::cmp::Ordering::Less => Age::Older,
            std::cmp::Ordering::Equal => Age::Same,
            std::cmp::Ordering::Greater => Age::Newer,
        }
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::embedded::EMBEDDED_GUEST;

    fn outline(text: &str) -> Outline {
        Outline::of(&wat::parse_str(text).expect("WebAssembly as text"))
    }

    /// A component without anything in it but names.
    fn named(imports: &[&str], exports: &[&str]) -> Outline {
        let imports = imports.iter().map(|name| format!("(import \"{name}\" (instance))"));
        let exports = exports.iter().map(|name| format!("(export \"{name}\" (instance $i))"));
        let names: String = imports.chain(["(instance $i)".into()]).chain(exports).collect();
        outline(&format!("(component {names})"))
    }

    #[test]
    fn the_version_is_that_of_the_contract() {
        let guest = Outline::of(EMBEDDED_GUEST);
        assert_eq!(guest.kind, Kind::Component);
        assert_eq!(guest.world(), Some((World::Guest, CONTRACT_VERSION)));
        assert_eq!(guest.imports, [""; 0]);
    }

    #[test]
    fn worlds_and_versions_are_known_by_their_names() {
        let world = |imports: &[&str], exports: &[&str]| {
            named(imports, exports).world().map(|(world, version)| (world, version.to_owned()))
        };
        let guest = |version: &str| Some((World::Guest, version.to_owned()));
        assert_eq!(world(&[], &["wasmhttpd:guest/handler@0.1.0"]), guest("0.1.0"));
        assert_eq!(
            world(&["wasi:io/poll@0.2.0"], &["wasmhttpd:guest/handler@7.0.0"]),
            guest("7.0.0")
        );
        let both = ["wasmhttpd:guest/handler@0.2.0", "wasmhttpd:guest/handler@0.1.0"];
        assert_eq!(world(&[], &both), guest("0.1.0"));
        let middleware = Some((World::Middleware, "0.1.0".to_owned()));
        let handler = ["wasmhttpd:guest/handler@0.1.0"];
        assert_eq!(world(&handler, &handler), middleware);
        assert_eq!(world(&handler, &[]), None);
        assert_eq!(world(&[], &["wasmhttpd:guest/handlers@0.1.0", "wasi:cli/run@0.2.0"]), None);
    }

    /// Not those of what is inside.
    #[test]
    fn names_are_those_of_the_component_itself() {
        let outline = outline(
            "(component (component (export \"a\" (instance $i)) (instance $i))
                (core module (func (export \"b\")))
                (import \"c\" (instance)) (component) (instance $i) (export \"d\" (instance $i)))",
        );
        assert_eq!((outline.imports, outline.exports), (vec!["c".into()], vec!["d".into()]));
    }

    #[test]
    fn what_is_no_component_is_told_apart() {
        assert_eq!(outline("(module)").kind, Kind::CoreModule);
        assert_eq!(Outline::of(&EMBEDDED_GUEST[..7]).kind, Kind::Unreadable);
        for length in [8, 9, EMBEDDED_GUEST.len() / 2, EMBEDDED_GUEST.len() - 1] {
            // Where a section ends, it may be a whole component of less.
            assert_eq!(Outline::of(&EMBEDDED_GUEST[..length]).world(), None, "{length}");
        }
        assert_eq!(Outline::of(b"(component)").kind, Kind::Unreadable);
    }

    #[test]
    fn versions_have_an_order() {
        for (version, age) in [
            ("0.1.0", Age::Same),
            ("0.0.9", Age::Older),
            ("", Age::Older),
            ("0.1.10", Age::Newer),
            ("0.10.0", Age::Newer),
            ("1.0.0-rc.1", Age::Newer),
        ] {
            assert_eq!(Age::of(version), age, "{version}");
        }
    }
}
