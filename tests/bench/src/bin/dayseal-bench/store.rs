//! Stores to measure with: one that keeps nothing, one that counts.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_store::{
    Capabilities, Condition, ErrorKind, ObjectMeta, Page, Sha256, Store, StoreError, StoredObject,
};

/// Takes everything after a pause and keeps nothing.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) pause: Duration,
    pub(crate) puts: AtomicU64,
}

fn kept_nothing<T>(key: &str) -> Result<T, StoreError> {
    Err(StoreError::new(ErrorKind::NotFound, "read", key, "a sink keeps nothing"))
}

#[async_trait]
impl Store for Sink {
    async fn put(
        &self,
        _key: &str,
        bytes: Bytes,
        _sha256: &Sha256,
        _condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        if !self.pause.is_zero() {
            tokio::time::sleep(self.pause).await;
        }
        self.puts.fetch_add(1, Ordering::Relaxed);
        Ok(ObjectMeta { length: bytes.len() as u64, etag: String::new(), version: None })
    }

    async fn get(&self, key: &str, _: Option<&str>, _: u64) -> Result<StoredObject, StoreError> {
        kept_nothing(key)
    }

    async fn get_range(
        &self,
        key: &str,
        _: Option<&str>,
        _: u64,
        _: u64,
    ) -> Result<StoredObject, StoreError> {
        kept_nothing(key)
    }

    async fn head(&self, key: &str, _: Option<&str>) -> Result<ObjectMeta, StoreError> {
        kept_nothing(key)
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Result<Page, StoreError> {
        Ok(Page::default())
    }

    async fn list_prefixes(&self, _: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { versions: false }
    }

    fn url(&self) -> &str {
        "sink:"
    }
}

/// Counts the requests to another store.
#[derive(Debug)]
pub(crate) struct Counting<S> {
    pub(crate) inner: S,
    /// Whole reads of objects below `entries/`.
    pub(crate) entry_gets: AtomicU64,
    pub(crate) other_gets: AtomicU64,
    pub(crate) lists: AtomicU64,
    pub(crate) puts: AtomicU64,
}

impl<S> Counting<S> {
    pub(crate) fn new(inner: S) -> Self {
        let zero = AtomicU64::default;
        Self { inner, entry_gets: zero(), other_gets: zero(), lists: zero(), puts: zero() }
    }

    fn got(&self, key: &str) {
        let entry = key.starts_with(dayseal_format::names::ENTRIES);
        let counter = if entry { &self.entry_gets } else { &self.other_gets };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl<S: Store> Store for Counting<S> {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.inner.put(key, bytes, sha256, condition).await
    }

    async fn put_file(
        &self,
        key: &str,
        file: &Path,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.inner.put_file(key, file, sha256, condition).await
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        self.got(key);
        self.inner.get(key, version, limit).await
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        self.got(key);
        self.inner.get_range(key, version, offset, length).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        self.got(key);
        self.inner.head(key, version).await
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.inner.list(prefix, from).await
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.inner.list_prefixes(prefix).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn url(&self) -> &str {
        self.inner.url()
    }
}
