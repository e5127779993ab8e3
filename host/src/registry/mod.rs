//! Guests from registries: OCI artifacts that hold a WebAssembly component.
//!
//! Owns the network beyond our own clients, and what was pulled. Nothing that a registry says is
//! believed: digests are computed here, sizes and times are limited here, and of what it answers
//! only the component is used.
//!
//! 1. With a digest: what was pulled before needs no registry ([`store`]).
//! 2. The manifest is asked for, through a login and redirects where there are any ([`session`]).
//!    It has the digest that was named, or the tag has moved.
//! 3. It names one layer, the component ([`manifest`]), which has the digest that the manifest
//!    names.
//! 4. Both are kept.

mod challenge;
mod credentials;
mod error;
mod manifest;
mod session;
mod store;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use self::credentials::Credentials;
pub use self::error::PullError;
use self::manifest::{Layer, MANIFEST_TYPE};
use self::session::{Session, Verb};
use self::store::Store;
use crate::config::{Digest, Reference};
use crate::private_folder::PrivateFolder;

/// Largest component, in octets: as much as a file may have.
const COMPONENT_OCTETS_MAX: u64 = 128 << 20;

/// Largest manifest, in octets.
const MANIFEST_OCTETS_MAX: u64 = 1 << 20;

/// What is told of a manifest's digest, to be compared with the truth.
const DIGEST_FIELD: &str = "docker-content-digest";

/// A component from a registry.
#[derive(Debug)]
pub struct Pulled {
    /// What was asked for, with its digest.
    pub reference: Reference,
    /// The component.
    pub octets: Vec<u8>,
}

/// What pulls guests.
#[derive(Debug, Clone)]
pub struct Puller {
    time: Duration,
    credentials: Option<Credentials>,
    folder: Option<PathBuf>,
}

impl Puller {
    /// Pulls within `time`, and keeps what it pulled in `folder`, which is made when it is needed.
    pub fn new(
        time: Duration,
        credentials: Option<Credentials>,
        folder: Option<PathBuf>,
    ) -> Puller {
        Puller { time, credentials, folder }
    }

    /// The component at `reference`. Takes as long as the registry does, or the limit is.
    ///
    /// # Errors
    /// What went wrong, by who is to blame.
    pub fn pull(&self, reference: &Reference) -> Result<Pulled, PullError> {
        if let Some(digest) = reference.digest()
            && let Some(octets) = self.kept(digest)
        {
            return Ok(Pulled { reference: reference.clone(), octets });
        }
        let mut session = self.session(reference)?;
        let (digest, manifest) = read_manifest(&mut session, reference)?;
        self.pull_layer(&mut session, reference, digest, &manifest)
    }

    /// The component at the tag of `reference`, unless the tag is still at `seen`. See
    /// [`Puller::pull`].
    pub fn pull_if_moved(
        &self,
        reference: &Reference,
        seen: Option<Digest>,
    ) -> Result<Option<Pulled>, PullError> {
        let mut session = self.session(reference)?;
        // A question without content costs less, and counts for less where pulls are counted. What
        // it tells decides only whether to ask on.
        if seen.is_some() && told_digest(&mut session, reference)? == seen {
            return Ok(None);
        }
        let (digest, manifest) = read_manifest(&mut session, reference)?;
        if seen == Some(digest) {
            return Ok(None);
        }
        self.pull_layer(&mut session, reference, digest, &manifest).map(Some)
    }

    /// What the tag of `reference` was at when it was last pulled, if that is kept.
    pub fn last_pulled(&self, reference: &Reference) -> Option<Pulled> {
        let pinned = self.store()?.pinned(reference)?;
        let octets = self.kept(pinned.digest()?)?;
        Some(Pulled { reference: pinned, octets })
    }

    fn session<'a>(&self, reference: &'a Reference) -> Result<Session<'a>, PullError> {
        let basic = match &self.credentials {
            Some(credentials) => credentials.of(reference.registry())?,
            None => None,
        };
        Ok(Session::new(reference, basic, self.time))
    }

    fn pull_layer(
        &self,
        session: &mut Session,
        reference: &Reference,
        digest: Digest,
        manifest: &[u8],
    ) -> Result<Pulled, PullError> {
        if let Some(octets) = self.kept(digest) {
            return Ok(self.found(reference, digest, octets));
        }
        let unfit = |reason| PullError::Unfit { digest, reason };
        let layer = Layer::of_manifest(manifest).map_err(unfit)?;
        if layer.octets > COMPONENT_OCTETS_MAX {
            return Err(unfit(format!("it is larger than {} MiB", COMPONENT_OCTETS_MAX >> 20)));
        }
        let what = "the component";
        let path = format!("blobs/{}", layer.digest);
        let answer = session.ask(Verb::Get, what, &path, "*/*")?;
        let octets = session.read(what, answer, layer.octets)?;
        expect_digest(what, &octets, layer.digest)?;
        if octets.len() as u64 != layer.octets {
            return Err(unfit(format!(
                "its manifest promises {} octets of component, and there are {}",
                layer.octets,
                octets.len()
            )));
        }
        if let Some(store) = self.store() {
            store.keep(digest, manifest, layer.digest, &octets);
        }
        Ok(self.found(reference, digest, octets))
    }

    /// Remembers where the tag is.
    fn found(&self, reference: &Reference, digest: Digest, octets: Vec<u8>) -> Pulled {
        let pinned = reference.pinned(digest);
        if let Some(store) = self.store() {
            store.remember(&pinned);
        }
        Pulled { reference: pinned, octets }
    }

    /// What was pulled before; none where it cannot be kept.
    fn store(&self) -> Option<Store> {
        let path = self.folder.as_deref()?;
        let folder = PrivateFolder::open(path).inspect_err(|error| {
            tracing::warn!("no guests are kept in {}: {error}", path.display());
        });
        folder.ok().map(Store::new)
    }

    /// The component of a manifest that was pulled before.
    fn kept(&self, digest: Digest) -> Option<Vec<u8>> {
        let store = self.store()?;
        let layer = Layer::of_manifest(&store.manifest(digest)?).ok()?;
        let start = Instant::now();
        let octets = store.component(layer.digest)?;
        tracing::debug!("{digest} was kept: {} octets, {:?}", octets.len(), start.elapsed());
        Some(octets)
    }
}

/// The manifest, and its digest: the one that `reference` names, if it names one.
fn read_manifest(
    session: &mut Session,
    reference: &Reference,
) -> Result<(Digest, Vec<u8>), PullError> {
    let what = "the manifest";
    let answer = session.ask(Verb::Get, what, &manifest_path(reference), MANIFEST_TYPE)?;
    let told = session::field(&answer, DIGEST_FIELD).and_then(|text| text.parse().ok());
    let manifest = session.read(what, answer, MANIFEST_OCTETS_MAX)?;
    let digest = match reference.digest().or(told) {
        Some(expected) => expect_digest(what, &manifest, expected)?,
        None => Digest::of(&manifest),
    };
    Ok((digest, manifest))
}

/// What the registry says that the digest of the manifest is; none if it says nothing that is one.
fn told_digest(session: &mut Session, reference: &Reference) -> Result<Option<Digest>, PullError> {
    let path = manifest_path(reference);
    match session.ask(Verb::Head, "the manifest's digest", &path, MANIFEST_TYPE) {
        Ok(answer) => Ok(session::field(&answer, DIGEST_FIELD).and_then(|text| text.parse().ok())),
        // Not every registry answers that.
        Err(PullError::Status { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn manifest_path(reference: &Reference) -> String {
    let digest = reference.digest().map(|digest| digest.to_string());
    let last = digest.as_deref().or(reference.tag()).unwrap_or_default();
    format!("manifests/{last}")
}

fn expect_digest(what: &'static str, octets: &[u8], expected: Digest) -> Result<Digest, PullError> {
    match Digest::of(octets) {
        found if found == expected => Ok(found),
        found => Err(PullError::Digest { what, found, expected }),
    }
}
