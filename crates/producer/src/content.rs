//! What becomes of the contents that are attached to events: prompts, answers, files.
//!
//! On the caller's thread an attachment becomes what the entry says of it: a size, a keyed digest, or
//! a commitment. In the mode `store` the content waits with its entry, and is written as part of the
//! batch's content object before the batch is (`docs/spec/content.md`).

mod object;
mod stage;

use dayseal_format::content::ContentRecord;
use dayseal_format::event::Attachment;

pub(crate) use object::{ContentUpload, StreamContentKey};
pub(crate) use stage::ContentStage;

/// What a log keeps of contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentMode {
    /// Their sizes.
    None,
    /// Their sizes and keyed digests, under the log's pseudonym keys. The default where the log has
    /// such keys.
    Digest,
    /// The contents themselves, encrypted, in the content root, where they can be erased by data
    /// subject; the entry commits to them. Needs [`Builder::content_store`](crate::Builder::content_store)
    /// and pseudonyms.
    Store,
}

/// Bytes that a content record takes besides its content and subjects: names, nonce, entry, the head
/// of a frame of its own.
const RECORD_BYTES: usize = 600;

/// A content that waits to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) record: ContentRecord,
    /// Ascending, each once.
    pub(crate) subjects: Vec<String>,
}

impl Pending {
    /// Bytes it is counted with, in memory and towards the limits of an object.
    pub(crate) fn weight(&self) -> usize {
        let subjects: usize = self.subjects.iter().map(|s| s.len() + 3).sum();
        RECORD_BYTES + self.record.content.len() + subjects
    }

    /// Back to what the caller gave.
    pub(crate) fn into_attachment(self) -> Attachment {
        let Self { record, subjects } = self;
        Attachment {
            field: record.field,
            content: record.content,
            media_type: record.media_type,
            subjects: Some(subjects),
            digest_only: false,
        }
    }
}

/// The weight of several.
pub(crate) fn weight(pending: &[Pending]) -> usize {
    pending.iter().map(Pending::weight).sum()
}
