//! Reading files that may have been tampered with.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest, Sha256 as Hasher};

use super::Root;
use crate::{ErrorKind, ObjectMeta, StoreError, StoredObject};

/// The whole file, at most `limit` bytes.
pub(super) fn read(
    root: &Root,
    action: &'static str,
    key: &str,
    limit: u64,
) -> Result<StoredObject, StoreError> {
    let (file, length) = open(root, action, key)?;
    let too_large = |found: u64| {
        let detail = format!("{found} bytes, at most {limit} expected");
        StoreError::new(ErrorKind::TooLarge, action, root.object(key), detail)
    };
    if length > limit {
        return Err(too_large(length));
    }
    // One byte more than it should have: a file that grew since is then seen, not cut.
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let found = file.take(length.saturating_add(1)).read_to_end(&mut bytes);
    let found = found.map_err(|e| error(action, &root.object(key), e))? as u64;
    if found > limit {
        return Err(too_large(found));
    }
    if found != length {
        let detail = format!("{length} bytes expected, the file changed while it was read");
        return Err(StoreError::new(ErrorKind::Protocol, action, root.object(key), detail));
    }
    let etag = hex::encode(Hasher::digest(&bytes));
    Ok(StoredObject { bytes: Bytes::from(bytes), meta: meta(length, etag) })
}

/// A range of the file, cut at its end.
pub(super) fn read_range(
    root: &Root,
    key: &str,
    offset: u64,
    length: u64,
) -> Result<StoredObject, StoreError> {
    let (mut file, whole) = open(root, "get", key)?;
    let start = offset.min(whole);
    let wanted = length.min(whole - start);
    let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or(0));
    file.seek(SeekFrom::Start(start))
        .and_then(|_| file.take(wanted).read_to_end(&mut bytes))
        .map_err(|e| error("get", &root.object(key), e))?;
    // Hashing the whole file for the tag of a part of it would make ranges useless.
    Ok(StoredObject { bytes: Bytes::from(bytes), meta: meta(whole, String::new()) })
}

/// Length and tag, reading the file in pieces.
pub(super) fn head(root: &Root, key: &str) -> Result<ObjectMeta, StoreError> {
    let (mut file, length) = open(root, "head", key)?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; 128 * 1024];
    loop {
        match file.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => hasher.update(&piece[..n]),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(error("head", &root.object(key), e)),
        }
    }
    Ok(meta(length, hex::encode(hasher.finalize())))
}

pub(super) fn meta(length: u64, etag: String) -> ObjectMeta {
    ObjectMeta { length, etag, version: None }
}

/// Looks at a file before it counts as out of reach. A swap takes a flush of the disk, a look some
/// microseconds.
const OPEN_ATTEMPTS: u32 = 1_000;

/// Opens a regular file that no symbolic link leads to; returns its length too.
///
/// Someone who exchanges a directory on the way for a link between check and use is not stopped here: the
/// digest in the chain is what tells.
fn open(root: &Root, action: &'static str, key: &str) -> Result<(File, u64), StoreError> {
    refuse_links(root, action, key)?;
    let path = root.path_of(key);
    let failed = |e| error(action, &root.object(key), e);
    // Another process may swap the object between the look and the opening: then look again.
    for _ in 0..OPEN_ATTEMPTS {
        let seen = fs::symlink_metadata(&path).map_err(failed)?;
        // Before opening: opening a named pipe would wait for a writer for ever.
        if !seen.is_file() {
            return Err(odd(root, action, key, kind_of(&seen)));
        }
        let file = File::open(&path).map_err(failed)?;
        let opened = file.metadata().map_err(failed)?;
        if !opened.is_file() {
            return Err(odd(root, action, key, kind_of(&opened)));
        }
        if same_file(&seen, &opened) {
            return Ok((file, opened.len()));
        }
    }
    let detail = "it is exchanged faster than it can be opened; try again";
    Err(StoreError::new(ErrorKind::Unavailable, action, root.object(key), detail))
}

/// Checks every directory between the root and the object.
pub(super) fn refuse_links(root: &Root, action: &'static str, key: &str) -> Result<(), StoreError> {
    for (at, _) in key.match_indices('/') {
        match fs::symlink_metadata(root.path_of(&key[..at])) {
            Ok(found) if found.is_dir() => {}
            // A file: no such object for a reader, a stray in the way for a writer.
            Ok(found) if found.is_file() && action != "put" => {
                let detail = format!("{} is a file", &key[..at]);
                return Err(StoreError::new(ErrorKind::NotFound, action, root.object(key), detail));
            }
            Ok(found) => {
                let detail = format!("a directory expected, {} found", kind_of(&found));
                let object = root.object(&key[..at]);
                return Err(StoreError::new(ErrorKind::Protocol, action, object, detail));
            }
            Err(e) => return Err(error(action, &root.object(key), e)),
        }
    }
    Ok(())
}

/// `NotFound` for a directory, which is no object; `Protocol` for what dayseal never writes.
fn odd(root: &Root, action: &'static str, key: &str, found: &str) -> StoreError {
    let kind = if found == "a directory" { ErrorKind::NotFound } else { ErrorKind::Protocol };
    let detail = format!("a regular file expected, {found} found");
    StoreError::new(kind, action, root.object(key), detail)
}

fn kind_of(found: &Metadata) -> &'static str {
    if found.is_symlink() {
        "a symbolic link"
    } else if found.is_dir() {
        "a directory"
    } else if found.is_file() {
        "a file"
    } else {
        "a special file"
    }
}

#[cfg(unix)]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Flushes a directory, so that the names in it survive a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    // Elsewhere a directory cannot be opened, and its names are written through.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// A file-system error in the words of the contract.
pub(super) fn error(action: &'static str, object: &str, source: io::Error) -> StoreError {
    use io::ErrorKind as Io;
    let (kind, detail) = match source.kind() {
        Io::NotFound => (ErrorKind::NotFound, "no such file or directory".to_owned()),
        // A file where a directory of the key should be: no such object.
        Io::NotADirectory => (ErrorKind::NotFound, "a part of the key is a file".to_owned()),
        Io::PermissionDenied => {
            (ErrorKind::Denied, "check owner and mode of the directory".to_owned())
        }
        Io::ReadOnlyFilesystem => (ErrorKind::Denied, "the file system is read-only".to_owned()),
        Io::StorageFull | Io::QuotaExceeded => (
            ErrorKind::Unavailable,
            "the disk or quota is full; make room and try again".to_owned(),
        ),
        Io::Unsupported | Io::CrossesDevices => {
            let detail = "the file system lacks hard links or locks; use another one";
            (ErrorKind::Configuration, detail.to_owned())
        }
        Io::InvalidFilename => {
            (ErrorKind::Configuration, "the file system does not take this name".to_owned())
        }
        _ => (ErrorKind::Unavailable, source.to_string()),
    };
    StoreError::new(kind, action, object, detail).caused_by(source)
}
