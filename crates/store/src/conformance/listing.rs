//! Listings: everything, once, in the order of key bytes.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Check, Subject, expect, expect_error};
use crate::{Entry, EntryKind, ErrorKind};

/// Names whose order differs between whole keys, directories, and case-blind or locale-wise comparison.
const TRICKY: [&str; 12] =
    ["a", "a-b", "a.b", "a.b-c/d", "a0", "a/c", "a-b-c/d", "A", "B", "_", "b/a-/x", "b/a/x"];

/// Key bytes order a listing, also where `a-b` stands beside `a/b`. A prefix is a prefix of characters.
pub(super) async fn order(subject: &Subject<'_>) -> Check {
    // A file system cannot hold both `a` and `a/c`; nor does the layout.
    let names: BTreeSet<&str> = TRICKY.into_iter().filter(|name| *name != "a").collect();
    for name in &names {
        subject.create(&format!("order/{name}"), name.to_string()).await?;
    }
    for cut in ["order/", "order/a", "order/a-", "order/a/", "order/b/a", "order/B", "order/zz"] {
        let expected: Vec<String> = names
            .iter()
            .map(|name| subject.key(&format!("order/{name}")))
            .filter(|key| key.starts_with(&subject.key(cut)))
            .collect();
        let found = all(subject, cut).await?;
        let keys: Vec<String> = found.iter().map(|entry| entry.key.clone()).collect();
        expect(&format!("keys below {cut}"), &keys, &expected)?;
        for entry in found {
            let length = entry.key.len() - subject.key("order/").len();
            expect("length in a listing", &entry.length, &(length as u64))?;
            expect("kind in a listing", &entry.kind, &EntryKind::Object)?;
            expect("latest in a listing", &entry.latest, &true)?;
        }
    }
    let bad = subject.store.list("a//", None).await;
    expect_error("listing of a bad prefix", bad, ErrorKind::Configuration)?;
    let bad = subject.store.list("", Some("not a cursor")).await;
    expect_error("a foreign `from`", bad, ErrorKind::Configuration)
}

/// More than a thousand keys: every one exactly once, in order, over several pages.
pub(super) async fn pages(subject: &Subject<'_>) -> Check {
    // In two directories, so that a page ends within one and the next crosses over.
    let names: Vec<String> = (0..1_070).map(|i| format!("page/{}/{i:05}", i / 600)).collect();
    stream::iter(&names)
        .map(|name| subject.create(name, "x"))
        .buffer_unordered(16)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    // How many entries a page holds is the store's affair; S3 sends 1,000.
    let found = all(subject, "page/").await?;
    let keys: Vec<String> = found.into_iter().map(|entry| entry.key).collect();
    let expected: Vec<String> = names.iter().map(|name| subject.key(name)).collect();
    expect("number of keys over all pages", &keys.len(), &expected.len())?;
    expect("keys over all pages", &(keys == expected), &true)
}

/// Prefixes up to the next slash: sorted, each once, none for an object.
pub(super) async fn prefixes(subject: &Subject<'_>) -> Check {
    for name in ["2026-01-02/s/0", "2026-01-02/t/0", "2026-01-01/s/0", "2026-01-01-x/s", "file"] {
        subject.create(&format!("prefix/{name}"), "x").await?;
    }
    for (below, expected) in [
        ("prefix/", vec!["2026-01-01-x/", "2026-01-01/", "2026-01-02/"]),
        ("prefix/2026-01-01", vec!["2026-01-01-x/", "2026-01-01/"]),
        ("prefix/2026-01-02/", vec!["2026-01-02/s/", "2026-01-02/t/"]),
        ("prefix/2026-01-02/s/", vec![]),
        ("prefix/none/", vec![]),
        ("prefix/fil", vec![]),
    ] {
        let found = subject.store.list_prefixes(&subject.key(below)).await;
        let found = found.map_err(|e| format!("list_prefixes of {below}: {e}"))?;
        let expected: Vec<String> =
            expected.into_iter().map(|name| subject.key(&format!("prefix/{name}"))).collect();
        expect(&format!("prefixes of {below}"), &found, &expected)?;
    }
    for (below, expected) in [
        ("prefix/", vec!["file"]),
        ("prefix/2026-01-01", vec![]),
        ("prefix/2026-01-02/s/", vec!["2026-01-02/s/0"]),
        ("prefix/fil", vec!["file"]),
    ] {
        let found = subject.store.list_direct(&subject.key(below)).await;
        let found = found.map_err(|e| format!("list_direct of {below}: {e}"))?;
        let found: Vec<String> = found.into_iter().map(|e| e.key).collect();
        let expected: Vec<String> =
            expected.into_iter().map(|name| subject.key(&format!("prefix/{name}"))).collect();
        expect(&format!("directly below {below}"), &found, &expected)?;
    }
    Ok(())
}

/// All entries below a prefix, page after page.
pub(super) async fn all(subject: &Subject<'_>, below: &str) -> Result<Vec<Entry>, String> {
    let (mut found, mut from) = (Vec::new(), None);
    // Far more pages than any check needs: a listing that runs in a circle ends here.
    for _ in 0..100 {
        let page = subject.store.list(&subject.key(below), from.as_deref()).await;
        let page = page.map_err(|e| format!("list of {below}: {e}"))?;
        found.extend(page.entries);
        from = page.next;
        if from.is_none() {
            return Ok(found);
        }
    }
    Err(format!("list of {below}: an end expected, none found after 100 pages"))
}
