//! The file of an erasure: what was ordered, how far it is. `docs/spec/erasure.md`, "Job".

use std::collections::BTreeMap;

use bytes::Bytes;
use dayseal_format::event::EventId;
use dayseal_format::{Day, Digest, Origin, UnixMillis};
use dayseal_store::{Condition, Store};
use serde::{Deserialize, Serialize};

use super::error::EraseError;

/// Where jobs lie in the state root.
const PREFIX: &str = "erasures/";
/// Longest job file read, in bytes: a day's counts take a hundred, so years fit.
const MAX_JOB: u64 = 16 * 1024 * 1024;
/// Objects told by name, of those that a pass could not deal with.
const MAX_PROBLEMS: usize = 100;

/// What was, or is to be, erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Content objects.
    pub objects: u64,
    /// Frames in them.
    pub frames: u64,
    /// Content records in the frames.
    pub records: u64,
}

impl Counts {
    /// An object more, with these frames.
    pub(crate) fn add(&mut self, frames: u64, records: u64) {
        self.objects += 1;
        self.frames += frames;
        self.records += records;
    }

    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The sum over days.
    pub fn sum<'a>(days: impl IntoIterator<Item = &'a Self>) -> Self {
        days.into_iter().fold(Self::default(), |a, b| Self {
            objects: a.objects + b.objects,
            frames: a.frames + b.frames,
            records: a.records + b.records,
        })
    }
}

/// An object that could not be dealt with. What it says of it holds no content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// Key in the content root.
    pub object: String,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// One walk over all content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pass {
    /// When it began.
    pub began: UnixMillis,
    /// Last object known to be dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Objects that were left, because they are held.
    #[serde(default)]
    pub held: u64,
    /// Objects that could not be dealt with.
    #[serde(default)]
    pub failed: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// Whether it came to the end.
    #[serde(default)]
    pub ended: bool,
}

impl Pass {
    pub(crate) fn new(began: UnixMillis) -> Self {
        Self { began, after: None, held: 0, failed: 0, problems: Vec::new(), ended: false }
    }

    pub(crate) fn fail(&mut self, problem: Problem) {
        self.failed += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completion {
    /// The entry `privacy.erasure.completed`.
    pub id: EventId,
    /// Its time.
    pub time: UnixMillis,
    /// Content of no later day was looked at.
    pub through: Day,
    /// Acknowledgement of the entry, once it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<String>,
}

/// One erasure. Holds pseudonyms as entries do, and no real id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// 1.
    pub v: u8,
    /// The log.
    pub origin: Origin,
    /// The entry `privacy.erasure.requested`, which every stub names.
    pub receipt: EventId,
    /// When it was ordered.
    pub time: UnixMillis,
    /// Whom: the names that frames have for one person, ascending.
    pub subjects: Vec<String>,
    /// Tenant of the two entries.
    pub tenant: String,
    /// Why, in the words of who ordered it.
    pub reason: String,
    /// What keeps the evidence from being erased too.
    pub exemption: String,
    /// Who ordered it: an officer's or a service's name.
    pub by: String,
    /// What a first look found.
    pub planned: Counts,
    /// Number of the last hold that was looked at.
    pub holds: u32,
    /// Acknowledgement of the requested entry, once it is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<String>,
    /// The walk under way, or the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass: Option<Pass>,
    /// Frames about to be replaced: by object and place, their records. Written before the objects are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, BTreeMap<u32, u32>>,
    /// What was erased, by the day of the content.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub erased: BTreeMap<String, Counts>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed: Option<Completion>,
}

impl Job {
    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.completed.as_ref().is_some_and(|c| c.stored.is_some())
    }

    /// All that was erased.
    pub fn total(&self) -> Counts {
        Counts::sum(self.erased.values())
    }

    /// Whether it is about all of these names.
    pub fn covers(&self, subjects: &[String]) -> bool {
        subjects.iter().all(|name| self.subjects.contains(name))
    }

    fn key(&self) -> String {
        format!("{PREFIX}{}.json", self.receipt)
    }
}

/// A job with the state that was read or written last. Only who knows that state can replace it.
#[derive(Debug)]
pub struct OpenJob {
    /// The job.
    pub job: Job,
    etag: String,
}

impl OpenJob {
    /// Stores a new job.
    ///
    /// # Errors
    /// What the store reports; a job of the same receipt is never replaced.
    pub(crate) async fn create(state: &dyn Store, job: Job) -> Result<Self, EraseError> {
        let etag = put(state, &job, Condition::Absent).await?;
        Ok(Self { job, etag })
    }

    /// Stores the job's new state.
    ///
    /// # Errors
    /// `Precondition` from the store if another run changed it meanwhile.
    pub(crate) async fn save(&mut self, state: &dyn Store) -> Result<(), EraseError> {
        self.etag = put(state, &self.job, Condition::Matches(self.etag.clone())).await?;
        Ok(())
    }
}

async fn put(state: &dyn Store, job: &Job, condition: Condition) -> Result<String, EraseError> {
    let malformed =
        |e: serde_json::Error| EraseError::Job { object: job.key(), detail: e.to_string() };
    let bytes = serde_json::to_vec_pretty(job).map_err(malformed)?;
    let digest = Digest::of(&bytes);
    let meta = state.put(&job.key(), Bytes::from(bytes), digest.as_bytes(), condition).await?;
    Ok(meta.etag)
}

/// Every job of the log, oldest first.
///
/// # Errors
/// What the store reports; [`EraseError::Job`] for a file that is none, since an erasure that cannot be
/// read must not be forgotten.
pub async fn jobs(state: &dyn Store, origin: &Origin) -> Result<Vec<OpenJob>, EraseError> {
    let mut found = Vec::new();
    let mut keys: Vec<_> =
        state.list_direct(PREFIX).await?.into_iter().filter(|e| e.latest).map(|e| e.key).collect();
    keys.dedup();
    for key in keys {
        let stored = state.get(&key, None, MAX_JOB).await?;
        let bad = |detail: String| EraseError::Job { object: key.clone(), detail };
        let job: Job = serde_json::from_slice(&stored.bytes).map_err(|e| bad(e.to_string()))?;
        if job.v != 1 {
            return Err(bad(format!("version {}: a newer dayseal may read it", job.v)));
        }
        if job.origin != *origin {
            return Err(bad(format!("of the log {}, expected {origin}", job.origin)));
        }
        if job.key() != key {
            return Err(bad(format!("its receipt is {}, another than its name says", job.receipt)));
        }
        found.push(OpenJob { job, etag: stored.meta.etag });
    }
    Ok(found)
}
