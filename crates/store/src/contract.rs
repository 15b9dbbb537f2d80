//! What dayseal asks of an object store, and no more.

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{ErrorKind, StoreError};

/// SHA-256 of an object's whole bytes. Callers have it already; back-ends pass it on, never recompute it on the hot path.
pub type Sha256 = [u8; 32];

/// When a [`Store::put`] may take effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Create only (`If-None-Match: *`).
    Absent,
    /// Replace only the object that has this entity tag (`If-Match`). The empty tag matches nothing.
    Matches(String),
}

/// What a store knows of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Length in bytes.
    pub length: u64,
    /// Opaque entity tag; good only for [`Condition::Matches`]. Empty, and then matching nothing, where a back-end
    /// would have to read more than was asked to know it (a range of a file).
    pub etag: String,
    /// Version id where the store keeps versions.
    pub version: Option<String>,
}

/// An object's bytes with what the store knows of it.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// The whole bytes, or the asked range.
    pub bytes: Bytes,
    /// Its metadata; `length` is the whole object's even for a range.
    pub meta: ObjectMeta,
}

/// Whether a listed thing holds bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A version with bytes.
    Object,
    /// A delete marker: it hides older versions and holds no bytes.
    DeleteMarker,
}

/// One version of one key, as [`Store::list`] reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Key below the store's root. Strays are listed too, so it may be outside the grammar; then no method reads it.
    pub key: String,
    /// Version id where the store keeps versions.
    pub version: Option<String>,
    /// Whether this version is the current one of its key.
    pub latest: bool,
    /// Length in bytes; 0 for a marker.
    pub length: u64,
    /// Bytes or delete marker.
    pub kind: EntryKind,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In ascending order of key bytes; versions of one key next to each other, newest first.
    pub entries: Vec<Entry>,
    /// Where the next page starts; `None` at the end. Opaque.
    pub next: Option<String>,
}

/// What a back-end can tell; verdicts say "not checked" for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Listings show every version and every delete marker.
    pub versions: bool,
}

/// A place that keeps objects by key: one root of a log.
///
/// Keys are relative to the root, made of segments of `[A-Za-z0-9._-]` joined by `/`, none empty, none starting with a dot.
///
/// Expected of every implementer, and proved by the conformance suite:
/// - A `put` that returned `Ok` is durable and seen by every later `get` and `list`.
/// - Two `put`s with [`Condition::Absent`] for one key: exactly one succeeds; the other is
///   [`ErrorKind::AlreadyExists`](crate::ErrorKind). No reader ever sees part of an object.
/// - A `put` that returned another error may or may not have taken effect; the caller finds out by
///   reading. Transient errors are retried inside, within the deadline of the store.
/// - Methods are safe to cancel: a cancelled `put` may or may not take effect.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Stores `bytes` under `key` if `condition` holds. `sha256` is the digest of `bytes`; a back-end may refuse a
    /// wrong one and need not.
    ///
    /// # Errors
    /// `AlreadyExists` ([`Condition::Absent`] and the key has a current object), `Precondition`
    /// ([`Condition::Matches`] and another tag or no object), `Configuration` (a key outside the grammar), or what
    /// the store reports. An attempt may have landed before the one that was refused: a back-end then looks whether the
    /// bytes there are its own; where it may not read it says `AlreadyExists`.
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError>;

    /// [`Store::put`] of a local file, which must not change meanwhile: for objects too large for memory.
    /// `sha256` is the digest of its bytes.
    ///
    /// This default reads the whole file; a back-end that can stream does.
    ///
    /// # Errors
    /// As [`Store::put`], and `Unavailable` if the file cannot be read.
    async fn put_file(
        &self,
        key: &str,
        file: &Path,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        let bytes = std::fs::read(file).map_err(|e| unreadable(self.url(), key, file, e))?;
        self.put(key, bytes.into(), sha256, condition).await
    }

    /// The whole object, its current version or the one named. `limit` bounds the bytes read.
    ///
    /// # Errors
    /// `NotFound` (no object, a delete marker, no such version), `TooLarge` (longer than `limit`; nothing is read),
    /// `Configuration` (a key outside the grammar).
    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError>;

    /// `length` bytes from `offset`, fewer at the object's end, none past it.
    ///
    /// # Errors
    /// As [`Store::get`].
    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError>;

    /// Metadata of the current or named version.
    ///
    /// # Errors
    /// As [`Store::get`].
    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError>;

    /// One page of every version and marker whose key starts with `prefix`; `from` is [`Page::next`] of the page before.
    ///
    /// # Errors
    /// What the store reports; `Configuration` for a `from` that is no [`Page::next`]. An empty listing is `Ok`.
    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError>;

    /// The names directly below `prefix` that have something below them, each ending in `/`, sorted, each the full key prefix.
    ///
    /// # Errors
    /// What the store reports.
    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError>;

    /// Every version and marker directly below `prefix`: no further slash in its key. In the order of [`Store::list`].
    ///
    /// This default walks the whole listing; a back-end that can ask for less does.
    ///
    /// # Errors
    /// As [`Store::list`].
    async fn list_direct(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self.list(prefix, from.as_deref()).await?;
            let direct =
                |e: &Entry| e.key.get(prefix.len()..).is_some_and(|rest| !rest.contains('/'));
            found.extend(page.entries.into_iter().filter(direct));
            from = page.next;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// What this back-end can tell.
    fn capabilities(&self) -> Capabilities;

    /// Where this root is, for messages (`s3://bucket/prefix`, `file:///dir`). Holds no secret.
    fn url(&self) -> &str;
}

/// The local file of a [`Store::put_file`] is not to be had.
pub(crate) fn unreadable(url: &str, key: &str, file: &Path, e: std::io::Error) -> StoreError {
    let detail = format!("cannot read {}", file.display());
    StoreError::new(ErrorKind::Unavailable, "put", format!("{url}/{key}"), detail).caused_by(e)
}
