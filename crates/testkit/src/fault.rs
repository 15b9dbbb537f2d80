//! A store that fails on order.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_store::{
    Capabilities, Condition, ErrorKind, ObjectMeta, Page, Sha256, Store, StoreError, StoredObject,
};

/// What is asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `put`.
    Put,
    /// `get`, `get_range` or `head`.
    Get,
    /// `list` or `list_prefixes`.
    List,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens and an error is returned.
    Fail,
    /// It happens and an error is returned all the same.
    FailAfter,
    /// Nothing happens, and permission is denied.
    Deny,
}

type Plan = dyn Fn(Operation, &str, u64) -> Option<Fault> + Send + Sync;

/// Wraps a store; a plan decides by operation, key and running number which requests fail.
pub struct FaultStore {
    inner: Arc<dyn Store>,
    plan: Box<Plan>,
    requests: AtomicU64,
    gets: AtomicU64,
    puts: AtomicU64,
}

impl fmt::Debug for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore({:?})", self.inner)
    }
}

impl FaultStore {
    /// Fails what `plan` says. Requests are numbered from 0.
    pub fn new(
        inner: Arc<dyn Store>,
        plan: impl Fn(Operation, &str, u64) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let zero = AtomicU64::default;
        Self { inner, plan: Box::new(plan), requests: zero(), gets: zero(), puts: zero() }
    }

    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// Reads so far.
    pub fn gets(&self) -> u64 {
        self.gets.load(Ordering::SeqCst)
    }

    /// Writes so far.
    pub fn puts(&self) -> u64 {
        self.puts.load(Ordering::SeqCst)
    }

    async fn with<T>(
        &self,
        operation: Operation,
        key: &str,
        request: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let number = self.requests.fetch_add(1, Ordering::SeqCst);
        match operation {
            Operation::Get => self.gets.fetch_add(1, Ordering::SeqCst),
            Operation::Put => self.puts.fetch_add(1, Ordering::SeqCst),
            Operation::List => 0,
        };
        let error = |kind| Err(StoreError::new(kind, "reach", key, "a planned fault"));
        match (self.plan)(operation, key, number) {
            None => request.await,
            Some(Fault::Fail) => error(ErrorKind::Unavailable),
            Some(Fault::Deny) => error(ErrorKind::Denied),
            Some(Fault::FailAfter) => {
                request.await?;
                error(ErrorKind::Unavailable)
            }
        }
    }
}

#[async_trait]
impl Store for FaultStore {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        self.with(Operation::Put, key, self.inner.put(key, bytes, sha256, condition)).await
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        self.with(Operation::Get, key, self.inner.get(key, version, limit)).await
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        self.with(Operation::Get, key, self.inner.get_range(key, version, offset, length)).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        self.with(Operation::Get, key, self.inner.head(key, version)).await
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        self.with(Operation::List, prefix, self.inner.list(prefix, from)).await
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.with(Operation::List, prefix, self.inner.list_prefixes(prefix)).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn url(&self) -> &str {
        self.inner.url()
    }
}
