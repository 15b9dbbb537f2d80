//! Finding entries: which batches can hold them, and opening those.
//!
//! Sealed batches are known from manifests, each compared with its signed checkpoint; what is not sealed yet from
//! listings and headers. Nothing is skipped in silence: what cannot be relied on or read is a [`Problem`].

mod by_id;
mod catalog;
mod orders;
mod screen;
mod taken;

pub use by_id::{Found, IdSearch};
pub(crate) use catalog::listed_of;
pub use catalog::{Catalog, Listed, Sealed, Without};
pub use orders::Orders;
pub use screen::Screen;
pub use taken::Taken;

use std::sync::Arc;

use dayseal_chain::days::{DayError, SealedDays};
use dayseal_chain::read::{BatchReader, ReadError};
use dayseal_chain::verify::Outcome;
use dayseal_format::batch::OpenBatch;
use dayseal_format::{BatchKey, Day, Origin, UnixMillis, VerifierKey};
use dayseal_store::{ErrorKind, Store, StoreError};

/// Batches opened at once.
pub(crate) const JOBS: usize = 8;

/// What a search reads a log with.
#[derive(Debug)]
pub struct LogReader<'a> {
    /// The evidence root.
    pub evidence: &'a dyn Store,
    /// The state root, where indexes of sealed days lie; without it hints are read in the batches' headers.
    pub state: Option<&'a dyn Store>,
    /// Opens batches under the keys that its reader allows.
    pub batches: BatchReader<'a>,
    /// The log.
    pub origin: Origin,
    /// Who may have signed its checkpoints: the policy's keys.
    pub keys: Vec<VerifierKey>,
    /// What may be gone before its time.
    pub orders: Orders,
    /// The log's first day: before it there is nothing.
    pub first_day: Day,
    /// The time: what has expired, and which day is today.
    pub now: UnixMillis,
}

/// Something that a search could not rely on, or not read. What it found stands, what it did not find may be there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A sealed day.
    #[error(transparent)]
    Day(#[from] DayError),
    /// A batch.
    #[error(transparent)]
    Batch(#[from] ReadError),
    /// A batch that must still be there.
    #[error("{key} is missing: its day is kept until {keep_until}")]
    Missing {
        /// The object.
        key: BatchKey,
        /// Until when it must be there.
        keep_until: Day,
    },
    /// An object in the place of batches that is none.
    #[error("{name} is not a readable batch")]
    Stray {
        /// Its name.
        name: String,
    },
    /// An entry that is not one.
    #[error("{key}: entry {index} is not an entry")]
    Entry {
        /// The object.
        key: BatchKey,
        /// Place in the batch.
        index: u32,
        /// Why.
        source: dayseal_format::event::EventError,
    },
}

impl Problem {
    /// What it means for the log.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Day(e) => e.outcome(),
            Self::Batch(e) => e.outcome(),
            Self::Missing { .. } => Outcome::Incomplete,
            Self::Stray { .. } | Self::Entry { .. } => Outcome::Altered,
        }
    }
}

/// How much a search looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Days looked at.
    pub days: u64,
    /// Batches opened.
    pub read: u64,
    /// Batches left unread, since their times or their service exclude what was asked for.
    pub skipped: u64,
    /// Batches left unread, since their hints exclude it.
    pub pruned: u64,
    /// Headers read for their hints alone, where a sealed day has no index.
    pub headers: u64,
    /// Batches gone after their retention.
    pub expired: u64,
    /// Batches gone before it, by an officer's order that a sealed day records.
    pub removed: u64,
    /// Batches that could not be read, and days that could not be relied on.
    pub problems: u64,
    /// Entries in the batches opened.
    pub entries: u64,
}

impl Tally {
    /// Adds another search's.
    pub fn add(&mut self, other: &Self) {
        self.days += other.days;
        self.read += other.read;
        self.skipped += other.skipped;
        self.pruned += other.pruned;
        self.headers += other.headers;
        self.expired += other.expired;
        self.removed += other.removed;
        self.problems += other.problems;
        self.entries += other.entries;
    }
}

/// One batch, opened or not.
#[derive(Debug)]
pub enum Opened<T = OpenBatch> {
    /// Its entries, checked against its root, or what was made of them.
    Batch(T),
    /// Gone, as its retention says.
    Expired,
    /// Gone by an officer's order, which this is, as it was signed.
    Removed(Arc<str>),
    /// Not readable.
    Problem(Problem),
}

impl<'a> LogReader<'a> {
    /// The sealed days.
    pub fn sealed(&self) -> SealedDays<'_> {
        SealedDays::new(self.evidence, &self.origin, &self.keys)
    }

    /// Reads and opens one batch: of a sealed one the version that was sealed.
    pub async fn open(&self, batch: &Listed) -> Opened {
        self.open_then(batch, |open| open).await
    }

    /// The same, and works on the entries on another thread.
    pub async fn open_then<T: Send + 'static>(
        &self,
        batch: &Listed,
        work: impl FnOnce(OpenBatch) -> T + Send + 'static,
    ) -> Opened<T> {
        match self.batches.read_then(&batch.key, batch.version.as_deref(), work).await {
            Ok((_, made)) => Opened::Batch(made),
            Err(ReadError::Store(e)) if e.kind() == ErrorKind::NotFound => match batch.sealed {
                Some(sealed) if self.now.day() > sealed.keep_until => Opened::Expired,
                Some(sealed) => match self.orders.about(&self.sealed(), &batch.key).await {
                    Ok(Some(order)) => Opened::Removed(order),
                    Ok(None) => {
                        let (key, keep_until) = (batch.key, sealed.keep_until);
                        Opened::Problem(Problem::Missing { key, keep_until })
                    }
                    Err(e) => Opened::Problem(e.into()),
                },
                None => Opened::Problem(ReadError::Store(e).into()),
            },
            Err(e) => Opened::Problem(e.into()),
        }
    }
}

/// A search that could not go on: the store cannot be listed.
pub type SearchError = StoreError;
