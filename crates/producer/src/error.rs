//! What recording can answer.

use std::sync::Arc;

use dayseal_format::event::{AttachmentError, EventDraft, EventError};
use dayseal_keys::KeyError;

use crate::privacy::Undeclared;

/// The log cannot be opened as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Something is not set.
    #[error("the audit log has no {0}: set it on the builder")]
    Missing(&'static str),
    /// A limit that cannot work.
    #[error("audit log limit {name}: expected {expected}, found {found}")]
    Limit {
        /// Which.
        name: &'static str,
        /// What works.
        expected: &'static str,
        /// What was set.
        found: usize,
    },
    /// A detector whose name cannot stand in events.
    #[error(
        "the audit log cannot use a detector named {name:?}: expected 1 to 32 of a-z, 0-9, _ and -, and none of the built-in rules"
    )]
    Detector {
        /// Its name.
        name: String,
    },
    /// Pseudonyms made for another log.
    #[error("the audit log's pseudonyms: expected those of {expected}, found those of {found}")]
    OtherLog {
        /// The log to be opened.
        expected: String,
        /// The log they were made for.
        found: String,
    },
    /// Not inside a tokio runtime.
    #[error("an audit log is opened inside a tokio runtime: its uploads run there")]
    NoRuntime,
    /// No randomness.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why [`try_record`](crate::AuditLog::try_record) did not take an event. The event comes back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TryRecordError {
    /// No room until uploads make some.
    #[error("the audit log is full: {pending} bytes wait to be stored, the limit is {limit}")]
    Full {
        /// The event, with id and times filled in: recording it again keeps them.
        event: Box<EventDraft>,
        /// Bytes waiting.
        pending: usize,
        /// The limit.
        limit: usize,
    },
    /// The log was closed.
    #[error("the audit log is closed")]
    Closed {
        /// The event, with id and times filled in: recording it again keeps them.
        event: Box<EventDraft>,
    },
    /// The event breaks a rule.
    #[error(transparent)]
    Invalid(#[from] EventError),
    /// A content attached to the event that cannot be kept.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A label that the log's privacy settings refuse.
    #[error(transparent)]
    Undeclared(#[from] Undeclared),
    /// No randomness for its id.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why an event was not recorded, or not durably.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The log was closed.
    #[error("the audit log is closed")]
    Closed,
    /// The event alone is larger than the memory bound.
    #[error("the event has {found} bytes, more than the log's memory limit of {limit}")]
    TooLarge {
        /// Bytes of the event.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The event breaks a rule.
    #[error(transparent)]
    Invalid(#[from] EventError),
    /// A content attached to the event that cannot be kept.
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// A label that the log's privacy settings refuse.
    #[error(transparent)]
    Undeclared(#[from] Undeclared),
    /// No randomness for its id.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Accepted, and not stored so far.
    #[error(transparent)]
    NotStored(#[from] NotStored),
}

/// An operation was not begun, because its intent could not be recorded.
///
/// Where the intent is recorded and not known to be stored, an entry with `reason.code`
/// `not_started` follows it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotStarted {
    /// The log did not take the entry.
    #[error("the operation was not started: its audit entry was refused")]
    Refused(#[source] RecordError),
    /// The log did not take the entry in time, or did not store it.
    #[error("the operation was not started: its audit entry was not recorded within {patience:?}")]
    TimedOut {
        /// How long was waited.
        patience: std::time::Duration,
    },
}

/// An attempt to store failed. The entries are kept and tried again while the process lives; this
/// says only that they are not known to be stored now.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the audit log could not store a batch of {entries} entries; they are kept and tried again"
)]
pub struct NotStored {
    /// Entries of the batch.
    pub(crate) entries: usize,
    /// Why.
    pub(crate) source: Arc<dyn std::error::Error + Send + Sync>,
}

/// Closing ended with entries that are not stored.
#[derive(Debug, thiserror::Error)]
#[error("the audit log closed with {entries} entries not stored")]
pub struct CloseError {
    /// Entries lost with the process.
    pub entries: u64,
    /// The last failure.
    pub source: Option<NotStored>,
}
