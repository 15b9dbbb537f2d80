//! Content objects: prompts, answers and whatever else may have to be erased, outside the evidence.
//!
//! ```text
//! 0   7 bytes   "DAYCONT"
//! 7   1 byte    version, 0x01
//! 8   4 bytes   header length, big-endian, at most 16,384
//! 12  4 bytes   length of the parts, big-endian, at most 64 MiB
//! 16            header: JSON, one spelling, never changed
//!               parts: a frame for each set of data subjects, or the stub of an erased one
//! ```
//! An entry commits to its content by [`commit`]; the nonce that opens it is in the content record
//! alone, so once the record is gone the digest tells nothing. Erasing a subject replaces frames by
//! stubs ([`ContentObject::erase`]) and needs no key. Normative: `docs/spec/content.md`.

mod header;
mod keys;
mod object;
mod outline;
mod part;
mod record;
mod write;

pub use header::Header;
pub use keys::ContentKey;
pub use object::ContentObject;
pub use outline::{OUTLINE_PIECE, Outline, OutlineReader};
pub use part::{Frame, Part, Stub};
pub use record::{ContentRecord, Field, commit};
pub use write::{FrameDraft, encode};

use crate::Digest;

/// First seven bytes of a content object.
pub const MAGIC: &[u8; 7] = b"DAYCONT";
/// The eighth byte: one version is one suite.
pub const VERSION: u8 = 1;
/// Bytes before the header.
const PREFIX_LEN: usize = 16;
/// Longest header in bytes, as a batch's.
pub const MAX_HEADER: usize = crate::batch::MAX_HEADER;
/// All parts of an object, in bytes: a reader holds one object.
pub const MAX_PARTS_LEN: usize = 64 * 1024 * 1024;
/// Parts of an object.
pub const MAX_PARTS: u32 = 65_536;
/// What a part says of itself in the clear, in bytes.
pub const MAX_ABOUT: usize = 16_384;
/// Data subjects of one frame: a conversation, not a list of recipients.
pub const MAX_SUBJECTS: usize = 16;
/// One content, in bytes.
pub const MAX_CONTENT: usize = 8 * 1024 * 1024;
/// One content record as JSON, in bytes without its newline.
pub const MAX_RECORD: usize = 16 * 1024 * 1024;

/// Why bytes are not a content object, or not this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// Not the framing of a content object.
    #[error("not a content object: {0}")]
    Framing(&'static str),
    /// A version this program does not know.
    #[error("content object of version {found}: expected version 1; a newer dayseal may read it")]
    Version {
        /// The version byte.
        found: u8,
    },
    /// The lengths in the prefix do not add up to the bytes at hand.
    #[error("content object length: expected {expected} bytes by its prefix, found {found}")]
    Length {
        /// By the prefix.
        expected: u64,
        /// At hand.
        found: u64,
    },
    /// The header is not what the format allows.
    #[error("content object header: {0}")]
    Header(String),
    /// A part is not what the format allows.
    #[error("part {part} of the content object: {detail}")]
    Part {
        /// Its place, from 0.
        part: usize,
        /// What is wrong.
        detail: String,
    },
    /// There are more or fewer parts than the header says.
    #[error("parts of the content object: expected {expected} by the header, found {found}")]
    Parts {
        /// By the header.
        expected: u32,
        /// Found; counting stops behind the expected number.
        found: u32,
    },
    /// The parts lead to another root than the header's.
    #[error("root of the content object: expected {expected} by the header, found {found}")]
    Root {
        /// By the header.
        expected: Digest,
        /// Computed.
        found: Digest,
    },
    /// The caller asked for something outside the limits.
    #[error("cannot encode a content object: {0}")]
    Limit(&'static str),
    /// The content key is not the one the object commits to.
    #[error(
        "the content key does not match the object's key commitment: wrong key, or an altered header"
    )]
    Commitment,
    /// The header is not what the holder of the key wrote.
    #[error("the header of the content object was altered: its mac does not hold")]
    Mac,
    /// A frame does not authenticate.
    #[error("part {part} of the content object does not decrypt: it was altered, or is another's")]
    Decrypt {
        /// Its place, from 0.
        part: usize,
    },
    /// A frame decrypted to something that is not its plaintext.
    #[error("part {part} of the content object: {detail}")]
    Contents {
        /// Its place, from 0.
        part: usize,
        /// What is wrong.
        detail: &'static str,
    },
    /// A content record is malformed. Says where and why, never what it holds.
    #[error("part {part} of the content object, record {record}: {detail}")]
    Record {
        /// Place of the part, from 0.
        part: usize,
        /// Place of the record in it, from 0.
        record: usize,
        /// What is wrong.
        detail: &'static str,
    },
    /// Two records are of the same content item.
    #[error("two records of the content object are of {field} of entry {entry}")]
    Twice {
        /// The entry.
        entry: crate::event::EventId,
        /// The content item.
        field: Field,
    },
}

#[cfg(test)]
mod tests;
