//! Building a manifest from the records of a day.

use super::{OrderKey, StreamAudit, Tally};
use crate::merkle::Frontier;
use crate::record::{BatchRecord, DayRecord, GapRecord, KeyRecord, Record, StrayRecord};
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

/// Collects the records of one day, in any order.
#[derive(Debug)]
pub struct ManifestBuilder {
    plan: ManifestPlan,
    batches: Vec<BatchRecord>,
    strays: Vec<StrayRecord>,
    late_gaps: Vec<GapRecord>,
    next_key: Option<VerifierKey>,
}

impl ManifestBuilder {
    /// An empty manifest by this plan.
    pub fn new(plan: ManifestPlan) -> Self {
        let (batches, strays, late_gaps) = (Vec::new(), Vec::new(), Vec::new());
        Self { plan, batches, strays, late_gaps, next_key: None }
    }

    /// Announces the key that signs from the next day on.
    pub fn next_key(&mut self, key: VerifierKey) {
        self.next_key = Some(key);
    }

    /// Adds a batch of the day or a late one; `late` is set here.
    pub fn batch(&mut self, mut batch: BatchRecord) {
        batch.late = batch.key.day != self.plan.day;
        self.batches.push(batch);
    }

    /// Adds a stray.
    pub fn stray(&mut self, stray: StrayRecord) {
        self.strays.push(stray);
    }

    /// Adds a gap in a stream of an earlier day that its late batches show.
    pub fn late_gap(&mut self, gap: GapRecord) {
        self.late_gaps.push(gap);
    }

    /// The manifest's bytes. Gaps and conflicts of the day's own streams are found here.
    pub fn finish(mut self) -> Vec<u8> {
        self.batches.sort_by(|a, b| (a.key, &a.version).cmp(&(b.key, &b.version)));
        let mut streams = StreamAudit::default();
        self.batches.iter().filter(|b| !b.late).for_each(|b| streams.add(b));
        let (found, closed, open) = streams.finish();

        let mut records: Vec<Record> = Vec::with_capacity(self.batches.len() + self.strays.len());
        records.extend(self.batches.into_iter().map(Record::Batch));
        records.extend(self.strays.into_iter().map(Record::Stray));
        records.extend(self.late_gaps.into_iter().chain(found.gaps).map(Record::Gap));
        records.extend(found.conflicts.into_iter().map(Record::Conflict));
        let key = self.next_key.map(|verifier_key| Record::Key(KeyRecord { verifier_key }));
        records.extend(key);
        records.sort_by_cached_key(OrderKey::of);

        let mut tally = Tally::default();
        records.iter().for_each(|r| tally.add(r));
        tally.counts.streams_closed = closed;
        tally.counts.streams_open = open;
        let (services, more_services) = tally.services();
        let plan = self.plan;
        let head = Record::Day(DayRecord {
            v: 1,
            origin: plan.origin,
            day: plan.day,
            sealed_at: plan.sealed_at,
            size: plan.before.size(),
            frontier: plan.before.nodes().to_vec(),
            previous: plan.previous,
            counts: tally.counts,
            services,
            more_services,
            late_days: plan.late_days,
            keep_until: plan.keep_until,
            kept_from: plan.kept_from,
        });
        let mut out = Vec::new();
        for record in std::iter::once(&head).chain(&records) {
            out.extend_from_slice(record.encode().as_bytes());
            out.push(b'\n');
        }
        out
    }
}
