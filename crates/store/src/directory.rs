//! A store in a local directory: one file per object, created atomically and flushed to disk.

mod files;
mod listing;
mod write;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::directory::write::Content;
use crate::key::{check_key, check_prefix};
use crate::{
    Capabilities, Condition, Entry, ErrorKind, ObjectMeta, Page, Sha256, Store, StoreError,
    StoredObject,
};

/// Half-written files live here until they are whole; ignored by listings, may be emptied while nobody writes.
const TEMPORARY: &str = ".tmp";

/// Locked by a compare-and-swap; ignored by listings.
const LOCK: &str = ".lock";

/// Objects as files below one directory, for one machine's disk.
///
/// What it promises, beyond [`Store`]:
/// - A file has its final name only once all its bytes are on disk; a crash or a full disk leaves at most a
///   file in `.tmp`, which no listing shows.
/// - Files are made read-only. That stops accidents, not attackers: who owns the files can change them, and
///   only verifying tells.
/// - Symbolic links below the root are never followed: they are listed, and reading one is an error.
/// - Everything below the root is listed, foreign names included (those in lossy UTF-8), but not empty directories.
///
/// It needs hard links and exclusive file locks, so a file system like ext4, XFS, Btrfs, ZFS or APFS, not FAT.
/// The tag of an object is its SHA-256 in hex, as given by the writer or as computed by a reader; so `head`
/// reads the whole file. A range has the empty tag, which [`Condition::Matches`] never matches.
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    root: Arc<Root>,
}

/// What blocking tasks share.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    url: String,
    known: write::KnownDirectories,
}

impl DirectoryStore {
    /// Opens an existing directory; writes nothing, so a read-only copy can be verified.
    ///
    /// The root itself may be a symbolic link; it is resolved once, here.
    ///
    /// # Errors
    /// `NotFound`, `Denied`, or `Configuration` if it is not a directory.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let shown = path.as_ref().display().to_string();
        let path = path.as_ref().canonicalize().map_err(|e| files::error("open", &shown, e))?;
        if !path.is_dir() {
            let detail = "it is not a directory";
            return Err(StoreError::new(ErrorKind::Configuration, "open", shown, detail));
        }
        let url = crate::url::of_path(&path);
        Ok(Self { root: Arc::new(Root { path, url, known: write::KnownDirectories::default() }) })
    }

    /// Opens a directory after making it and its parents, durably. One that is there already is opened as it is.
    ///
    /// # Errors
    /// As [`DirectoryStore::open`], and what the file system says to a new directory.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        write::create_directories(path.as_ref())
            .map_err(|e| files::error("create", &path.as_ref().display().to_string(), e))?;
        Self::open(path)
    }

    /// Removes an object, durably, and the directories that it leaves empty; false if there was none.
    ///
    /// Not part of [`Store`]: a log deletes nothing. It is for what stands in for a bucket's lifecycle rules, and
    /// for an erasure that a law asks for. A symbolic link is removed, not what it leads to.
    ///
    /// # Errors
    /// `Denied`, `Configuration` (a key outside the grammar), or what the file system says.
    pub async fn remove(&self, key: &str) -> Result<bool, StoreError> {
        check_key("remove", &self.root.url, key)?;
        let key = key.to_owned();
        self.blocking("remove", move |root| write::remove(root, &key)).await
    }

    /// Runs `work` where blocking is allowed. It runs to its end even if the caller is cancelled.
    async fn blocking<T: Send + 'static>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Root) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let root = Arc::clone(&self.root);
        let url = self.root.url.clone();
        let task = tokio::task::spawn_blocking(move || work(&root));
        task.await.unwrap_or_else(|e| {
            let detail = "the blocking task did not end";
            Err(StoreError::new(ErrorKind::Unavailable, action, url, detail).caused_by(e))
        })
    }
}

impl Root {
    /// `key` as a path. Only for keys that passed the grammar, which has no `..` and no absolute paths.
    fn path_of(&self, key: &str) -> PathBuf {
        self.path.join(key)
    }

    fn object(&self, key: &str) -> String {
        format!("{}/{key}", self.url)
    }

    fn no_versions(&self, action: &'static str, key: &str) -> StoreError {
        let detail = "a directory keeps no versions; ask for the object without one";
        StoreError::new(ErrorKind::NotFound, action, self.object(key), detail)
    }
}

#[async_trait]
impl Store for DirectoryStore {
    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        check_key("put", &self.root.url, key)?;
        let (key, etag) = (key.to_owned(), hex::encode(sha256));
        let work =
            move |root: &Root| write::put(root, &key, Content::Bytes(&bytes), etag, &condition);
        self.blocking("put", work).await
    }

    async fn put_file(
        &self,
        key: &str,
        file: &Path,
        sha256: &Sha256,
        condition: Condition,
    ) -> Result<ObjectMeta, StoreError> {
        check_key("put", &self.root.url, key)?;
        let (key, file, etag) = (key.to_owned(), file.to_owned(), hex::encode(sha256));
        let work =
            move |root: &Root| write::put(root, &key, Content::File(&file), etag, &condition);
        self.blocking("put", work).await
    }

    async fn get(
        &self,
        key: &str,
        version: Option<&str>,
        limit: u64,
    ) -> Result<StoredObject, StoreError> {
        check_key("get", &self.root.url, key)?;
        if version.is_some() {
            return Err(self.root.no_versions("get", key));
        }
        let key = key.to_owned();
        self.blocking("get", move |root| files::read(root, "get", &key, limit)).await
    }

    async fn get_range(
        &self,
        key: &str,
        version: Option<&str>,
        offset: u64,
        length: u64,
    ) -> Result<StoredObject, StoreError> {
        check_key("get", &self.root.url, key)?;
        if version.is_some() {
            return Err(self.root.no_versions("get", key));
        }
        let key = key.to_owned();
        self.blocking("get", move |root| files::read_range(root, &key, offset, length)).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectMeta, StoreError> {
        check_key("head", &self.root.url, key)?;
        if version.is_some() {
            return Err(self.root.no_versions("head", key));
        }
        let key = key.to_owned();
        self.blocking("head", move |root| files::head(root, &key)).await
    }

    async fn list(&self, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
        check_prefix("list", &self.root.url, prefix)?;
        let (prefix, from) = (prefix.to_owned(), from.map(str::to_owned));
        self.blocking("list", move |root| listing::page(root, &prefix, from.as_deref())).await
    }

    async fn list_prefixes(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        check_prefix("list", &self.root.url, prefix)?;
        let prefix = prefix.to_owned();
        self.blocking("list", move |root| listing::prefixes(root, &prefix)).await
    }

    async fn list_direct(&self, prefix: &str) -> Result<Vec<Entry>, StoreError> {
        check_prefix("list", &self.root.url, prefix)?;
        let prefix = prefix.to_owned();
        self.blocking("list", move |root| listing::direct(root, &prefix)).await
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { versions: false }
    }

    fn url(&self) -> &str {
        &self.root.url
    }
}
