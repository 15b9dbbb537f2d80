//! Walking over all content and finding the frames that name somebody, in bounded memory.

use std::collections::{BTreeMap, VecDeque};

use dayseal_format::content::{ContentError, OUTLINE_PIECE, Outline, OutlineReader};
use dayseal_format::names::CONTENT;
use dayseal_store::{Entry, EntryKind, ErrorKind, Store, StoreError};
use futures_util::stream::{self, StreamExt as _};

use super::job::Problem;

/// Objects looked at between two answers.
const WINDOW: usize = 256;
/// Bytes asked for at once: most objects whole, and every piece long enough to go on.
const PIECE: u64 = 128 * 1024;
const _: () = assert!(PIECE as usize >= OUTLINE_PIECE);
/// Readings of an object that changes under the reader.
const TRIES: usize = 8;

/// An object that names the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) object: String,
    /// Places of the frames, and their records.
    pub(crate) frames: BTreeMap<u32, u32>,
}

/// Some objects, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The last of them.
    pub(crate) last: String,
    pub(crate) looked: u64,
    pub(crate) hits: Vec<Hit>,
    pub(crate) problems: Vec<Problem>,
}

/// Walks over the content root.
pub(crate) struct Scan<'a> {
    content: &'a dyn Store,
    subjects: &'a [String],
    /// Objects read at once.
    jobs: usize,
    after: Option<String>,
    started: bool,
    next: Option<String>,
    page: VecDeque<Entry>,
}

impl<'a> Scan<'a> {
    /// From behind the object `after`, or from the first.
    pub(crate) fn new(
        content: &'a dyn Store,
        subjects: &'a [String],
        jobs: usize,
        after: Option<String>,
    ) -> Self {
        let page = VecDeque::new();
        Self { content, subjects, jobs: jobs.max(1), after, started: false, next: None, page }
    }

    /// The next objects; `None` at the end.
    ///
    /// An object that cannot be read is a problem of its own. Only if the store answers for none of
    /// them is that an error.
    pub(crate) async fn next(&mut self) -> Result<Option<Window>, StoreError> {
        let mut window = Window::default();
        let mut keys = Vec::new();
        while keys.len() + window.problems.len() < WINDOW {
            let Some(entry) = self.entry().await? else { break };
            if self.after.as_deref().is_some_and(|after| entry.key.as_str() <= after) {
                continue;
            }
            match (entry.kind, entry.latest) {
                (EntryKind::Object, true) => keys.push(entry.key),
                (EntryKind::Object, false) => {
                    let problem = "the bucket keeps an older version of it, which still has what is erased from this one: delete the version, and make the content bucket one without versions";
                    window.problems.push(Problem { object: entry.key, problem: problem.into() });
                }
                (EntryKind::DeleteMarker, _) => {}
            }
        }
        if keys.is_empty() && window.problems.is_empty() {
            return Ok(None);
        }
        let (content, subjects) = (self.content, self.subjects);
        let mut looks = stream::iter(keys)
            .map(|key| async move { (look(content, &key).await, key) })
            .buffered(self.jobs);
        let (mut answered, mut outage) = (0u64, None);
        while let Some((seen, key)) = looks.next().await {
            window.looked += 1;
            match seen {
                // It expired between the listing and now.
                Ok(None) => answered += 1,
                Ok(Some(outline)) => {
                    answered += 1;
                    let frames: BTreeMap<_, _> = outline.naming(subjects).collect();
                    if !frames.is_empty() {
                        window.hits.push(Hit { object: key.clone(), frames });
                    }
                }
                Err(Unreadable::Store(e)) if e.kind() == ErrorKind::Unavailable => {
                    window.problems.push(Problem { object: key.clone(), problem: e.to_string() });
                    outage = Some(e);
                }
                Err(e) => {
                    answered += 1;
                    let problem = e.to_string();
                    window.problems.push(Problem { object: key.clone(), problem });
                }
            }
            window.last = key;
        }
        match outage {
            Some(e) if answered == 0 => Err(e),
            _ => Ok(Some(window)),
        }
    }

    async fn entry(&mut self) -> Result<Option<Entry>, StoreError> {
        // A page may be empty and still not the last.
        while self.page.is_empty() && (!self.started || self.next.is_some()) {
            let page = self.content.list(CONTENT, self.next.as_deref()).await?;
            self.started = true;
            self.next = page.next;
            self.page = page.entries.into();
        }
        Ok(self.page.pop_front())
    }
}

/// Why an object could not be looked into.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}: look at it, and delete it or put the right one back")]
    Content(#[from] ContentError),
    #[error("it changes faster than it can be read: run again")]
    Restless,
}

/// What an object says in the clear; `None` if it is gone.
pub(crate) async fn look(content: &dyn Store, key: &str) -> Result<Option<Outline>, Unreadable> {
    for _ in 0..TRIES {
        match outline(content, key).await {
            Ok(Some(outline)) => return Ok(Some(outline)),
            Ok(None) => {}
            Err(Unreadable::Store(e)) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    Err(Unreadable::Restless)
}

/// `None`: somebody replaced it while it was read.
async fn outline(content: &dyn Store, key: &str) -> Result<Option<Outline>, Unreadable> {
    let first = content.get_range(key, None, 0, PIECE).await?;
    let mut reader = OutlineReader::new(first.meta.length);
    let mut piece = first.bytes;
    loop {
        match reader.read(&piece) {
            Ok(Some(outline)) => return Ok(Some(outline)),
            Ok(None) => {}
            // Bytes of two states make no object: whether there were two is seen by reading anew.
            Err(e) => {
                let now = content.head(key, None).await?;
                let same = (now.length, &now.etag) == (first.meta.length, &first.meta.etag);
                return if same || first.meta.etag.is_empty() { Err(e.into()) } else { Ok(None) };
            }
        }
        let next = content.get_range(key, None, reader.next(), PIECE).await?;
        if (next.meta.length, &next.meta.etag) != (first.meta.length, &first.meta.etag) {
            return Ok(None);
        }
        piece = next.bytes;
    }
}
