//! A store that counts what it is asked.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_store::{
    Capabilities, Condition, ObjectMeta, Page, Sha256, Store, StoreError, StoredObject,
};

/// Counts requests: a page of a listing is one, as with S3. Tries again that a back-end makes by itself are not seen.
#[derive(Debug)]
pub(super) struct Counted<'a> {
    inner: &'a dyn Store,
    requests: AtomicU64,
}

impl<'a> Counted<'a> {
    pub(super) fn new(inner: &'a dyn Store) -> Self {
        Self { inner, requests: AtomicU64::new(0) }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn one(&self) -> &'a dyn Store {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.inner
    }
}

#[async_trait]
impl Store for Counted<'_> {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        self.one().put(key, bytes, sha256, condition).await
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        self.one().get(key, version, limit).await
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        self.one().get_range(key, version, offset, length).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        self.one().head(key, version).await
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        self.one().list(prefix, from).await
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.one().list_prefixes(prefix).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn url(&self) -> &str {
        self.inner.url()
    }
}
