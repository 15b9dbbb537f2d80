//! The conformance suite on the back-ends that need no server, and on stores that break their word.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where it fails")]
#![cfg(feature = "conformance")]

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_store::conformance::{Broken, run};
use dayseal_store::{
    Capabilities, Condition, DirectoryStore, ErrorKind, MemoryStore, ObjectMeta, Page, Sha256,
    Store, StoreError, StoredObject, probe_conditional_create,
};

#[tokio::test(flavor = "multi_thread")]
async fn memory_with_versions() {
    let store = MemoryStore::new();
    run(&store, "suite", Some(&|key| Box::pin(async { store.delete(&{ key }) }))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_without_versions() {
    let store = MemoryStore::without_versions();
    run(&store, "suite", Some(&|key| Box::pin(async { store.delete(&{ key }) }))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn directory() {
    let home = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(home.path()).unwrap();
    let remove = |key: String| {
        let path = home.path().join(key);
        Box::pin(async move { std::fs::remove_file(path).unwrap() }) as _
    };
    run(&store, "suite", Some(&remove)).await.unwrap();
}

/// Which promise a [`Liar`] breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lie {
    IgnoresPreconditions,
    RefusesButOverwrites,
    HidesMarkers,
    ForgetsTheLastOfAPage,
    IgnoresLimits,
}

#[derive(Debug)]
struct Liar {
    inner: MemoryStore,
    lie: Lie,
    lied: AtomicBool,
}

impl Liar {
    fn new(lie: Lie) -> Self {
        Self { inner: MemoryStore::new(), lie, lied: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Store for Liar {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        let answer = self.inner.put(key, bytes.clone(), sha256, condition).await;
        let refused = answer.as_ref().is_err_and(|e| e.kind() != ErrorKind::Configuration);
        match self.lie {
            Lie::IgnoresPreconditions if refused => Ok(self.inner.overwrite(key, bytes)),
            Lie::RefusesButOverwrites if refused => {
                self.inner.overwrite(key, bytes);
                answer
            }
            _ => answer,
        }
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        let limit = if self.lie == Lie::IgnoresLimits { u64::MAX } else { limit };
        self.inner.get(key, version, limit).await
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        self.inner.get_range(key, version, offset, length).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        self.inner.head(key, version).await
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        let mut page = self.inner.list(prefix, from).await?;
        if self.lie == Lie::HidesMarkers {
            page.entries.retain(|e| e.kind == dayseal_store::EntryKind::Object);
        }
        if self.lie == Lie::ForgetsTheLastOfAPage && page.next.is_some() {
            self.lied.store(true, Ordering::Relaxed);
            page.entries.pop();
        }
        Ok(page)
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.inner.list_prefixes(prefix).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn url(&self) -> &str {
        self.inner.url()
    }
}

async fn broken_by(lie: Lie) -> Vec<&'static str> {
    let store = Liar::new(lie);
    let inner = &store.inner;
    let broken: Vec<Broken> =
        run(&store, "suite", Some(&|key| Box::pin(async { inner.delete(&{ key }) })))
            .await
            .unwrap_err();
    broken.iter().map(|b| b.check).collect()
}

#[tokio::test]
async fn the_suite_fails_on_a_store_that_ignores_preconditions() {
    let broken = broken_by(Lie::IgnoresPreconditions).await;
    for check in [
        "create_only",
        "one_winner_of_sixteen",
        "compare_and_swap",
        "one_swap_of_sixteen",
        "swap_without_object",
    ] {
        assert!(broken.contains(&check), "{check} not in {broken:?}");
    }
}

#[tokio::test]
async fn the_suite_fails_on_a_store_that_refuses_but_overwrites() {
    assert!(broken_by(Lie::RefusesButOverwrites).await.contains(&"create_only"));
}

#[tokio::test]
async fn the_suite_fails_on_a_store_that_hides_markers() {
    assert_eq!(broken_by(Lie::HidesMarkers).await, ["deletion"]);
}

#[tokio::test]
async fn the_suite_fails_on_a_store_that_loses_keys_between_pages() {
    assert_eq!(broken_by(Lie::ForgetsTheLastOfAPage).await, ["pages"]);
}

#[tokio::test]
async fn the_suite_fails_on_a_store_that_ignores_limits() {
    assert_eq!(broken_by(Lie::IgnoresLimits).await, ["limits"]);
}

#[tokio::test]
async fn the_probe_accepts_honest_stores_and_no_others() {
    let key = probe_conditional_create(&MemoryStore::new(), "probe").await.unwrap();
    assert!(key.starts_with("probe/") && key.len() == "probe/".len() + 32);
    for lie in [Lie::IgnoresPreconditions, Lie::RefusesButOverwrites] {
        let e = probe_conditional_create(&Liar::new(lie), "probe").await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Configuration);
        assert!(e.to_string().contains("If-None-Match"), "{e}");
    }
}
