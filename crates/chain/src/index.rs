//! The index of a sealed day: made from the headers of its batches. Spec: `docs/spec/hints.md`.
//!
//! Derived: nothing depends on it but how much a search reads.

use dayseal_format::index::{Index, IndexError, IndexWriter, MAX_INDEX, index_key};
use dayseal_format::record::Record;
use dayseal_format::{BatchKey, Day, Digest, Origin, VerifierKey};
use dayseal_store::{Condition, ErrorKind, Store, StoreError};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;

use crate::days::{DayError, SealedDays};
use crate::read::{ReadError, read_header_of};

/// Headers read at once.
const JOBS: usize = 16;

/// Makes the indexes of one log.
#[derive(Clone, Copy, Debug)]
pub struct Indexer<'a> {
    evidence: &'a dyn Store,
    state: &'a dyn Store,
    origin: &'a Origin,
    keys: &'a [VerifierKey],
}

/// What making an index came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Indexed {
    /// The day.
    pub day: Day,
    /// Batches that its manifest lists.
    pub batches: u64,
    /// Those whose header has hints.
    pub hinted: u64,
    /// Those whose header could not be read: they count as without hints.
    pub unread: u64,
    /// Length of the index.
    pub bytes: u64,
    /// It would be longer than [`MAX_INDEX`]: it stands without hints, and the headers of the batches are read.
    pub too_long: bool,
    /// It was there already, byte for byte.
    pub unchanged: bool,
}

/// An index that was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexingError {
    /// The day.
    #[error(transparent)]
    Day(#[from] DayError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The day is not sealed.
    #[error("{day} is not sealed: an index is of a sealed day; until then searches read headers")]
    Unsealed {
        /// The day.
        day: Day,
    },
}

impl<'a> Indexer<'a> {
    /// Indexes in `state` of the days of `origin` in `evidence`; one of the `keys` must have signed those.
    pub const fn new(
        evidence: &'a dyn Store,
        state: &'a dyn Store,
        origin: &'a Origin,
        keys: &'a [VerifierKey],
    ) -> Self {
        Self { evidence, state, origin, keys }
    }

    /// Makes the index of a sealed day and stores it, unless the same is there. Reads the head of each
    /// of its batches, 16 KiB at most. In memory: the index, and some 100 bytes for each batch.
    ///
    /// # Errors
    /// [`IndexingError`]; what was there before stays. A batch that cannot be read counts as without hints.
    pub async fn make(&self, day: Day) -> Result<Indexed, IndexingError> {
        let mut batches: Vec<(BatchKey, Option<String>)> = Vec::new();
        let days = SealedDays::new(self.evidence, self.origin, self.keys);
        let read = days.read(day, |_, record| {
            if let Record::Batch(b) = record {
                batches.push((b.key, b.version.clone()));
            }
        });
        let sealed = read.await?.ok_or(IndexingError::Unsealed { day })?;
        let mut done = Indexed {
            day,
            batches: batches.len() as u64,
            hinted: 0,
            unread: 0,
            bytes: 0,
            too_long: false,
            unchanged: false,
        };
        let mut index = IndexWriter::new(self.origin, day, &sealed.digest);
        let (evidence, origin) = (self.evidence, self.origin);
        let headers = stream::iter(batches).map(|(key, version)| async move {
            read_header_of(evidence, origin, &key, version.as_deref()).await
        });
        let mut headers = std::pin::pin!(headers.buffered(JOBS));
        while let Some(header) = headers.next().await {
            let hints = match header {
                Ok(header) => header.hints,
                Err(ReadError::Store(e)) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
                Err(error) => {
                    tracing::debug!(%error, "no hints of a batch");
                    done.unread += 1;
                    None
                }
            };
            done.hinted += u64::from(hints.is_some());
            index.push(hints.as_deref());
            if index.byte_len() > MAX_INDEX {
                done.too_long = true;
                index = IndexWriter::new(self.origin, day, &sealed.digest);
                break;
            }
        }
        let bytes = index.finish();
        done.bytes = bytes.len() as u64;
        done.unchanged = !self.store(&index_key(day), bytes).await?;
        Ok(done)
    }

    /// Whether the day has an index, of whatever manifest.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn exists(&self, day: Day) -> Result<bool, StoreError> {
        match self.state.head(&index_key(day), None).await {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Puts it in the place of another; false if the same is there.
    async fn store(&self, key: &str, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let digest = Digest::of(&bytes);
        let bytes = bytes::Bytes::from(bytes);
        let put = |condition| self.state.put(key, bytes.clone(), digest.as_bytes(), condition);
        match put(Condition::Absent).await {
            Ok(_) => return Ok(true),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
        let there = self.state.get(key, None, MAX_INDEX).await;
        if there.is_ok_and(|stored| Digest::of(&stored.bytes) == digest) {
            return Ok(false);
        }
        let tag = self.state.head(key, None).await?.etag;
        put(Condition::Matches(tag)).await?;
        Ok(true)
    }
}

/// The index of a day, as bytes, if there is one of this manifest. No error: without an index the headers tell the
/// same, and why there is none is told to the log of the process.
pub async fn read_index(
    state: &dyn Store,
    origin: &Origin,
    day: Day,
    manifest: &Digest,
) -> Option<Vec<u8>> {
    let key = index_key(day);
    let bytes = match state.get(&key, None, MAX_INDEX).await {
        Ok(stored) => Vec::from(stored.bytes),
        Err(e) if e.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            tracing::warn!(%error, "an index cannot be read; the headers of its batches are");
            return None;
        }
    };
    match Index::parse(&bytes, origin, day, manifest) {
        Ok(_) => Some(bytes),
        Err(
            error @ (IndexError::Framing { .. } | IndexError::Version { .. } | IndexError::Other),
        ) => {
            tracing::warn!(object = format!("{}/{key}", state.url()), %error,
                "an index is not used; `dayseal index` makes it anew");
            None
        }
    }
}
