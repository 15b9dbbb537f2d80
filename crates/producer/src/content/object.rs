//! The content object of a batch: its frames, its upload, and back.

use std::collections::BTreeMap;

use bytes::Bytes;
use dayseal_format::content::{ContentKey, ContentObject, FrameDraft, Header, encode};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{Digest, Origin};
use dayseal_store::{Condition, ErrorKind, Store, StoreError};

use super::Pending;

/// The content key of a stream, made with its first content.
#[derive(Clone, Debug)]
pub(crate) struct StreamContentKey {
    pub(crate) key: ContentKey,
    pub(crate) key_id: String,
    pub(crate) wrapped: Vec<u8>,
}

/// A content object on its way.
#[derive(Clone, Debug)]
pub(crate) struct ContentUpload {
    key: ContentKey,
    place: ContentObjectKey,
    pub(crate) bytes: Bytes,
    digest: Digest,
}

impl ContentUpload {
    /// Encrypts the contents of one batch: a frame for each set of subjects.
    pub(crate) fn encode(
        origin: &Origin,
        place: ContentObjectKey,
        key: &StreamContentKey,
        contents: &[Pending],
        random: &[u8; 32],
    ) -> Self {
        let mut frames: BTreeMap<&[String], FrameDraft> = BTreeMap::new();
        for pending in contents {
            let frame = frames.entry(&pending.subjects).or_default();
            frame.subjects.clone_from(&pending.subjects);
            frame.records.push(pending.record.clone());
        }
        let frames: Vec<_> = frames.into_values().collect();
        let zero = Digest([0; 32]);
        let header = Header {
            commitment: zero,
            day: place.day,
            key_id: key.key_id.clone(),
            mac: zero,
            origin: origin.clone(),
            parts: 0,
            root: zero,
            salt: zero,
            seq: place.seq,
            stream: place.stream,
            wrapped_key: key.wrapped.clone(),
        };
        // Weights keep a batch's contents far below the limits of an object.
        let bytes = encode(header, &frames, &key.key, random)
            .expect("contents, names and keys were held to the format's limits");
        let digest = Digest::of(&bytes);
        Self { key: key.key.clone(), place, bytes: bytes.into(), digest }
    }

    /// Stores the object, unless it is there.
    pub(crate) async fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        let (name, bytes) = (self.place.to_string(), self.bytes.clone());
        let digest = self.digest;
        match store.put(&name, bytes, digest.as_bytes(), Condition::Absent).await {
            // The stream is this process's own: an earlier attempt landed, and may have been erased
            // from since. Whatever else lies there, a verifier tells by the entries' digests.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// The contents again, for another place.
    pub(crate) fn into_pending(self) -> Vec<Pending> {
        let object = ContentObject::parse(&self.bytes).expect("bytes this process encoded");
        let frames = object.frames(&self.key).expect("under the key it was encoded with");
        let pending = |frame: FrameDraft| {
            let subjects = frame.subjects;
            frame
                .records
                .into_iter()
                .map(move |record| Pending { record, subjects: subjects.clone() })
        };
        frames.into_iter().flat_map(pending).collect()
    }
}
