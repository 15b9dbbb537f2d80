//! A batch: a clear, authenticated header and compressed, encrypted entries.
//!
//! ```text
//! 0   7 bytes   "DAYSEAL"
//! 7   1 byte    version, 0x01
//! 8   4 bytes   header length, big-endian, at most 16,384
//! 12  4 bytes   ciphertext length with its 16-byte tag, big-endian
//! 16            header: JSON, one spelling
//!               ciphertext ‖ tag: AES-256-GCM; associated data is every byte before it
//! ```
//! The plaintext is `entries length ‖ frame length ‖ zstd frame ‖ zeros` (two big-endian u32).
//! Version 1 is one suite; there are no options in the bytes. Normative: `docs/spec/batch.md`.

mod decode;
mod encode;
mod header;
mod keys;
mod padding;

pub use decode::{Batch, OpenBatch};
pub use encode::{BatchEncoder, EncodedBatch, Entries, leaf_of};
pub(crate) use header::base64_bytes;
pub use header::{Header, MAX_HEADER, MAX_HINTS, MAX_KEY_ID, MAX_WRAPPED_KEY};
pub use keys::DataKey;
pub use padding::padded_len;

use crate::Digest;

/// First seven bytes of a batch.
pub const MAGIC: &[u8; 7] = b"DAYSEAL";
/// The eighth byte: one version is one suite.
pub const VERSION: u8 = 1;
/// Bytes before the header.
pub const PREFIX_LEN: usize = 16;
/// Length of the AES-GCM tag.
pub const TAG_LEN: usize = 16;
/// Entry lines of one batch with their newlines, in bytes.
///
/// 32 MiB: four times the producer's default flush size, and small enough that a reader on a
/// 128 MiB function holds the object, the lines and the leaves of one batch.
pub const MAX_ENTRIES_LEN: usize = 32 * 1024 * 1024;
/// Entries in one batch. The shortest valid event is over 200 bytes, so [`MAX_ENTRIES_LEN`] holds
/// fewer than this; the bound keeps the leaf list of a hostile header small.
pub const MAX_ENTRIES: u32 = 1 << 18;
/// Bytes of one entry without its newline: what a C2SP entry bundle can hold (two-byte length).
pub const MAX_ENTRY_LEN: usize = 65_535;
/// A whole batch: 32 MiB that do not compress grow by zstd's 1/256 and at most 1 MiB of padding; the
/// rest is room for the header.
pub const MAX_BATCH_LEN: u64 = 40 * 1024 * 1024;

/// Why bytes are not a batch, or not this batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Not the framing of a batch.
    #[error("not a batch: {0}")]
    Framing(&'static str),
    /// A version this program does not know.
    #[error("batch of version {found}: expected version 1; a newer dayseal may read it")]
    Version {
        /// The version byte.
        found: u8,
    },
    /// The lengths in the prefix do not add up to the bytes at hand.
    #[error("batch length: expected {expected} bytes by its prefix, found {found}")]
    Length {
        /// By the prefix.
        expected: u64,
        /// At hand.
        found: u64,
    },
    /// The header is not what the format allows.
    #[error("batch header: {0}")]
    Header(String),
    /// The caller asked for a batch outside the limits.
    #[error("cannot encode a batch: {0}")]
    Limit(&'static str),
    /// The data key is not the one the batch commits to.
    #[error(
        "the data key does not match the batch's key commitment: wrong key, or an altered header"
    )]
    Commitment,
    /// The ciphertext does not authenticate.
    #[error("the batch does not decrypt: header or ciphertext were altered")]
    Decrypt,
    /// It decrypted to something that is not a batch's plaintext.
    #[error("batch contents: {0}")]
    Contents(&'static str),
    /// The entries lead to another root than the header's.
    #[error("entries root: expected {expected} by the header, found {found}")]
    Root {
        /// By the header.
        expected: Digest,
        /// Computed.
        found: Digest,
    },
}

#[cfg(test)]
mod tests;
