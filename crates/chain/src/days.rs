//! Sealed days, for whoever reads a log: each manifest compared with the checkpoint that its signer made of it.
//!
//! Whether the days lead to one another, and to a remembered head, is what [`verify`](crate::verify) says.

use dayseal_format::checkpoint::CheckpointError;
use dayseal_format::manifest::{Manifest, ManifestError, ManifestReader};
use dayseal_format::names::{MANIFESTS, checkpoint_key, manifest_key, parse_manifest_key};
use dayseal_format::note::{MAX_NOTE, NoteError};
use dayseal_format::record::{Record, RecordError};
use dayseal_format::removal::Removal;
use dayseal_format::statement::Signed;
use dayseal_format::{Checkpoint, Day, Digest, Origin, VerifierKey};
use dayseal_store::{EntryKind, ErrorKind, Store, StoreError};

use crate::lines::{Lines, LinesError};
use crate::objects::{Lister, oldest_version};
use crate::verify::Outcome;

/// Reads the sealed days of one log.
#[derive(Clone, Copy, Debug)]
pub struct SealedDays<'a> {
    evidence: &'a dyn Store,
    origin: &'a Origin,
    keys: &'a [VerifierKey],
}

/// One sealed day.
#[derive(Clone, Debug)]
pub struct SealedDay {
    /// What its manifest says, consistent in itself.
    pub manifest: Manifest,
    /// SHA-256 of the manifest.
    pub digest: Digest,
    /// The tree after the day, signed by a known key.
    pub checkpoint: Checkpoint,
    /// The signed checkpoint, verbatim.
    pub note: String,
}

/// An order of removal, as a sealed day records it.
#[derive(Clone, Debug)]
pub struct RecordedOrder {
    /// The signed statement, verbatim.
    pub note: String,
    /// What it says and who signed it, if it counts: one of the officers did, and it is about the record's batch.
    pub order: Option<(Removal, Signed)>,
}

/// A day that cannot be relied on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DayError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The manifest is not one.
    #[error("{object} is not the day's manifest")]
    Manifest {
        /// The object.
        object: String,
        /// Why.
        source: ManifestError,
    },
    /// The manifest changed under the reader's hands.
    #[error("{object} changed while it was read; try again")]
    Changed {
        /// The object.
        object: String,
    },
    /// The checkpoint is not one, or no known key signed it.
    #[error("{object} cannot be accepted")]
    Checkpoint {
        /// The object.
        object: String,
        /// Why.
        source: CheckpointError,
    },
    /// The manifest is another than the one that was signed.
    #[error(
        "{object}: expected {} leaves with root {} by the signed checkpoint, found {} with {}",
        expected.0, expected.1, found.0, found.1
    )]
    Tree {
        /// The manifest.
        object: String,
        /// Size and root by the checkpoint.
        expected: (u64, Digest),
        /// Size and root of the manifest.
        found: (u64, Digest),
    },
    /// The manifest has no checkpoint.
    #[error("{object} is missing: the day's seal was not finished; run `dayseal seal` again")]
    Unfinished {
        /// The checkpoint.
        object: String,
    },
}

impl DayError {
    /// What it means: altered, or not known.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Manifest {
                source:
                    ManifestError::Record {
                        source: RecordError::UnknownKind { .. } | RecordError::Version { .. },
                        ..
                    },
                ..
            }
            | Self::Store(_)
            | Self::Changed { .. }
            | Self::Unfinished { .. }
            // Perhaps by a key that the policy does not name yet.
            | Self::Checkpoint { source: CheckpointError::Note(NoteError::Unsigned { .. }), .. } => {
                Outcome::Unchecked
            }
            Self::Manifest { .. } | Self::Checkpoint { .. } | Self::Tree { .. } => Outcome::Altered,
        }
    }
}

impl<'a> SealedDays<'a> {
    /// The days of `origin` in `evidence`, of which one of the `keys` must have signed the checkpoints.
    pub const fn new(evidence: &'a dyn Store, origin: &'a Origin, keys: &'a [VerifierKey]) -> Self {
        Self { evidence, origin, keys }
    }

    /// Days that have a manifest, in order.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn list(&self) -> Result<Vec<Day>, StoreError> {
        let mut days = Vec::new();
        let mut lister = Lister::new(self.evidence, MANIFESTS);
        while let Some(versions) = lister.next().await? {
            if versions.entries.iter().any(|e| e.kind == EntryKind::Object) {
                days.extend(parse_manifest_key(&versions.key));
            }
        }
        days.sort_unstable();
        Ok(days)
    }

    /// Reads one day, line by line in constant memory; `None` if it has no manifest. Of several versions the
    /// oldest, which is the one that was sealed.
    ///
    /// `each` gets every line, in order, before the whole is known to be signed: what it took MUST NOT be used
    /// if this returns an error.
    ///
    /// # Errors
    /// [`DayError`], by what fails first.
    pub async fn read(
        &self,
        day: Day,
        mut each: impl FnMut(&[u8], &Record),
    ) -> Result<Option<SealedDay>, DayError> {
        let object = manifest_key(day);
        let bad = |source| DayError::Manifest { object: object.clone(), source };
        let version = oldest_version(self.evidence, &object).await?;
        let mut lines = Lines::of_version(self.evidence, object.clone(), version);
        let mut reader = ManifestReader::new(self.origin, day);
        loop {
            let line = match lines.next().await {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(LinesError::Store(e)) if e.kind() == ErrorKind::NotFound => return Ok(None),
                Err(LinesError::Store(e)) => return Err(e.into()),
                Err(LinesError::Manifest(e)) => return Err(bad(e)),
                Err(LinesError::Changed) => {
                    return Err(DayError::Changed { object: object.clone() });
                }
            };
            match reader.line(line).map_err(bad)? {
                Some(record) => each(line, &record),
                // The first: the reader took it for itself.
                None => {
                    if let Ok(first) = Record::decode(line) {
                        each(line, &first);
                    }
                }
            }
        }
        let manifest = reader.finish().map_err(bad)?;
        let (note, checkpoint) = self.note(checkpoint_key(day)).await?;
        let expected = (checkpoint.size, checkpoint.root);
        let found = (manifest.after.size(), manifest.after.root());
        if expected != found {
            return Err(DayError::Tree { object, expected, found });
        }
        Ok(Some(SealedDay { manifest, digest: lines.digest(), checkpoint, note }))
    }

    /// The orders of removal that a sealed day records, opened under the keys of `officers`.
    ///
    /// # Errors
    /// As [`SealedDays::read`].
    pub async fn orders(
        &self,
        day: Day,
        officers: &[VerifierKey],
    ) -> Result<Vec<RecordedOrder>, DayError> {
        let mut orders = Vec::new();
        let read = self.read(day, |_, record| {
            let Record::Removed(r) = record else { return };
            let opened = Removal::open(r.order.as_bytes(), self.origin, officers);
            let order = opened.ok().filter(|(removal, _)| removal.object == r.key);
            if order.is_none() {
                tracing::warn!(object = %r.key, "an order that does not count");
            }
            orders.push(RecordedOrder { note: r.order.clone(), order });
        });
        read.await?;
        Ok(orders)
    }

    /// A signed checkpoint, verbatim and opened. Of several versions the oldest.
    ///
    /// # Errors
    /// [`DayError::Unfinished`] if it is not there, [`DayError::Checkpoint`] if it cannot be accepted, or the store's.
    pub async fn note(&self, object: String) -> Result<(String, Checkpoint), DayError> {
        let version = oldest_version(self.evidence, &object).await?;
        let note = match self.evidence.get(&object, version.as_deref(), MAX_NOTE as u64).await {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(DayError::Unfinished { object });
            }
            other => other?.bytes,
        };
        match Checkpoint::open(&note, self.origin, self.keys) {
            // A note that was opened is UTF-8.
            Ok(checkpoint) => Ok((String::from_utf8_lossy(&note).into_owned(), checkpoint)),
            Err(source) => Err(DayError::Checkpoint { object, source }),
        }
    }
}
