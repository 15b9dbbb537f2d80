//! Why an invocation failed, by stable names that alarms can key on.

use dayseal_chain::watch::WatchError;
use dayseal_chain::{SealError, VerifyError};
use dayseal_keys::KeyError;
use dayseal_store::{ErrorKind, StoreError};

/// An invocation that did not do its work. What to do about each: `docs/functions.md`, "Errors".
#[derive(Debug, thiserror::Error)]
pub enum FunctionError {
    /// The configuration is missing or wrong.
    #[error("{0}")]
    Config(String),
    /// The input is.
    #[error("{0}")]
    Input(String),
    /// S3, or SNS, refused or could not be reached.
    #[error("{0}")]
    Store(String),
    /// KMS or Secrets Manager did.
    #[error("{0}")]
    Keys(String),
    /// The log is not one to go on from.
    #[error("{0}")]
    Log(String),
    /// One day alone does not fit into the function's time.
    #[error("{0}")]
    Budget(String),
}

impl FunctionError {
    /// The stable name.
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Config(_) => "Config",
            Self::Input(_) => "Input",
            Self::Store(_) => "Store",
            Self::Keys(_) => "Keys",
            Self::Log(_) => "Log",
            Self::Budget(_) => "Budget",
        }
    }
}

/// An error and its causes on one line, none said twice.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl From<StoreError> for FunctionError {
    fn from(e: StoreError) -> Self {
        match e.kind() {
            ErrorKind::Configuration => Self::Config(chain(&e)),
            _ => Self::Store(chain(&e)),
        }
    }
}

impl From<KeyError> for FunctionError {
    fn from(e: KeyError) -> Self {
        Self::Keys(chain(&e))
    }
}

impl From<SealError> for FunctionError {
    fn from(e: SealError) -> Self {
        match e {
            SealError::Store(e) => e.into(),
            SealError::Key(e) => e.into(),
            SealError::Settings { .. } => Self::Input(chain(&e)),
            e => Self::Log(chain(&e)),
        }
    }
}

impl From<VerifyError> for FunctionError {
    fn from(e: VerifyError) -> Self {
        match e {
            VerifyError::Store(e) => e.into(),
            e => Self::Log(chain(&e)),
        }
    }
}

impl From<WatchError> for FunctionError {
    fn from(e: WatchError) -> Self {
        match e {
            WatchError::Verify(e) => e.into(),
            WatchError::Store(e) => e.into(),
            WatchError::NotFirst { .. } => Self::Input(chain(&e)),
            e => Self::Log(chain(&e)),
        }
    }
}
