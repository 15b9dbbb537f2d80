//! Collecting what a day's manifest must list.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;

use dayseal_format::names::entries_prefix;
use dayseal_format::record::{BatchRecord, GapRecord, Record, StrayReason, StrayRecord};
use dayseal_format::{BatchKey, Day, Digest, Origin, StreamId};
use dayseal_store::{Entry, EntryKind, ErrorKind, Store};
use futures_util::stream::{FuturesOrdered, StreamExt as _};
use tokio::sync::Semaphore;

use super::SealError;
use super::progress::read_manifest;
use super::spool::{self, SpooledWriter};
use crate::cpu::on_a_core;
use crate::objects::{Examined, Lister, READ_LIMIT, Versions, examine};

/// Objects read at once.
const READERS: usize = 16;
/// Bytes of objects in memory at once, in KiB: one of the largest and some more.
const READ_BUDGET_KIB: u32 = 64 * 1024;

/// Bytes that are hashed sooner than handed to another thread.
const SMALL: usize = 64 * 1024;

/// What was found under one key, in the order of its versions.
#[derive(Debug, Default)]
struct Found {
    batch: Option<BatchRecord>,
    strays: Vec<StrayRecord>,
}

impl Found {
    /// Writes it all, in the order that a manifest has.
    fn write(self, writer: &mut SpooledWriter) -> io::Result<()> {
        let Self { mut batch, mut strays } = self;
        strays.sort_by(|a, b| a.version.cmp(&b.version));
        for stray in strays {
            if batch.as_ref().is_some_and(|b| b.version < stray.version)
                && let Some(batch) = batch.take()
            {
                writer.batch(batch)?;
            }
            writer.stray(stray)?;
        }
        batch.map_or(Ok(()), |batch| writer.batch(batch))
    }
}

/// Reads the day's own objects, each once, into `writer`.
pub(super) async fn own_objects(
    evidence: &dyn Store,
    origin: &Origin,
    day: Day,
    writer: &mut SpooledWriter,
) -> Result<(), SealError> {
    let none = HashSet::new();
    read_listing(evidence, origin, day, &none, |found| found.write(writer)).await
}

/// Finds what landed in `days`, oldest first, after they were sealed, into `writer`, with the gaps it
/// shows. Before the day's own objects: their keys come later.
pub(super) async fn late_objects(
    evidence: &dyn Store,
    origin: &Origin,
    days: impl Iterator<Item = Day>,
    newest_sealed: Day,
    writer: &mut SpooledWriter,
) -> Result<(), SealError> {
    for day in days {
        let mut sealed = Sealed::default();
        for listed_in in day.through(newest_sealed) {
            read_manifest(evidence, listed_in, origin, |record| sealed.add(day, record)).await?;
        }
        let mut late: BTreeMap<StreamId, Vec<Span>> = BTreeMap::new();
        read_listing(evidence, origin, day, &sealed.keys, |found| {
            if let Some(BatchRecord { key, .. }) = &found.batch {
                extend(late.entry(key.stream).or_default(), key.seq);
            }
            found.write(writer)
        })
        .await?;
        for (stream, spans) in late {
            for (from, to) in sealed.new_gaps(stream, spans) {
                writer.late_gap(GapRecord { day, stream, from, to });
            }
        }
    }
    Ok(())
}

/// First and last of consecutive numbers.
type Span = (u32, u32);

/// Adds a number: to the last span if it follows, else as a span of its own.
fn extend(spans: &mut Vec<Span>, seq: u32) {
    match spans.last_mut() {
        Some((_, to)) if *to == seq || to.checked_add(1) == Some(seq) => *to = seq,
        _ => spans.push((seq, seq)),
    }
}

/// What manifests say of one day; small, however many batches it had.
#[derive(Default)]
struct Sealed {
    /// Digests of the keys listed, as batch or stray. Other versions of them are tampering after the
    /// seal: the verifier's to report, not the sealer's to list.
    keys: HashSet<Digest>,
    seqs: BTreeMap<StreamId, Vec<Span>>,
    gaps: Vec<GapRecord>,
}

impl Sealed {
    fn add(&mut self, day: Day, record: Record) {
        match record {
            Record::Batch(b) if b.key.day == day => {
                self.keys.insert(name(&b.key.to_string()));
                extend(self.seqs.entry(b.key.stream).or_default(), b.key.seq);
            }
            Record::Stray(s) if s.key.starts_with(&entries_prefix(day)) => {
                self.keys.insert(name(&s.key));
            }
            Record::Gap(g) if g.day == day => self.gaps.push(g),
            _ => {}
        }
    }

    /// Ranges that are missing from the stream and that no manifest says so of.
    fn new_gaps(&self, stream: StreamId, late: Vec<Span>) -> Vec<Span> {
        let mut spans = late;
        spans.extend(self.seqs.get(&stream).into_iter().flatten());
        // Known gaps count as accounted for.
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

/// A key by its digest, a third as long.
fn name(key: &str) -> Digest {
    Digest::of(key.as_bytes())
}

/// Reads every object of `day` that is not in `known`, several at a time, each whole and once, and
/// hands them on in the order of their keys.
async fn read_listing(
    evidence: &dyn Store,
    origin: &Origin,
    day: Day,
    known: &HashSet<Digest>,
    mut each: impl FnMut(Found) -> io::Result<()>,
) -> Result<(), SealError> {
    let budget = Arc::new(Semaphore::new(READ_BUDGET_KIB as usize));
    let mut lister = Lister::new(evidence, entries_prefix(day));
    let mut reading = FuturesOrdered::new();
    let mut more = true;
    while more || !reading.is_empty() {
        while more && reading.len() < READERS {
            match lister.next().await? {
                None => more = false,
                Some(versions) if known.contains(&name(&versions.key)) => {}
                Some(versions) => reading.push_back(read_key(evidence, origin, versions, &budget)),
            }
        }
        if let Some(found) = reading.next().await {
            each(found?).map_err(|e| spool::failed(day, e))?;
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
    if stored.bytes.len() < SMALL {
        return Ok(Some(examine(&key, version, &stored.bytes, &origin)));
    }
    // Hashing megabytes would hold up the other readers.
    let job = move || examine(&key, version, &stored.bytes, &origin);
    Ok(Some(on_a_core(job).await))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_batches_show_only_new_gaps() {
        let stream = StreamId([1; 16]);
        let day: Day = "2026-11-20".parse().unwrap();
        let mut sealed = Sealed::default();
        let seqs = sealed.seqs.entry(stream).or_default();
        [0, 1, 1, 5].into_iter().for_each(|seq| extend(seqs, seq));
        assert_eq!(*seqs, [(0, 1), (5, 5)]);
        sealed.gaps.push(GapRecord { day, stream, from: 2, to: 4 });
        assert_eq!(sealed.new_gaps(stream, vec![(3, 3)]), []);
        assert_eq!(sealed.new_gaps(stream, vec![(8, 8)]), [(6, 7)]);
        assert_eq!(sealed.new_gaps(StreamId([2; 16]), vec![(1, 1), (3, 3)]), [(0, 0), (2, 2)]);
    }
}
