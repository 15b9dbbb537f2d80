//! Content that goes with an event to its producer, and never into the entry.

use std::fmt;

use super::limits;
use crate::content::{Field, MAX_CONTENT, MAX_SUBJECTS};

/// The content of one item of an event: a prompt, an answer, a file.
///
/// What becomes of it is the log's to say (its content mode): the entry gets the item's size, a keyed
/// digest, or a commitment to a content record that can be erased. The content itself never stands in
/// the entry.
///
/// ```
/// use dayseal_format::event::Attachment;
/// use dayseal_format::content::Field;
///
/// let prompt = Attachment::new(Field::Input, "Where is my parcel?").about(["u-17"]);
/// let image = Attachment::new(Field::Output, vec![0x89, b'P', b'N', b'G']).media_type("image/png");
/// let film = Attachment::new(Field::Output, vec![0; 1024]).digest_only();
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Which item.
    pub field: Field,
    /// Its exact bytes.
    pub content: Vec<u8>,
    /// What it is, such as `image/png`; 1 to 128 printable ASCII characters.
    pub media_type: Option<String>,
    /// Whom it is about, at most 16. `None`: the event's data subject, or else its actor and whom
    /// that acted for, as far as they are people.
    pub subjects: Option<Vec<String>>,
    /// Never stored, whatever the log's mode: what is large or binary is kept where files are kept.
    pub digest_only: bool,
}

impl Attachment {
    /// The content of this item.
    pub fn new(field: Field, content: impl Into<Vec<u8>>) -> Self {
        Self {
            field,
            content: content.into(),
            media_type: None,
            subjects: None,
            digest_only: false,
        }
    }

    /// Sets whom it is about: the people at whose request it is to be erased. None at all: nobody in
    /// particular.
    #[must_use]
    pub fn about<T: Into<String>>(mut self, subjects: impl IntoIterator<Item = T>) -> Self {
        self.subjects = Some(subjects.into_iter().map(Into::into).collect());
        self
    }

    /// Sets what it is, such as `image/png`.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Leaves it out of the content store.
    #[must_use]
    pub fn digest_only(mut self) -> Self {
        self.digest_only = true;
        self
    }

    /// Why it cannot be stored; names no value.
    pub fn refusal(&self) -> Option<AttachmentError> {
        let field = self.field;
        if self.digest_only {
            return None;
        }
        if self.content.len() > MAX_CONTENT {
            return Some(AttachmentError::TooLarge { field, found: self.content.len() });
        }
        let graphic =
            |t: &String| (1..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic());
        if !self.media_type.as_ref().is_none_or(graphic) {
            return Some(AttachmentError::MediaType { field });
        }
        let subjects = self.subjects.as_deref().unwrap_or_default();
        let good =
            |id: &String| (1..=limits::ID).contains(&id.len()) && !id.contains(super::forbidden);
        if subjects.len() > MAX_SUBJECTS {
            return Some(AttachmentError::Subjects { field, found: subjects.len() });
        }
        (!subjects.iter().all(good)).then_some(AttachmentError::Subject { field })
    }
}

/// Not its content, nor whom it is about.
impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {} bytes)", self.field, self.content.len())
    }
}

/// Why an attachment was refused. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// Over the limit of a content record.
    #[error(
        "{field}: a content of {found} bytes, at most {MAX_CONTENT} are stored; record it by its digest (`digest_only`) and keep it where files are kept"
    )]
    TooLarge {
        /// The item.
        field: Field,
        /// Its size in bytes.
        found: usize,
    },
    /// The media type is none.
    #[error("{field}: media_type: expected 1 to 128 printable ASCII characters")]
    MediaType {
        /// The item.
        field: Field,
    },
    /// Too many subjects.
    #[error("{field}: {found} data subjects, expected at most {MAX_SUBJECTS}")]
    Subjects {
        /// The item.
        field: Field,
        /// How many.
        found: usize,
    },
    /// A subject that is no id.
    #[error("{field}: a data subject: expected an id of 1 to 256 bytes without control characters")]
    Subject {
        /// The item.
        field: Field,
    },
    /// Two attachments of one item.
    #[error("{field}: two contents of one item")]
    Twice {
        /// The item.
        field: Field,
    },
    /// The event has no change that the content could be a value of.
    #[error("{field}: the event has no `change`")]
    NoChange {
        /// The item.
        field: Field,
    },
}
