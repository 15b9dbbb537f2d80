//! A store in memory that behaves like a versioned S3 bucket, for tests and for modelling attacks on one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest, Sha256 as Hasher};

use crate::cursor::Cursor;
use crate::key::{check_key, check_prefix};
use crate::{
    Capabilities, Condition, Entry, EntryKind, ErrorKind, ObjectMeta, Page, Sha256, Store,
    StoreError, StoredObject,
};

/// Entries in one page, as S3 has it.
const PAGE: usize = 1_000;

/// Objects, versions and delete markers in memory; gone with the process.
///
/// [`MemoryStore::new`] keeps versions, as a versioned bucket does; [`MemoryStore::without_versions`] does not.
/// The inherent methods do what an attacker (or a careless operator) with full rights on a bucket can do, past every
/// condition; the [`Store`] methods do what dayseal does.
#[derive(Debug)]
pub struct MemoryStore {
    versions: bool,
    url: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Per key oldest first, never empty.
    objects: BTreeMap<String, Vec<Version>>,
    /// Ids and tags handed out so far; never reused.
    counter: u64,
}

#[derive(Clone, Debug)]
struct Version {
    id: String,
    /// `None`: a delete marker.
    bytes: Option<Bytes>,
}

impl State {
    fn next_id(&mut self) -> String {
        self.counter += 1;
        format!("v{:08}", self.counter)
    }
}

impl Version {
    fn meta(&self, versions: bool) -> ObjectMeta {
        ObjectMeta {
            length: self.bytes.as_ref().map_or(0, |b| b.len() as u64),
            // The id is new with every write, so a tag never names two states of a key.
            etag: self.id.clone(),
            version: versions.then(|| self.id.clone()),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store that keeps every version.
    pub fn new() -> Self {
        Self { versions: true, url: "memory://versioned".into(), state: Mutex::default() }
    }

    /// An empty store where a replacement or deletion leaves no trace, like a bucket without versioning.
    pub fn without_versions() -> Self {
        Self { versions: false, url: "memory://plain".into(), state: Mutex::default() }
    }

    /// Writes past every condition and outside the key grammar if asked: a new version, or a replacement where none are kept.
    pub fn overwrite(&self, key: &str, bytes: impl Into<Bytes>) -> ObjectMeta {
        self.push(&mut self.lock(), key, Some(bytes.into()))
    }

    /// Deletes as S3 does without a version id: adds a delete marker, or removes the object where no versions are kept.
    /// A marker can be added to a key that never existed.
    pub fn delete(&self, key: &str) {
        let mut state = self.lock();
        if self.versions {
            self.push(&mut state, key, None);
        } else {
            state.objects.remove(key);
        }
    }

    /// Removes one version or marker for good; what lies below becomes current. `false` if there is none.
    pub fn remove_version(&self, key: &str, version: &str) -> bool {
        let mut state = self.lock();
        let Some(versions) = state.objects.get_mut(key) else { return false };
        let before = versions.len();
        versions.retain(|v| v.id != version);
        let removed = versions.len() < before;
        if versions.is_empty() {
            state.objects.remove(key);
        }
        removed
    }

    /// Removes a key with all its versions and markers. `false` if there was none.
    pub fn remove(&self, key: &str) -> bool {
        self.lock().objects.remove(key).is_some()
    }

    /// Exchanges the bytes of the current object under the same version id and tag: a store that lies, or a disk that rots.
    /// `false` if there is no current object.
    pub fn rot(&self, key: &str, bytes: impl Into<Bytes>) -> bool {
        let mut state = self.lock();
        let current = state.objects.get_mut(key).and_then(|v| v.last_mut());
        match current {
            Some(Version { bytes: Some(old), .. }) => {
                *old = bytes.into();
                true
            }
            _ => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No method leaves the map half changed, so a panic elsewhere does not make it wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, state: &mut State, key: &str, bytes: Option<Bytes>) -> ObjectMeta {
        let version = Version { id: state.next_id(), bytes };
        let meta = version.meta(self.versions);
        let all = state.objects.entry(key.to_owned()).or_default();
        if !self.versions {
            all.clear();
        }
        all.push(version);
        meta
    }

    fn find(
        &self,
        action: &'static str,
        key: &str,
        version: Option<&str>,
    ) -> Result<(Bytes, ObjectMeta), StoreError> {
        check_key(action, &self.url, key)?;
        let state = self.lock();
        let found = state.objects.get(key).and_then(|all| match version {
            None => all.last(),
            Some(id) if self.versions => all.iter().find(|v| v.id == id),
            Some(_) => None,
        });
        match found {
            Some(v @ Version { bytes: Some(bytes), .. }) => {
                Ok((bytes.clone(), v.meta(self.versions)))
            }
            Some(Version { bytes: None, .. }) => {
                Err(self.error(ErrorKind::NotFound, action, key, "a delete marker"))
            }
            None => Err(self.error(ErrorKind::NotFound, action, key, "")),
        }
    }

    fn error(&self, kind: ErrorKind, action: &'static str, key: &str, detail: &str) -> StoreError {
        StoreError::new(kind, action, format!("{}/{key}", self.url), detail)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        check_key("put", &self.url, key)?;
        // S3 refuses a body that does not match its checksum, so its double does too.
        if Hasher::digest(&bytes)[..] != sha256[..] {
            let detail = "the SHA-256 given is not that of the bytes given";
            return Err(self.error(ErrorKind::Protocol, "put", key, detail));
        }
        let mut state = self.lock();
        let current = state.objects.get(key).and_then(|v| v.last()).filter(|v| v.bytes.is_some());
        match (condition, current) {
            (Condition::Absent, Some(_)) => {
                return Err(self.error(ErrorKind::AlreadyExists, "put", key, ""));
            }
            (Condition::Matches(tag), found) if found.is_none_or(|v| v.id != tag) => {
                let found = found.map_or("no object", |_| "another tag");
                return Err(self.error(ErrorKind::Precondition, "put", key, found));
            }
            _ => {}
        }
        Ok(self.push(&mut state, key, Some(bytes)))
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        let (bytes, meta) = self.find("get", key, version)?;
        if meta.length > limit {
            let detail = format!("{} bytes, at most {limit} expected", meta.length);
            return Err(self.error(ErrorKind::TooLarge, "get", key, &detail));
        }
        Ok(StoredObject { bytes, meta })
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        let (bytes, meta) = self.find("get", key, version)?;
        let start = offset.min(meta.length);
        let end = start.saturating_add(length).min(meta.length);
        // Both are at most `bytes.len()`, so they fit.
        Ok(StoredObject { bytes: bytes.slice(start as usize..end as usize), meta })
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        Ok(self.find("head", key, version)?.1)
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        check_prefix("list", &self.url, prefix)?;
        let from = from.map(|text| Cursor::decode(text, &self.url)).transpose()?;
        let start = from.as_ref().map_or(prefix, |c| c.key.as_str()).to_owned();
        let state = self.lock();
        let mut page = Page::default();
        let mut last: Option<Cursor> = None;
        for (key, all) in state.objects.range(start..) {
            if !key.starts_with(prefix) {
                break;
            }
            // Versions are numbered upwards and listed downwards: the rest of a key cut by a page is what is older.
            let seen = from.as_ref().filter(|c| c.key == *key).and_then(|c| c.version.as_deref());
            for (position, version) in all.iter().enumerate().rev() {
                if seen.is_some_and(|seen| version.id.as_str() >= seen) {
                    continue;
                }
                if page.entries.len() == PAGE {
                    page.next = last.map(|c| c.encode());
                    return Ok(page);
                }
                // The id goes into the cursor even where listings do not show it.
                last = Some(Cursor { key: key.clone(), version: Some(version.id.clone()) });
                let marker = version.bytes.is_none();
                page.entries.push(Entry {
                    key: key.clone(),
                    version: self.versions.then(|| version.id.clone()),
                    latest: position + 1 == all.len(),
                    length: version.bytes.as_ref().map_or(0, |b| b.len() as u64),
                    kind: if marker { EntryKind::DeleteMarker } else { EntryKind::Object },
                });
            }
        }
        Ok(page)
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        check_prefix("list", &self.url, prefix)?;
        let state = self.lock();
        let mut found: Vec<String> = Vec::new();
        for key in state.objects.range(prefix.to_owned()..).map(|(key, _)| key) {
            let Some(rest) = key.strip_prefix(prefix) else { break };
            let Some(slash) = rest.find('/') else { continue };
            let name = &key[..=prefix.len() + slash];
            if found.last().is_none_or(|last| last != name) {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { versions: self.versions }
    }

    fn url(&self) -> &str {
        &self.url
    }
}
