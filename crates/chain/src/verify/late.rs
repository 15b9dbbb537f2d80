//! Gaps, and the late batches that close them or show new ones.

use std::collections::BTreeMap;

use dayseal_format::names::entries_prefix;
use dayseal_format::record::{GapRecord, Record};
use dayseal_format::{Day, StreamId};
use dayseal_store::StoreError;

use super::finding::{Finding, FindingCode as Code};
use super::run::Verifier;
use super::walk::Walk;

/// Takes in what a day's records say about streams.
pub(super) fn note_records(walk: &mut Walk, day: Day, records: &[Record]) {
    for record in records {
        walk.totals.records += 1;
        match record {
            Record::Gap(gap) => walk.gaps.push(gap.clone()),
            Record::Batch(b) if b.late => {
                let streams = walk.late.entry(b.key.day).or_default();
                streams.entry(b.key.stream).or_default().push(b.key.seq);
            }
            Record::Conflict(c) => {
                let object = format!("{}{}/{:08}", entries_prefix(c.day), c.stream, c.seq);
                let detail = format!("{:?} of {} batches", c.reason, c.sha256.len().max(1));
                walk.find(Finding::new(Code::Conflict, c.day, object, detail));
            }
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

impl Verifier<'_> {
    /// Judges the gaps once all manifests are read: what late batches filled is closed.
    pub(super) async fn judge_gaps(&self, walk: &mut Walk) -> Result<(), StoreError> {
        let gaps = std::mem::take(&mut walk.gaps);
        let late = std::mem::take(&mut walk.late);
        for gap in &gaps {
            let filled = late.get(&gap.day).and_then(|s| s.get(&gap.stream));
            for (from, to) in open_ranges(gap, filled.map_or(&[][..], Vec::as_slice)) {
                let object = format!("{}{}", entries_prefix(gap.day), gap.stream);
                let object = format!("{object}/{from:08}-{to:08}");
                let detail = format!("batches {from} to {to} of the stream never arrived");
                walk.find(Finding::new(Code::Gap, gap.day, object, detail));
            }
        }
        self.check_late_streams(walk, &late, &gaps).await
    }

    /// Late batches reach beyond what was there: whatever lies between must be a recorded gap.
    async fn check_late_streams(
        &self,
        walk: &mut Walk,
        late: &BTreeMap<Day, BTreeMap<StreamId, Vec<u32>>>,
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
            for (stream, seqs) in streams {
                let mut here: Vec<(u32, u32)> = seqs.iter().map(|s| (*s, *s)).collect();
                here.extend(own.iter().filter_map(|r| match r {
                    Record::Batch(b) if b.key.stream == *stream && b.key.day == *day => {
                        Some((b.key.seq, b.key.seq))
                    }
                    _ => None,
                }));
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
fn open_ranges(gap: &GapRecord, filled: &[u32]) -> Vec<(u32, u32)> {
    let mut filled: Vec<u32> =
        filled.iter().copied().filter(|s| (gap.from..=gap.to).contains(s)).collect();
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
        assert_eq!(open_ranges(&gap, &[]), [(2, 6)]);
        assert_eq!(open_ranges(&gap, &[4, 9]), [(2, 3), (5, 6)]);
        assert_eq!(open_ranges(&gap, &[6, 2, 3, 4, 5]), []);
    }
}
