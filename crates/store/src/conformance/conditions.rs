//! Conditional writes.

use std::path::Path;

use futures_util::future::join_all;

use super::{Check, Subject, digest, expect, expect_error};
use crate::{Condition, ErrorKind};

/// A create of a key that is taken fails and changes nothing.
pub(super) async fn create_only(subject: &Subject<'_>) -> Check {
    subject.create("create", "first").await?;
    for bytes in ["second", "first", ""] {
        let again = subject.put("create", bytes, Condition::Absent).await;
        expect_error("a second create", again, ErrorKind::AlreadyExists)?;
    }
    subject.holds("create", b"first").await
}

/// A file is put like its bytes, under the same conditions.
pub(super) async fn files(subject: &Subject<'_>) -> Check {
    // Longer than any buffer on the way.
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n >> 3) as u8).collect();
    let name = crate::random::hex16().map_err(|e| format!("a name for a file: {e}"))?;
    let path = std::env::temp_dir().join(format!("dayseal-conformance-{name}"));
    std::fs::write(&path, &bytes).map_err(|e| format!("a file to put: {e}"))?;
    let outcome = put_files(subject, &path, &bytes).await;
    let _ = std::fs::remove_file(&path);
    outcome
}

async fn put_files(subject: &Subject<'_>, path: &Path, bytes: &[u8]) -> Check {
    let (key, digest) = (subject.key("file"), digest(bytes));
    let put = |condition| subject.store.put_file(&key, path, &digest, condition);
    let created = put(Condition::Absent).await.map_err(|e| format!("create of a file: {e}"))?;
    expect("length of a file", &created.length, &(bytes.len() as u64))?;
    subject.holds("file", bytes).await?;
    expect_error(
        "a second create of a file",
        put(Condition::Absent).await,
        ErrorKind::AlreadyExists,
    )?;
    let swapped = put(Condition::Matches(created.etag)).await;
    swapped.map_err(|e| format!("swap of a file: {e}"))?;
    let stale = put(Condition::Matches("\"stale\"".into())).await;
    expect_error("a swap of a file with another tag", stale, ErrorKind::Precondition)?;
    subject.holds("file", bytes).await
}

/// Sixteen creates at once, several times: one wins, and its bytes are there.
pub(super) async fn one_winner_of_sixteen(subject: &Subject<'_>) -> Check {
    for round in 0..8 {
        let name = format!("race/{round}");
        let writers = (0..16).map(|w| subject.put(&name, body(w), Condition::Absent));
        let outcomes = join_all(writers).await;
        let winners: Vec<usize> = (0..16).filter(|&w| outcomes[w].is_ok()).collect();
        expect("winners of a race of creates", &winners.len(), &1)?;
        for outcome in outcomes.into_iter().filter(Result::is_err) {
            expect_error("a lost race of creates", outcome, ErrorKind::AlreadyExists)?;
        }
        subject.holds(&name, &body(winners[0])).await?;
    }
    Ok(())
}

/// A swap needs the tag of what is there now, wherever the tag came from.
pub(super) async fn compare_and_swap(subject: &Subject<'_>) -> Check {
    let key = subject.key("swap");
    let first = subject.create("swap", "1").await?.etag;
    let swap = |bytes: &'static str, tag: &str| {
        subject.put("swap", bytes, Condition::Matches(tag.to_owned()))
    };
    let second = swap("2", &first).await.map_err(|e| format!("swap with put's tag: {e}"))?.etag;
    expect_error("a swap with an old tag", swap("x", &first).await, ErrorKind::Precondition)?;
    expect_error("a swap with the empty tag", swap("x", "").await, ErrorKind::Precondition)?;
    subject.holds("swap", b"2").await?;
    let head = subject.store.head(&key, None).await.map_err(|e| format!("head: {e}"))?;
    expect("tag of head", &head.etag, &second)?;
    swap("3", &head.etag).await.map_err(|e| format!("swap with head's tag: {e}"))?;
    let get = subject.store.get(&key, None, 9).await.map_err(|e| format!("get: {e}"))?;
    swap("4", &get.meta.etag).await.map_err(|e| format!("swap with get's tag: {e}"))?;
    subject.holds("swap", b"4").await
}

/// Sixteen swaps from one tag: one wins.
pub(super) async fn one_swap_of_sixteen(subject: &Subject<'_>) -> Check {
    let tag = subject.create("swaps", "start").await?.etag;
    let writers = (0..16).map(|w| subject.put("swaps", body(w), Condition::Matches(tag.clone())));
    let outcomes = join_all(writers).await;
    let winners: Vec<usize> = (0..16).filter(|&w| outcomes[w].is_ok()).collect();
    expect("winners of a race of swaps", &winners.len(), &1)?;
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        expect_error("a lost race of swaps", outcome, ErrorKind::Precondition)?;
    }
    subject.holds("swaps", &body(winners[0])).await
}

/// A swap creates nothing.
pub(super) async fn swap_without_object(subject: &Subject<'_>) -> Check {
    let tag = subject.create("other", "x").await?.etag;
    let swap = subject.put("nothing", "y", Condition::Matches(tag)).await;
    expect_error("a swap without an object", swap, ErrorKind::Precondition)?;
    let found = subject.store.head(&subject.key("nothing"), None).await;
    expect_error("head after it", found, ErrorKind::NotFound)
}

/// Keys outside the grammar are refused by every method that takes one.
pub(super) async fn bad_keys(subject: &Subject<'_>) -> Check {
    for name in ["", "../x", ".x", "a//b", "a/", "a b", "a\u{e9}", "a\0", "a/./b", "a\\b", "a%2fb"]
    {
        let key = subject.key(name);
        let what = |method: &str| format!("{method} of the key {key:?}");
        let refused = ErrorKind::Configuration;
        let put = subject.put(name, "x", Condition::Absent).await;
        expect_error(&what("put"), put, refused)?;
        expect_error(&what("get"), subject.store.get(&key, None, 9).await, refused)?;
        expect_error(&what("get_range"), subject.store.get_range(&key, None, 0, 1).await, refused)?;
        expect_error(&what("head"), subject.store.head(&key, None).await, refused)?;
    }
    Ok(())
}

/// A body that tells its writer.
fn body(writer: usize) -> Vec<u8> {
    format!("writer {writer}\n").repeat(64).into_bytes()
}
