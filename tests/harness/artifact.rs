//! A guest as registries have it: a manifest, a config, and the component.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use ureq::Agent;

pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";

/// See the module.
#[derive(Clone)]
pub struct Artifact {
    pub manifest: Vec<u8>,
    pub config: Vec<u8>,
    pub component: Vec<u8>,
}

/// `sha256:…` of these octets.
pub fn digest(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().fold("sha256:".to_owned(), |mut text, octet| {
        write!(text, "{octet:02x}").expect("a string takes it");
        text
    })
}

impl Artifact {
    pub fn of(component: &[u8]) -> Artifact {
        Artifact::with(component, |_| ())
    }

    /// One whose manifest was changed.
    pub fn with(component: &[u8], change: impl FnOnce(&mut Value)) -> Artifact {
        let config = json!({
            "architecture": "wasm", "os": "wasip2", "layerDigests": [digest(component)],
            "component": { "exports": ["wasmhttpd:guest/handler@0.1.0"], "imports": [] },
        });
        let config = config.to_string().into_bytes();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": descriptor(CONFIG_TYPE, &config),
            "layers": [descriptor("application/wasm", component)],
        });
        change(&mut manifest);
        let manifest = manifest.to_string().into_bytes();
        Artifact { manifest, config, component: component.to_vec() }
    }

    /// Of the manifest: what it is pinned by.
    pub fn digest(&self) -> String {
        digest(&self.manifest)
    }

    /// Pushes it as the distribution specification says: blobs first, then the manifest by its tag.
    pub fn push(&self, registry: &str, name: &str, tag: &str) {
        let agent: Agent = Agent::config_builder().proxy(None).build().into();
        for blob in [&self.config, &self.component] {
            let begun = agent.post(format!("http://{registry}/v2/{name}/blobs/uploads/"));
            let begun = begun.send_empty().expect("an upload to begin");
            let place = begun.headers()["location"].to_str().expect("a place for it");
            let place = match place.starts_with('/') {
                true => format!("http://{registry}{place}"),
                false => place.to_owned(),
            };
            let upload = agent.put(place).query("digest", digest(blob));
            let upload = upload.header("Content-Type", "application/octet-stream");
            upload.send(&blob[..]).expect("an upload to end");
        }
        let put = agent.put(format!("http://{registry}/v2/{name}/manifests/{tag}"));
        put.content_type(MANIFEST_TYPE).send(&self.manifest[..]).expect("a manifest to be taken");
    }
}

fn descriptor(kind: &str, octets: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": digest(octets), "size": octets.len() })
}
