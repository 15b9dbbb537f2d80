//! Reading whole objects, parts of them, and what is not there.

use bytes::Bytes;

use super::{Check, Subject, expect, expect_error};
use crate::ErrorKind;

/// Empty, small and large objects come back as they went.
pub(super) async fn whole_objects(subject: &Subject<'_>) -> Check {
    for (name, length) in [("empty", 0), ("one", 1), ("large", (1 << 20) + 17)] {
        let bytes = pattern(length);
        let put = subject.create(name, bytes.clone()).await?;
        expect("length of put", &put.length, &(length as u64))?;
        subject.holds(name, &bytes).await?;
        let head = subject.store.head(&subject.key(name), None).await;
        let head = head.map_err(|e| format!("head of an object that was put: {e}"))?;
        expect("what head says", &head, &put)?;
    }
    Ok(())
}

/// An object longer than the limit is not read; one as long as the limit is.
pub(super) async fn limits(subject: &Subject<'_>) -> Check {
    let bytes = pattern(100);
    subject.create("limit", bytes.clone()).await?;
    let key = subject.key("limit");
    for limit in [0, 99] {
        let found = subject.store.get(&key, None, limit).await;
        expect_error("get past its limit", found, ErrorKind::TooLarge)?;
    }
    let found = subject.store.get(&key, None, 100).await;
    let found = found.map_err(|e| format!("get at its limit: {e}"))?;
    expect("bytes at the limit", &found.bytes, &bytes)?;
    subject.create("limit-empty", "").await?;
    let found = subject.store.get(&subject.key("limit-empty"), None, 0).await;
    found.map(|_| ()).map_err(|e| format!("get of nothing with limit 0: {e}"))
}

/// Ranges are cut at the end, empty past it, and tell the whole length.
pub(super) async fn ranges(subject: &Subject<'_>) -> Check {
    let bytes = pattern(1_000);
    subject.create("range", bytes.clone()).await?;
    subject.create("range-empty", "").await?;
    for (name, whole) in [("range", bytes), ("range-empty", Bytes::new())] {
        let key = subject.key(name);
        let length = whole.len() as u64;
        for (offset, asked) in [
            (0, 1),
            (0, 1_000),
            (0, 1_001),
            (0, u64::MAX),
            (999, 1),
            (999, 2),
            (500, 100),
            (1_000, 1),
            (1_001, 5),
            (5, 0),
            (u64::MAX, 1),
            (u64::MAX, u64::MAX),
        ] {
            let what = format!("{asked} bytes from {offset} of {length}");
            let found = subject.store.get_range(&key, None, offset, asked).await;
            let found = found.map_err(|e| format!("{what}: {e}"))?;
            let start = offset.min(length) as usize;
            let end = offset.saturating_add(asked).min(length) as usize;
            expect(&what, &found.bytes, &whole.slice(start..end.max(start)))?;
            expect(&format!("{what}: whole length"), &found.meta.length, &length)?;
        }
    }
    Ok(())
}

/// What is not there is `NotFound`, also where it is the prefix of a key or below one, and for an unknown version.
pub(super) async fn missing(subject: &Subject<'_>) -> Check {
    subject.create("there/below", "x").await?;
    for name in ["missing", "missing/below", "there", "there/belo", "there/below2"] {
        let key = subject.key(name);
        let absent = ErrorKind::NotFound;
        expect_error("get", subject.store.get(&key, None, 9).await, absent)?;
        expect_error("get_range", subject.store.get_range(&key, None, 0, 1).await, absent)?;
        expect_error("empty get_range", subject.store.get_range(&key, None, 0, 0).await, absent)?;
        expect_error("head", subject.store.head(&key, None).await, absent)?;
    }
    let key = subject.key("there/below");
    let absent = ErrorKind::NotFound;
    let version = Some("unknown-version");
    expect_error("get of a version", subject.store.get(&key, version, 9).await, absent)?;
    expect_error("head of a version", subject.store.head(&key, version).await, absent)?;
    let range = subject.store.get_range(&key, version, 0, 1).await;
    expect_error("get_range of a version", range, absent)
}

/// Bytes of which no two neighbouring ranges are alike.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|i| (i % 251) as u8).collect()
}
