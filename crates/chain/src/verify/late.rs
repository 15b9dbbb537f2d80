//! Gaps and conflicts, and the late batches that close the one or show the other.

use std::collections::BTreeMap;

use dayseal_format::manifest::StreamAudit;
use dayseal_format::names::{ENTRIES, entries_prefix};
use dayseal_format::record::{BatchRecord, ConflictRecord, GapRecord, Record};
use dayseal_format::{Day, StreamId};
use dayseal_store::StoreError;

use super::finding::{Finding, FindingCode as Code};
use super::verifier::Verifier;
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
                walk.late.entry(b.key.day).or_default().push(b.clone());
            }
            Record::Conflict(c) => walk.find(conflict(c)),
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

fn conflict(c: &ConflictRecord) -> Finding {
    let object = format!("{}{}/{:08} ({:?})", entries_prefix(c.day), c.stream, c.seq, c.reason);
    let detail = format!("{:?} of {} batches", c.reason, c.sha256.len().max(1));
    Finding::new(Code::Conflict, c.day, object, detail)
}

impl Verifier<'_> {
    /// Judges the gaps once all manifests are read: what late batches filled is closed.
    pub(super) async fn judge_gaps(&self, walk: &mut Walk) -> Result<(), StoreError> {
        let gaps = std::mem::take(&mut walk.gaps);
        let late = std::mem::take(&mut walk.late);
        for gap in &gaps {
            let late = late.get(&gap.day).into_iter().flatten();
            let filled = late.filter(|b| b.key.stream == gap.stream).map(|b| b.key.seq);
            for (from, to) in open_ranges(gap, filled.map(|seq| (seq, seq))) {
                let detail = format!("batches {from} to {to} of the stream never arrived");
                walk.find(missing(gap.day, gap.stream, from, to, detail));
            }
        }
        self.check_late_streams(walk, late, &gaps).await
    }

    /// Puts streams together from all manifests: a late batch may contradict what was sealed before
    /// it, and whatever lies between the two must be a recorded gap.
    async fn check_late_streams(
        &self,
        walk: &mut Walk,
        late: BTreeMap<Day, Vec<BatchRecord>>,
        gaps: &[GapRecord],
    ) -> Result<(), StoreError> {
        for (day, late) in late {
            // A walk that began later cannot know what that day had.
            if walk.first.is_some_and(|first| day < first) {
                continue;
            }
            let Some(own) = self.manifest(walk, day).await? else { continue };
            let ours = |stream: StreamId| late.iter().any(|b| b.key.stream == stream);
            let mut batches: Vec<BatchRecord> = late.clone();
            batches.extend(own.records.iter().filter_map(|r| match r {
                Record::Batch(b) if b.key.day == day && ours(b.key.stream) => Some(b.clone()),
                _ => None,
            }));
            batches.sort_by_key(|b| b.key);
            let mut audit = StreamAudit::default();
            batches.iter().for_each(|b| audit.add(b));
            let (found, _, _) = audit.finish();
            found.conflicts.iter().for_each(|c| walk.find(conflict(c)));
            for gap in found.gaps {
                let known = gaps.iter().filter(|g| g.day == day && g.stream == gap.stream);
                for (from, to) in open_ranges(&gap, known.map(|g| (g.from, g.to))) {
                    let detail = "missing before a late batch, and no manifest says so".to_owned();
                    walk.find(missing(day, gap.stream, from, to, detail));
                }
            }
        }
        Ok(())
    }
}

fn missing(day: Day, stream: StreamId, from: u32, to: u32, detail: String) -> Finding {
    let object = format!("{}{stream}/{from:08}-{to:08}", entries_prefix(day));
    Finding::new(Code::Gap, day, object, detail)
}

/// What is left of a gap once these ranges of numbers are accounted for.
fn open_ranges(gap: &GapRecord, filled: impl IntoIterator<Item = (u32, u32)>) -> Vec<(u32, u32)> {
    let reaches_in = |(from, to): &(u32, u32)| *from <= gap.to && *to >= gap.from;
    let mut filled: Vec<(u32, u32)> = filled.into_iter().filter(reaches_in).collect();
    filled.sort_unstable();
    let (mut next, mut out) = (gap.from, Vec::new());
    for (from, to) in filled {
        if from > next {
            out.push((next, from - 1));
        }
        next = next.max(to + 1);
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
        assert_eq!(open_ranges(&gap, [(4, 4), (9, 9)]), [(2, 3), (5, 6)]);
        assert_eq!(open_ranges(&gap, [(6, 6), (2, 2), (3, 4), (5, 5)]), []);
        assert_eq!(open_ranges(&gap, [(0, 2), (5, 99_999_999)]), [(3, 4)]);
        assert_eq!(open_ranges(&gap, [(0, 1), (7, 8)]), [(2, 6)]);
    }
}
