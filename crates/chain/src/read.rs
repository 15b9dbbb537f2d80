//! Reading single batches: for showing, printing, and checking acknowledgements.

use dayseal_format::batch::{Batch, BatchError, Header, MAX_HEADER, OpenBatch, PREFIX_LEN};
use dayseal_format::manifest::{MAX_MANIFEST, Manifest, lines};
use dayseal_format::names::{MANIFESTS, entries_prefix, manifest_key, parse_manifest_key};
use dayseal_format::record::{DayRecord, Record};
use dayseal_format::{Acknowledgement, BatchKey, Day, Digest, Origin, Policy, event::Event};
use dayseal_keys::{DataKeyOpener, KeyError};
use dayseal_store::{EntryKind, ErrorKind, Store, StoreError};
use serde::Serialize;

use crate::cpu::on_a_core;
use crate::days::{DayError, SealedDays};
use crate::key_cache::KeyCache;
use crate::objects::{Lister, READ_LIMIT};
use crate::verify::Outcome;

/// Longest first line of a manifest, its `day` record, with its newline.
const MAX_LINE: u64 = 65_536;

/// A batch that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error("cannot open the data key of {object}")]
    Key {
        /// The object.
        object: String,
        /// Why.
        source: KeyError,
    },
    /// The header names a wrapping key that is not allowed.
    #[error(
        "{object}: its data key was wrapped by {found}, which is not among the allowed keys; expected {expected}"
    )]
    ForeignKey {
        /// The object.
        object: String,
        /// Allowed ids.
        expected: String,
        /// The header's.
        found: String,
    },
    /// The bytes.
    #[error("cannot open {object}")]
    Batch {
        /// The object.
        object: String,
        /// Why.
        source: BatchError,
    },
    /// The bytes are not the ones the name promises.
    #[error("{object}: expected SHA-256 {expected} by its name, found {found}")]
    Digest {
        /// The object.
        object: String,
        /// By the name.
        expected: Digest,
        /// Of the bytes.
        found: Digest,
    },
    /// The batch lies under another name than its header says.
    #[error("{object}: its header speaks of another log, day, stream or number")]
    Place {
        /// The object.
        object: String,
    },
}

impl ReadError {
    /// What it means for whoever reads: altered, or not known because it could not be read.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Store(e) if e.kind() == ErrorKind::TooLarge => Outcome::Altered,
            Self::Key { source: KeyError::Unwrap { .. }, .. } => Outcome::Altered,
            Self::Batch { source: BatchError::Version { .. }, .. }
            | Self::Store(_)
            | Self::Key { .. } => Outcome::Unchecked,
            Self::ForeignKey { .. }
            | Self::Batch { .. }
            | Self::Digest { .. }
            | Self::Place { .. } => Outcome::Altered,
        }
    }
}

/// Reads the batches of one log under the keys its reader allows.
#[derive(Debug)]
pub struct BatchReader<'a> {
    evidence: &'a dyn Store,
    opener: &'a dyn DataKeyOpener,
    origin: Origin,
    allowed: Vec<String>,
    cache: KeyCache,
}

impl<'a> BatchReader<'a> {
    /// A reader of `origin`'s batches that opens data keys only with the `allowed` wrapping keys.
    pub fn new(
        evidence: &'a dyn Store,
        opener: &'a dyn DataKeyOpener,
        origin: Origin,
        allowed: Vec<String>,
    ) -> Self {
        Self { evidence, opener, origin, allowed, cache: KeyCache::default() }
    }

    /// Reads, checks and opens one batch.
    ///
    /// # Errors
    /// [`ReadError`], by what fails first.
    pub async fn open(&self, key: &BatchKey) -> Result<OpenBatch, ReadError> {
        Ok(self.read(key).await?.1)
    }

    /// The same, with the header.
    ///
    /// # Errors
    /// As [`BatchReader::open`].
    pub async fn read(&self, key: &BatchKey) -> Result<(Header, OpenBatch), ReadError> {
        self.read_version(key, None).await
    }

    /// The same of the version that a batch record names, whatever lies over it.
    ///
    /// # Errors
    /// As [`BatchReader::open`].
    pub async fn read_version(
        &self,
        key: &BatchKey,
        version: Option<&str>,
    ) -> Result<(Header, OpenBatch), ReadError> {
        self.read_then(key, version, |open| open).await
    }

    /// The same, and works on the entries where they are opened: on a thread that may be busy for long.
    ///
    /// # Errors
    /// As [`BatchReader::open`].
    ///
    /// # Panics
    /// If `work` does.
    pub async fn read_then<T: Send + 'static>(
        &self,
        key: &BatchKey,
        version: Option<&str>,
        work: impl FnOnce(OpenBatch) -> T + Send + 'static,
    ) -> Result<(Header, T), ReadError> {
        let object = key.to_string();
        let stored = self.evidence.get(&object, version, READ_LIMIT).await?;
        let found = Digest::of(&stored.bytes);
        if found != key.digest {
            return Err(ReadError::Digest { object, expected: key.digest, found });
        }
        let batch = Batch::parse(&stored.bytes)
            .map_err(|source| ReadError::Batch { object: object.clone(), source })?;
        let h = batch.header();
        if (&h.origin, h.day, h.stream, h.seq) != (&self.origin, key.day, key.stream, key.seq) {
            return Err(ReadError::Place { object });
        }
        if !self.allowed.contains(&h.key_id) {
            let expected = self.allowed.join(", ");
            return Err(ReadError::ForeignKey { object, expected, found: h.key_id.clone() });
        }
        let data_key = self.cache.open(self.opener, h).await;
        let data_key =
            data_key.map_err(|source| ReadError::Key { object: object.clone(), source })?;
        let (header, bytes) = (batch.header().clone(), stored.bytes.clone());
        let job = move || Ok(work(Batch::parse(&bytes)?.open(&data_key)?));
        let worked = on_a_core(job).await;
        Ok((header, worked.map_err(|source| ReadError::Batch { object, source })?))
    }
}

/// A batch's header, read without the rest: a claim, since nothing compares it with the digest in the key.
///
/// # Errors
/// [`ReadError`], by what fails first.
pub async fn read_header(
    evidence: &dyn Store,
    origin: &Origin,
    key: &BatchKey,
) -> Result<Header, ReadError> {
    read_header_of(evidence, origin, key, None).await
}

/// The same of the version that a batch record names.
///
/// # Errors
/// As [`read_header`].
pub async fn read_header_of(
    evidence: &dyn Store,
    origin: &Origin,
    key: &BatchKey,
    version: Option<&str>,
) -> Result<Header, ReadError> {
    let object = key.to_string();
    let most = (PREFIX_LEN + MAX_HEADER) as u64;
    let piece = evidence.get_range(&object, version, 0, most).await?;
    let header = Header::parse_prefix(&piece.bytes);
    let h = header.map_err(|source| ReadError::Batch { object: object.clone(), source })?;
    if (&h.origin, h.day, h.stream, h.seq) != (origin, key.day, key.stream, key.seq) {
        return Err(ReadError::Place { object });
    }
    Ok(h)
}

/// What lies under a day's prefix: the batches, and the names that are none.
///
/// # Errors
/// What the store reports.
pub async fn list_day(
    evidence: &dyn Store,
    day: Day,
) -> Result<(Vec<BatchKey>, Vec<String>), StoreError> {
    list_prefix(evidence, &entries_prefix(day)).await
}

/// The same for any prefix.
pub(crate) async fn list_prefix(
    evidence: &dyn Store,
    prefix: &str,
) -> Result<(Vec<BatchKey>, Vec<String>), StoreError> {
    let (mut batches, mut others) = (Vec::new(), Vec::new());
    let mut lister = Lister::new(evidence, prefix);
    while let Some(versions) = lister.next().await? {
        let hidden = versions.entries.iter().any(|e| e.latest && e.kind == EntryKind::DeleteMarker);
        match versions.key.parse() {
            Ok(key) if !hidden => batches.push(key),
            _ => others.push(versions.key),
        }
    }
    Ok((batches, others))
}

/// What became of an acknowledged entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AckState {
    /// Stored, and sealed by this day's manifest.
    Sealed(Day),
    /// Stored; no manifest lists it yet.
    Stored,
    /// Stored; no manifest lists it, and every one that could is sealed.
    NotSealed,
    /// Not in the store, and its day's retention is over.
    Expired,
    /// Not in the store: an officer ordered it away, as this day's manifest records.
    Removed(Day),
    /// Not in the store.
    Missing,
    /// The bytes there are not the acknowledged ones, or hold another entry at that place.
    Altered,
}

/// Checks that an acknowledged entry is where it was acknowledged to be, or was until its time.
///
/// The manifests are read, not verified: `verify` does that. With a `reader` the entry itself is
/// found by place and id; without, the batch's digest has to do. Whose orders of removal count the
/// `policy` says; without one none does.
///
/// # Errors
/// [`ReadError`] if something cannot be read or opened.
pub async fn check_acknowledgement(
    evidence: &dyn Store,
    ack: &Acknowledgement,
    late_days: u16,
    (reader, policy): (Option<&BatchReader<'_>>, Option<&Policy>),
    today: Day,
) -> Result<AckState, ReadError> {
    let key = ack.key();
    let stored = match evidence.get(&key.to_string(), None, READ_LIMIT).await {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            if has_expired(evidence, &key, late_days, today).await? {
                return Ok(AckState::Expired);
            }
            let ordered = match policy {
                Some(policy) => removed_by(evidence, policy, &key).await?,
                None => None,
            };
            return Ok(ordered.map_or(AckState::Missing, AckState::Removed));
        }
        other => other?,
    };
    if Digest::of(&stored.bytes) != ack.digest {
        return Ok(AckState::Altered);
    }
    if let Some(reader) = reader {
        let open = reader.open(&key).await?;
        let entry = open.iter().nth(ack.index as usize).and_then(|l| Event::decode(l).ok());
        if entry.is_none_or(|e| e.id != ack.entry) {
            return Ok(AckState::Altered);
        }
    }
    Ok(match is_listed(evidence, &key, late_days).await? {
        Listed::By(day) => AckState::Sealed(day),
        Listed::Unknown => AckState::Stored,
        Listed::Never => AckState::NotSealed,
    })
}

/// Whether manifests list a batch.
enum Listed {
    By(Day),
    /// One that could is not there.
    Unknown,
    Never,
}

async fn is_listed(
    evidence: &dyn Store,
    key: &BatchKey,
    late_days: u16,
) -> Result<Listed, StoreError> {
    for age in 0..=i32::from(late_days) {
        let Some(day) = key.day.checked_add(age) else { break };
        let manifest = match evidence.get(&manifest_key(day), None, MAX_MANIFEST).await {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Listed::Unknown),
            other => other?,
        };
        let ours = |line| matches!(Record::decode(line), Ok(Record::Batch(b)) if b.key == *key);
        if lines(&manifest.bytes).into_iter().flatten().any(|(_, line)| ours(line)) {
            return Ok(Listed::By(day));
        }
    }
    Ok(Listed::Never)
}

/// Whether a batch that is gone was sealed and its retention is over, as its day's manifest says; if
/// that is gone too, whether the day is over, as the newest says.
async fn has_expired(
    evidence: &dyn Store,
    key: &BatchKey,
    late_days: u16,
    today: Day,
) -> Result<bool, StoreError> {
    if let Some(own) = stated(evidence, key.day).await? {
        let over = own.keep_until < today;
        return Ok(over && matches!(is_listed(evidence, key, late_days).await?, Listed::By(_)));
    }
    let mut newest = None;
    let mut lister = Lister::new(evidence, MANIFESTS);
    while let Some(versions) = lister.next().await? {
        newest = newest.max(parse_manifest_key(&versions.key));
    }
    let Some(newest) = newest else { return Ok(false) };
    Ok(stated(evidence, newest).await?.is_some_and(|record| key.day < record.kept_from))
}

/// The day whose manifest records an order of one of the policy's officers that the batch goes. A day that cannot
/// be relied on excuses nothing.
async fn removed_by(
    evidence: &dyn Store,
    policy: &Policy,
    key: &BatchKey,
) -> Result<Option<Day>, StoreError> {
    let days = SealedDays::new(evidence, &policy.origin, &policy.verifier_keys);
    for day in days.list().await?.into_iter().filter(|day| *day >= key.day) {
        let orders = match days.orders(day, &policy.officers).await {
            Err(DayError::Store(e)) => return Err(e),
            other => other.unwrap_or_default(),
        };
        if orders.iter().any(|o| o.order.as_ref().is_some_and(|(r, _)| r.object == *key)) {
            return Ok(Some(day));
        }
    }
    Ok(None)
}

/// The first line of a day's manifest; `None` if it is not there or no manifest.
async fn stated(evidence: &dyn Store, day: Day) -> Result<Option<DayRecord>, StoreError> {
    match evidence.get_range(&manifest_key(day), None, 0, MAX_LINE).await {
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        other => Ok(Manifest::read_day_record(&other?.bytes).ok()),
    }
}
