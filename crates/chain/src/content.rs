//! Reading contents: the content object of a batch, and what became of each item.

use std::collections::BTreeMap;

use dayseal_format::content::{
    ContentError, ContentObject, ContentRecord, Field, MAX_HEADER, MAX_PARTS_LEN, Part,
};
use dayseal_format::event::{ContentItem, DigestScheme, EventFields, EventId};
use dayseal_format::names::ContentObjectKey;
use dayseal_format::{Day, Digest, Origin};
use dayseal_keys::{DataKeyOpener, KeyError};
use dayseal_store::{ErrorKind, Store, StoreError};

use crate::key_cache::KeyCache;

/// The most bytes read for one content object.
pub const MAX_OBJECT: u64 = (16 + MAX_HEADER + MAX_PARTS_LEN) as u64;

/// A content object that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentReadError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bytes.
    #[error("cannot read {object}")]
    Object {
        /// The object.
        object: String,
        /// Why.
        source: ContentError,
    },
    /// It lies under another name than its header says.
    #[error("{object}: its header speaks of another log, day, stream or number")]
    Place {
        /// The object.
        object: String,
    },
    /// The header names a wrapping key that is not allowed.
    #[error(
        "{object}: its content key was wrapped by {found}, which is not among the allowed keys; expected {expected}"
    )]
    ForeignKey {
        /// The object.
        object: String,
        /// Allowed ids.
        expected: String,
        /// The header's.
        found: String,
    },
    /// The keys.
    #[error("cannot open the content key of {object}")]
    Key {
        /// The object.
        object: String,
        /// Why.
        source: KeyError,
    },
}

impl ContentReadError {
    /// Whether the right to open content is what lacks: the object may be as it should.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Key { source: KeyError::Unwrap { .. }, .. } => false,
            Self::Key { .. } => true,
            Self::Store(e) => e.kind() == ErrorKind::Denied,
            _ => false,
        }
    }

    /// Whether the object itself is wrong, whoever reads it.
    pub fn is_alteration(&self) -> bool {
        match self {
            Self::Object { source: ContentError::Version { .. }, .. } => false,
            Self::Object { .. } | Self::Place { .. } | Self::ForeignKey { .. } => true,
            Self::Key { source: KeyError::Unwrap { .. }, .. } => true,
            Self::Store(e) => e.kind() == ErrorKind::TooLarge,
            Self::Key { .. } => false,
        }
    }
}

/// What a content object holds.
#[derive(Debug, Default)]
pub struct Contents {
    /// Its records, by entry and item.
    pub records: BTreeMap<(EventId, Field), ContentRecord>,
    /// Whom each record is about.
    pub subjects: BTreeMap<(EventId, Field), Vec<String>>,
    /// The receipts of the erasures that took frames out of it, each once.
    pub receipts: Vec<EventId>,
}

/// What became of a content item of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentState {
    /// It is there, and is the one that the entry commits to.
    Present,
    /// It is not there, and an erasure took frames out of its object.
    Erased,
    /// It is not there, and the life of contents of its day is over.
    Expired,
    /// It is not there, and nothing says why.
    Missing,
    /// Another content is there.
    Altered,
}

impl ContentState {
    /// A word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Erased => "erased",
            Self::Expired => "expired",
            Self::Missing => "missing",
            Self::Altered => "altered",
        }
    }
}

impl Contents {
    /// What became of an item. `expired` says whether the life of contents of the batch's day is over.
    pub fn state(
        &self,
        origin: &Origin,
        entry: EventId,
        field: Field,
        item: &ContentItem,
        expired: bool,
    ) -> ContentState {
        match self.records.get(&(entry, field)) {
            Some(record) if item.digest.map(|d| Digest(d.0)) == Some(record.digest(origin)) => {
                ContentState::Present
            }
            Some(_) => ContentState::Altered,
            None if !self.receipts.is_empty() => ContentState::Erased,
            None if expired => ContentState::Expired,
            None => ContentState::Missing,
        }
    }
}

/// The content items that an entry commits to (`commit-v1`), which must be in the content root.
pub fn committed(event: &EventFields) -> impl Iterator<Item = (Field, &ContentItem)> {
    items(event).filter(|(_, item)| item.scheme == Some(DigestScheme::CommitV1))
}

/// Every content item of an entry.
pub fn items(event: &EventFields) -> impl Iterator<Item = (Field, &ContentItem)> {
    let (content, change) = (event.content.as_ref(), event.change.as_ref());
    let of = move |field| match field {
        Field::Args => content?.args.as_ref(),
        Field::Input => content?.input.as_ref(),
        Field::Output => content?.output.as_ref(),
        Field::System => content?.system.as_ref(),
        Field::ChangeFrom => change?.from_content.as_ref(),
        Field::ChangeTo => change?.to_content.as_ref(),
    };
    Field::ALL.iter().filter_map(move |field| Some((*field, of(*field)?)))
}

/// Whether contents of `day` may be gone: their life, in days, is over. The last day of it is whole.
pub fn is_expired(day: Day, content_days: u32, today: Day) -> bool {
    i64::from(today.days_since(day)) > i64::from(content_days)
}

/// Reads the content objects of one log under the keys its reader allows.
#[derive(Debug)]
pub struct ContentReader<'a> {
    content: &'a dyn Store,
    opener: &'a dyn DataKeyOpener,
    origin: Origin,
    allowed: Vec<String>,
    cache: KeyCache,
}

impl<'a> ContentReader<'a> {
    /// A reader of `origin`'s contents that opens content keys only with the `allowed` wrapping keys.
    pub fn new(
        content: &'a dyn Store,
        opener: &'a dyn DataKeyOpener,
        origin: Origin,
        allowed: Vec<String>,
    ) -> Self {
        Self { content, opener, origin, allowed, cache: KeyCache::default() }
    }

    /// What is left of the contents of one batch; `None` if there is no such object.
    ///
    /// # Errors
    /// [`ContentReadError`], by what fails first.
    pub async fn open(&self, key: &ContentObjectKey) -> Result<Option<Contents>, ContentReadError> {
        let object = key.to_string();
        let Some(bytes) = read(self.content, key).await? else { return Ok(None) };
        let parsed = parse(&bytes, key, &self.origin)?;
        let h = parsed.header();
        if !self.allowed.contains(&h.key_id) {
            let expected = self.allowed.join(", ");
            return Err(ContentReadError::ForeignKey { object, expected, found: h.key_id.clone() });
        }
        let mut contents = Contents { receipts: receipts(&parsed), ..Contents::default() };
        // Where nothing is left to open, no key is asked for.
        if parsed.parts().any(|part| matches!(part, Part::Frame(_))) {
            let opened = self.cache.open_content(self.opener, h).await;
            let content_key = opened
                .map_err(|source| ContentReadError::Key { object: object.clone(), source })?;
            let frames = parsed
                .frames(&content_key)
                .map_err(|source| ContentReadError::Object { object, source })?;
            for frame in frames {
                for record in frame.records {
                    let place = (record.entry, record.field);
                    contents.subjects.insert(place, frame.subjects.clone());
                    contents.records.insert(place, record);
                }
            }
        }
        Ok(Some(contents))
    }
}

/// The bytes of a content object; `None` if there is none.
pub(crate) async fn read(
    content: &dyn Store,
    key: &ContentObjectKey,
) -> Result<Option<bytes::Bytes>, StoreError> {
    match content.get(&key.to_string(), None, MAX_OBJECT).await {
        Ok(stored) => Ok(Some(stored.bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// What a content object says in the clear, at its own place.
pub(crate) fn parse<'b>(
    bytes: &'b [u8],
    key: &ContentObjectKey,
    origin: &Origin,
) -> Result<ContentObject<'b>, ContentReadError> {
    let object = || key.to_string();
    let parsed = ContentObject::parse(bytes)
        .map_err(|source| ContentReadError::Object { object: object(), source })?;
    let h = parsed.header();
    if (&h.origin, h.day, h.stream, h.seq) != (origin, key.day, key.stream, key.seq) {
        return Err(ContentReadError::Place { object: object() });
    }
    Ok(parsed)
}

/// The receipts of what was erased from an object, each once.
pub(crate) fn receipts(object: &ContentObject<'_>) -> Vec<EventId> {
    let stub = |part: &Part| match part {
        Part::Stub(stub) => Some(stub.receipt),
        Part::Frame(_) => None,
    };
    let mut receipts: Vec<_> = object.parts().filter_map(stub).collect();
    receipts.sort_unstable();
    receipts.dedup();
    receipts
}
