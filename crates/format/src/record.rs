//! Leaf records: the lines of a manifest, the leaves of the log's tree.
//!
//! One record is one line of compact JSON, `kind` first, then the fields in the order of these
//! structs; absent when `None` or `false`. There is one encoding: decoding encodes again and
//! compares. Normative: `docs/spec/manifest.md`.

use serde::{Deserialize, Serialize};

use crate::batch::{MAX_BATCH_LEN, MAX_ENTRIES};
use crate::names::MAX_SEQ;
use crate::statement::MAX_STATEMENT;
use crate::{BatchKey, Day, Digest, Origin, ServiceName, StreamId, UnixMillis, VerifierKey};

/// Longest record in bytes, its newline not counted: what a C2SP entry bundle can hold.
pub const MAX_RECORD: usize = 65_535;
/// Services listed by name in a `day` record; the rest are counted. 200 lines of at most 130 bytes
/// stay far below [`MAX_RECORD`].
pub const MAX_SERVICES: usize = 200;
/// Digests listed in a `conflict` record; the batch records have the rest.
pub const MAX_CONFLICT_DIGESTS: usize = 16;
/// Orders recorded in one manifest; more wait for the next seal. They stay below 32 MiB.
pub const MAX_REMOVED: usize = 1_000;
/// Longest object key a record carries, in bytes: S3's own bound.
pub const MAX_KEY: usize = 1_024;

/// One leaf of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Record {
    /// Opens every manifest.
    Day(DayRecord),
    /// One stored batch.
    Batch(BatchRecord),
    /// An object that is not a batch of this log.
    Stray(StrayRecord),
    /// Batches of a stream that are not there.
    Gap(GapRecord),
    /// Batches of a stream that do not agree.
    Conflict(ConflictRecord),
    /// An order that a batch goes before its time.
    Removed(RemovedRecord),
    /// Who signs from the next day on.
    Key(KeyRecord),
}

/// What a day's manifest states about itself and the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayRecord {
    /// Version of the manifest format, 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// The UTC day.
    pub day: Day,
    /// The sealer's clock when it sealed. The sealer's own word.
    pub sealed_at: UnixMillis,
    /// Leaves in the tree before this record.
    pub size: u64,
    /// Frontier of that tree, largest subtree first.
    pub frontier: Vec<Digest>,
    /// SHA-256 of the manifest of the day before; absent on the log's first day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// What the manifest lists.
    pub counts: Counts,
    /// Per service, by name; the first [`MAX_SERVICES`] of them.
    pub services: Vec<ServiceCount>,
    /// Services left out of `services`.
    pub more_services: u32,
    /// How many days after its own a batch may still be sealed, as `late`.
    pub late_days: u16,
    /// The last day on which every object of this day must still be there.
    pub keep_until: Day,
    /// The oldest day whose objects must all still be there.
    pub kept_from: Day,
}

/// Totals of one manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Batch records, late ones included.
    pub batches: u64,
    /// Entries in them, as their headers say.
    pub entries: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Late ones among the batches.
    pub late: u64,
    /// Stray records.
    pub strays: u64,
    /// Gap records.
    pub gaps: u64,
    /// Conflict records.
    pub conflicts: u64,
    /// Streams of this day whose last batch said so.
    pub streams_closed: u64,
    /// Streams of this day that ended without a word: how many batches they lost at the end, if
    /// any, nobody can tell from the log.
    pub streams_open: u64,
}

/// What one service sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceCount {
    /// The service.
    pub name: ServiceName,
    /// Its batches in this manifest.
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
}

/// One stored batch: where it is, what it weighs, and what its header claims.
///
/// Day, stream, number and SHA-256 are in `key`; no field says a thing twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRecord {
    /// The object.
    #[serde(with = "text")]
    pub key: BatchKey,
    /// Its version, where the store keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its length in bytes.
    pub length: u64,
    /// Digest of the stream's batch before; absent in batch 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Digest>,
    /// Number of entries.
    pub entries: u32,
    /// Earliest entry time.
    pub first_time: UnixMillis,
    /// Latest entry time.
    pub last_time: UnixMillis,
    /// Root over the batch's salted entries.
    pub root: Digest,
    /// The service.
    pub service: ServiceName,
    /// The stream closed with this batch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub last: bool,
    /// The batch landed after its own day was sealed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

/// An object in the log's place that is not a batch of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrayRecord {
    /// The object, under whatever name it has.
    pub key: String,
    /// Its version, where the store keeps versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its length in bytes, 0 for a delete marker.
    pub length: u64,
    /// SHA-256 of its bytes, if they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Why it is no batch.
    pub reason: StrayReason,
}

/// Why an object is a stray.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrayReason {
    /// Its key is not a batch's.
    Name,
    /// It is longer than any batch; it was not read.
    TooLarge,
    /// Its bytes are not the ones its name promises.
    Digest,
    /// Its bytes are not a batch.
    Format,
    /// Its header speaks of another log, day, stream or number than its name.
    Header,
    /// A version beside the one that is listed.
    ExtraVersion,
    /// A delete marker that hides a version.
    DeleteMarker,
}

/// A range of batches that a stream must have and the store has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapRecord {
    /// Day of the stream.
    pub day: Day,
    /// The stream.
    pub stream: StreamId,
    /// First missing number.
    pub from: u32,
    /// Last missing number.
    pub to: u32,
}

/// Batches of a stream that contradict one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConflictRecord {
    /// Day of the stream.
    pub day: Day,
    /// The stream.
    pub stream: StreamId,
    /// The number at which they part.
    pub seq: u32,
    /// In what way.
    pub reason: ConflictReason,
    /// The batches at that number, at most [`MAX_CONFLICT_DIGESTS`].
    pub sha256: Vec<Digest>,
}

/// An order that a batch goes before its time, as the sealer found it: whether an officer signed it is
/// the verifier's to judge, by the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedRecord {
    /// The batch.
    #[serde(with = "text")]
    pub key: BatchKey,
    /// The signed statement ([`crate::removal`]), at most [`MAX_STATEMENT`] bytes.
    pub order: String,
}

/// A change of signing key: checkpoints of the days after this manifest's are signed by the new key
/// alone, that of this day by the old one and the new one.
///
/// It makes nobody trust the key: that is the auditor's policy to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The new key; its name is the log's origin.
    #[serde(with = "text")]
    pub verifier_key: VerifierKey,
}

/// How batches of one stream contradict one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictReason {
    /// Two batches with one number.
    Duplicate,
    /// A batch names another predecessor than the one that is there.
    Link,
    /// A batch after the one that closed the stream.
    AfterLast,
    /// A batch names another service than the stream's first.
    Service,
}

/// A line that is not a record, or not its one encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Too long.
    #[error("record of {found} bytes: expected at most 65,535")]
    TooLong {
        /// Length found.
        found: usize,
    },
    /// A kind this version does not know. Never skipped: what it says may matter.
    #[error("record of unknown kind `{found}`: a newer dayseal may know it")]
    UnknownKind {
        /// The kind found.
        found: String,
    },
    /// A `day` record of a version this program does not know.
    #[error("manifest of version {found}: expected version 1; a newer dayseal may read it")]
    Version {
        /// The version found.
        found: u64,
    },
    /// Not a record.
    #[error("malformed record: {0}")]
    Malformed(String),
}

impl Record {
    /// The one encoding, without newline.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("records have no maps and no floats")
    }

    /// Decodes the one encoding.
    ///
    /// # Errors
    /// [`RecordError`], by what is wrong.
    pub fn decode(line: &[u8]) -> Result<Self, RecordError> {
        if line.len() > MAX_RECORD {
            return Err(RecordError::TooLong { found: line.len() });
        }
        // What a newer version says may matter: its kind and version are looked at before its fields.
        let record: Self = match serde_json::from_slice(line) {
            Ok(record) => record,
            Err(e) => return Err(newer(line).unwrap_or(RecordError::Malformed(e.to_string()))),
        };
        if let Self::Day(DayRecord { v, .. }) = &record
            && *v != 1
        {
            return Err(RecordError::Version { found: u64::from(*v) });
        }
        let again = record.encode();
        if again.as_bytes() != line {
            let at = again.bytes().zip(line).take_while(|(a, b)| a == *b).count();
            return Err(RecordError::Malformed(format!("not its one encoding, from byte {at}")));
        }
        record.check()?;
        Ok(record)
    }

    fn check(&self) -> Result<(), RecordError> {
        let bad = |what: &str| Err(RecordError::Malformed(what.to_owned()));
        match self {
            Self::Day(d) if d.services.len() > MAX_SERVICES => bad("more than 200 services"),
            Self::Day(d) if d.services.windows(2).any(|w| w[0].name >= w[1].name) => {
                bad("services are not in order")
            }
            Self::Batch(b) if b.version.as_ref().is_some_and(|v| v.len() > MAX_KEY) => {
                bad("a version id of more than 1,024 bytes")
            }
            Self::Batch(b) if b.entries == 0 || b.entries > MAX_ENTRIES => {
                bad("a batch of 0 or more than 262,144 entries")
            }
            Self::Batch(b) if b.length == 0 || b.length > MAX_BATCH_LEN => {
                bad("a batch of 0 or more than 40 MiB")
            }
            Self::Batch(b) if b.first_time > b.last_time => {
                bad("a batch that ends before it begins")
            }
            Self::Batch(b) if (b.key.seq == 0) != b.previous.is_none() => {
                bad("a batch without `previous` that is not the first, or the reverse")
            }
            Self::Stray(s) if s.key.len() > MAX_KEY => bad("a key of more than 1,024 bytes"),
            Self::Gap(g) if g.from > g.to || g.to > MAX_SEQ => {
                bad("a gap that ends before it starts, or beyond the last number")
            }
            Self::Removed(r) if r.order.len() > MAX_STATEMENT => {
                bad("an order of more than 16,384 bytes")
            }
            Self::Conflict(c) if c.sha256.len() > MAX_CONFLICT_DIGESTS => {
                bad("more than 16 digests in a conflict")
            }
            _ => Ok(()),
        }
    }
}

/// Whether a line that does not decode is of a kind or version of the future.
fn newer(line: &[u8]) -> Option<RecordError> {
    #[derive(Deserialize)]
    struct Head {
        kind: String,
        v: Option<u64>,
    }
    let head: Head = serde_json::from_slice(line).ok()?;
    match (head.kind.as_str(), head.v) {
        ("day", Some(found)) if found != 1 => Some(RecordError::Version { found }),
        ("day" | "batch" | "stray" | "gap" | "conflict" | "removed" | "key", _) => None,
        (kind, _) => Some(RecordError::UnknownKind { found: kind.chars().take(40).collect() }),
    }
}

/// A value by its `Display` and `FromStr`.
mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr<Err: Display>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<T, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}
