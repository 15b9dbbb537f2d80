//! Manifests: the leaf records of one UTC day, in order.
//!
//! `manifests/<day>.ndjson`: each record on a line ended by one LF. First the `day` record, then
//! `batch` and `stray` in order of key and version, then `gap`, `conflict`, `key`. A leaf is the line
//! without its newline; one pass over a manifest checks a day against the checkpoints around it.

mod build;
mod streams;

pub use build::{ManifestBuilder, ManifestPlan};
pub use streams::{StreamAudit, StreamFindings};

use std::collections::BTreeMap;

use crate::merkle::{Frontier, FrontierError, leaf_hash};
use crate::record::{
    BatchRecord, Counts, DayRecord, MAX_SERVICES, Record, RecordError, ServiceCount,
};
use crate::{Day, Origin, ServiceName, VerifierKey};

/// Longest manifest in bytes: two million objects of at most 500 bytes a line, which is also what
/// one sealing run in Lambda can read (`docs/spec/manifest.md`).
pub const MAX_MANIFEST: u64 = 1 << 30;

/// Why bytes are not the manifest of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A line that is not a record.
    #[error("line {line}: {source}")]
    Record {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The frontier does not fit the size.
    #[error("line 1: {0}")]
    Frontier(#[from] FrontierError),
    /// Well-formed records that do not make this manifest.
    #[error("line {line}: {reason}: expected {expected}, found {found}")]
    Mismatch {
        /// Line number, from 1.
        line: usize,
        /// What does not fit.
        reason: &'static str,
        /// By the rules.
        expected: String,
        /// In the manifest.
        found: String,
    },
    /// Not lines.
    #[error("not a manifest: {0}")]
    Framing(&'static str),
}

/// A manifest that is consistent in itself: order, counts, streams, tree.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Its first record.
    pub day: DayRecord,
    /// The tree before its first leaf, as the `day` record claims.
    pub before: Frontier,
    /// The tree after its last leaf.
    pub after: Frontier,
    /// The key that signs from the next day on, if this day changes it.
    pub next_key: Option<VerifierKey>,
}

impl Manifest {
    /// Reads a manifest, handing each record after the first to `each` with its line number.
    ///
    /// Checks everything that the bytes alone can show. Whether the tree before is the log's, the
    /// caller finds out by comparing `before.root()` with an authenticated checkpoint.
    ///
    /// # Errors
    /// [`ManifestError`], naming the line.
    pub fn read(
        bytes: &[u8],
        origin: &Origin,
        day: Day,
        mut each: impl FnMut(usize, Record),
    ) -> Result<Self, ManifestError> {
        if bytes.len() as u64 > MAX_MANIFEST {
            return Err(ManifestError::Framing("longer than 1 GiB"));
        }
        let mut lines = lines(bytes)?;
        let (_, first) = lines.next().ok_or(ManifestError::Framing("empty"))?;
        let record = decode(1, first)?;
        let Record::Day(head) = record else {
            return Err(mismatch(1, "first record", "day", format!("{record:?}")));
        };
        if head.origin != *origin {
            return Err(mismatch(1, "origin", origin, head.origin));
        }
        if head.day != day {
            return Err(mismatch(1, "day", day, head.day));
        }
        let before = Frontier::from_parts(head.size, head.frontier.clone())?;
        let mut after = before.clone();
        after.push(leaf_hash(first));

        let mut tally = Tally::default();
        let mut streams = StreamAudit::default();
        let mut stated = StreamFindings::default();
        let mut previous: Option<OrderKey> = None;
        let mut last_batch = None;
        let mut next_key = None;
        let in_window = |of: Day| (1..=i32::from(head.late_days)).contains(&day.days_since(of));
        for (number, line) in lines {
            let record = decode(number, line)?;
            let order = OrderKey::of(&record);
            if previous.as_ref().is_some_and(|p| *p >= order) {
                return Err(mismatch(number, "order of records", "ascending", "not ascending"));
            }
            previous = Some(order);
            tally.add(&record);
            match &record {
                Record::Day(_) => {
                    return Err(mismatch(number, "record", "no second day record", "one"));
                }
                Record::Batch(b) => {
                    let late = b.key.day != day;
                    let age = day.days_since(b.key.day);
                    if late != b.late || age < 0 || age > i32::from(head.late_days) {
                        let expected = format!("{} days late at most, and said", head.late_days);
                        return Err(mismatch(number, "day of the batch", expected, b.key));
                    }
                    if last_batch.replace(b.key) == Some(b.key) {
                        return Err(mismatch(number, "key", "one batch for each key", b.key));
                    }
                    if !late {
                        streams.add(b);
                    }
                }
                Record::Gap(g) if g.day == day => stated.gaps.push(g.clone()),
                Record::Gap(g) if in_window(g.day) => {}
                Record::Gap(g) => {
                    return Err(mismatch(
                        number,
                        "day of the gap",
                        "one that takes late batches",
                        g.day,
                    ));
                }
                Record::Conflict(c) if c.day == day => stated.conflicts.push(c.clone()),
                Record::Conflict(c) => {
                    return Err(mismatch(number, "day of the conflict", day, c.day));
                }
                Record::Stray(_) => {}
                Record::Key(k) if k.verifier_key.name() != origin.as_str() => {
                    return Err(mismatch(number, "name of the key", origin, &k.verifier_key));
                }
                Record::Key(k) => {
                    if next_key.replace(k.verifier_key.clone()).is_some() {
                        return Err(mismatch(number, "key record", "one at most", "a second"));
                    }
                }
            }
            after.push(leaf_hash(line));
            each(number, record);
        }
        let (found, closed, open) = streams.finish();
        if found != stated {
            let reason = "gaps and conflicts of the day's streams";
            return Err(mismatch(1, reason, found.summary(), stated.summary()));
        }
        tally.counts.streams_closed = closed;
        tally.counts.streams_open = open;
        let (services, more) = tally.services();
        if tally.counts != head.counts {
            let (expected, found) = (format!("{:?}", tally.counts), format!("{:?}", head.counts));
            return Err(mismatch(1, "counts", expected, found));
        }
        if (&services, more) != (&head.services, head.more_services) {
            return Err(mismatch(1, "services", "those of the batches", "others"));
        }
        if head.keep_until < day || head.kept_from > day {
            return Err(mismatch(1, "keep_until and kept_from", "to span the day", "not to"));
        }
        Ok(Self { day: head, before, after, next_key })
    }

    /// The `day` record alone, without checking the rest.
    ///
    /// # Errors
    /// [`ManifestError`] if the first line is not a `day` record.
    pub fn read_day_record(bytes: &[u8]) -> Result<DayRecord, ManifestError> {
        let end = memchr::memchr(b'\n', bytes).ok_or(ManifestError::Framing("no newline"))?;
        match decode(1, &bytes[..end])? {
            Record::Day(head) => Ok(head),
            other => Err(mismatch(1, "first record", "day", format!("{other:?}"))),
        }
    }
}

fn decode(line: usize, bytes: &[u8]) -> Result<Record, ManifestError> {
    Record::decode(bytes).map_err(|source| ManifestError::Record { line, source })
}

fn mismatch(
    line: usize,
    reason: &'static str,
    expected: impl ToString,
    found: impl ToString,
) -> ManifestError {
    let bounded = |text: String| text.chars().take(300).collect();
    ManifestError::Mismatch {
        line,
        reason,
        expected: bounded(expected.to_string()),
        found: bounded(found.to_string()),
    }
}

/// Numbered lines without their newlines.
pub fn lines(bytes: &[u8]) -> Result<impl Iterator<Item = (usize, &[u8])>, ManifestError> {
    let Some((b'\n', body)) = bytes.split_last() else {
        return Err(ManifestError::Framing("does not end in a newline"));
    };
    Ok(body.split(|b| *b == b'\n').enumerate().map(|(i, line)| (i + 1, line)))
}

/// Where a record stands in its manifest.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct OrderKey(u8, String, String);

impl OrderKey {
    fn of(record: &Record) -> Self {
        let some = |v: &Option<String>| v.clone().unwrap_or_default();
        match record {
            Record::Day(_) => Self(0, String::new(), String::new()),
            Record::Batch(b) => Self(1, b.key.to_string(), some(&b.version)),
            Record::Stray(s) => Self(1, s.key.clone(), some(&s.version)),
            Record::Gap(g) => {
                Self(2, format!("{}/{}/{:08}", g.day, g.stream, g.from), String::new())
            }
            Record::Conflict(c) => {
                let at = format!("{}/{}/{:08}", c.day, c.stream, c.seq);
                Self(3, at, format!("{:?}", c.reason))
            }
            Record::Key(k) => Self(4, k.verifier_key.to_string(), String::new()),
        }
    }
}

/// Sums over the records of a manifest.
#[derive(Debug, Default)]
struct Tally {
    counts: Counts,
    services: BTreeMap<ServiceName, (u64, u64)>,
}

impl Tally {
    fn add(&mut self, record: &Record) {
        match record {
            Record::Day(_) | Record::Key(_) => {}
            Record::Batch(b) => self.add_batch(b),
            Record::Stray(_) => self.counts.strays += 1,
            Record::Gap(_) => self.counts.gaps += 1,
            Record::Conflict(_) => self.counts.conflicts += 1,
        }
    }

    fn add_batch(&mut self, b: &BatchRecord) {
        self.counts.batches += 1;
        self.counts.entries += u64::from(b.entries);
        self.counts.bytes = self.counts.bytes.saturating_add(b.length);
        self.counts.late += u64::from(b.late);
        // Hostile headers can name a service each; beyond the bound only a count is kept.
        let service = self.services.entry(b.service.clone()).or_default();
        service.0 += 1;
        service.1 += u64::from(b.entries);
    }

    fn services(&self) -> (Vec<ServiceCount>, u32) {
        let list = self.services.iter().take(MAX_SERVICES);
        let list = list
            .map(|(name, (batches, entries))| ServiceCount {
                name: name.clone(),
                batches: *batches,
                entries: *entries,
            })
            .collect();
        (list, self.services.len().saturating_sub(MAX_SERVICES) as u32)
    }
}

#[cfg(test)]
mod tests;
