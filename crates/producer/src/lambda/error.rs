//! Why an invocation failed, and how Lambda is told.

use std::convert::Infallible;
use std::time::Duration;

use lambda_runtime::Diagnostic;

use crate::{NotStarted, NotStored};

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError<E> {
    /// The handler's own error.
    #[error("the handler failed")]
    Handler(E),
    /// The handler did not run.
    #[error(transparent)]
    NotStarted(NotStarted),
    /// The handler ran and succeeded; its entries are not known to be stored.
    #[error("the invocation's audit entries are not stored")]
    NotStored(#[source] NotStored),
    /// The handler ran and succeeded; its entries were not stored in the time that was left.
    #[error("the invocation's audit entries were not stored within the {left:?} left")]
    TimedOut {
        /// The time there was.
        left: Duration,
    },
    /// The handler ran and succeeded; how it ended could not be recorded.
    #[error("how the invocation ended could not be recorded")]
    NotRecorded,
}

/// The handler's own diagnostic, or `Dayseal.NotStarted` and `Dayseal.NotStored`.
impl<E: Into<Diagnostic>> From<AuditError<E>> for Diagnostic {
    fn from(error: AuditError<E>) -> Self {
        let error_type = match &error {
            AuditError::NotStarted(_) => "Dayseal.NotStarted",
            _ => "Dayseal.NotStored",
        };
        let said = error.to_string();
        let error_message = match error {
            AuditError::Handler(error) => return error.into(),
            AuditError::NotStarted(error) => with_causes(said, &error),
            AuditError::NotStored(error) => with_causes(format!("{said}: {error}"), &error),
            AuditError::TimedOut { .. } | AuditError::NotRecorded => said,
        };
        Self { error_type: error_type.to_owned(), error_message }
    }
}

/// `said`, and what caused `error`: Lambda shows one message and no more.
fn with_causes(mut said: String, error: &dyn std::error::Error) -> String {
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

impl AuditError<Infallible> {
    /// The same, of a handler that has errors.
    pub(super) fn of<E>(self) -> AuditError<E> {
        match self {
            Self::Handler(never) => match never {},
            Self::NotStarted(error) => AuditError::NotStarted(error),
            Self::NotStored(error) => AuditError::NotStored(error),
            Self::TimedOut { left } => AuditError::TimedOut { left },
            Self::NotRecorded => AuditError::NotRecorded,
        }
    }
}
