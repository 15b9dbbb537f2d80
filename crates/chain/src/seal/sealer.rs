//! The sealer.

use dayseal_format::manifest::{Manifest, ManifestPlan};
use dayseal_format::merkle::Frontier;
use dayseal_format::names::{checkpoint_key, manifest_key};
use dayseal_format::record::Counts;
use dayseal_format::{Day, Digest, UnixMillis, VerifierKey};
use dayseal_keys::Signer;
use dayseal_store::{Condition, ErrorKind, Store};
use serde::Serialize;

use super::SealError;
use super::adopt::check_objects;
use super::collect::{late_objects, own_objects};
use super::orders::new_orders;
use super::progress::{Tip, newest_sealed, read_checkpoint, read_manifest};
use super::rotation::Rotation;
use super::spool::{self, Spooled};
use crate::create::{LogSettings, put_new, sign};
use crate::days::DayError;
use crate::head::Head;
use crate::index::{Indexer, IndexingError};

/// How far the clocks of two sealers may be apart, or the beginnings of two runs that meet; five
/// minutes is what the producer refuses too.
const CLOCKS_DIFFER_MS: i64 = 5 * 60_000;

/// Indexes of earlier days that one run makes: a log from before there were indexes keeps no sealer for hours.
const INDEXES_AT_ONCE: usize = 31;

/// Seals the days of one log.
///
/// Needs to list and read the evidence root, to create manifests and checkpoints in it, to
/// read and swap the head in the state root, to list and read orders of removal there, and to write indexes.
/// Holds no data key: it proves that bytes stood when it sealed, not that they are authentic.
#[derive(Debug)]
pub struct Sealer<'a> {
    evidence: &'a dyn Store,
    state: &'a dyn Store,
    signer: &'a dyn Signer,
    rotation: Rotation<'a>,
    settings: LogSettings,
}

/// One day that a run sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SealedDay {
    /// The day.
    pub day: Day,
    /// Totals of its manifest.
    pub counts: Counts,
    /// Leaves of the log after it.
    pub size: u64,
    /// Another run, perhaps a crashed one, had written the manifest.
    pub adopted: bool,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SealSummary {
    /// Days sealed now, oldest first.
    pub sealed: Vec<SealedDay>,
    /// Newest sealed day, by this run or an earlier one.
    pub newest: Option<Day>,
}

impl<'a> Sealer<'a> {
    /// A sealer of the log that `settings` name.
    ///
    /// # Errors
    /// [`SealError::Settings`].
    pub fn new(
        evidence: &'a dyn Store,
        state: &'a dyn Store,
        signer: &'a dyn Signer,
        settings: LogSettings,
    ) -> Result<Self, SealError> {
        settings.check()?;
        let rotation = Rotation::none(signer);
        Ok(Self { evidence, state, signer, rotation, settings })
    }

    /// The same, with a key that takes over: the next day sealed announces it and is signed by both,
    /// later days by `next` alone. Safe to keep until the first key is given up.
    ///
    /// # Errors
    /// [`SealError::Settings`] if both are one key, or `next` is named after another log.
    pub fn rotating_to(mut self, next: &'a dyn Signer) -> Result<Self, SealError> {
        self.rotation = Rotation::to(self.signer, next, &self.settings.origin)?;
        Ok(self)
    }

    /// The newest day that may be sealed at `now`: the one before the day of `now - grace_ms`.
    pub fn due(now: UnixMillis, grace_ms: i64) -> Option<Day> {
        now.saturating_add(-grace_ms).day().previous()
    }

    /// Seals every unsealed day up to `through`, in order. `each` hears of every day as it is done.
    ///
    /// Idempotent and safe to cancel: what is left half-done, the next run finishes.
    ///
    /// # Errors
    /// [`SealError`]; the days already sealed stay sealed.
    pub async fn seal_through(
        &self,
        through: Day,
        now: UnixMillis,
        mut each: impl FnMut(&SealedDay),
    ) -> Result<SealSummary, SealError> {
        if now <= through.last_instant() {
            let reason = format!("{through} has not ended at {now}");
            return Err(SealError::Settings { reason });
        }
        let mut head = self.head().await?;
        let mut tip = self.tip(now).await?;
        self.reconcile(&head, &tip).await?;
        let mut indexing = self.index_missing(tip.day).await;
        let mut signer = self.signer_after(&tip).await?;
        let mut summary = SealSummary { sealed: Vec::new(), newest: tip.day };
        let first = match tip.day {
            None => Some(self.settings.first_day),
            Some(day) => day.next(),
        };
        let Some(first) = first else { return Ok(summary) };
        for day in first.through(through) {
            let (manifest, digest, adopted) = self.manifest(day, &tip, signer, now).await?;
            let (signers, next) = self.rotation.signers(signer, &manifest, self.evidence.url())?;
            signer = next;
            tip = Tip::after(&manifest, digest);
            head = self.publish(day, &tip, &signers, head).await?;
            indexing = indexing && self.index(day).await;
            let sealed =
                SealedDay { day, counts: manifest.day.counts, size: tip.tree.size(), adopted };
            tracing::info!(%day, entries = sealed.counts.entries, size = sealed.size, "sealed");
            each(&sealed);
            summary.sealed.push(sealed);
            summary.newest = Some(day);
        }
        Ok(summary)
    }

    /// Makes the index of a sealed day; false if it could not be made. It is derived: without it searches read more,
    /// so this fails no seal.
    async fn index(&self, day: Day) -> bool {
        let made = self.indexer().make(day).await;
        match &made {
            Ok(done) => tracing::debug!(%day, hinted = done.hinted, bytes = done.bytes, "indexed"),
            Err(error) => tracing::warn!(%day, error = error as &dyn std::error::Error,
                "the day is sealed and has no index; the next seal makes it, or `dayseal index`"),
        }
        // A day that cannot be relied on, or whose signer is known no more, will not be another one next time.
        !matches!(made, Err(IndexingError::Store(_) | IndexingError::Day(DayError::Store(_))))
    }

    /// Makes the indexes that earlier runs could not, oldest first, so that those missing are always the newest;
    /// false if one still could not be made.
    async fn index_missing(&self, newest: Option<Day>) -> bool {
        let (mut missing, mut day) = (Vec::new(), newest);
        while let Some(d) = day.filter(|d| *d >= self.settings.first_day) {
            match self.indexer().exists(d).await {
                Ok(false) if missing.len() < INDEXES_AT_ONCE => missing.push(d),
                _ => break,
            }
            day = d.previous();
        }
        for day in missing.into_iter().rev() {
            if !self.index(day).await {
                return false;
            }
        }
        true
    }

    fn indexer(&self) -> Indexer<'_> {
        Indexer::new(self.evidence, self.state, &self.settings.origin, self.known())
    }

    fn known(&self) -> &[VerifierKey] {
        self.rotation.known()
    }

    /// Who signs the day after `tip`.
    async fn signer_after(&self, tip: &Tip) -> Result<&'a dyn Signer, SealError> {
        if let (Some(announced), Some(day)) = (&tip.next_key, tip.day) {
            return self.rotation.signer_of(announced, day, self.evidence.url());
        }
        // The newest checkpoint tells on which side of the change the log is.
        let Some(next) = self.rotation.next() else { return Ok(self.signer) };
        let (origin, known) = (&self.settings.origin, std::slice::from_ref(next.verifier_key()));
        match read_checkpoint(self.evidence, tip.day, origin, known).await {
            Ok(_) => Ok(next),
            Err(SealError::Checkpoint { .. }) => Ok(self.signer),
            Err(e) => Err(e),
        }
    }

    async fn head(&self) -> Result<Head, SealError> {
        Head::read(self.state, &self.settings.origin, self.known())
            .await?
            .ok_or_else(|| SealError::NoHead { state: self.state.url().to_owned() })
    }

    /// The newest sealed day, its manifest checked against its checkpoint.
    async fn tip(&self, now: UnixMillis) -> Result<Tip, SealError> {
        let origin = &self.settings.origin;
        let kept = self.settings.retention_days;
        let newest = newest_sealed(self.evidence, origin, self.known(), now.day(), kept).await?;
        let signed = read_checkpoint(self.evidence, newest, origin, self.known()).await?;
        let tip = match newest {
            None => Tip {
                day: None,
                tree: Frontier::new(),
                manifest: None,
                sealed_at: None,
                kept_from: None,
                next_key: None,
            },
            Some(day) => {
                let (manifest, digest) = read_manifest(self.evidence, day, origin, |_| {}).await?;
                Tip::after(&manifest, digest)
            }
        };
        if tip.checkpoint(origin) != signed {
            let key = newest.map_or("the first checkpoint".to_owned(), manifest_key);
            let object = format!("{}/{key}", self.evidence.url());
            return Err(SealError::Diverged { object, leaves: signed.size });
        }
        Ok(tip)
    }

    /// Refuses to go on from evidence that does not lead to the head.
    async fn reconcile(&self, head: &Head, tip: &Tip) -> Result<(), SealError> {
        let origin = &self.settings.origin;
        let (head, at) = (&head.checkpoint, tip.checkpoint(origin));
        if *head == at {
            return Ok(());
        }
        if head.size > at.size {
            // A run that stopped between head and checkpoint left the manifest that leads there.
            let day = tip.day.map_or(Some(self.settings.first_day), Day::next);
            let Some(day) = day else {
                return Err(SealError::RolledBack { head: head.size, found: at.size });
            };
            let manifest = match read_manifest(self.evidence, day, origin, |_| {}).await {
                Err(SealError::Store(e)) if e.kind() == ErrorKind::NotFound => {
                    return Err(SealError::RolledBack { head: head.size, found: at.size });
                }
                other => other?.0,
            };
            let leads = manifest.after.size() == head.size && manifest.after.root() == head.root;
            let object = format!("{}/{}", self.evidence.url(), manifest_key(day));
            return if leads {
                Ok(())
            } else if manifest.after.size() < head.size {
                Err(SealError::RolledBack { head: head.size, found: at.size })
            } else {
                Err(SealError::Diverged { object, leaves: head.size })
            };
        }
        // The head is behind: the state root was restored from an older copy. The evidence may go
        // on only if the head is one of its own past.
        let mut day = tip.day;
        while let Some(d) = day {
            let (manifest, _) = read_manifest(self.evidence, d, origin, |_| {}).await?;
            if manifest.before.size() == head.size && manifest.before.root() == head.root {
                tracing::warn!(head = head.size, evidence = at.size, "the head was behind");
                return Ok(());
            }
            if manifest.before.size() < head.size {
                break;
            }
            day = d.previous().filter(|d| *d >= self.settings.first_day);
        }
        let object = format!("{} (head)", self.state.url());
        Err(SealError::Diverged { object, leaves: head.size })
    }

    /// The day's manifest, as stored and checked: made now, or adopted from another run.
    async fn manifest(
        &self,
        day: Day,
        tip: &Tip,
        signer: &dyn Signer,
        now: UnixMillis,
    ) -> Result<(Manifest, Digest, bool), SealError> {
        let key = manifest_key(day);
        let origin = &self.settings.origin;
        let existing = match read_manifest(self.evidence, day, origin, |_| {}).await {
            Err(SealError::Store(e)) if e.kind() == ErrorKind::NotFound => None,
            other => Some(other?),
        };
        let adopted = if existing.is_some() {
            true
        } else {
            let built = self.build(day, tip, signer, now).await?;
            let (file, digest) = (built.file.path(), built.digest.as_bytes());
            match self.evidence.put_file(&key, file, digest, Condition::Absent).await {
                Ok(_) => false,
                // Another sealer was faster, or our own earlier try landed: what is stored counts.
                Err(e) if e.kind() == ErrorKind::AlreadyExists => true,
                Err(e) => return Err(e.into()),
            }
        };
        let stored = match existing {
            Some(stored) => stored,
            None => read_manifest(self.evidence, day, origin, |_| {}).await?,
        };
        let (manifest, digest) = stored;
        self.check(&manifest, tip, now)?;
        if adopted {
            self.check_promises(&manifest, tip).await?;
            check_objects(self.evidence, origin, day, digest).await?;
        }
        Ok((manifest, digest, adopted))
    }

    async fn build(
        &self,
        day: Day,
        tip: &Tip,
        signer: &dyn Signer,
        now: UnixMillis,
    ) -> Result<Spooled, SealError> {
        let mut now = now;
        if let (Some(sealed_at), Some(newest)) = (tip.sealed_at, tip.day)
            && now < sealed_at
        {
            if sealed_at > now.saturating_add(CLOCKS_DIFFER_MS) {
                return Err(SealError::Clock { now, day: newest, sealed_at });
            }
            // Another sealer, a little ahead or begun a little later, sealed the day before.
            now = sealed_at;
        }
        let settings = &self.settings;
        let plan = ManifestPlan {
            origin: settings.origin.clone(),
            day,
            sealed_at: now,
            before: tip.tree.clone(),
            previous: tip.manifest,
            late_days: settings.late_days,
            keep_until: self.keep_until(day),
            kept_from: self.kept_from(day, tip).await?,
        };
        let oldest = day.checked_add(-i32::from(settings.late_days));
        let oldest = oldest.unwrap_or(settings.first_day).max(settings.first_day);
        let stores = (self.evidence, self.state);
        let sealed = tip.day.into_iter().flat_map(|newest| oldest.through(newest));
        let orders = new_orders(stores, &plan, oldest.through(day), sealed).await?;
        let mut writer = spool::begin(plan)?;
        orders.into_iter().for_each(|order| writer.removed(order));
        if let Some(next) = self.rotation.announced_by(signer) {
            writer.next_key(next.clone());
        }
        let (evidence, origin) = (self.evidence, &settings.origin);
        if let Some(newest) = tip.day {
            let window = oldest.through(newest);
            late_objects(evidence, origin, window, newest, &mut writer).await?;
        }
        own_objects(evidence, origin, day, &mut writer).await?;
        let join = move || spool::finish(day, writer);
        tokio::task::spawn_blocking(join).await.expect("joining two files does not panic")
    }

    /// The oldest day whose own record says that it must still be kept on `day`.
    async fn kept_from(&self, day: Day, tip: &Tip) -> Result<Day, SealError> {
        let mut oldest = tip.kept_from.unwrap_or(day);
        while oldest < day {
            let key = manifest_key(oldest);
            let keep_until = match self.evidence.get_range(&key, None, 0, 65_536).await {
                Ok(head) => {
                    Manifest::read_day_record(&head.bytes)
                        .map_err(|source| {
                            let object = format!("{}/{key}", self.evidence.url());
                            SealError::Manifest { object, source }
                        })?
                        .keep_until
                }
                // It must be there, but that is no reason to sign that the day is over.
                Err(e) if e.kind() == ErrorKind::NotFound => self.keep_until(oldest),
                Err(e) => return Err(e.into()),
            };
            if keep_until >= day {
                break;
            }
            oldest = oldest.next().unwrap_or(day);
        }
        Ok(oldest)
    }

    /// Whether a stored manifest continues the chain at `tip`.
    fn check(&self, manifest: &Manifest, tip: &Tip, now: UnixMillis) -> Result<(), SealError> {
        let day = manifest.day.day;
        let object = format!("{}/{}", self.evidence.url(), manifest_key(day));
        let tampered = |expected, found: String| {
            Err(SealError::Tampered { object: object.clone(), expected, found })
        };
        if manifest.before != tip.tree {
            return tampered("the tree of the day before", format!("{} leaves", manifest.day.size));
        }
        if manifest.day.previous != tip.manifest {
            return tampered("the digest of the manifest before", "another".into());
        }
        let sealed_at = manifest.day.sealed_at;
        if sealed_at <= day.last_instant() || tip.sealed_at.is_some_and(|t| sealed_at < t) {
            return tampered(
                "a sealing time after the day and the seal before",
                sealed_at.to_string(),
            );
        }
        if sealed_at > now.saturating_add(CLOCKS_DIFFER_MS) {
            return Err(SealError::Clock { now, day, sealed_at });
        }
        Ok(())
    }

    /// Whether an adopted manifest promises what this sealer's settings do.
    async fn check_promises(&self, manifest: &Manifest, tip: &Tip) -> Result<(), SealError> {
        let (m, day) = (&manifest.day, manifest.day.day);
        let kept_from = self.kept_from(day, tip).await?;
        let (keep_until, late_days) = (self.keep_until(day), self.settings.late_days);
        if m.keep_until >= keep_until && m.kept_from <= kept_from && m.late_days == late_days {
            return Ok(());
        }
        Err(SealError::Tampered {
            object: format!("{}/{}", self.evidence.url(), manifest_key(day)),
            expected: "the retention and late days of the settings (if they were changed since, set them back for this day)",
            found: format!(
                "kept from {} until {}, {} late days",
                m.kept_from, m.keep_until, m.late_days
            ),
        })
    }

    /// The last day on which objects of `day` must be there.
    fn keep_until(&self, day: Day) -> Day {
        let keep = i32::try_from(self.settings.retention_days).expect("checked: at most 36,525");
        day.checked_add(keep).unwrap_or(UnixMillis::MAX.day())
    }

    /// Head, then checkpoint.
    async fn publish(
        &self,
        day: Day,
        tip: &Tip,
        signers: &[&dyn Signer],
        mut head: Head,
    ) -> Result<Head, SealError> {
        let origin = &self.settings.origin;
        let target = tip.checkpoint(origin);
        let key = checkpoint_key(day);
        let diverged = |object: String| SealError::Diverged { object, leaves: target.size };
        let note = sign(signers, &target).await?;
        while head.checkpoint.size < target.size {
            match head.advance(self.state, &note).await {
                // Lost to another sealer, or to an answer that never came: what is stored counts.
                Err(e) if e.kind() != ErrorKind::Precondition => return Err(e.into()),
                _ => head = self.head().await?,
            }
        }
        if head.checkpoint.size == target.size && head.checkpoint != target {
            return Err(diverged(format!("{} (head)", self.state.url())));
        }
        let published = if head.checkpoint.size > target.size {
            // Another sealer is days ahead; it published this day's checkpoint before it went on.
            true
        } else {
            match put_new(self.evidence, &key, note.into()).await {
                Ok(()) => false,
                Err(SealError::Store(e)) if e.kind() == ErrorKind::AlreadyExists => true,
                Err(e) => return Err(e),
            }
        };
        if published {
            let stored = read_checkpoint(self.evidence, Some(day), origin, self.known()).await?;
            if stored != target {
                return Err(diverged(format!("{}/{key}", self.evidence.url())));
            }
        }
        Ok(head)
    }
}
