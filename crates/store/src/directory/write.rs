//! Writing: whole files appear under their name, or nothing does.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::files::{error, meta, read, refuse_links, sync_directory};
use super::{LOCK, Root, TEMPORARY};
use crate::{Condition, ErrorKind, ObjectMeta, StoreError};

/// Directories whose own names this process has seen flushed, so that a put costs two flushes and no more.
#[derive(Debug, Default)]
pub(super) struct KnownDirectories(Mutex<HashSet<PathBuf>>);

/// A stream has a directory of its own: past this many, forget and flush once again.
const MOST_KNOWN: usize = 4_096;

impl KnownDirectories {
    fn contains(&self, path: &Path) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    fn insert(&self, path: PathBuf) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(path);
    }
}

/// What is written.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    Bytes(&'a [u8]),
    File(&'a Path),
}

impl Content<'_> {
    /// Writes it all to `file`; how much that was.
    fn copy_to(self, file: &mut File) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => file.write_all(bytes).map(|()| bytes.len() as u64),
            Self::File(path) => io::copy(&mut File::open(path)?, file),
        }
    }
}

/// Writes an object if the condition holds.
pub(super) fn put(
    root: &Root,
    key: &str,
    content: Content<'_>,
    etag: String,
    condition: &Condition,
) -> Result<ObjectMeta, StoreError> {
    match condition {
        Condition::Absent => create(root, key, content, etag),
        Condition::Matches(expected) => replace(root, key, content, etag, expected),
    }
}

/// Creates an object: temporary file, flush, hard link to its name (which fails if the name is taken), flush of the directory.
///
/// `rename` would replace an existing file in silence; a hard link is the create that is atomic and exclusive.
fn create(
    root: &Root,
    key: &str,
    content: Content<'_>,
    etag: String,
) -> Result<ObjectMeta, StoreError> {
    let path = root.path_of(key);
    let failed = |e| error("put", &root.object(key), e);
    let parent = make_parents(root, key)?;
    // Saves writing bytes that cannot be linked; the link below is what decides.
    if fs::symlink_metadata(&path).is_ok() {
        return Err(taken(root, key, &parent));
    }
    let (temporary, length) = Temporary::write(root, content).map_err(failed)?;
    match fs::hard_link(&temporary.path, &path) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            return Err(taken(root, key, &parent));
        }
        // What Linux says where hard links do not exist.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied && cfg!(target_os = "linux") => {
            let detail = "not allowed to link the file to its name: check the mode of the \
                          directory, and that the file system has hard links";
            let denied = StoreError::new(ErrorKind::Denied, "put", root.object(key), detail);
            return Err(denied.caused_by(e));
        }
        Err(e) => return Err(failed(e)),
    }
    // Before the flush, so that one flush of the journal may carry both names.
    drop(temporary);
    sync_directory(&parent).map_err(failed)?;
    Ok(meta(length, etag))
}

/// Replaces an object whose content has the digest `expected`, under the lock of the root.
///
/// Creates do not take the lock: they never touch a name that exists, and this never touches one that does not.
fn replace(
    root: &Root,
    key: &str,
    content: Content<'_>,
    etag: String,
    expected: &str,
) -> Result<ObjectMeta, StoreError> {
    let failed = |e| error("put", &root.object(key), e);
    let lost = |found: &str| {
        StoreError::new(ErrorKind::Precondition, "put", root.object(key), found.to_owned())
    };
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(root.path.join(LOCK))
        .map_err(failed)?;
    // Released when the file is closed, so also when the process dies.
    lock.lock().map_err(failed)?;
    let current = match read(root, "put", key, u64::MAX) {
        Ok(current) => current.meta.etag,
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(lost("there is no object")),
        Err(e) => return Err(e),
    };
    if current != expected {
        return Err(lost("it has another tag; read it again"));
    }
    let path = root.path_of(key);
    let (temporary, length) = Temporary::write(root, content).map_err(failed)?;
    fs::rename(&temporary.path, &path).map_err(failed)?;
    temporary.gone();
    sync_directory(path.parent().unwrap_or(&root.path)).map_err(failed)?;
    Ok(meta(length, etag))
}

/// `AlreadyExists`, once what exists is durable: the other writer may have linked it and not yet flushed the name.
fn taken(root: &Root, key: &str, parent: &Path) -> StoreError {
    match sync_directory(parent) {
        Ok(()) => StoreError::new(ErrorKind::AlreadyExists, "put", root.object(key), ""),
        Err(e) => error("put", &root.object(key), e),
    }
}

/// A whole, flushed, read-only file without a name in the store; removed when dropped.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(root: &Root, content: Content<'_>) -> io::Result<(Self, u64)> {
        let directory = root.path.join(TEMPORARY);
        let (path, file) = Self::open(&directory)?;
        let temporary = Self { path };
        let length = write_all(file, content)?;
        Ok((temporary, length))
    }

    fn open(directory: &Path) -> io::Result<(PathBuf, File)> {
        let path = directory.join(crate::random::hex16()?);
        let open = || OpenOptions::new().write(true).create_new(true).open(&path);
        let file = match open() {
            // Made on the first write, since opening a store writes nothing.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                make_directory(directory)?;
                open()?
            }
            other => other?,
        };
        Ok((path, file))
    }

    /// It has been renamed: there is nothing left to remove.
    fn gone(mut self) {
        self.path.clear();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty()
            && let Err(e) = fs::remove_file(&self.path)
        {
            // Harmless: listings ignore it, and an unlinked name costs nothing but room.
            tracing::warn!(path = %self.path.display(), error = %e, "temporary file not removed");
        }
    }
}

fn write_all(mut file: File, content: Content<'_>) -> io::Result<u64> {
    let length = content.copy_to(&mut file)?;
    let mut mode = file.metadata()?.permissions();
    mode.set_readonly(true);
    file.set_permissions(mode)?;
    // Data and length before the name: otherwise a power cut could leave a name on an empty file.
    file.sync_all()?;
    Ok(length)
}

/// Makes the directories of `key` below the root; returns the one that will hold the object.
fn make_parents(root: &Root, key: &str) -> Result<PathBuf, StoreError> {
    let Some((parents, _)) = key.rsplit_once('/') else { return Ok(root.path.clone()) };
    let parent = root.path_of(parents);
    if root.known.contains(&parent) && refuse_links(root, "put", key).is_ok() {
        return Ok(parent);
    }
    let mut path = root.path.clone();
    for segment in parents.split('/') {
        let above = path.clone();
        path.push(segment);
        let made = make_directory(&path)
            // Also when it was there: its maker may not have flushed its name yet.
            .and_then(|()| sync_directory(&above));
        made.map_err(|e| error("put", &root.object(key), e))?;
    }
    refuse_links(root, "put", key)?;
    root.known.insert(parent.clone());
    Ok(parent)
}

/// Makes one directory unless it is there.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Makes a directory and those above it, each name flushed.
pub(super) fn create_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    // A relative path of one segment has the empty path as its parent: the working directory.
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    create_directories(above)?;
    make_directory(path)?;
    sync_directory(above)
}

/// Removes a file, and the directories above it that are empty then.
pub(super) fn remove(root: &Root, key: &str) -> Result<bool, StoreError> {
    match refuse_links(root, "remove", key) {
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
        other => other?,
    }
    let path = root.path_of(key);
    let failed = |e| error("remove", &root.object(key), e);
    match fs::remove_file(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        other => other.map_err(failed)?,
    }
    let mut parent = path.parent();
    while let Some(directory) = parent.filter(|p| *p != root.path && p.starts_with(&root.path)) {
        // Not empty, or a writer was faster: it stays.
        if fs::remove_dir(directory).is_err() {
            break;
        }
        parent = directory.parent();
    }
    sync_directory(parent.unwrap_or(&root.path)).map_err(failed)?;
    Ok(true)
}
