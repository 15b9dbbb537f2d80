//! The head: the newest checkpoint, remembered outside the evidence.

use dayseal_format::names::head_key;
use dayseal_format::note::MAX_NOTE;
use dayseal_format::{Checkpoint, Digest, Origin, VerifierKey};
use dayseal_store::{Condition, ErrorKind, Store, StoreError};

use crate::SealError;

/// The head with the tag that a swap must match.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) checkpoint: Checkpoint,
    etag: String,
}

impl Head {
    /// Reads the head; `None` if the state root has none.
    pub(crate) async fn read(
        state: &dyn Store,
        origin: &Origin,
        known: &[VerifierKey],
    ) -> Result<Option<Self>, SealError> {
        let key = head_key(origin);
        let stored = match state.get(&key, None, MAX_NOTE as u64).await {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let checkpoint = Checkpoint::open(&stored.bytes, origin, known).map_err(|source| {
            SealError::Checkpoint { object: format!("{}/{key}", state.url()), source }
        })?;
        Ok(Some(Self { checkpoint, etag: stored.meta.etag }))
    }

    /// Replaces the head by the signed `note` if nobody moved it since it was read.
    pub(crate) async fn advance(&self, state: &dyn Store, note: &str) -> Result<(), StoreError> {
        let digest = Digest::of(note.as_bytes());
        let condition = Condition::Matches(self.etag.clone());
        let key = head_key(&self.checkpoint.origin);
        let bytes = note.as_bytes().to_vec().into();
        state.put(&key, bytes, digest.as_bytes(), condition).await.map(drop)
    }
}
