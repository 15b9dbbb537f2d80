//! Batches on their way: open, waiting, under way.

use dayseal_format::batch::Entries;
use dayseal_format::event::EventId;
use dayseal_format::{Acknowledgement, UnixMillis};
use tokio::sync::oneshot;

use crate::NotStored;
use crate::content::Pending;

/// Tells someone that an entry is stored, or that an attempt failed.
pub(crate) type Tell = oneshot::Sender<Result<Acknowledgement, NotStored>>;

/// Someone waits for an entry to be stored.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) index: u32,
    pub(crate) id: EventId,
    pub(crate) tell: Tell,
}

/// Entries that will be one batch.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    /// Counts batches of this log, for watermarks; not the stream's number.
    pub(crate) number: u64,
    pub(crate) entries: Entries,
    /// Contents of these entries that are to be stored before them.
    pub(crate) contents: Vec<Pending>,
    /// What they weigh.
    pub(crate) content_weight: usize,
    pub(crate) first_time: UnixMillis,
    pub(crate) last_time: UnixMillis,
    pub(crate) waiters: Vec<Waiter>,
    /// When the batch closes by age.
    pub(crate) deadline: tokio::time::Instant,
    /// The stream ends with this batch.
    pub(crate) last: bool,
}

impl OpenBatch {
    /// Bytes held, contents included.
    pub(crate) fn weight(&self) -> usize {
        self.entries.byte_len() + self.content_weight
    }
}
