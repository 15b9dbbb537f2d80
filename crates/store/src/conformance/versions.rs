//! Versions and delete markers, where the store shows them.

use super::listing::all;
use super::{Check, Delete, Subject, expect, expect_error};
use crate::{Condition, EntryKind, ErrorKind};

/// With versions every replaced object is still listed and readable; without, no version is ever named.
pub(super) async fn versions(subject: &Subject<'_>) -> Check {
    let first = subject.create("versions/a", "one").await?;
    // Neighbours, so that a listing that mixes keys up shows.
    subject.create("versions/a-", "x").await?;
    subject.create("versions/b", "y").await?;
    let swap = Condition::Matches(first.etag.clone());
    let second = subject.put("versions/a", "second", swap).await;
    let second = second.map_err(|e| format!("swap: {e}"))?;
    let key = subject.key("versions/a");
    let entries = all(subject, "versions/").await?;
    let keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    let other_keys = [subject.key("versions/a-"), subject.key("versions/b")];
    if !subject.store.capabilities().versions {
        expect("keys", &keys, &vec![key.as_str(), &other_keys[0], &other_keys[1]])?;
        let named = entries.iter().any(|entry| entry.version.is_some());
        expect("a version named in a listing", &named, &false)?;
        expect(
            "a version named by put",
            &(first.version.is_some() || second.version.is_some()),
            &false,
        )?;
        return expect("length", &entries[0].length, &6);
    }
    expect("keys", &keys, &vec![key.as_str(), &key, &other_keys[0], &other_keys[1]])?;
    expect("version of put named", &(first.version.is_some() && second.version.is_some()), &true)?;
    expect("versions differ", &(first.version != second.version), &true)?;
    expect("newest first", &entries[0].version, &second.version)?;
    expect("then the older", &entries[1].version, &first.version)?;
    expect("latest", &[entries[0].latest, entries[1].latest], &[true, false])?;
    expect("lengths", &[entries[0].length, entries[1].length], &[6, 3])?;
    for (meta, bytes) in [(&first, "one"), (&second, "second")] {
        let version = meta.version.as_deref();
        let found = subject.store.get(&key, version, 9).await;
        let found = found.map_err(|e| format!("get of a version: {e}"))?;
        expect("bytes of a version", &&found.bytes[..], &bytes.as_bytes())?;
        expect("version of get", &found.meta.version, &meta.version)?;
        let head = subject.store.head(&key, version).await;
        let head = head.map_err(|e| format!("head of a version: {e}"))?;
        expect("head of a version", &head, meta)?;
        let range = subject.store.get_range(&key, version, 1, 1).await;
        let range = range.map_err(|e| format!("get_range of a version: {e}"))?;
        expect("range of a version", &&range.bytes[..], &&bytes.as_bytes()[1..2])?;
    }
    Ok(())
}

/// A deleted object is gone for readers; where versions are kept, its marker and its bytes are still seen.
pub(super) async fn deletion(subject: &Subject<'_>, delete: Delete<'_>) -> Check {
    let first = subject.create("deleted/day/a", "one").await?;
    let key = subject.key("deleted/day/a");
    delete(key.clone()).await;
    let absent = ErrorKind::NotFound;
    expect_error("get", subject.store.get(&key, None, 9).await, absent)?;
    expect_error("head", subject.store.head(&key, None).await, absent)?;
    expect_error("get_range", subject.store.get_range(&key, None, 0, 1).await, absent)?;
    let swap = subject.put("deleted/day/a", "x", Condition::Matches(first.etag)).await;
    expect_error("a swap of a deleted object", swap, ErrorKind::Precondition)?;
    let prefixes = subject.store.list_prefixes(&subject.key("deleted/")).await;
    let prefixes = prefixes.map_err(|e| format!("list_prefixes: {e}"))?;
    let entries = all(subject, "deleted/").await?;
    if !subject.store.capabilities().versions {
        expect("prefixes", &prefixes, &Vec::new())?;
        return expect("entries", &entries.len(), &0);
    }
    expect("prefix with hidden objects only", &prefixes, &vec![subject.key("deleted/day/")])?;
    let kinds: Vec<_> = entries.iter().map(|e| (e.kind, e.latest)).collect();
    let expected = vec![(EntryKind::DeleteMarker, true), (EntryKind::Object, false)];
    expect("entries of a deleted object", &kinds, &expected)?;
    expect("length of a marker", &entries[0].length, &0)?;
    let hidden = subject.store.get(&key, first.version.as_deref(), 9).await;
    let hidden = hidden.map_err(|e| format!("get of a hidden version: {e}"))?;
    expect("bytes of a hidden version", &&hidden.bytes[..], &b"one".as_slice())?;
    let marker = entries[0].version.as_deref();
    expect("version of a marker named", &marker.is_some(), &true)?;
    expect_error("get of a marker", subject.store.get(&key, marker, 9).await, absent)?;
    expect_error("head of a marker", subject.store.head(&key, marker).await, absent)?;
    // What S3 does, and why a create alone is not immutability: the marker opens the key again.
    subject.create("deleted/day/a", "again").await.map(|_| ())?;
    let entries = all(subject, "deleted/").await?;
    let latest: Vec<bool> = entries.iter().map(|e| e.latest).collect();
    expect("latest after a create over a marker", &latest, &vec![true, false, false])
}
