//! Compiled code kept in a private folder, so that a start or a swap need not compile what was
//! compiled before.
//!
//! Code is run as it is: see [`crate::private_folder`] for what is believed. Whatever is wrong with
//! the folder or a file costs a compilation and nothing else.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};
use wasmparser::{Parser, Payload};
use wasmtime::Engine;

use super::compiler_config::compiler_config;
use crate::private_folder::PrivateFolder;

/// Files kept; those used least recently go first.
const FILES_MAX: usize = 64;

/// What the names of our files end in; others in the folder are let be.
const EXTENSIONS: [&str; 3] = ["code", "functions", "new"];

/// Compiled code in a private folder.
#[derive(Debug)]
pub struct CodeCache {
    folder: PrivateFolder,
}

impl CodeCache {
    /// Keeps code in `folder`.
    pub fn new(folder: PrivateFolder) -> CodeCache {
        CodeCache { folder }
    }

    /// Keeps code in the folder at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or others could write to it.
    pub(super) fn open(path: &Path) -> io::Result<CodeCache> {
        PrivateFolder::open(path).map(CodeCache::new)
    }

    /// The file of the code of `component`: named by the octets that the compiler looks at, this
    /// program's version and the compiler's settings.
    pub(super) fn code_name(component: &[u8]) -> String {
        let mut name = compiler_digest();
        let whole = name.clone();
        if digest_sections(component, &mut name).is_none() {
            // It will not compile either.
            name = whole.chain_update(component);
        }
        hexadecimal(name) + ".code"
    }

    /// The file of the functions that this program compiled, of whatever component.
    pub(super) fn functions_name() -> String {
        hexadecimal(compiler_digest()) + ".functions"
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The octets of that file, if it is there and as it was written.
    pub(super) fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.folder.get(name)
    }

    /// Keeps octets in a file. Where that fails, they are compiled again next time.
    pub(super) fn put(&self, name: &str, octets: &[u8]) {
        if let Err(error) = self.folder.put(name, octets) {
            tracing::debug!("compiled code is not kept: {error}");
        }
        self.folder.forget_oldest(&EXTENSIONS, FILES_MAX, u64::MAX);
    }
}

/// Begins a name: this program's version, and the compiler's settings.
fn compiler_digest() -> Sha256 {
    let mut settings = DefaultHasher::new();
    if let Ok(engine) = Engine::new(&compiler_config()) {
        engine.precompile_compatibility_hash().hash(&mut settings);
    }
    Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update(settings.finish().to_le_bytes())
}

fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Digests a component without its custom sections, at whatever depth: names, producers and the
/// like are for other programs. None: it is none.
fn digest_sections(component: &[u8], digest: &mut Sha256) -> Option<()> {
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::CustomSection(_) | Payload::CodeSectionEntry(_) => {}
            // It could be taken for one of the marks below.
            Payload::UnknownSection { .. } => return None,
            Payload::Version { num, range, .. } => {
                digest.update([b'(']);
                digest.update(num.to_le_bytes());
                digest.update(component.get(range)?);
            }
            // What is inside follows.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {}
            Payload::End(_) => digest.update([b')']),
            section => {
                if let Some((id, range)) = section.as_section() {
                    digest.update([id]);
                    digest.update((range.len() as u64).to_le_bytes());
                    digest.update(component.get(range)?);
                }
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_custom_sections_do_not_count_for_the_name() {
        let key = |text: &str| CodeCache::code_name(&wat::parse_str(text).expect("a component"));
        let plain = "(component (core module (func (result i32) (i32.const 1))))";
        let custom = r#"(component (core module (@custom "a" "b") (func $name (result i32)
            (i32.const 1))) (@custom "c" "d"))"#;
        assert_eq!(key(plain), key(custom));
        for other in [
            "(component (core module (func (result i32) (i32.const 2))))",
            "(component (core module (func (result i32) (i32.const 1))) (core module))",
            "(component (component (core module (func (result i32) (i32.const 1)))))",
            "(component (core module (func (result i32) (i32.const 1)) (memory 1)))",
        ] {
            assert_ne!(key(plain), key(other), "{other}");
        }
        assert_ne!(CodeCache::code_name(b"neither"), CodeCache::code_name(b"nor"));
        let whole = wat::parse_str(custom).expect("a component");
        let keys: Vec<_> =
            (0..whole.len()).map(|end| CodeCache::code_name(&whole[..end])).collect();
        assert!(keys.windows(2).all(|keys| keys[0] != keys[1]), "each part is another");
    }
}
