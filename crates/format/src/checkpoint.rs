//! Checkpoints: the signed head of a log's tree.
//!
//! Source: c2sp.org/tlog-checkpoint. The text is `origin \n size \n base64(root) \n`; dayseal writes
//! no extension lines and refuses them, so that nothing unread can hide in what is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::note::{Note, NoteError, VerifierKey};
use crate::{Digest, Origin};

/// The head of a tree: its origin, size in leaves, and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: Origin,
    /// Number of leaves.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Digest,
}

/// A checkpoint that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not a checkpoint.
    #[error("malformed checkpoint: {0}")]
    Malformed(&'static str),
    /// A checkpoint of another log.
    #[error("checkpoint of another log: expected origin {expected}, found {found}")]
    Origin {
        /// The log asked for.
        expected: Origin,
        /// The log that signed.
        found: Origin,
    },
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Parses a checkpoint's text. Says nothing about who signed it.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] unless the text is exactly what [`Checkpoint::text`] writes.
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        let bad = CheckpointError::Malformed;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root), Some(""), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(bad("expected three lines: origin, size, root"));
        };
        let origin = origin.parse().map_err(|_| bad("the first line is not an origin"))?;
        let size = size.parse().map_err(|_| bad("the second line is not a size"))?;
        let root = STANDARD.decode(root).map_err(|_| bad("the third line is not base64"))?;
        let root = root.try_into().map_err(|_| bad("a root has 32 bytes"))?;
        let checkpoint = Self { origin, size, root: Digest(root) };
        // One spelling: no leading zero, no plus sign, canonical base64.
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(bad("not its one spelling")) }
    }

    /// Opens a signed note: signature by a known key, text a checkpoint of `origin`.
    ///
    /// # Errors
    /// [`CheckpointError`], by what is wrong.
    pub fn open(
        note: &[u8],
        origin: &Origin,
        known: &[VerifierKey],
    ) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse_text(Note::parse(note)?.verify(known)?)?;
        if checkpoint.origin == *origin {
            Ok(checkpoint)
        } else {
            Err(CheckpointError::Origin { expected: origin.clone(), found: checkpoint.origin })
        }
    }

    /// Parses a note and its checkpoint without any key: for showing, never for judging.
    ///
    /// # Errors
    /// [`CheckpointError`] if it is not a note or not a checkpoint.
    pub fn parse_unverified(note: &[u8]) -> Result<Self, CheckpointError> {
        Self::parse_text(Note::parse(note)?.unverified_text())
    }
}
