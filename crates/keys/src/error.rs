//! What can go wrong with keys.
//!
//! [`KeyError::Unwrap`] alone speaks of the data: it does not open under its key. Every other variant says that
//! it could not be checked, and a verifier must not call the log altered for it.

use std::path::PathBuf;

/// A key that cannot be made, read or used. Never holds key bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key file cannot be read or written.
    #[error("cannot {action} the key file {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The key file, or the secret that should hold one, is none.
    #[error("{place} is not a dayseal key file: {reason}")]
    Malformed {
        /// The file's path, or the secret's ARN.
        place: String,
        /// What is wrong; no contents.
        reason: String,
    },
    /// Others may read the key file.
    #[error("the key file {} can be read by others (mode {mode:o}): run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file has no such key: it belongs to another role.
    #[error("the key file holds no {what}: this role needs the file that does")]
    Absent {
        /// Which key.
        what: &'static str,
    },
    /// The keys belong to another log.
    #[error("the keys in {place} are those of {found}, expected {expected}: name this log's keys")]
    OtherLog {
        /// The file's path, or the secret's ARN.
        place: String,
        /// The log that is worked on.
        expected: String,
        /// The log the keys are for.
        found: String,
    },
    /// The reference to a key is none that is understood.
    #[error("`{given}` names no key: {reason}")]
    Reference {
        /// The reference as given.
        given: String,
        /// What is wrong, and what is expected.
        reason: &'static str,
    },
    /// No such wrapping key here.
    #[error("wrapping key {key_id} is not held here")]
    UnknownKey {
        /// The id asked for.
        key_id: String,
    },
    /// The wrapped key does not open.
    #[error(
        "the wrapped data key does not open under {key_id}: altered, or made for another stream"
    )]
    Unwrap {
        /// The wrapping key.
        key_id: String,
    },
    /// A key service did not do what was asked. Nothing is known about the data by that.
    #[error("{key}: {action} {fault}: {detail}; {}", fault.advice())]
    Service {
        /// What kind of failure.
        fault: ServiceFault,
        /// The key or secret, by its ARN.
        key: String,
        /// What was asked for, as the name of the right to it: `kms:Decrypt`.
        action: &'static str,
        /// The service's words, or what happened; no key bytes.
        detail: String,
    },
    /// The key is of a kind that cannot do this.
    #[error("{key}: expected {expected}, found {found}: make a key of that kind")]
    WrongKind {
        /// The key, by its ARN.
        key: String,
        /// What is needed.
        expected: &'static str,
        /// What the service says the key is.
        found: String,
    },
    /// The service answered with another key than it was asked for: an alias was moved.
    #[error(
        "{key}: expected {expected}, answered by {found}: the alias was moved; name the key itself, and add it to the policy first"
    )]
    Moved {
        /// The key as configured.
        key: String,
        /// The key it was at first.
        expected: String,
        /// The key it is now.
        found: String,
    },
    /// The text is longer than the key service signs.
    #[error("{key}: {found} bytes to sign, expected at most {limit}")]
    TooLong {
        /// The key, by its ARN.
        key: String,
        /// Bytes given.
        found: usize,
        /// Bytes taken.
        limit: usize,
    },
    /// The kernel gave no randomness.
    #[error("the operating system gave no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Why a key service did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceFault {
    /// For want of a right.
    Denied,
    /// There is no such key or secret.
    NotFound,
    /// The key exists and is disabled, or waits for its deletion.
    Disabled,
    /// It asked to slow down, after every retry still.
    Throttled,
    /// No usable answer in time, retries included.
    Unavailable,
    /// It could not be asked: no credentials, no region, or a request it finds malformed.
    Configuration,
    /// Its answer cannot be right.
    Answer,
}

impl ServiceFault {
    fn advice(self) -> &'static str {
        match self {
            Self::Denied => "give the role this right, in its own policy and in the key's",
            Self::NotFound => "check the ARN, its account and its region",
            Self::Disabled => "enable the key, or cancel its deletion",
            Self::Throttled => "try later, or raise the account's quota",
            Self::Unavailable => "try later",
            Self::Configuration => "check the credentials, the region and the ARN",
            Self::Answer => "check which endpoint answers",
        }
    }
}

impl std::fmt::Display for ServiceFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Denied => "was refused",
            Self::NotFound => "found no such key or secret",
            Self::Disabled => "cannot use the key now",
            Self::Throttled => "was throttled",
            Self::Unavailable => "got no answer",
            Self::Configuration => "could not be asked",
            Self::Answer => "got an answer that cannot be right",
        })
    }
}
