//! A store, keys and a clock that do what a test says.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use bytes::Bytes;
use dayseal_format::UnixMillis;
use dayseal_keys::{DataKeySource, GeneratedKey, KeyContext, KeyError, LocalKeys};
use dayseal_store::{
    Capabilities, Condition, ErrorKind, ObjectMeta, Page, Sha256, Store, StoreError, StoredObject,
};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::Clock;

/// What becomes of a put.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Fail,
    /// Stored, and an error all the same.
    FailAfter,
}

/// Keeps objects in order of arrival; fails and waits on order.
#[derive(Debug)]
pub(super) struct ScriptedStore {
    objects: Mutex<Vec<(String, Bytes)>>,
    /// Every key asked for, refused ones included.
    asked: Mutex<Vec<String>>,
    script: Mutex<VecDeque<Answer>>,
    broken: AtomicBool,
    /// A put takes a permit and keeps it.
    gate: Semaphore,
}

impl Default for ScriptedStore {
    fn default() -> Self {
        Self {
            objects: Mutex::default(),
            asked: Mutex::default(),
            script: Mutex::default(),
            broken: AtomicBool::new(false),
            gate: Semaphore::new(1_000_000),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

impl ScriptedStore {
    pub(super) fn objects(&self) -> Vec<(String, Bytes)> {
        lock(&self.objects).clone()
    }

    pub(super) fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }

    /// The next puts get these answers; later ones succeed.
    pub(super) fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.script).extend(answers);
    }

    /// Whether every put fails.
    pub(super) fn broken(&self, yes: bool) {
        self.broken.store(yes, Ordering::SeqCst);
    }

    /// From now on a put waits until it is let through.
    pub(super) fn hold(&self) {
        self.gate.forget_permits(usize::MAX);
    }

    /// Lets this many puts through.
    pub(super) fn let_through(&self, puts: usize) {
        self.gate.add_permits(puts);
    }
}

#[async_trait]
impl Store for ScriptedStore {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        lock(&self.asked).push(key.to_owned());
        self.gate.acquire().await.unwrap().forget();
        assert_eq!(condition, Condition::Absent);
        assert_eq!(dayseal_format::Digest::of(&bytes).as_bytes(), sha256);
        let error = |kind| Err(StoreError::new(kind, "put", key, "scripted"));
        let answer = lock(&self.script).pop_front();
        if self.broken.load(Ordering::SeqCst) || matches!(answer, Some(Answer::Fail)) {
            return error(ErrorKind::Unavailable);
        }
        let mut objects = lock(&self.objects);
        if objects.iter().any(|(known, _)| known == key) {
            return error(ErrorKind::AlreadyExists);
        }
        let length = bytes.len() as u64;
        objects.push((key.to_owned(), bytes));
        match answer {
            Some(Answer::FailAfter) => error(ErrorKind::Unavailable),
            _ => Ok(ObjectMeta { length, etag: String::new(), version: None }),
        }
    }

    async fn get(&self, _: &str, _: Option<&str>, _: u64) -> Result<StoredObject, StoreError> {
        unreachable!("a producer never reads")
    }

    async fn get_range(
        &self,
        _: &str,
        _: Option<&str>,
        _: u64,
        _: u64,
    ) -> Result<StoredObject, StoreError> {
        unreachable!("a producer never reads")
    }

    async fn head(&self, _: &str, _: Option<&str>) -> Result<ObjectMeta, StoreError> {
        unreachable!("a producer never reads")
    }

    async fn list(&self, _: &str, _: Option<&str>) -> Result<Page, StoreError> {
        unreachable!("a producer never lists")
    }

    async fn list_prefixes(&self, _: &str) -> Result<Vec<String>, StoreError> {
        unreachable!("a producer never lists")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { versions: false }
    }

    fn url(&self) -> &str {
        "scripted:"
    }
}

/// Local keys that can be out of reach.
#[derive(Debug)]
pub(super) struct ScriptedKeys {
    pub(super) local: LocalKeys,
    gone: AtomicBool,
}

impl ScriptedKeys {
    pub(super) fn new() -> Self {
        let origin = "audit.example.com/test".parse().unwrap();
        Self { local: LocalKeys::generate(&origin).unwrap(), gone: AtomicBool::new(false) }
    }

    pub(super) fn gone(&self, yes: bool) {
        self.gone.store(yes, Ordering::SeqCst);
    }
}

#[async_trait]
impl DataKeySource for ScriptedKeys {
    async fn generate(&self, context: &KeyContext) -> Result<GeneratedKey, KeyError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(KeyError::Absent { what: "wrapping key" });
        }
        self.local.generate(context).await
    }
}

/// Starts where it is told and goes with tokio's time, so that pausing one pauses both.
#[derive(Debug)]
pub(super) struct TestClock {
    start: Instant,
    at_start: AtomicI64,
}

impl TestClock {
    pub(super) fn new(now: UnixMillis) -> Self {
        Self { start: Instant::now(), at_start: AtomicI64::new(now.as_millis()) }
    }

    /// Jumps ahead without letting time pass, as after a suspended laptop.
    pub(super) fn jump(&self, ms: i64) {
        self.at_start.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMillis {
        let passed = i64::try_from(self.start.elapsed().as_millis()).unwrap();
        UnixMillis::new(self.at_start.load(Ordering::SeqCst) + passed).unwrap()
    }
}
