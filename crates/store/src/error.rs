//! One error for every back-end, with a kind that says what to do.

use std::error::Error as StdError;
use std::fmt;

/// What a failed request means to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A create found an object under that key: read it and compare.
    AlreadyExists,
    /// A compare-and-swap lost: read again.
    Precondition,
    /// No such object or version.
    NotFound,
    /// The object is longer than the caller's bound.
    TooLarge,
    /// The store refused for want of permission: fix the role or the key policy.
    Denied,
    /// Still failing when the retry deadline passed: try later. The request may have taken effect.
    Unavailable,
    /// Wrong configuration: bucket, region, endpoint, URL or key.
    Configuration,
    /// The store answered something this contract does not allow.
    Protocol,
}

/// A failed request: which object of which store, what was attempted, what kind of failure.
#[derive(Debug)]
pub struct StoreError {
    kind: ErrorKind,
    action: &'static str,
    object: String,
    detail: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// An error of `kind` while doing `action` on `object` (root URL and key); `detail` says expected and found, or is empty.
    pub fn new(
        kind: ErrorKind,
        action: &'static str,
        object: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self { kind, action, object: object.into(), detail: detail.into(), source: None }
    }

    /// The same with its cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What the failure means to the caller.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::AlreadyExists => "an object of that name exists",
            ErrorKind::Precondition => "the object changed meanwhile",
            ErrorKind::NotFound => "not found",
            ErrorKind::TooLarge => "too large",
            ErrorKind::Denied => "permission denied",
            ErrorKind::Unavailable => "the store is unavailable",
            ErrorKind::Configuration => "wrong configuration",
            ErrorKind::Protocol => "unexpected answer",
        };
        write!(f, "cannot {} {}: {what}", self.action, self.object)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|e| e as &(dyn StdError + 'static))
    }
}
