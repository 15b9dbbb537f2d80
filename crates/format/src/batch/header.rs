//! The clear header of a batch.

use serde::{Deserialize, Serialize};

use super::{BatchError, MAX_ENTRIES};
use crate::names::MAX_SEQ;
use crate::{Day, Digest, Origin, ServiceName, StreamId, UnixMillis};

/// Longest header in bytes: fixed fields under 1.2 KiB, hints at most 5.4 KiB and a wrapped key at
/// most 8 KiB in base64.
pub const MAX_HEADER: usize = 16_384;
/// Longest id of a wrapping key, in bytes: a KMS key ARN with its region and partition is under 150.
pub const MAX_KEY_ID: usize = 256;
/// Longest wrapped data key, in bytes: AWS KMS's own bound for a ciphertext blob.
pub const MAX_WRAPPED_KEY: usize = 6_144;
/// Longest encrypted hints, in bytes.
pub const MAX_HINTS: usize = 4_096;

/// What is known of a batch without any key. Authenticated by the ciphertext's tag and, once
/// sealed, by the object's digest in the manifest; claims of the producer until then.
///
/// Encoded as compact JSON with the fields in this (sorted) order; absent when `None` or `false`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// In the first batch of a stream: the same producer's stream before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<StreamId>,
    /// Commits to the data key.
    pub commitment: Digest,
    /// UTC day on which the batch was closed.
    pub day: Day,
    /// Number of entries, at least 1.
    pub entries: u32,
    /// Earliest `time` of its entries.
    pub first_time: UnixMillis,
    /// Encrypted filter over indexed fields, opaque here.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "base64_option")]
    pub hints: Option<Vec<u8>>,
    /// Id of the key that wrapped the data key. A claim: readers unwrap only with ids from their policy.
    pub key_id: String,
    /// True on the last batch of a stream that closed cleanly.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
    /// Latest `time` of its entries.
    pub last_time: UnixMillis,
    /// The log.
    pub origin: Origin,
    /// SHA-256 of the stream's batch before; absent in batch 0 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// RFC 6962 root over the salted entries.
    pub root: Digest,
    /// HKDF salt.
    pub salt: Digest,
    /// Number in the stream.
    pub seq: u32,
    /// Name of the producing service.
    pub service: ServiceName,
    /// The stream.
    pub stream: StreamId,
    /// The stream's data key, wrapped.
    #[serde(with = "base64_bytes")]
    pub wrapped_key: Vec<u8>,
}

impl Header {
    /// Checks every bound that the types do not.
    pub(super) fn check(&self) -> Result<(), BatchError> {
        let fail = |what: &str| Err(BatchError::Header(what.to_owned()));
        if self.entries == 0 || self.entries > MAX_ENTRIES {
            return fail("entries: expected 1 to 262,144");
        }
        if self.seq > MAX_SEQ {
            return fail("seq: expected at most 99,999,999");
        }
        if (self.seq == 0) != self.previous.is_none() {
            return fail("previous: expected in every batch but the first");
        }
        if self.seq != 0 && self.after.is_some() {
            return fail("after: expected in the first batch only");
        }
        if self.first_time > self.last_time {
            return fail("first_time: expected not after last_time");
        }
        let printable = self.key_id.bytes().all(|b| b.is_ascii_graphic());
        if self.key_id.is_empty() || self.key_id.len() > MAX_KEY_ID || !printable {
            return fail("key_id: expected 1 to 256 printable ASCII characters");
        }
        if self.wrapped_key.is_empty() || self.wrapped_key.len() > MAX_WRAPPED_KEY {
            return fail("wrapped_key: expected 1 to 6,144 bytes");
        }
        if self.hints.as_ref().is_some_and(|h| h.is_empty() || h.len() > MAX_HINTS) {
            return fail("hints: expected 1 to 4,096 bytes");
        }
        Ok(())
    }

    /// The one encoding.
    pub(super) fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a header has no maps and no floats")
    }

    /// Decodes the one encoding: decode, check, encode again, compare.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BatchError> {
        let header: Self =
            serde_json::from_slice(bytes).map_err(|e| BatchError::Header(e.to_string()))?;
        header.check()?;
        let again = header.encode();
        if again != bytes {
            let at = again.iter().zip(bytes).take_while(|(a, b)| a == b).count();
            return Err(BatchError::Header(format!("not its one encoding, from byte {at}")));
        }
        Ok(header)
    }
}

/// Standard base64 with padding (RFC 4648 section 4).
pub(crate) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(d)?;
        STANDARD.decode(text).map_err(|_| serde::de::Error::custom("expected standard base64"))
    }
}

mod base64_option {
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        super::base64_bytes::serialize(bytes.as_deref().unwrap_or_default(), s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        super::base64_bytes::deserialize(d).map(Some)
    }
}
