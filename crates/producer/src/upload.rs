//! One encoded batch on its way to the store.

use std::sync::Arc;

use bytes::Bytes;
use dayseal_format::batch::{Batch, DataKey, EncodedBatch, Entries};
use dayseal_format::{Acknowledgement, BatchKey, Origin, UnixMillis};
use dayseal_store::{Condition, ErrorKind, Store, StoreError};
use tokio::time::Instant;

use crate::NotStored;
use crate::batch::{OpenBatch, Waiter};
use crate::content::{self, ContentUpload};

/// Where batches and their contents go.
#[derive(Clone, Debug)]
pub(crate) struct Stores {
    pub(crate) evidence: Arc<dyn Store>,
    /// Set in the content mode `store`.
    pub(crate) content: Option<Arc<dyn Store>>,
}

/// A batch, encoded once: these bytes are kept until stored, and every retry sends them.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) number: u64,
    pub(crate) key: BatchKey,
    pub(crate) bytes: Bytes,
    entries: u32,
    origin: Origin,
    first_time: UnixMillis,
    last_time: UnixMillis,
    data_key: Arc<DataKey>,
    /// Stored before the batch.
    content: Option<ContentUpload>,
    waiters: Vec<Waiter>,
    /// Attempts that failed.
    pub(crate) attempts: u32,
    /// The attempt began while the log closes: there is none after it.
    pub(crate) last_attempt: bool,
    /// When the next attempt may start.
    pub(crate) not_before: Option<Instant>,
}

impl Upload {
    pub(crate) fn new(
        encoded: EncodedBatch,
        number: u64,
        waiters: Vec<Waiter>,
        data_key: Arc<DataKey>,
        content: Option<ContentUpload>,
    ) -> Self {
        let h = encoded.header;
        Self {
            number,
            key: BatchKey { day: h.day, stream: h.stream, seq: h.seq, digest: encoded.digest },
            bytes: encoded.bytes.into(),
            entries: h.entries,
            origin: h.origin,
            first_time: h.first_time,
            last_time: h.last_time,
            data_key,
            content,
            waiters,
            attempts: 0,
            last_attempt: false,
            not_before: None,
        }
    }

    /// Bytes held, content included.
    pub(crate) fn weight(&self) -> usize {
        self.bytes.len() + self.content.as_ref().map_or(0, |content| content.bytes.len())
    }

    /// One attempt, with whatever retries the stores make. Content first: an entry that is in the log
    /// has its content, and what a crash leaves behind is content that nothing speaks of.
    pub(crate) async fn attempt(self, stores: Stores) -> (Self, Result<(), StoreError>) {
        let (key, bytes, digest) = (self.key.to_string(), self.bytes.clone(), self.key.digest);
        let name = key.clone();
        let content = self.content.clone();
        let put = async move {
            if let (Some(content), Some(store)) = (content, stores.content) {
                content.put(&*store).await?;
            }
            stores.evidence.put(&key, bytes, digest.as_bytes(), Condition::Absent).await
        };
        // A back-end that panics must not take the batch with it.
        let put = tokio::spawn(put).await.unwrap_or_else(|error| {
            let detail = "the store panicked, which is a bug of it";
            Err(StoreError::new(ErrorKind::Protocol, "put", name, detail).caused_by(error))
        });
        let result = match put {
            Ok(_) => Ok(()),
            // The name holds the digest: whatever has this name and is not these bytes, the sealer
            // finds. An earlier attempt of ours landed.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(e),
        };
        (self, result)
    }

    /// Tells everyone who waits for an entry of this batch that it is stored.
    pub(crate) fn acknowledge(&mut self) {
        for waiter in self.waiters.drain(..) {
            let acknowledgement = Acknowledgement {
                v: 1,
                origin: self.origin.clone(),
                day: self.key.day,
                stream: self.key.stream,
                seq: self.key.seq,
                digest: self.key.digest,
                index: waiter.index,
                entry: waiter.id,
            };
            // Whoever waited may have gone away.
            let _ = waiter.tell.send(Ok(acknowledgement));
        }
    }

    /// Tells everyone who waits that an attempt failed.
    pub(crate) fn fail(&mut self, error: StoreError) -> NotStored {
        let error = NotStored { entries: self.entries as usize, source: Arc::new(error) };
        for waiter in self.waiters.drain(..) {
            let _ = waiter.tell.send(Err(error.clone()));
        }
        error
    }

    /// Takes the batch apart, to be encoded anew in a stream of today.
    pub(crate) fn into_open(self) -> OpenBatch {
        let mut entries = Entries::new();
        let batch = Batch::parse(&self.bytes).expect("bytes this process encoded");
        let open = batch.open(&self.data_key).expect("under the key it was encoded with");
        for entry in open.iter() {
            entries.push(entry).expect("they fitted a batch before");
        }
        let contents = self.content.map(ContentUpload::into_pending).unwrap_or_default();
        OpenBatch {
            number: self.number,
            entries,
            content_weight: content::weight(&contents),
            contents,
            first_time: self.first_time,
            last_time: self.last_time,
            waiters: self.waiters,
            deadline: Instant::now(),
            last: false,
        }
    }
}
