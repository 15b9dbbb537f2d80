//! Listing a tree of files in the order of whole keys.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files::{error, refuse_links};
use super::{LOCK, Root, TEMPORARY};
use crate::cursor::Cursor;
use crate::{Entry, EntryKind, ErrorKind, Page, StoreError};

/// Distinct keys in one page, as S3 has it.
const PAGE: usize = 1_000;

/// One name in a directory.
struct Child {
    /// Its key; for a directory with `/` at its end. Names that are not UTF-8 are lossy, so two may look the same.
    key: String,
    path: PathBuf,
    descend: bool,
}

/// The page of entries after `from`. Holds the names of one directory per level and one page in memory.
///
/// Every page reads the names of the directories it is in again: 50,000 files in one directory cost 50 readings of
/// it, about a second together. What is created or removed meanwhile may or may not be seen.
pub(super) fn page(root: &Root, prefix: &str, from: Option<&str>) -> Result<Page, StoreError> {
    let after = from.map(|text| Cursor::decode(text, &root.url)).transpose()?.map(|c| c.key);
    let mut walk = Walk { prefix, after: after.as_deref(), page: Page::default() };
    if let Some((directory, above)) = above(root, prefix)? {
        walk.directory(&directory, above).map_err(|e| error("list", &root.url, e))?;
    }
    Ok(walk.page)
}

/// The deepest directory that holds every key with this prefix, and its key. `None` if nothing can be in it: it is
/// not there, or a link or a file is in the way, which is listed where it lies.
fn above<'a>(root: &Root, prefix: &'a str) -> Result<Option<(PathBuf, &'a str)>, StoreError> {
    let above = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
    match refuse_links(root, "list", above) {
        Ok(()) => Ok(Some((root.path_of(above), above))),
        Err(e) if e.kind() == ErrorKind::Protocol => Ok(None),
        Err(e) if e.kind() == ErrorKind::NotFound => match fs::symlink_metadata(&root.path) {
            Ok(_) => Ok(None),
            Err(e) => Err(error("list", &root.url, e)),
        },
        Err(e) => Err(e),
    }
}

/// The directories directly below `prefix` that hold something at any depth.
pub(super) fn prefixes(root: &Root, prefix: &str) -> Result<Vec<String>, StoreError> {
    let failed = |e| error("list", &root.url, e);
    let mut found = Vec::new();
    let Some((directory, above)) = above(root, prefix)? else { return Ok(found) };
    for child in children(&directory, above).map_err(failed)? {
        if child.descend
            && child.key.starts_with(prefix)
            && holds_something(&child.path).map_err(failed)?
        {
            found.push(child.key);
        }
    }
    Ok(found)
}

/// The objects directly below `prefix`. A directory whose name is not UTF-8 is a stray, and none of them.
pub(super) fn direct(root: &Root, prefix: &str) -> Result<Vec<Entry>, StoreError> {
    let failed = |e| error("list", &root.url, e);
    let mut found = Vec::new();
    let Some((directory, above)) = above(root, prefix)? else { return Ok(found) };
    for child in children(&directory, above).map_err(failed)? {
        if child.key.starts_with(prefix) && !child.key.ends_with('/') {
            found.extend(entry(child).map_err(failed)?);
        }
    }
    Ok(found)
}

/// A file as it is listed; `None` if it was removed since its name was read.
fn entry(child: Child) -> io::Result<Option<Entry>> {
    let length = match fs::symlink_metadata(&child.path) {
        Ok(found) => found.len(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let (key, kind) = (child.key, EntryKind::Object);
    Ok(Some(Entry { key, version: None, latest: true, length, kind }))
}

struct Walk<'a> {
    prefix: &'a str,
    after: Option<&'a str>,
    page: Page,
}

impl Walk<'_> {
    /// Adds what lies in `path`, whose key is `key` (empty, or ending in `/`). Leaves `page.next` set once the page is full.
    fn directory(&mut self, path: &Path, key: &str) -> io::Result<()> {
        for child in children(path, key)? {
            if child.descend {
                // Down only where some key can match both the prefix and `after`.
                let wanted =
                    child.key.starts_with(self.prefix) || self.prefix.starts_with(&child.key);
                let ahead =
                    self.after.is_none_or(|a| child.key.as_str() > a || a.starts_with(&child.key));
                if wanted && ahead {
                    self.directory(&child.path, &child.key)?;
                }
            } else if child.key.starts_with(self.prefix)
                && self.after.is_none_or(|after| child.key.as_str() > after)
            {
                self.entry(child)?;
            }
            if self.page.next.is_some() {
                break;
            }
        }
        Ok(())
    }

    fn entry(&mut self, child: Child) -> io::Result<()> {
        let Some(entry) = entry(child)? else { return Ok(()) };
        if let Some(last) = self.page.entries.last()
            && self.page.entries.len() >= PAGE
            // Names that look the same stay on one page, since the next one starts after their key.
            && last.key != entry.key
        {
            self.page.next = Some(Cursor { key: last.key.clone(), version: None }.encode());
            return Ok(());
        }
        self.page.entries.push(entry);
        Ok(())
    }
}

/// What a directory holds, in the order of whole keys: a directory sorts as `name/`, so `a-b` comes before `a/b`.
fn children(path: &Path, key: &str) -> io::Result<Vec<Child>> {
    let names = match fs::read_dir(path) {
        Ok(names) => names,
        // Removed since its name was read. The root must be there.
        Err(e) if e.kind() == io::ErrorKind::NotFound && !key.is_empty() => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut children = Vec::new();
    for name in names {
        let name = name?;
        let os_name = name.file_name();
        if key.is_empty() && (os_name == TEMPORARY || os_name == LOCK) {
            continue;
        }
        let directory = name.file_type()?.is_dir();
        let slash = if directory { "/" } else { "" };
        // A directory whose name is not UTF-8 is a stray itself: below it no key could be continued.
        let descend = directory && os_name.to_str().is_some();
        let key = format!("{key}{}{slash}", os_name.to_string_lossy());
        children.push(Child { key, path: name.path(), descend });
    }
    children.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(children)
}

/// Whether a file lies in a directory or below it: the first that is met says so.
fn holds_something(path: &Path) -> io::Result<bool> {
    let names = match fs::read_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        names => names?,
    };
    let mut below = Vec::new();
    for name in names {
        let name = name?;
        if name.file_type()?.is_dir() && name.file_name().to_str().is_some() {
            below.push(name.path());
        } else {
            return Ok(true);
        }
    }
    for path in below {
        if holds_something(&path)? {
            return Ok(true);
        }
    }
    Ok(false)
}
