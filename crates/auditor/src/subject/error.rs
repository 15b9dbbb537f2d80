//! What can go wrong with an erasure.

use dayseal_format::event::EventError;
use dayseal_format::statement::StatementError;
use dayseal_store::StoreError;

use crate::hold::HoldError;

/// Why an erasure, or a hold, could not go on. Running again goes on where it stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// A store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The holds cannot be read: nothing may be erased.
    #[error("the holds of the log cannot be relied on, so nothing is erased")]
    Holds(#[from] HoldError),
    /// A job's file is not one.
    #[error("{object} is not an erasure's job file: {detail}")]
    Job {
        /// Its key in the state root.
        object: String,
        /// What is wrong.
        detail: String,
    },
    /// An entry of the erasure cannot be made.
    #[error("the entry that records the erasure cannot be made")]
    Event(#[from] EventError),
    /// The order has a character that no statement may have.
    #[error("the order cannot be stated in a certificate")]
    Unsayable(#[source] StatementError),
    /// An entry of the erasure is not known to be stored.
    #[error("the entry {what} is not known to be stored; run again to go on")]
    NotRecorded {
        /// Its type.
        what: &'static str,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Nobody is named.
    #[error("whom? expected 1 to 16 names of a data subject, found {0}")]
    Subjects(usize),
    /// A derived index could not forget.
    #[error("a derived index could not forget the person; run again to go on")]
    Index(#[source] Box<dyn std::error::Error + Send + Sync>),
}
