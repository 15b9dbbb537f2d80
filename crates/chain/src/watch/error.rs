//! Why a scheduled run could not be made.

use dayseal_store::StoreError;

use crate::VerifyError;

/// A run that says nothing about the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The verifier could not begin, or lost its store on the way.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The memory could not be read or written.
    #[error("the verifier's memory: {0}")]
    Store(#[from] StoreError),
    /// The memory is not one.
    #[error(
        "{object} is not a verifier's memory: {reason}; restore it, or delete it and say that the next run is the first"
    )]
    Memory {
        /// The object.
        object: String,
        /// What is wrong.
        reason: String,
    },
    /// Told that this is the first run, and it is not.
    #[error("{object} exists: this is not the first run; leave `first_run` out")]
    NotFirst {
        /// The object.
        object: String,
    },
    /// Another run was faster.
    #[error("another run changed {object} meanwhile; what it found stands, the next run goes on")]
    Raced {
        /// The object.
        object: String,
    },
}
