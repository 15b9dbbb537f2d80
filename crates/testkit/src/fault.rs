//! A store that fails, steps aside or takes its time on order.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_store::{
    Capabilities, Condition, Entry, ErrorKind, ObjectMeta, Page, Sha256, Store, StoreError,
    StoredObject,
};
use tokio::sync::Notify;

/// What is asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `put`.
    Put,
    /// `get`, `get_range` or `head`.
    Get,
    /// `list`, `list_prefixes` or `list_direct`.
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
    /// It happens and no answer ever comes: the process died. See [`FaultStore::died`].
    Die,
}

type Plan = dyn Fn(Operation, &str, u64) -> Option<Fault> + Send + Sync;

/// Wraps a store; a plan decides by operation, key and running number which requests fail.
pub struct FaultStore {
    inner: Arc<dyn Store>,
    plan: Box<Plan>,
    requests: AtomicU64,
    gets: AtomicU64,
    puts: AtomicU64,
    died: Notify,
    yields: Option<u64>,
    latency: Duration,
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
        let (plan, died) = (Box::new(plan), Notify::new());
        Self {
            inner,
            plan,
            requests: zero(),
            gets: zero(),
            puts: zero(),
            died,
            yields: None,
            latency: Duration::ZERO,
        }
    }

    /// Fails the request with this number, once.
    pub fn at(inner: Arc<dyn Store>, number: u64, fault: Fault) -> Self {
        Self::new(inner, move |_, _, n| (n == number).then_some(fault))
    }

    /// Fails nothing; lets other tasks run before and after every request, as often as `seed` says.
    pub fn yielding(inner: Arc<dyn Store>, seed: u64) -> Self {
        Self { yields: Some(seed), ..Self::new(inner, |_, _, _| None) }
    }

    /// Fails nothing; each request takes so long, by tokio's clock, which a test can pause.
    pub fn slow(inner: Arc<dyn Store>, latency: Duration) -> Self {
        Self { latency, ..Self::new(inner, |_, _, _| None) }
    }

    /// Returns once a request was answered by [`Fault::Die`]: drop the caller then.
    pub async fn died(&self) {
        self.died.notified().await;
    }

    /// Steps aside up to seven times, by the seed and the request's number.
    async fn step_aside(&self, number: u64) {
        let Some(seed) = self.yields else { return };
        for _ in 0..mixed(seed ^ number) % 8 {
            tokio::task::yield_now().await;
        }
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
        self.step_aside(number * 2).await;
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
        match (self.plan)(operation, key, number) {
            None => {
                let answer = request.await;
                self.step_aside(number * 2 + 1).await;
                answer
            }
            Some(Fault::Fail) => error(ErrorKind::Unavailable),
            Some(Fault::Deny) => error(ErrorKind::Denied),
            Some(Fault::FailAfter) => {
                request.await?;
                error(ErrorKind::Unavailable)
            }
            Some(Fault::Die) => {
                // Whatever it did, the process never hears of it.
                let _ = request.await;
                self.died.notify_one();
                std::future::pending().await
            }
        }
    }
}

/// SplitMix64's finaliser: neighbouring numbers become unrelated ones.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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

    async fn put_file(
        &self,
        key: &str,
        file: &Path,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        self.with(Operation::Put, key, self.inner.put_file(key, file, sha256, condition)).await
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

    async fn list_direct(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        self.with(Operation::List, prefix, self.inner.list_direct(prefix)).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn url(&self) -> &str {
        self.inner.url()
    }
}
