//! Erasing a person's content: planning it, and carrying it out so that a crash at any step is
//! finished by running again. `docs/spec/erasure.md`, "Order".

use std::collections::BTreeMap;

use dayseal_format::event::EventId;
use dayseal_format::{Day, Digest, Origin, UnixMillis};
use dayseal_store::Store;
use futures_util::stream::{self, StreamExt as _};

use super::certificate::check_words;
use super::error::EraseError;
use super::job::{Completion, Counts, Job, OpenJob, Pass, Problem};
use super::record::{Recorder, completed, requested};
use super::replace::replace;
use super::scan::Scan;
use crate::hold::Holds;

/// Names of one person in one erasure.
pub const MAX_NAMES: usize = 16;
/// Objects replaced at once: each is held in memory twice, up to 64 MiB.
const REPLACED_AT_ONCE: usize = 2;

/// Frames written down as pending at once: their object's longest list is as long.
const MAX_PENDING: usize = 65_536;
/// Objects that could not be replaced before a run stops: something else is wrong then.
const MAX_STUCK: usize = 1_000;
/// Objects of a plan told by name, of those that could not be looked at.
const MAX_PROBLEMS: usize = 100;

/// Something derived from content or entries that may name a person, and can be told to forget one.
#[async_trait::async_trait]
pub trait DerivedIndex: Send + Sync {
    /// Forgets whatever it has under these names. Doing so again changes nothing.
    ///
    /// # Errors
    /// Whatever kept it from that.
    async fn forget(
        &self,
        subjects: &[String],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Erases the content of persons from one log. Needs no key that opens anything.
#[derive(Clone, Copy)]
pub struct Eraser<'a> {
    /// The content root.
    pub content: &'a dyn Store,
    /// The state root.
    pub state: &'a dyn Store,
    /// Records the order and the end.
    pub recorder: &'a dyn Recorder,
    /// The log.
    pub origin: &'a Origin,
    /// Days that a batch may land after its own, as producers are set.
    pub late_days: u16,
    /// Milliseconds after a day's end that clocks and requests under way are given.
    pub grace_ms: i64,
    /// Objects looked at at once.
    pub jobs: usize,
    /// What else must forget.
    pub indexes: &'a [&'a dyn DerivedIndex],
}

/// An erasure as it is ordered.
#[derive(Clone, Debug)]
pub struct Order {
    /// The person's names in frames.
    pub subjects: Vec<String>,
    /// Tenant of the entries that record it.
    pub tenant: String,
    /// Why.
    pub reason: String,
    /// What keeps the evidence, such as `gdpr-17-3-b`.
    pub exemption: String,
    /// Who orders it.
    pub by: String,
}

/// Held content that names the person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Held {
    /// Number of the hold.
    pub hold: u32,
    /// Its reason.
    pub reason: String,
    /// Content objects under it, the person's.
    pub objects: u64,
}

/// What an erasure would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Plan {
    /// Content objects looked at.
    pub looked: u64,
    /// What names the person and is not held, by day.
    pub days: BTreeMap<String, Counts>,
    /// What is held.
    pub held: Vec<Held>,
    /// Objects that could not be looked at.
    pub failed: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
}

impl Plan {
    /// All that would be erased.
    pub fn total(&self) -> Counts {
        Counts::sum(self.days.values())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is erased and recorded.
    Completed,
    /// Everything that is there is erased; what is late can still come until this time.
    Waiting(UnixMillis),
    /// Some of it is held, or could not be dealt with: the job's pass says what.
    Unfinished,
}

impl Eraser<'_> {
    /// From when on no batch of `day` can land any more.
    pub fn settled_at(&self, day: Day) -> UnixMillis {
        let last = day.checked_add(i32::from(self.late_days)).unwrap_or(day);
        last.last_instant().saturating_add(1 + self.grace_ms)
    }

    /// The newest day that is settled at `now`; none before the first days of the calendar.
    fn settled_through(&self, now: UnixMillis) -> Option<Day> {
        let day = now.saturating_add(-self.grace_ms).day();
        day.checked_add(-i32::from(self.late_days) - 1)
    }

    /// Looks at all content and changes nothing.
    ///
    /// # Errors
    /// What the content root reports for the listing, or if it answers for no object.
    pub async fn plan(&self, subjects: &[String], holds: &Holds) -> Result<Plan, EraseError> {
        let mut plan = Plan::default();
        let mut held: BTreeMap<u32, Held> = BTreeMap::new();
        let mut scan = Scan::new(self.content, subjects, self.jobs, None);
        while let Some(window) = scan.next().await? {
            plan.looked += window.looked;
            plan.failed += window.problems.len() as u64;
            let room = MAX_PROBLEMS.saturating_sub(plan.problems.len());
            plan.problems.extend(window.problems.into_iter().take(room));
            for hit in window.hits {
                if let Some((hold, reason)) = holds.covering(&hit.object, subjects) {
                    let reason = reason.to_owned();
                    held.entry(hold).or_insert(Held { hold, reason, objects: 0 }).objects += 1;
                    continue;
                }
                let records = hit.frames.values().map(|n| u64::from(*n)).sum();
                let day = plan.days.entry(day_of(&hit.object)).or_default();
                day.add(hit.frames.len() as u64, records);
            }
        }
        plan.held = held.into_values().collect();
        Ok(plan)
    }

    /// Writes the job down. From here on it is found again, whatever happens.
    ///
    /// `random` are ten random bytes: the receipt's.
    ///
    /// # Errors
    /// [`EraseError::Subjects`]; [`EraseError::Event`] if the order cannot be recorded as it is; what the
    /// state root reports.
    pub async fn begin(
        &self,
        mut order: Order,
        plan: &Plan,
        holds: &Holds,
        now: UnixMillis,
        random: [u8; 10],
    ) -> Result<OpenJob, EraseError> {
        order.subjects.sort_unstable();
        order.subjects.dedup();
        if order.subjects.is_empty() || order.subjects.len() > MAX_NAMES {
            return Err(EraseError::Subjects(order.subjects.len()));
        }
        let job = Job {
            v: 1,
            origin: self.origin.clone(),
            receipt: EventId::from_parts(now, random),
            time: now,
            subjects: order.subjects,
            tenant: order.tenant,
            reason: order.reason,
            exemption: order.exemption,
            by: order.by,
            planned: plan.total(),
            holds: holds.last(),
            requested: None,
            pass: None,
            pending: BTreeMap::new(),
            erased: BTreeMap::new(),
            completed: None,
        };
        // What no entry and no certificate can hold is refused before there is a job of it.
        requested(&job)?;
        check_words(&job).map_err(EraseError::Unsayable)?;
        OpenJob::create(self.state, job).await
    }

    /// Goes on with a job, as far as can be done now.
    ///
    /// Held content is left, and the job open. One object that cannot be dealt with stops no other.
    ///
    /// # Errors
    /// [`EraseError`]; running again goes on where this stopped.
    pub async fn run(
        &self,
        open: &mut OpenJob,
        holds: &Holds,
        now: UnixMillis,
    ) -> Result<Ended, EraseError> {
        if open.job.completed.is_none() {
            self.request(open).await?;
            let ended = self.pass(open, holds, now).await?;
            if ended != Ended::Completed {
                return Ok(ended);
            }
            for index in self.indexes {
                index.forget(&open.job.subjects).await.map_err(EraseError::Index)?;
            }
            let began = open.job.pass.as_ref().map_or(now, |pass| pass.began);
            let through = self.settled_through(began).unwrap_or(open.job.time.day());
            let id = completion_id(now, open.job.receipt);
            open.job.completed = Some(Completion { id, time: now, through, stored: None });
            open.save(self.state).await?;
        }
        self.complete(open).await?;
        Ok(Ended::Completed)
    }

    /// Records the order, unless that is known to be done. The same entry, were it to come twice.
    async fn request(&self, open: &mut OpenJob) -> Result<(), EraseError> {
        if open.job.requested.is_some() {
            return Ok(());
        }
        let what = "privacy.erasure.requested";
        let stored = self.recorder.record(requested(&open.job)?).await;
        let stored = stored.map_err(|source| EraseError::NotRecorded { what, source })?;
        open.job.requested = Some(stored.encode());
        open.save(self.state).await
    }

    async fn complete(&self, open: &mut OpenJob) -> Result<(), EraseError> {
        let Some(end) = open.job.completed.clone().filter(|end| end.stored.is_none()) else {
            return Ok(());
        };
        let what = "privacy.erasure.completed";
        let stored = self.recorder.record(completed(&open.job, &end)?).await;
        let stored = stored.map_err(|source| EraseError::NotRecorded { what, source })?;
        open.job.completed = Some(Completion { stored: Some(stored.encode()), ..end });
        open.save(self.state).await
    }

    /// Walks over all content once. [`Ended::Completed`] only if nothing can come any more.
    async fn pass(
        &self,
        open: &mut OpenJob,
        holds: &Holds,
        now: UnixMillis,
    ) -> Result<Ended, EraseError> {
        let settled = self.settled_at(open.job.time.day());
        // A walk that was cut short goes on, unless a later one could be the last.
        let go_on = |pass: &Pass| !pass.ended && (pass.began >= settled || now < settled);
        let mut pass = match open.job.pass.take() {
            Some(pass) if go_on(&pass) => pass,
            _ => Pass::new(now),
        };
        open.job.holds = open.job.holds.max(holds.last());
        self.settle_pending(open, holds, &mut pass).await;

        let subjects = open.job.subjects.clone();
        let mut scan = Scan::new(self.content, &subjects, self.jobs, pass.after.clone());
        while let Some(window) = scan.next().await? {
            let mut hits = window.hits.into_iter().peekable();
            while hits.peek().is_some() {
                let mut frames = 0;
                while let Some(hit) = hits.next_if(|_| frames < MAX_PENDING) {
                    if holds.covering(&hit.object, &subjects).is_some() {
                        pass.held += 1;
                    } else {
                        frames += hit.frames.len();
                        open.job.pending.entry(hit.object).or_default().extend(hit.frames);
                    }
                }
                if frames > 0 {
                    // Written down before it is done, so that a crash loses no count.
                    open.job.pass = Some(pass.clone());
                    open.save(self.state).await?;
                    self.settle_pending(open, holds, &mut pass).await;
                }
                if open.job.pending.len() > MAX_STUCK {
                    open.job.pass = Some(pass);
                    open.save(self.state).await?;
                    return Ok(Ended::Unfinished);
                }
            }
            window.problems.into_iter().for_each(|problem| pass.fail(problem));
            if !window.last.is_empty() {
                pass.after = Some(window.last);
            }
        }
        pass.ended = true;
        let (clean, last) = (pass.failed == 0 && pass.held == 0, pass.began >= settled);
        open.job.pass = Some(pass);
        open.save(self.state).await?;
        Ok(match (clean && open.job.pending.is_empty(), last) {
            (false, _) => Ended::Unfinished,
            (true, false) => Ended::Waiting(settled),
            (true, true) => Ended::Completed,
        })
    }

    /// Replaces what is written down as pending, and counts what was replaced already. What fails
    /// stays pending; what is held by now is left.
    async fn settle_pending(&self, open: &mut OpenJob, holds: &Holds, pass: &mut Pass) {
        let (content, job) = (self.content, &mut open.job);
        let (subjects, receipt) = (job.subjects.as_slice(), job.receipt);
        let due = std::mem::take(&mut job.pending);
        let held = due.keys().filter(|key| holds.covering(key, subjects).is_some()).count();
        pass.held += held as u64;
        let mut replaced = stream::iter(due)
            .map(|(key, planned)| async move {
                let names = match holds.covering(&key, subjects) {
                    None => subjects,
                    // Nobody's frames: only what an earlier run did is counted.
                    Some(_) => &[],
                };
                let done = replace(content, &key, names, receipt, &planned).await;
                (key, planned, done)
            })
            .buffer_unordered(REPLACED_AT_ONCE);
        while let Some((key, planned, done)) = replaced.next().await {
            match done {
                Ok(done) if done.is_empty() => {}
                Ok(done) => {
                    let records = done.values().map(|n| u64::from(*n)).sum();
                    let day = job.erased.entry(day_of(&key)).or_default();
                    day.add(done.len() as u64, records);
                }
                Err(problem) => {
                    pass.fail(problem);
                    job.pending.insert(key, planned);
                }
            }
        }
    }
}

/// The day in a content object's key; `-` where there is none.
fn day_of(key: &str) -> String {
    let day = key.split('/').nth(1).and_then(|day| day.parse::<Day>().ok());
    day.map_or_else(|| "-".to_owned(), |day| day.to_string())
}

/// One end for one receipt.
fn completion_id(now: UnixMillis, receipt: EventId) -> EventId {
    let digest =
        Digest::of_parts(&[b"dayseal/v1/erasure-completed", receipt.to_string().as_bytes()]);
    let mut random = [0; 10];
    random.copy_from_slice(&digest.0[..10]);
    EventId::from_parts(now, random)
}
