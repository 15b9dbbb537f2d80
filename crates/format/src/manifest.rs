//! Manifests: the leaf records of one UTC day, in order.
//!
//! `manifests/<day>.ndjson`: each record on a line ended by one LF. First the `day` record, then
//! `batch` and `stray` in order of key and version, then `gap`, `conflict`, `removed`, `key`. A leaf is the line
//! without its newline; one pass over a manifest checks a day against the checkpoints around it.

mod build;
mod read;
mod streams;
mod write;

pub use build::ManifestBuilder;
pub use read::ManifestReader;
pub use streams::{StreamAudit, StreamFindings};
pub use write::{ManifestPlan, ManifestWriter};

use std::collections::BTreeMap;

use crate::merkle::{Frontier, FrontierError};
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
        let mut reader = ManifestReader::new(origin, day);
        for (number, line) in lines(bytes)? {
            if let Some(record) = reader.line(line)? {
                each(number, record);
            }
        }
        reader.finish()
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
            Record::Removed(r) => Self(4, r.key.to_string(), r.order.clone()),
            Record::Key(k) => Self(5, k.verifier_key.to_string(), String::new()),
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
            Record::Day(_) | Record::Removed(_) | Record::Key(_) => {}
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
