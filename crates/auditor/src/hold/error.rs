//! What can be wrong with holds.

use dayseal_format::statement::StatementError;
use dayseal_keys::KeyError;
use dayseal_store::StoreError;

/// Why holds cannot be read, or one not be placed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// The state root.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A statement is none, or not one of an officer of the policy.
    #[error("{object} is not a hold that counts: check it, and the policy's `officer` lines")]
    Statement {
        /// Its key in the state root.
        object: String,
        /// What is wrong.
        source: StatementError,
    },
    /// The statements do not follow one another.
    #[error("{object}: {detail}; a hold was taken away or replaced: ask who can read the log")]
    Chain {
        /// Where it breaks.
        object: String,
        /// How.
        detail: String,
    },
    /// Statements that were seen are not there.
    #[error(
        "expected the holds up to number {expected}, which an erasure has seen; found them up to {found}: the others were taken away"
    )]
    Missing {
        /// Seen by an erasure.
        expected: u32,
        /// There now.
        found: u32,
    },
    /// There is no such hold to release.
    #[error("there is no standing hold {number}")]
    NotStanding {
        /// The number asked for.
        number: u32,
    },
    /// The scope or the reason cannot be stated.
    #[error("a hold cannot say this")]
    Unsayable(#[source] StatementError),
    /// The signer is none of the policy's officers, or signed with another key than it showed.
    #[error("the policy would not accept this signature")]
    Signature(#[source] StatementError),
    /// The officer's key.
    #[error("the officer's key cannot sign")]
    Key(#[from] KeyError),
    /// Somebody else stored the next statement first.
    #[error(
        "another hold or release was stored as number {number} meanwhile: look at it, and run again"
    )]
    Raced {
        /// The number that is taken.
        number: u32,
    },
}
