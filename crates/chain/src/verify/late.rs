//! Gaps, the late batches that close them or show new ones, and those that contradict what was there.

use std::collections::BTreeMap;

use dayseal_format::manifest::StreamAudit;
use dayseal_format::names::{ENTRIES, entries_prefix};
use dayseal_format::record::{BatchRecord, ConflictRecord, GapRecord, Record};
use dayseal_format::{Day, StreamId};
use dayseal_store::StoreError;

use super::finding::{Finding, FindingCode as Code};
use super::run::Verifier;
use super::walk::Walk;

/// The day under whose prefix a key lies.
pub(super) fn day_of_key(key: &str) -> Option<Day> {
    key.strip_prefix(ENTRIES)?.split('/').next()?.parse().ok()
}

/// The day whose objects or streams a record is about.
pub(super) fn day_of(record: &Record) -> Option<Day> {
    match record {
        Record::Batch(b) => Some(b.key.day),
        Record::Stray(s) => day_of_key(&s.key),
        Record::Gap(g) => Some(g.day),
        Record::Conflict(c) => Some(c.day),
        _ => None,
    }
}

/// Takes in what a day's records say about streams.
pub(super) fn note_records(walk: &mut Walk, day: Day, records: &[Record]) {
    for record in records {
        match record {
            Record::Gap(gap) => walk.gaps.push(gap.clone()),
            Record::Batch(b) if b.late => {
                let streams = walk.late.entry(b.key.day).or_default();
                streams.entry(b.key.stream).or_default().push(b.clone());
            }
            Record::Conflict(c) => conflict(walk, c),
            Record::Stray(s) => {
                let version = s.version.as_deref().map(|v| format!("@{v}")).unwrap_or_default();
                let object = format!("{}{version}", s.key);
                let detail = format!("{} bytes: {:?}", s.length, s.reason);
                walk.find(Finding::new(Code::StrayObject, day, object, detail));
            }
            _ => {}
        }
    }
}

fn conflict(walk: &mut Walk, c: &ConflictRecord) {
    let object = format!("{}{}/{:08}", entries_prefix(c.day), c.stream, c.seq);
    let detail = format!("{:?} of {} batches", c.reason, c.sha256.len().max(1));
    walk.find(Finding::new(Code::Conflict, c.day, object, detail));
}

impl Verifier<'_> {
    /// Judges the gaps once all manifests are read: what late batches filled is closed.
    pub(super) async fn judge_gaps(&self, walk: &mut Walk) -> Result<(), StoreError> {
        let gaps = std::mem::take(&mut walk.gaps);
        let late = std::mem::take(&mut walk.late);
        for gap in &gaps {
            let filled = late.get(&gap.day).and_then(|s| s.get(&gap.stream));
            let filled = filled.into_iter().flatten().map(|b| b.key.seq);
            for (from, to) in open_ranges(gap, filled) {
                let object = format!("{}{}", entries_prefix(gap.day), gap.stream);
                let object = format!("{object}/{from:08}-{to:08}");
                let detail = format!("batches {from} to {to} of the stream never arrived");
                walk.find(Finding::new(Code::Gap, gap.day, object, detail));
            }
        }
        self.check_late_streams(walk, &late, &gaps).await
    }

    /// Late batches reach beyond what was there: whatever lies between must be a recorded gap. And
    /// manifests look for conflicts among their own day's batches only.
    async fn check_late_streams(
        &self,
        walk: &mut Walk,
        late: &BTreeMap<Day, BTreeMap<StreamId, Vec<BatchRecord>>>,
        gaps: &[GapRecord],
    ) -> Result<(), StoreError> {
        for (day, streams) in late {
            // Walks that began later cannot know what that day had.
            if walk.first.is_some_and(|first| *day < first) {
                continue;
            }
            let own = match self.manifest(walk, *day).await? {
                Some(read) => read.records,
                None => continue,
            };
            for (stream, batches) in streams {
                let mut batches: Vec<&BatchRecord> = batches.iter().collect();
                batches.extend(own.iter().filter_map(|r| match r {
                    Record::Batch(b) if b.key.stream == *stream && b.key.day == *day => Some(b),
                    _ => None,
                }));
                batches.sort_by_key(|b| b.key);
                let mut audit = StreamAudit::default();
                batches.iter().for_each(|b| audit.add(b));
                audit.finish().0.conflicts.iter().for_each(|c| conflict(walk, c));
                let mut here: Vec<(u32, u32)> =
                    batches.iter().map(|b| (b.key.seq, b.key.seq)).collect();
                let known = gaps.iter().filter(|g| g.day == *day && g.stream == *stream);
                here.extend(known.map(|g| (g.from, g.to)));
                here.sort_unstable();
                let mut next = 0;
                for (from, to) in here {
                    if from > next {
                        let object = format!("{}{stream}", entries_prefix(*day));
                        let object = format!("{object}/{next:08}-{:08}", from - 1);
                        let detail = "missing before a late batch, and no manifest says so";
                        walk.find(Finding::new(Code::Gap, *day, object, detail));
                    }
                    next = next.max(to + 1);
                }
            }
        }
        Ok(())
    }
}

/// What is left of a gap once `filled` numbers arrived.
fn open_ranges(gap: &GapRecord, filled: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
    let mut filled: Vec<u32> =
        filled.into_iter().filter(|s| (gap.from..=gap.to).contains(s)).collect();
    filled.sort_unstable();
    let (mut next, mut out) = (gap.from, Vec::new());
    for seq in filled {
        if seq > next {
            out.push((next, seq - 1));
        }
        next = next.max(seq + 1);
    }
    if next <= gap.to {
        out.push((next, gap.to));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_batches_close_gaps() {
        let gap = GapRecord {
            day: "2026-11-20".parse().unwrap(),
            stream: StreamId([0; 16]),
            from: 2,
            to: 6,
        };
        assert_eq!(open_ranges(&gap, []), [(2, 6)]);
        assert_eq!(open_ranges(&gap, [4, 9]), [(2, 3), (5, 6)]);
        assert_eq!(open_ranges(&gap, [6, 2, 3, 4, 5]), []);
    }
}
