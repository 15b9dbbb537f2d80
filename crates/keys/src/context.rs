//! What a data key is bound to.

use dayseal_format::{Day, Origin, StreamId};

/// What a key of a stream encrypts. Whoever may open the one need not be able to open the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Entries: the data key of a stream (`docs/spec/batch.md`).
    Entries,
    /// Content: the content key of a stream (`docs/spec/content.md`, "Wrapping").
    Content,
}

/// The log, stream and day a data key serves, and what for; with KMS, its encryption context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyContext {
    /// What the key encrypts.
    pub kind: KeyKind,
    /// The log.
    pub origin: Origin,
    /// The stream.
    pub stream: StreamId,
    /// The stream's day.
    pub day: Day,
}

impl KeyContext {
    /// Of the data key of a stream.
    pub fn entries(origin: &Origin, stream: StreamId, day: Day) -> Self {
        Self { kind: KeyKind::Entries, origin: origin.clone(), stream, day }
    }

    /// Of the content key of a stream.
    pub fn content(origin: &Origin, stream: StreamId, day: Day) -> Self {
        Self { kind: KeyKind::Content, origin: origin.clone(), stream, day }
    }
}
