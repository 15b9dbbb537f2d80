//! What a scheduled verifier remembers between its runs.

use dayseal_format::names::memory_key;
use dayseal_format::{Checkpoint, Day, Digest, Origin, UnixMillis, VerifierKey};
use dayseal_store::{Condition, ErrorKind, Store};
use serde::{Deserialize, Serialize};

use super::WatchError;
use crate::verify::Walk;

/// Longest memory read, in bytes: a century of days and a walk with all the findings it may hold.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;

/// The memory of one log's verifier, in the state root under [`memory_key`].
///
/// Whoever can write it can make the verifier forget, but not believe: the head is a signed note,
/// and its signature is checked on every read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// Version of this structure, 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// The last head that passed; `None` while the first run is under way.
    pub head: Option<RememberedHead>,
    /// The tree at the end of each day that passed and is still kept, oldest first.
    pub days: Vec<Boundary>,
    /// The day whose objects are hashed again next; the oldest if `None`.
    pub next: Option<Day>,
    /// When the share before `next` was hashed again, or when there was nothing to hash yet.
    pub rehashed_at: UnixMillis,
    /// A forward run that its time cut short.
    pub walk: Option<Walk>,
}

/// A head and the day it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RememberedHead {
    /// The checkpoint as it was stored, signatures and all.
    pub note: String,
    /// Its day.
    pub day: Day,
}

/// The tree at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boundary {
    /// The day.
    pub day: Day,
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Digest,
}

/// A memory as stored, with the tag that a swap must match.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) memory: Memory,
    pub(super) head: Option<Checkpoint>,
    etag: String,
}

impl Memory {
    /// Remembers nothing yet.
    pub(super) fn new(origin: Origin, now: UnixMillis) -> Self {
        Self {
            v: 1,
            origin,
            head: None,
            days: Vec::new(),
            next: None,
            rehashed_at: now,
            walk: None,
        }
    }

    /// Reads the memory and checks the signature of its head; `None` if there is none.
    pub(super) async fn read(
        state: &dyn Store,
        origin: &Origin,
        keys: &[VerifierKey],
    ) -> Result<Option<Stored>, WatchError> {
        let stored = match state.get(&memory_key(origin), None, MAX_MEMORY).await {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let wrong = |reason: String| WatchError::Memory { object: object(state, origin), reason };
        let memory: Self =
            serde_json::from_slice(&stored.bytes).map_err(|e| wrong(e.to_string()))?;
        if memory.v != 1 || memory.origin != *origin {
            return Err(wrong(format!("version {} of log {}", memory.v, memory.origin)));
        }
        let head = memory.head.as_ref().map(|h| Checkpoint::open(h.note.as_bytes(), origin, keys));
        let head = head.transpose().map_err(|e| wrong(format!("its head: {e}")))?;
        if head.is_none() && memory.walk.is_none() {
            return Err(wrong("neither a head nor a run under way".into()));
        }
        Ok(Some(Stored { memory, head, etag: stored.meta.etag }))
    }

    /// Stores the memory if nobody changed it since `read`.
    pub(super) async fn write(
        &self,
        state: &dyn Store,
        read: Option<&Stored>,
    ) -> Result<(), WatchError> {
        let bytes = serde_json::to_vec(self).expect("a memory is plain data");
        let digest = Digest::of(&bytes);
        let condition = match read {
            Some(stored) => Condition::Matches(stored.etag.clone()),
            None => Condition::Absent,
        };
        let key = memory_key(&self.origin);
        match state.put(&key, bytes.into(), digest.as_bytes(), condition).await {
            Ok(_) => Ok(()),
            Err(e) if matches!(e.kind(), ErrorKind::AlreadyExists | ErrorKind::Precondition) => {
                Err(WatchError::Raced { object: object(state, &self.origin) })
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Takes in the days a passed run covered, and forgets those before `kept_from`.
    pub(super) fn add(&mut self, days: &[(Day, u64, Digest)], kept_from: Day) {
        let known = self.days.last().map(|b| b.day);
        let new = days.iter().filter(|(day, _, _)| known.is_none_or(|k| *day > k));
        self.days.extend(new.map(|&(day, size, root)| Boundary { day, size, root }));
        self.days.retain(|b| b.day >= kept_from);
    }
}

pub(super) fn object(state: &dyn Store, origin: &Origin) -> String {
    format!("{}/{}", state.url(), memory_key(origin))
}
