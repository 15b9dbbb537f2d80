//! Collecting what a day's manifest must list.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use dayseal_format::manifest::{ManifestBuilder, lines};
use dayseal_format::names::entries_prefix;
use dayseal_format::record::{BatchRecord, GapRecord, Record, StrayReason, StrayRecord};
use dayseal_format::{BatchKey, Day, Digest, Origin, StreamId};
use dayseal_store::{Entry, EntryKind, ErrorKind, Store};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Semaphore;

use super::SealError;
use super::progress::read_manifest;
use crate::objects::{Examined, Lister, READ_LIMIT, Versions, examine};

/// Objects read at once.
const READERS: usize = 16;
/// Bytes of objects in memory at once, in KiB: one of the largest and some more.
const READ_BUDGET_KIB: u32 = 64 * 1024;

/// What was found under one key.
#[derive(Debug, Default)]
struct Found {
    batch: Option<BatchRecord>,
    strays: Vec<StrayRecord>,
}

/// Reads the day's own objects, each once, into `builder`.
pub(super) async fn own_objects(
    evidence: &dyn Store,
    origin: &Origin,
    day: Day,
    builder: &mut ManifestBuilder,
) -> Result<(), SealError> {
    read_listing(evidence, origin, day, &HashSet::new(), |found| {
        found.strays.into_iter().for_each(|s| builder.stray(s));
        found.batch.into_iter().for_each(|b| builder.batch(b));
    })
    .await
}

/// Finds what landed in `days` after they were sealed, into `builder`, with the gaps it shows.
pub(super) async fn late_objects(
    evidence: &dyn Store,
    origin: &Origin,
    days: impl Iterator<Item = Day>,
    newest_sealed: Day,
    builder: &mut ManifestBuilder,
) -> Result<(), SealError> {
    for day in days {
        let mut sealed = Sealed::default();
        for listed_in in day.through(newest_sealed) {
            let (_, _, bytes) = read_manifest(evidence, listed_in, origin).await?;
            sealed.add(day, &bytes);
        }
        let mut late: BTreeMap<StreamId, BTreeSet<u32>> = BTreeMap::new();
        read_listing(evidence, origin, day, &sealed.keys, |found| {
            found.strays.into_iter().for_each(|s| builder.stray(s));
            if let Some(batch) = found.batch {
                late.entry(batch.key.stream).or_default().insert(batch.key.seq);
                builder.batch(batch);
            }
        })
        .await?;
        for (stream, seqs) in late {
            for (from, to) in sealed.new_gaps(stream, seqs) {
                builder.late_gap(GapRecord { day, stream, from, to });
            }
        }
    }
    Ok(())
}

/// What manifests say of one day.
#[derive(Default)]
struct Sealed {
    /// Keys listed, as batch or stray. Other versions of them are tampering after the seal: the
    /// verifier's to report, not the sealer's to list.
    keys: HashSet<String>,
    seqs: BTreeMap<StreamId, BTreeSet<u32>>,
    gaps: Vec<GapRecord>,
}

impl Sealed {
    fn add(&mut self, day: Day, manifest: &[u8]) {
        // The manifest was checked when it was read: its lines decode.
        for (_, line) in lines(manifest).into_iter().flatten() {
            match Record::decode(line) {
                Ok(Record::Batch(b)) if b.key.day == day => {
                    self.keys.insert(b.key.to_string());
                    self.seqs.entry(b.key.stream).or_default().insert(b.key.seq);
                }
                Ok(Record::Stray(s)) if s.key.starts_with(&entries_prefix(day)) => {
                    self.keys.insert(s.key);
                }
                Ok(Record::Gap(g)) if g.day == day => self.gaps.push(g),
                _ => {}
            }
        }
    }

    /// Ranges that are missing from the stream and that no manifest says so of.
    fn new_gaps(&self, stream: StreamId, late: BTreeSet<u32>) -> Vec<(u32, u32)> {
        let mut here = late;
        here.extend(self.seqs.get(&stream).into_iter().flatten());
        // Known gaps count as accounted for.
        let mut spans: Vec<(u32, u32)> = here.into_iter().map(|s| (s, s)).collect();
        let known = self.gaps.iter().filter(|g| g.stream == stream);
        spans.extend(known.map(|g| (g.from, g.to)));
        spans.sort_unstable();
        let (mut next, mut out) = (0, Vec::new());
        for (from, to) in spans {
            if from > next {
                out.push((next, from - 1));
            }
            next = next.max(to + 1);
        }
        out
    }
}

/// Reads every object of `day` that is not in `known`, several at a time, each whole and once.
async fn read_listing(
    evidence: &dyn Store,
    origin: &Origin,
    day: Day,
    known: &HashSet<String>,
    mut each: impl FnMut(Found),
) -> Result<(), SealError> {
    let budget = Arc::new(Semaphore::new(READ_BUDGET_KIB as usize));
    let mut lister = Lister::new(evidence, entries_prefix(day));
    let mut reading = FuturesUnordered::new();
    let mut more = true;
    while more || !reading.is_empty() {
        while more && reading.len() < READERS {
            match lister.next().await? {
                None => more = false,
                Some(versions) if known.contains(&versions.key) => {}
                Some(versions) => reading.push(read_key(evidence, origin, versions, &budget)),
            }
        }
        if let Some(found) = reading.next().await {
            each(found?);
        }
    }
    Ok(())
}

/// Reads the versions of one key: one may be the batch, everything else is a stray.
async fn read_key(
    evidence: &dyn Store,
    origin: &Origin,
    versions: Versions,
    budget: &Arc<Semaphore>,
) -> Result<Found, SealError> {
    let mut found = Found::default();
    let key = versions.key.parse::<BatchKey>().ok();
    // Oldest first: a later version of the same bytes is the extra one.
    for entry in versions.entries.into_iter().rev() {
        let stray = |reason, sha256: Option<Digest>, entry: Entry| StrayRecord {
            key: entry.key,
            version: entry.version,
            length: entry.length,
            sha256,
            reason,
        };
        if entry.kind == EntryKind::DeleteMarker {
            found.strays.push(stray(StrayReason::DeleteMarker, None, entry));
            continue;
        }
        if found.batch.is_some() {
            found.strays.push(stray(StrayReason::ExtraVersion, None, entry));
            continue;
        }
        let Some(key) = key else {
            found.strays.push(stray(StrayReason::Name, None, entry));
            continue;
        };
        if entry.length > READ_LIMIT {
            found.strays.push(stray(StrayReason::TooLarge, None, entry));
            continue;
        }
        match read_version(evidence, origin, &key, &entry, budget).await? {
            None => {}
            Some(Examined::Batch(batch)) => found.batch = Some(*batch),
            Some(Examined::Stray { reason, sha256 }) => {
                found.strays.push(stray(reason, Some(sha256), entry));
            }
        }
    }
    Ok(found)
}

async fn read_version(
    evidence: &dyn Store,
    origin: &Origin,
    key: &BatchKey,
    entry: &Entry,
    budget: &Arc<Semaphore>,
) -> Result<Option<Examined>, SealError> {
    let kib = (entry.length / 1024 + 1).min(u64::from(READ_BUDGET_KIB)) as u32;
    let _permit = budget.acquire_many(kib).await.expect("the semaphore is never closed");
    let stored = match evidence.get(&entry.key, entry.version.as_deref(), READ_LIMIT).await {
        // Gone since it was listed: the store is changing under the sealer. What is missing inside
        // a stream shows as a gap.
        Err(e) if e.kind() == ErrorKind::NotFound => {
            tracing::warn!(key = %entry.key, "object vanished between listing and reading");
            return Ok(None);
        }
        other => other?,
    };
    let (key, version, origin) = (*key, entry.version.clone(), origin.clone());
    // Hashing megabytes would hold up the other readers.
    let job = move || examine(&key, version, &stored.bytes, &origin);
    Ok(Some(tokio::task::spawn_blocking(job).await.expect("examining bytes does not panic")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_batches_show_only_new_gaps() {
        let stream = StreamId([1; 16]);
        let day: Day = "2026-11-20".parse().unwrap();
        let mut sealed = Sealed::default();
        sealed.seqs.insert(stream, [0, 1, 5].into());
        sealed.gaps.push(GapRecord { day, stream, from: 2, to: 4 });
        assert_eq!(sealed.new_gaps(stream, [3].into()), []);
        assert_eq!(sealed.new_gaps(stream, [8].into()), [(6, 7)]);
        assert_eq!(sealed.new_gaps(StreamId([2; 16]), [1, 3].into()), [(0, 0), (2, 2)]);
    }
}
