//! Exit codes: a contract (`docs/cli.md`).

use dayseal_chain::{SealError, VerifyError};
use dayseal_store::{ErrorKind, StoreError};

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done; for `verify`, all that the policy requires was checked and holds.
    Ok = 0,
    /// Something was altered, or some input was refused.
    Altered = 1,
    /// Wrong usage, configuration or input file.
    Usage = 2,
    /// Could not be done or checked: store, keys, policy or memory missing.
    Unchecked = 3,
    /// Something is missing.
    Incomplete = 4,
    /// Rolled back or diverged.
    RolledBack = 5,
    /// `report`: a control fails, and the log itself is neither altered, incomplete nor rolled back.
    ControlFailed = 6,
}

impl Exit {
    pub(crate) fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Ok,
            1 => Self::Altered,
            2 => Self::Usage,
            4 => Self::Incomplete,
            5 => Self::RolledBack,
            6 => Self::ControlFailed,
            _ => Self::Unchecked,
        }
    }
}

/// The user asked for something that makes no sense; the message says what would.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// The code for an error that ended a command.
pub(crate) fn of_error(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if cause.is::<UsageError>() {
            return Exit::Usage;
        }
        if let Some(e) = cause.downcast_ref::<SealError>() {
            return match e {
                SealError::Settings { .. } | SealError::LogExists { .. } => Exit::Usage,
                SealError::Tampered { .. }
                | SealError::Checkpoint { .. }
                | SealError::Manifest { .. } => Exit::Altered,
                SealError::KeyReplaced { .. } => Exit::Usage,
                SealError::RolledBack { .. } | SealError::Diverged { .. } => Exit::RolledBack,
                SealError::Store(e) => of_store(e),
                _ => Exit::Unchecked,
            };
        }
        if let Some(VerifyError::OtherRun(_)) = cause.downcast_ref() {
            return Exit::Usage;
        }
        if let Some(e) = cause.downcast_ref::<StoreError>() {
            return of_store(e);
        }
    }
    Exit::Unchecked
}

fn of_store(error: &StoreError) -> Exit {
    match error.kind() {
        ErrorKind::Configuration => Exit::Usage,
        _ => Exit::Unchecked,
    }
}
