//! What a manifest says: which layer is the component.
//!
//! Of everything in it only the layer's digest and length are used. The config is not even asked
//! for: what a component imports and exports is seen in the component itself.

use serde::Deserialize;

use crate::config::Digest;
use crate::text::one_line_cut;

/// Of a manifest.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// Of a list of manifests, for machines of different kinds.
const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Of the config of an artifact that is WebAssembly.
const CONFIG_TYPE: &str = "application/vnd.wasm.config.v0+json";

/// Of a layer that is a component.
const LAYER_TYPE: &str = "application/wasm";

/// Where the component is.
#[derive(Debug, PartialEq, Eq)]
pub struct Layer {
    /// Of its octets.
    pub digest: Digest,
    /// So many it is said to have.
    pub octets: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    digest: String,
    size: u64,
}

impl Layer {
    /// The one layer of a manifest, or why there is none.
    pub fn of_manifest(octets: &[u8]) -> Result<Layer, String> {
        let manifest: Manifest = serde_json::from_slice(octets)
            .map_err(|error| format!("its manifest cannot be read: {error}"))?;
        if manifest.schema_version != 2 {
            return Err(format!("its manifest has version {}, not 2", manifest.schema_version));
        }
        if manifest.media_type.as_deref() == Some(INDEX_TYPE) {
            return Err("it is an index of several, without a component of its own".into());
        }
        expect_type(
            "manifest",
            manifest.media_type.as_deref().unwrap_or(MANIFEST_TYPE),
            MANIFEST_TYPE,
        )?;
        let config = manifest.config.ok_or("its manifest has no config")?;
        expect_type("config", &config.media_type, CONFIG_TYPE)?;
        let layers = manifest.layers.unwrap_or_default();
        let [layer] = &layers[..] else {
            return Err(format!("it has {} layers, not one", layers.len()));
        };
        expect_type("layer", &layer.media_type, LAYER_TYPE)?;
        let digest = layer.digest.parse().map_err(|reason| format!("its layer: {reason}"))?;
        Ok(Layer { digest, octets: layer.size })
    }
}

fn expect_type(what: &str, found: &str, expected: &str) -> Result<(), String> {
    /// Characters of a type that are shown.
    const SHOWN_MAX: usize = 100;
    match found == expected {
        true => Ok(()),
        false => {
            let found = one_line_cut(found, SHOWN_MAX);
            Err(format!("its {what} has the type `{found}`, not {expected}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn manifest() -> String {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","config":{{"mediaType":"{CONFIG_TYPE}",
            "digest":"{DIGEST}","size":2}},"layers":[{{"mediaType":"{LAYER_TYPE}","digest":"{DIGEST}",
            "size":7,"annotations":{{"a":"b"}}}}],"annotations":{{}}}}"#
        )
    }

    #[test]
    fn the_one_layer_is_found() {
        let layer = Layer::of_manifest(manifest().as_bytes()).expect("a layer");
        assert_eq!(layer, Layer { digest: Digest::of(b""), octets: 7 });
    }

    #[test]
    fn every_part_of_a_manifest_has_no_sense_without_the_rest() {
        let whole = manifest();
        for end in 0..whole.len() {
            assert!(Layer::of_manifest(&whole.as_bytes()[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn what_is_no_guest_is_told_by_name() {
        for (old, new, word) in [
            ("application/wasm", "application/wasm2", "its layer has the type"),
            (CONFIG_TYPE, "application/json", "its config has the type"),
            (MANIFEST_TYPE, INDEX_TYPE, "index"),
            (MANIFEST_TYPE, "text/plain", "its manifest has the type"),
            ("\"schemaVersion\":2", "\"schemaVersion\":1", "version 1"),
            ("\"layers\"", "\"layer\"", "0 layers"),
            ("\"config\"", "\"conf\"", "no config"),
            ("\"size\":7", "\"size\":-7", "cannot be read"),
            ("sha256:", "sha512:", "not a digest"),
        ] {
            let reason = Layer::of_manifest(manifest().replace(old, new).as_bytes());
            let reason = reason.expect_err(new);
            assert!(reason.contains(word), "{reason}");
        }
        let deep = format!("{{\"layers\":{}", "[".repeat(100_000));
        assert!(Layer::of_manifest(deep.as_bytes()).is_err());
    }
}
