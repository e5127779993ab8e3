//! What was pulled, kept by digest in a private folder: a manifest, its component, and what a tag
//! was last at. What cannot be kept is pulled again.

use crate::config::{Digest, Reference};
use crate::private_folder::PrivateFolder;

/// Components kept, and their octets in all; those used least recently go first.
const COMPONENTS_MAX: usize = 32;
const OCTETS_MAX: u64 = 1 << 30;

/// Manifests and tags kept.
const NOTES_MAX: usize = 256;

/// See the module.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PrivateFolder,
}

impl Store {
    /// Keeps things in `folder`.
    pub fn new(folder: PrivateFolder) -> Store {
        Store { folder }
    }

    /// The manifest of this digest.
    pub fn manifest(&self, digest: Digest) -> Option<Vec<u8>> {
        self.get(digest, "manifest")
    }

    /// The component of this digest.
    pub fn component(&self, digest: Digest) -> Option<Vec<u8>> {
        self.get(digest, "component")
    }

    /// Keeps a manifest and its component.
    pub fn keep(&self, digest: Digest, manifest: &[u8], layer: Digest, component: &[u8]) {
        self.put(&name(layer, "component"), component);
        self.put(&name(digest, "manifest"), manifest);
        self.folder.forget_oldest(&["component"], COMPONENTS_MAX, OCTETS_MAX);
        self.folder.forget_oldest(&["manifest", "tag", "new"], NOTES_MAX, OCTETS_MAX);
    }

    /// Remembers that the tag of `pinned` is at its digest.
    pub fn remember(&self, pinned: &Reference) {
        if pinned.tag().is_some() {
            self.put(&note(pinned), pinned.to_string().as_bytes());
        }
    }

    /// The reference with what its tag was last at.
    pub fn pinned(&self, reference: &Reference) -> Option<Reference> {
        let text = String::from_utf8(self.folder.get(&note(reference))?).ok()?;
        let pinned: Reference = text.parse().ok()?;
        (pinned.unpinned() == *reference && pinned.digest().is_some()).then_some(pinned)
    }

    fn get(&self, digest: Digest, kind: &str) -> Option<Vec<u8>> {
        let octets = self.folder.get(&name(digest, kind))?;
        // Somebody may have renamed it.
        (Digest::of(&octets) == digest).then_some(octets)
    }

    fn put(&self, name: &str, octets: &[u8]) {
        if let Err(error) = self.folder.put(name, octets) {
            tracing::warn!("a guest from a registry is not kept (parameter guest-cache): {error}");
        }
    }
}

fn name(digest: Digest, kind: &str) -> String {
    format!("{}.{kind}", digest.hexadecimal())
}

/// The file of what a tag is at.
fn note(reference: &Reference) -> String {
    name(Digest::of(reference.unpinned().to_string().as_bytes()), "tag")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pulled_is_found_by_its_digest_and_its_tag() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(PrivateFolder::open(folder.path()).expect("a folder"));
        let (manifest, component) = (&b"manifest"[..], &b"component"[..]);
        let (of_manifest, of_component) = (Digest::of(manifest), Digest::of(component));
        store.keep(of_manifest, manifest, of_component, component);
        assert_eq!(store.manifest(of_manifest).as_deref(), Some(manifest));
        assert_eq!(store.component(of_component).as_deref(), Some(component));
        assert_eq!(store.component(of_manifest), None);
        let tag: Reference = "oci://localhost/a:1".parse().expect("a reference");
        assert_eq!(store.pinned(&tag), None);
        store.remember(&tag.pinned(of_manifest));
        assert_eq!(store.pinned(&tag), Some(tag.pinned(of_manifest)));
        let other: Reference = "oci://localhost/a:2".parse().expect("a reference");
        assert_eq!(store.pinned(&other), None);
    }

    #[test]
    fn a_file_under_another_name_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::new(PrivateFolder::open(folder.path()).expect("a folder"));
        let (good, bad) = (Digest::of(b"good"), Digest::of(b"bad"));
        store.keep(good, b"good", good, b"good");
        std::fs::rename(
            folder.path().join(name(good, "component")),
            folder.path().join(name(bad, "component")),
        )
        .expect("a file");
        assert_eq!(store.component(bad), None);
    }
}
