//! Writing a manifest as its records come, in constant memory.

use std::io;

use super::{OrderKey, StreamAudit, Tally};
use crate::merkle::Frontier;
use crate::record::{
    BatchRecord, DayRecord, GapRecord, KeyRecord, Record, RemovedRecord, StrayRecord,
};
use crate::{Day, Digest, Origin, UnixMillis, VerifierKey};

/// What a manifest states besides its records.
#[derive(Clone, Debug)]
pub struct ManifestPlan {
    /// The log.
    pub origin: Origin,
    /// The day to seal.
    pub day: Day,
    /// The sealer's clock.
    pub sealed_at: UnixMillis,
    /// The tree before this day.
    pub before: Frontier,
    /// SHA-256 of the manifest of the day before.
    pub previous: Option<Digest>,
    /// Days a batch may be late.
    pub late_days: u16,
    /// Last day on which the day's objects must all be there.
    pub keep_until: Day,
    /// Oldest day whose objects must all be there.
    pub kept_from: Day,
}

/// Writes the records of one day to `W` as they come; batches and strays in order of key and version.
///
/// The first record is known last, since it counts the others: a manifest is what
/// [`ManifestWriter::finish`] returns, followed by what was written. Gaps and conflicts, which are
/// few where producers are honest, are kept in memory.
#[derive(Debug)]
pub struct ManifestWriter<W> {
    plan: ManifestPlan,
    body: W,
    tally: Tally,
    streams: StreamAudit,
    late_gaps: Vec<GapRecord>,
    removed: Vec<RemovedRecord>,
    next_key: Option<VerifierKey>,
    previous: Option<OrderKey>,
}

impl<W: io::Write> ManifestWriter<W> {
    /// An empty manifest by this plan.
    pub fn new(plan: ManifestPlan, body: W) -> Self {
        Self {
            plan,
            body,
            tally: Tally::default(),
            streams: StreamAudit::default(),
            late_gaps: Vec::new(),
            removed: Vec::new(),
            next_key: None,
            previous: None,
        }
    }

    /// Announces the key that signs from the next day on.
    pub fn next_key(&mut self, key: VerifierKey) {
        self.next_key = Some(key);
    }

    /// Writes a batch of the day or a late one; `late` is set here.
    ///
    /// # Errors
    /// What `W` reports; `InvalidInput` if it is not behind what was written before.
    pub fn batch(&mut self, mut batch: BatchRecord) -> io::Result<()> {
        batch.late = batch.key.day != self.plan.day;
        if !batch.late {
            self.streams.add(&batch);
        }
        self.put(Record::Batch(batch))
    }

    /// Writes a stray.
    ///
    /// # Errors
    /// As [`ManifestWriter::batch`].
    pub fn stray(&mut self, stray: StrayRecord) -> io::Result<()> {
        self.put(Record::Stray(stray))
    }

    /// Adds a gap in a stream of an earlier day that its late batches show, at any time.
    pub fn late_gap(&mut self, gap: GapRecord) {
        self.late_gaps.push(gap);
    }

    /// Adds an order of removal, at any time; at most [`MAX_REMOVED`](crate::record::MAX_REMOVED).
    pub fn removed(&mut self, removed: RemovedRecord) {
        self.removed.push(removed);
    }

    /// Writes what follows the objects; the first line of the manifest, with its newline, and the
    /// sink with the rest.
    ///
    /// # Errors
    /// As [`ManifestWriter::batch`].
    pub fn finish(mut self) -> io::Result<(Vec<u8>, W)> {
        let (found, closed, open) = std::mem::take(&mut self.streams).finish();
        let gaps = std::mem::take(&mut self.late_gaps).into_iter().chain(found.gaps);
        let mut rest: Vec<Record> = gaps.map(Record::Gap).collect();
        rest.extend(found.conflicts.into_iter().map(Record::Conflict));
        rest.extend(std::mem::take(&mut self.removed).into_iter().map(Record::Removed));
        let key = self.next_key.take();
        rest.extend(key.map(|verifier_key| Record::Key(KeyRecord { verifier_key })));
        rest.sort_by_cached_key(OrderKey::of);
        for record in rest {
            self.put(record)?;
        }
        self.tally.counts.streams_closed = closed;
        self.tally.counts.streams_open = open;
        let (services, more_services) = self.tally.services();
        let plan = self.plan;
        let head = Record::Day(DayRecord {
            v: 1,
            origin: plan.origin,
            day: plan.day,
            sealed_at: plan.sealed_at,
            size: plan.before.size(),
            frontier: plan.before.nodes().to_vec(),
            previous: plan.previous,
            counts: self.tally.counts,
            services,
            more_services,
            late_days: plan.late_days,
            keep_until: plan.keep_until,
            kept_from: plan.kept_from,
        });
        let mut first = head.encode().into_bytes();
        first.push(b'\n');
        Ok((first, self.body))
    }

    fn put(&mut self, record: Record) -> io::Result<()> {
        let order = OrderKey::of(&record);
        if self.previous.as_ref().is_some_and(|p| *p >= order) {
            let why = format!("{order:?} does not follow {:?}", self.previous);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        self.previous = Some(order);
        self.tally.add(&record);
        self.body.write_all(record.encode().as_bytes())?;
        self.body.write_all(b"\n")
    }
}
