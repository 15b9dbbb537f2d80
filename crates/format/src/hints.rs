//! Hints: a small encrypted set of what a batch's entries hold. Spec: `docs/spec/hints.md`.
//!
//! A shortcut, never evidence: hints say *not here* or *perhaps here*, by their producer's word.
//!
//! ```
//! use dayseal_format::hints::{Field, HintKeys, Place};
//! use dayseal_format::StreamId;
//!
//! let keys = HintKeys::derive(&[7; 32], &"audit.example.com/prod".parse()?);
//! let place = Place { stream: StreamId([1; 16]), seq: 0, entries: 1 };
//! let line = br#"{"action":"open","actor":{"id":"u-1","type":"user"},"tenant":"default","type":"data.read"}"#;
//! let sealed = keys.make(&place, [&line[..]]).expect("entries");
//!
//! let hints = keys.open(&place, &sealed)?;
//! assert!(hints.may_have(&keys, Field::Actor, "u-1"));
//! assert!(!hints.may_have(&keys, Field::Actor, "u-2"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entry;
mod field;
mod keys;
mod open;
mod plan;
mod set;
mod values;

#[cfg(test)]
mod tests;

pub use field::Field;
pub use keys::{HintKeys, Place};
pub use open::Hints;
pub use values::Values;

/// The version byte.
pub const VERSION: u8 = 1;
/// Most tenants that are named.
const MAX_TENANTS: usize = 16;
/// Most bytes of their names, with lengths.
const MAX_TENANT_BYTES: usize = 512;
/// In the place of the number of tenants: they are not named.
const UNNAMED: u8 = 255;
/// The plaintext's length is a multiple of this.
const STEP: usize = 256;
/// Longest plaintext.
const MAX_PLAIN: usize = 15 * STEP;
/// Version, synthetic IV and tag.
const OVERHEAD: usize = 1 + 16 + 16;

/// Hints that cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HintsError {
    /// Not a length that hints have.
    #[error("hints of {found} bytes: expected 33 more than a multiple of 256 up to 3,840")]
    Length {
        /// The length found.
        found: usize,
    },
    /// A later version.
    #[error("hints of version {found}: expected 1; a newer dayseal may read them")]
    Version {
        /// The version found.
        found: u8,
    },
    /// Of another log, secret, stream or batch, or altered.
    #[error("hints that do not open under this log secret for this batch")]
    Sealed,
    /// Sealed by the secret's holder, and not as the specification says.
    #[error("hints that are not in their one form: {what}")]
    Plaintext {
        /// What is wrong.
        what: &'static str,
    },
}

impl HintsError {
    /// A short stable name, as in the test vectors.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Version { .. } => "version",
            Self::Sealed => "sealed",
            Self::Plaintext { .. } => "plaintext",
        }
    }
}
