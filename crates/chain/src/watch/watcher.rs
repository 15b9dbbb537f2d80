//! One scheduled run.

use std::pin::pin;
use std::sync::Mutex;

use dayseal_format::manifest::Manifest;
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_format::note::MAX_NOTE;
use dayseal_format::{Checkpoint, Day, Level, Policy, UnixMillis};
use dayseal_keys::DataKeyOpener;
use dayseal_store::Store;
use futures_util::future::{Either, select};
use serde::Serialize;

use super::memory::{Boundary, Memory, RememberedHead, Stored, object};
use super::{WatchError, share};
use crate::verify::{Finding, HeadInfo, Outcome, Progress, Report, VerifyOptions, Walk};
use crate::{Verifier, VerifyError};

/// Longest first line of a manifest, its `day` record.
const MAX_LINE: u64 = 65_536;

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// How deep new days are checked. Older days are checked at this level, and at least `objects`.
    /// The policy's own `require` is an auditor's demand on a whole verification; a scheduled run
    /// is judged by this level.
    pub level: Level,
    /// The time now.
    pub now: UnixMillis,
    /// Every kept object is hashed again at least once in this many days.
    pub rehash_days: u32,
    /// There is no memory yet.
    pub first_run: bool,
    /// Objects worked on at once.
    pub jobs: usize,
}

/// Goes on from its memory, each time it is run.
#[derive(Debug)]
pub struct Watcher<'a> {
    /// The evidence root.
    pub evidence: &'a dyn Store,
    /// The state root: the sealer's head and this verifier's memory.
    pub state: &'a dyn Store,
    /// What to trust.
    pub policy: &'a Policy,
    /// Opens data keys, for level `entries`.
    pub opener: Option<&'a dyn DataKeyOpener>,
    /// What to do.
    pub options: WatchOptions,
}

/// What the run knew from the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemoryState {
    /// It went on from its memory.
    Found,
    /// It was said to be the first.
    First,
    /// There was none. The run does not pass, whatever it saw.
    Missing,
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchReport {
    /// Version of this structure, 1.
    pub v: u8,
    /// What it knew.
    pub memory: MemoryState,
    /// Days not passed before, and those just before them; `None` if the run was stopped before
    /// its end. The next run goes on where this one was.
    pub forward: Option<Report>,
    /// Findings of a part that was stopped, before the judgement at its end.
    pub so_far: Vec<Finding>,
    /// Newest day that a stopped run reached.
    pub reached: Option<Day>,
    /// The share of the past that was hashed again; `None` if none was due, or the run was stopped.
    pub rehashed: Option<Report>,
    /// The exit code `dayseal verify` would end with: of both parts, the first of 1, 5, 4, 3.
    /// 3 for a run without memory, and for one that was stopped.
    pub exit_code: u8,
}

impl WatchReport {
    fn stopped(memory: MemoryState, walk: Option<&Walk>) -> Self {
        let so_far = walk.map_or(Vec::new(), |w| w.findings().cloned().collect());
        let outcomes = so_far.iter().map(|f| f.code.outcome()).chain([Outcome::Unchecked]);
        let exit_code = Report::exit_code(outcomes);
        let reached = walk.and_then(Walk::last_day);
        Self { v: 1, memory, forward: None, so_far, reached, rehashed: None, exit_code }
    }

    /// Whether the run reached its end.
    pub fn done(&self) -> bool {
        self.forward.is_some()
    }

    /// Every finding, the new days' first, each once.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let forward = self.forward.iter().flat_map(|r| &r.findings);
        let seen = move |f: &&Finding| {
            !self.forward.iter().flat_map(|r| &r.findings).any(|g| g.id == f.id)
        };
        let rehashed = self.rehashed.iter().flat_map(|r| &r.findings).filter(seen);
        forward.chain(rehashed).chain(&self.so_far)
    }
}

/// Keeps the last state of a walk, so that a stopped run can be taken up.
struct Recorder<'a> {
    inner: &'a dyn Progress,
    walk: Mutex<Option<Walk>>,
}

impl Progress for Recorder<'_> {
    fn days(&self, count: u64) {
        self.inner.days(count);
    }
    fn day(&self, day: Day, objects: u64) {
        self.inner.day(day, objects);
    }
    fn object(&self, bytes: u64) {
        self.inner.object(bytes);
    }
    fn day_done(&self, walk: &Walk) {
        *self.walk.lock().expect("no panic while it is held") = Some(walk.clone());
        self.inner.day_done(walk);
    }
}

impl<'a> Recorder<'a> {
    fn new(inner: &'a dyn Progress, walk: Option<Walk>) -> Self {
        Self { inner, walk: Mutex::new(walk) }
    }

    fn last(&self) -> Option<Walk> {
        self.walk.lock().expect("no panic while it is held").clone()
    }
}

impl Watcher<'_> {
    /// Verifies what is new and a share of what is old, and remembers. When `stop` resolves, the
    /// work ends at the last whole day, which is kept for the next run.
    ///
    /// # Errors
    /// [`WatchError`], when the run says nothing about the log. What earlier runs remembered stays.
    pub async fn run(
        &self,
        stop: impl Future<Output = ()>,
        progress: &dyn Progress,
    ) -> Result<WatchReport, WatchError> {
        let mut stop = pin!(stop);
        let origin = &self.policy.origin;
        let stored = Memory::read(self.state, origin, &self.policy.verifier_keys).await?;
        let under_way = |s: &Stored| s.head.is_none();
        let known = match &stored {
            Some(s) if self.options.first_run && !under_way(s) => {
                return Err(WatchError::NotFirst { object: object(self.state, origin) });
            }
            Some(s) if !under_way(s) => MemoryState::Found,
            Some(_) => MemoryState::First,
            None if self.options.first_run => MemoryState::First,
            None => MemoryState::Missing,
        };
        let mut memory = match &stored {
            Some(s) => s.memory.clone(),
            None => Memory::new(origin.clone(), self.options.now),
        };
        let policy = Policy { require: self.options.level, ..self.policy.clone() };
        let options = self.forward_options(&policy, stored.as_ref(), known);
        let first = options.first.unwrap_or(policy.first_day);
        let verifier = self.verifier(&policy, options).await?;

        let recorder = Recorder::new(progress, memory.walk.take());
        let work = pin!(forward(&verifier, &recorder));
        let report = match select(work, &mut stop).await {
            Either::Left((report, _)) => report?,
            Either::Right(_) => {
                memory.walk = recorder.last();
                if memory.walk.is_some() && known != MemoryState::Missing {
                    memory.write(self.state, stored.as_ref()).await?;
                }
                return Ok(WatchReport::stopped(known, memory.walk.as_ref()));
            }
        };
        let (rehashed, so_far) = self.rehash(&mut memory, first, &mut stop, progress).await?;
        if known != MemoryState::Missing {
            if report.exit_code == 0
                && let (Some(head), Some(walk)) = (&report.head, recorder.last())
            {
                self.remember(&mut memory, head, &walk).await?;
            }
            // A first run that does not pass leaves no memory: the next must be said to be first too.
            if memory.head.is_some() {
                memory.write(self.state, stored.as_ref()).await?;
            }
        }
        let codes = [
            report.exit_code,
            rehashed.as_ref().map_or(0, |r| r.exit_code),
            Report::exit_code(so_far.iter().map(|f| f.code.outcome())),
            if known == MemoryState::Missing { Outcome::Unchecked.exit_code() } else { 0 },
        ];
        let (forward, reached) = (Some(report), None);
        let exit_code = worst(codes);
        Ok(WatchReport { v: 1, memory: known, forward, so_far, reached, rehashed, exit_code })
    }

    async fn verifier<'v>(
        &'v self,
        policy: &'v Policy,
        options: VerifyOptions,
    ) -> Result<Verifier<'v>, VerifyError> {
        Verifier::new(self.evidence, Some(self.state), Some(policy), self.opener, options).await
    }

    fn options(&self, level: Level) -> VerifyOptions {
        VerifyOptions { jobs: self.options.jobs, ..VerifyOptions::new(level, self.options.now) }
    }

    /// From some days before the remembered head: late batches may still have come for them, and
    /// whether a service is silent shows only over the days it may be.
    fn forward_options(
        &self,
        policy: &Policy,
        stored: Option<&Stored>,
        known: MemoryState,
    ) -> VerifyOptions {
        let mut options = self.options(self.options.level);
        options.first_run = known == MemoryState::First;
        if let Some(stored) = stored
            && let Some(remembered) = &stored.memory.head
        {
            let silent = policy.services.values().copied().max().unwrap_or(0);
            let back = i32::try_from(silent).unwrap_or(i32::MAX).clamp(3, 31);
            let first = remembered.day.checked_add(-back).unwrap_or(policy.first_day);
            let kept = stored.memory.days.first().map_or(policy.first_day, |b| b.day);
            options.first = Some(first.max(kept).max(policy.first_day));
            options.known_head.clone_from(&stored.head);
        }
        options
    }

    /// Reads the share of the past that is due once more, against what was remembered of it. If it
    /// is stopped, the days done are done; what was found in them is given without a report.
    async fn rehash(
        &self,
        memory: &mut Memory,
        before: Day,
        stop: &mut (impl Future<Output = ()> + Unpin),
        progress: &dyn Progress,
    ) -> Result<(Option<Report>, Vec<Finding>), WatchError> {
        let due = share::due(memory, before, self.options.now, self.options.rehash_days).to_vec();
        let (Some(from), Some(to)) = (due.first(), due.last()) else {
            memory.rehashed_at = self.options.now;
            return Ok((None, Vec::new()));
        };
        let level = self.options.level.max(Level::Objects);
        let mut options = self.options(level);
        (options.first, options.last) = (Some(from.day), Some(to.day));
        let origin = self.policy.origin.clone();
        options.known_head = Some(Checkpoint { origin, size: to.size, root: to.root });
        // Whether services are silent now, the forward part says.
        let services = Default::default();
        let policy = Policy { require: level, services, ..self.policy.clone() };
        let verifier = self.verifier(&policy, options).await?;
        let recorder = Recorder::new(progress, None);
        let work = pin!(verifier.run(&recorder));
        match select(work, stop).await {
            Either::Left((report, _)) => {
                memory.next = to.day.next();
                memory.rehashed_at = self.options.now;
                Ok((Some(report?), Vec::new()))
            }
            Either::Right(_) => {
                let Some(walk) = recorder.last() else { return Ok((None, Vec::new())) };
                let here = |b: &Boundary| walk.boundaries().contains(&(b.day, b.size, b.root));
                let mut done = due.iter().take_while(|b| here(b));
                if walk.findings().next().is_none()
                    && let Some(last) = done.by_ref().last()
                {
                    memory.next = last.day.next();
                }
                Ok((None, walk.findings().cloned().collect()))
            }
        }
    }

    /// Moves the memory on to what passed.
    async fn remember(
        &self,
        memory: &mut Memory,
        head: &HeadInfo,
        walk: &Walk,
    ) -> Result<(), WatchError> {
        let key = checkpoint_key(head.day);
        let stored = self.evidence.get(&key, None, MAX_NOTE as u64).await?;
        let wrong = |reason: String| WatchError::Memory {
            object: format!("{}/{key}", self.evidence.url()),
            reason,
        };
        // The store may answer otherwise than a moment ago: only what was verified is remembered.
        let keys = &self.policy.verifier_keys;
        let checkpoint = Checkpoint::open(&stored.bytes, &self.policy.origin, keys)
            .map_err(|e| wrong(e.to_string()))?;
        if (checkpoint.size, checkpoint.root) != (head.size, head.root) {
            return Err(wrong("it changed since it was verified".into()));
        }
        let note = String::from_utf8(stored.bytes.to_vec()).map_err(|e| wrong(e.to_string()))?;
        memory.head = Some(RememberedHead { note, day: head.day });
        let start = self.evidence.get_range(&manifest_key(head.day), None, 0, MAX_LINE).await?;
        let day = Manifest::read_day_record(&start.bytes).map_err(|e| wrong(e.to_string()))?;
        memory.add(walk.boundaries(), day.kept_from.max(self.policy.first_day));
        Ok(())
    }
}

async fn forward(verifier: &Verifier<'_>, progress: &Recorder<'_>) -> Result<Report, VerifyError> {
    if let Some(walk) = progress.last() {
        match verifier.resume(walk, progress).await {
            // The policy, the level or the log changed since: begin again.
            Err(VerifyError::OtherRun(why)) => {
                tracing::warn!(why, "the run under way is not taken up");
            }
            other => return other,
        }
    }
    verifier.run(progress).await
}

/// Of several exit codes, the first of 1, 5, 4, 3.
fn worst<const N: usize>(codes: [u8; N]) -> u8 {
    [1, 5, 4, 3].into_iter().find(|code| codes.contains(code)).unwrap_or(0)
}
