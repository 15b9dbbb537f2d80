//! Why a log cannot be sealed.

use std::path::PathBuf;

use dayseal_format::checkpoint::CheckpointError;
use dayseal_format::manifest::ManifestError;
use dayseal_format::{Day, UnixMillis, VerifierKey};
use dayseal_keys::KeyError;
use dayseal_store::StoreError;

use crate::lines::LinesError;

/// Sealing stopped. Nothing half-done looks done; running again after the cause is mended goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// `init` found something where the log should go.
    #[error("a log cannot be made here: {found} exists already; take an empty place")]
    LogExists {
        /// The object found.
        found: String,
    },
    /// The settings are out of bounds.
    #[error("log settings: {reason}")]
    Settings {
        /// Which and how.
        reason: String,
    },
    /// The state root has no head, and only `init` makes one.
    #[error(
        "no head for the log in {state}: the state root is another one, or was wiped; restore it before sealing"
    )]
    NoHead {
        /// URL of the state root.
        state: String,
    },
    /// The evidence shows an older state than the head remembers.
    #[error(
        "the evidence was rolled back: the head has {head} leaves, the newest checkpoint {found}; restore the missing manifests and checkpoints, do not seal"
    )]
    RolledBack {
        /// Leaves by the head.
        head: u64,
        /// Leaves by the evidence.
        found: u64,
    },
    /// Two different histories of the log are signed.
    #[error(
        "the log diverged at {leaves} leaves: {object} does not lead to the head; do not seal, find out who else signs"
    )]
    Diverged {
        /// The object that contradicts.
        object: String,
        /// Size at which they part.
        leaves: u64,
    },
    /// Something about the chain's own objects that must never be.
    #[error("the chain was tampered with: {object}: {found}; expected {expected}")]
    Tampered {
        /// The object.
        object: String,
        /// By the rules.
        expected: &'static str,
        /// In the store.
        found: String,
    },
    /// A checkpoint that does not verify.
    #[error("checkpoint {object} does not verify")]
    Checkpoint {
        /// The object.
        object: String,
        /// Why.
        source: CheckpointError,
    },
    /// A manifest that is not the day's.
    #[error("manifest {object} is not the manifest of its day")]
    Manifest {
        /// The object.
        object: String,
        /// Why.
        source: ManifestError,
    },
    /// The signer's own signature does not verify.
    #[error("the signer made a signature that its verifier key rejects")]
    Signer {
        /// Why.
        source: CheckpointError,
    },
    /// The log is signed by another key since: the one given was replaced.
    #[error(
        "the log announced in {object} that {announced} signs from then on, and the signing key given is {given}: name the new key"
    )]
    KeyReplaced {
        /// The manifest that says so.
        object: String,
        /// The verifier key that it names.
        announced: Box<VerifierKey>,
        /// The verifier key of the signer.
        given: Box<VerifierKey>,
    },
    /// The clock is behind what was already sealed: it is wrong, that of another sealer is, or a
    /// run that began later overtook this one.
    #[error(
        "the clock runs backwards: it says {now}, but {day} was sealed at {sealed_at}; set the clock right, or run again if another sealer is at work"
    )]
    Clock {
        /// The caller's time.
        now: UnixMillis,
        /// Newest sealed day.
        day: Day,
        /// When it was sealed.
        sealed_at: UnixMillis,
    },
    /// The manifest could not be written to the temporary directory.
    #[error("the manifest of {day} could not be put together in {}", directory.display())]
    Spool {
        /// The day.
        day: Day,
        /// The temporary directory.
        directory: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl SealError {
    /// What happened while the lines of `object` were read.
    pub(super) fn of_lines(error: LinesError, object: &str) -> Self {
        let object = object.to_owned();
        match error {
            LinesError::Store(e) => e.into(),
            LinesError::Manifest(source) => Self::Manifest { object, source },
            LinesError::Changed => {
                let found = "it changed while it was read".to_owned();
                Self::Tampered { object, expected: "an object that never changes", found }
            }
        }
    }
}
