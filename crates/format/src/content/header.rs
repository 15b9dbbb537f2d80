//! The clear header of a content object.

use serde::{Deserialize, Serialize};

use super::{ContentError, MAX_PARTS};
use crate::batch::{MAX_KEY_ID, MAX_WRAPPED_KEY, base64_bytes};
use crate::names::MAX_SEQ;
use crate::{Day, Digest, Origin, StreamId};

/// What is known of a content object without any key. Its bytes never change.
///
/// Encoded as compact JSON with the fields in this (sorted) order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Commits to the content key.
    pub commitment: Digest,
    /// UTC day of the batch.
    pub day: Day,
    /// Id of the key that wrapped the content key. A claim: readers unwrap only with ids from their policy.
    pub key_id: String,
    /// Authenticates this header under the content key.
    pub mac: Digest,
    /// The log.
    pub origin: Origin,
    /// Number of parts, at least 1.
    pub parts: u32,
    /// RFC 6962 root over the frames as they were written.
    pub root: Digest,
    /// HKDF salt.
    pub salt: Digest,
    /// Number of the batch in its stream.
    pub seq: u32,
    /// The stream.
    pub stream: StreamId,
    /// The stream's content key, wrapped.
    #[serde(with = "base64_bytes")]
    pub wrapped_key: Vec<u8>,
}

impl Header {
    /// Checks every bound that the types do not.
    pub(super) fn check(&self) -> Result<(), ContentError> {
        let fail = |what: &str| Err(ContentError::Header(what.to_owned()));
        if self.parts == 0 || self.parts > MAX_PARTS {
            return fail("parts: expected 1 to 65,536");
        }
        if self.seq > MAX_SEQ {
            return fail("seq: expected at most 99,999,999");
        }
        let printable = self.key_id.bytes().all(|b| b.is_ascii_graphic());
        if self.key_id.is_empty() || self.key_id.len() > MAX_KEY_ID || !printable {
            return fail("key_id: expected 1 to 256 printable ASCII characters");
        }
        if self.wrapped_key.is_empty() || self.wrapped_key.len() > MAX_WRAPPED_KEY {
            return fail("wrapped_key: expected 1 to 6,144 bytes");
        }
        Ok(())
    }

    /// The one encoding.
    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a header has no maps and no floats")
    }

    /// The bytes under the mac.
    pub(super) fn encode_without_mac(&self) -> Vec<u8> {
        Self { mac: Digest([0; 32]), ..self.clone() }.encode()
    }

    /// Decodes the one encoding: decode, check, encode again, compare.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, ContentError> {
        let header: Self =
            serde_json::from_slice(bytes).map_err(|e| ContentError::Header(e.to_string()))?;
        header.check()?;
        if header.encode() == bytes {
            Ok(header)
        } else {
            Err(ContentError::Header("not its one encoding".to_owned()))
        }
    }
}
