//! Listing a root and reading its batches: shared by sealing and verifying.

use std::collections::VecDeque;

use dayseal_format::batch::{Batch, MAX_BATCH_LEN};
use dayseal_format::record::{BatchRecord, Record, StrayReason};
use dayseal_format::{BatchKey, Day, Digest, Origin};
use dayseal_store::{Entry, EntryKind, Store, StoreError};

/// Every version of one key, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Versions {
    pub(crate) key: String,
    pub(crate) entries: Vec<Entry>,
}

/// Walks a listing key by key, one page in memory at a time.
pub(crate) struct Lister<'a> {
    store: &'a dyn Store,
    prefix: String,
    next: Option<String>,
    started: bool,
    page: VecDeque<Entry>,
}

impl<'a> Lister<'a> {
    pub(crate) fn new(store: &'a dyn Store, prefix: impl Into<String>) -> Self {
        let page = VecDeque::new();
        Self { store, prefix: prefix.into(), next: None, started: false, page }
    }

    /// Reads the first page, for who will walk later.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreError> {
        if let Some(first) = self.entry().await? {
            self.page.push_front(first);
        }
        Ok(())
    }

    /// The next key with all its versions; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Versions>, StoreError> {
        let Some(first) = self.entry().await? else { return Ok(None) };
        let key = first.key.clone();
        let mut entries = vec![first];
        while let Some(entry) = self.entry().await? {
            if entry.key != key {
                self.page.push_front(entry);
                break;
            }
            entries.push(entry);
        }
        Ok(Some(Versions { key, entries }))
    }

    async fn entry(&mut self) -> Result<Option<Entry>, StoreError> {
        // A page may be empty and still not the last.
        while self.page.is_empty() && (!self.started || self.next.is_some()) {
            let page = self.store.list(&self.prefix, self.next.as_deref()).await?;
            self.started = true;
            self.next = page.next;
            self.page = page.entries.into();
        }
        Ok(self.page.pop_front())
    }
}

/// The oldest version of a write-once object: the one that was sealed, whatever came over it. `None` where the
/// store keeps no versions, or has no such object.
pub(crate) async fn oldest_version(
    store: &dyn Store,
    key: &str,
) -> Result<Option<String>, StoreError> {
    if !store.capabilities().versions {
        return Ok(None);
    }
    let listed = Lister::new(store, key).next().await?;
    let mut objects = listed.filter(|v| v.key == key).map(|v| v.entries).unwrap_or_default();
    objects.retain(|e| e.kind == EntryKind::Object);
    Ok(objects.pop().and_then(|e| e.version))
}

/// What an object's bytes turned out to be.
#[derive(Debug)]
pub(crate) enum Examined {
    Batch(Box<BatchRecord>),
    Stray { reason: StrayReason, sha256: Digest },
}

impl Examined {
    /// Whether `line`, a record of the manifest of `day`, says just this.
    pub(crate) fn is(self, line: &[u8], day: Day) -> bool {
        match (self, Record::decode(line)) {
            (Self::Batch(mut found), Ok(Record::Batch(stated))) => {
                found.late = found.key.day != day;
                *found == stated
            }
            (Self::Stray { reason, sha256 }, Ok(Record::Stray(stated))) => {
                stated.reason == reason && stated.sha256 == Some(sha256)
            }
            _ => false,
        }
    }
}

/// Judges the bytes found under a batch's key: right digest, right form, right place.
pub(crate) fn examine(
    key: &BatchKey,
    version: Option<String>,
    bytes: &[u8],
    origin: &Origin,
) -> Examined {
    let sha256 = Digest::of(bytes);
    let stray = |reason| Examined::Stray { reason, sha256 };
    if sha256 != key.digest {
        return stray(StrayReason::Digest);
    }
    let Ok(batch) = Batch::parse(bytes) else { return stray(StrayReason::Format) };
    let h = batch.header();
    if (&h.origin, h.day, h.stream, h.seq) != (origin, key.day, key.stream, key.seq) {
        return stray(StrayReason::Header);
    }
    Examined::Batch(Box::new(BatchRecord {
        key: *key,
        version,
        length: bytes.len() as u64,
        previous: h.previous,
        entries: h.entries,
        first_time: h.first_time,
        last_time: h.last_time,
        root: h.root,
        service: h.service.clone(),
        last: h.last,
        late: false,
    }))
}

/// The most bytes read for one object.
pub(crate) const READ_LIMIT: u64 = MAX_BATCH_LEN;
