//! What can go wrong with keys.

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
    /// The key file is not one.
    #[error("{} is not a dayseal key file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
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
    /// The kernel gave no randomness.
    #[error("the operating system gave no random bytes: {0}")]
    Random(getrandom::Error),
}
