//! The profile `record_integrity`: what the log proves of an entry.

use dayseal_format::Digest;
use serde_json::{Value, json};

use super::Previous;
use crate::Place;

/// `attestation_list`, of one attestation: the log's.
///
/// `fingerprint` is the entry's leaf, over its stored bytes and a salt. A sealed entry has the checkpoint whose
/// tree leads to it as a signature. `prev_event` is the entry before it in its batch.
pub(super) fn attestations(place: &Place, before: Option<&Previous>) -> Value {
    let mut attestation = json!({
        "uid": format!("{}#{}", place.batch, place.index),
        "authority_uid": place.origin.as_str(),
        "chain_uid": place.origin.as_str(),
        "fingerprint": leaf(place.leaf),
    });
    if let Some(before) = before {
        attestation["prev_event"] = json!({
            "uid": before.uid,
            "type_uid": before.type_uid,
            "fingerprint": leaf(before.leaf),
        });
    }
    if let Some(tree) = place.seal.and_then(|seal| seal.tree) {
        attestation["signatures"] = json!([{
            "algorithm_id": 99,
            "algorithm": "Ed25519",
            "digest": {
                "algorithm_id": 3,
                "algorithm": "SHA-256",
                "encoding_id": 1,
                "encoding": "Hex",
                "value": tree.root.to_string(),
            },
            "serialization_id": 99,
            "serialization": "C2SP tlog-checkpoint",
        }]);
    }
    json!([attestation])
}

fn leaf(leaf: Digest) -> Value {
    json!({
        "algorithm_id": 3,
        "algorithm": "SHA-256",
        "encoding_id": 1,
        "encoding": "Hex",
        "serialization_id": 99,
        "serialization": "dayseal entry version 1, salted leaf",
        "value": leaf.to_string(),
    })
}
