//! Level `chain`: signatures, tree, days.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dayseal_format::checkpoint::CheckpointError;
use dayseal_format::manifest::{MAX_MANIFEST, Manifest, ManifestError};
use dayseal_format::names::{
    CHECKPOINTS, FIRST_CHECKPOINT, MANIFESTS, checkpoint_key, manifest_key, parse_checkpoint_key,
    parse_manifest_key,
};
use dayseal_format::note::MAX_NOTE;
use dayseal_format::record::{DayRecord, Record, RecordError};
use dayseal_format::{Checkpoint, Day, Digest, Policy, merkle};
use dayseal_store::{EntryKind, ErrorKind, StoreError};

use super::ahead::ReadManifest;
use super::finding::{Finding, FindingCode as Code};
use super::verifier::Verifier;
use super::walk::Walk;
use crate::SealError;
use crate::expiry::{CHAIN_DAYS, chain_kept_from};
use crate::objects::{Lister, oldest_version};

/// Which days have a manifest and a checkpoint.
#[derive(Debug, Default)]
pub(super) struct ChainDays {
    pub(super) days: BTreeMap<Day, (bool, bool)>,
    /// Keys under a delete marker, with the day they name.
    markers: Vec<(Option<Day>, String)>,
}

/// A manifest as read, with what it says.
pub(super) struct DayManifest {
    pub(super) manifest: Manifest,
    pub(super) records: Vec<Record>,
    pub(super) digest: Digest,
}

impl DayManifest {
    /// Whether it is the one that was signed.
    pub(super) fn is_of(&self, signed: &Checkpoint) -> bool {
        (self.manifest.after.size(), self.manifest.after.root()) == (signed.size, signed.root)
    }
}

/// Takes in what is wrong with a manifest.
fn found(walk: &mut Walk, read: ReadManifest) -> Option<Arc<DayManifest>> {
    read.unwrap_or_else(|finding| {
        walk.find(finding);
        None
    })
}

/// The checkpoint of a day, or of the empty tree.
fn note_object(day: Option<Day>) -> String {
    day.map_or(FIRST_CHECKPOINT.to_owned(), checkpoint_key)
}

impl Verifier<'_> {
    /// Lists manifests and checkpoints with all their versions.
    pub(super) async fn chain_days(&self, walk: &mut Walk) -> Result<ChainDays, StoreError> {
        let mut found = ChainDays::default();
        for prefix in [MANIFESTS, CHECKPOINTS] {
            let mut lister = Lister::new(self.evidence, prefix);
            while let Some(versions) = lister.next().await? {
                let key = &versions.key;
                let day = parse_manifest_key(key).or_else(|| parse_checkpoint_key(key));
                if versions.entries.iter().any(|e| e.kind == EntryKind::DeleteMarker) {
                    found.markers.push((day, key.clone()));
                }
                let objects = versions.entries.iter().filter(|e| e.kind == EntryKind::Object);
                let count = objects.count();
                if count > 1 {
                    let detail = format!("expected one version, found {count}");
                    walk.find(Finding::new(Code::ExtraVersion, day, key, detail));
                }
                match (day, prefix) {
                    _ if count == 0 => {}
                    (Some(day), MANIFESTS) => found.days.entry(day).or_default().0 = true,
                    (Some(day), _) => found.days.entry(day).or_default().1 = true,
                    (None, _) if key == FIRST_CHECKPOINT => {}
                    (None, _) => {
                        let detail = "not the name of a manifest or checkpoint";
                        walk.find(Finding::new(Code::UnlistedObject, None, key, detail));
                    }
                }
            }
        }
        walk.chain_kept_from = self.chain_kept_from(&found).await?;
        for (day, key) in std::mem::take(&mut found.markers) {
            // How lifecycle rules begin.
            if !day.is_some_and(|day| walk.chain_over(day)) {
                let detail = "a delete marker hides a part of the chain";
                walk.find(Finding::new(Code::DeleteMarker, day, key, detail));
            }
        }
        // What is left of an expired day without its other half proves nothing.
        found.days.retain(|day, has| *has == (true, true) || !walk.chain_over(*day));
        Ok(found)
    }

    /// The oldest day whose manifest and checkpoint must be there: what the log says, and never less
    /// than the policy's floor asks for.
    async fn chain_kept_from(&self, found: &ChainDays) -> Result<Option<Day>, StoreError> {
        let sealed =
            found.days.iter().filter(|(_, has)| **has == (true, true)).map(|(day, _)| *day);
        let today = self.options.now.day();
        let stated = chain_kept_from(self.evidence, &self.origin, &self.keys, sealed, today).await;
        let stated = match stated {
            Err(SealError::Store(e)) => return Err(e),
            other => other.ok().flatten(),
        };
        let floor = self.policy.map_or(0, |p| p.retention_floor);
        let asked = i32::try_from(floor).ok().and_then(|n| n.checked_add(i32::from(CHAIN_DAYS)));
        let asked = asked.and_then(|days| today.checked_add(-days));
        Ok(stated.zip(asked).map(|(stated, asked)| stated.min(asked).max(self.first_day)))
    }

    /// The signed checkpoint of a day (of the empty tree if `None`), or a finding.
    pub(super) async fn checkpoint(
        &self,
        walk: &mut Walk,
        day: Option<Day>,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let note = self.note(day).await;
        self.open_note(walk, day, note)
    }

    /// The checkpoint of a day (of the empty tree if `None`), as it is stored.
    pub(super) async fn note(&self, day: Option<Day>) -> Result<Bytes, StoreError> {
        self.oldest(&note_object(day), MAX_NOTE as u64).await
    }

    /// What [`Verifier::note`] read, opened under the keys that may sign the day.
    fn open_note(
        &self,
        walk: &mut Walk,
        day: Option<Day>,
        note: Result<Bytes, StoreError>,
    ) -> Result<Option<Checkpoint>, StoreError> {
        let key = note_object(day);
        let note = match note {
            Ok(note) => note,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == ErrorKind::TooLarge => {
                let detail = format!("longer than any checkpoint: {e}");
                walk.find(Finding::new(Code::AlteredCheckpoint, day, key, detail));
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        match Checkpoint::open(&note, &self.origin, &self.keys_of(walk, day)) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(error) => {
                if let Some(unnamed) = self.unnamed(walk, day, &note) {
                    walk.find(Finding::new(Code::UnnamedKey, day, key, unnamed));
                    return Ok(None);
                }
                let code = match &error {
                    CheckpointError::Note(
                        dayseal_format::note::NoteError::BadSignature { .. }
                        | dayseal_format::note::NoteError::Unsigned { .. },
                    ) => Code::BadSignature,
                    _ => Code::AlteredCheckpoint,
                };
                walk.find(Finding::new(code, day, key, error.to_string()));
                Ok(None)
            }
        }
    }

    /// A day's manifest, consistent in itself, or a finding.
    pub(super) async fn manifest(
        &self,
        walk: &mut Walk,
        day: Day,
    ) -> Result<Option<Arc<DayManifest>>, StoreError> {
        Ok(found(walk, self.read_manifest(day).await?))
    }

    /// The same, whatever the walk knows.
    pub(super) async fn read_manifest(&self, day: Day) -> Result<ReadManifest, StoreError> {
        let key = manifest_key(day);
        let bytes = match self.oldest(&key, MAX_MANIFEST).await {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Ok(None)),
            Err(e) if e.kind() == ErrorKind::TooLarge => {
                return Ok(Err(Finding::new(Code::AlteredManifest, day, key, e.to_string())));
            }
            Err(e) => return Err(e),
        };
        let mut records = Vec::new();
        match Manifest::read(&bytes, &self.origin, day, |_, record| records.push(record)) {
            Ok(manifest) => {
                let digest = Digest::of(&bytes);
                Ok(Ok(Some(Arc::new(DayManifest { manifest, records, digest }))))
            }
            Err(error) => {
                // What a newer version wrote is neither right nor wrong to this one.
                let newer = matches!(
                    &error,
                    ManifestError::Record {
                        source: RecordError::UnknownKind { .. } | RecordError::Version { .. },
                        ..
                    }
                );
                let code = if newer { Code::Unreadable } else { Code::AlteredManifest };
                Ok(Err(Finding::new(code, day, key, error.to_string())))
            }
        }
    }

    /// The oldest version of a write-once object: the one that was sealed, whatever came over it.
    pub(super) async fn oldest(&self, key: &str, limit: u64) -> Result<Bytes, StoreError> {
        let version = oldest_version(self.evidence, key).await?;
        Ok(self.evidence.get(key, version.as_deref(), limit).await?.bytes)
    }

    /// Where the walk starts: the tree before the first day it visits.
    pub(super) async fn start(&self, walk: &mut Walk, first: Day) -> Result<(), StoreError> {
        if first <= self.first_day {
            match self.checkpoint(walk, None).await? {
                Some(c) if c.size == 0 && c.root == merkle::empty_root() => {}
                Some(c) => {
                    let detail = format!("expected the empty tree, found {} leaves", c.size);
                    let object = FIRST_CHECKPOINT;
                    walk.find(Finding::new(Code::AlteredCheckpoint, None, object, detail));
                }
                None => {
                    let detail = "the checkpoint that `init` signs is not there";
                    let object = FIRST_CHECKPOINT;
                    walk.find(Finding::new(Code::MissingCheckpoint, None, object, detail));
                }
            }
            walk.tip = Some((0, merkle::empty_root()));
        } else if let Some(before) = first.previous()
            && let Some(c) = self.checkpoint(walk, Some(before)).await?
        {
            walk.boundaries.push((before, c.size, c.root));
            walk.tip = Some((c.size, c.root));
        }
        Ok(())
    }

    /// Checks one day of the chain and moves the walk past it; the manifest if there is one, and whether it is
    /// the one that the day's checkpoint signs.
    pub(super) async fn chain_day(
        &self,
        walk: &mut Walk,
        day: Day,
        has: (bool, bool),
        (note, read): (Option<Result<Bytes, StoreError>>, ReadManifest),
    ) -> Result<Option<(Arc<DayManifest>, bool)>, StoreError> {
        let signed = match note {
            Some(note) => self.open_note(walk, Some(day), note)?,
            None => None,
        };
        let read = found(walk, read);
        let tip = walk.tip;
        if !has.0 {
            let detail = "the day has a checkpoint and no manifest";
            walk.find(Finding::new(Code::MissingManifest, day, manifest_key(day), detail));
        }
        // A seal under way has its manifest and not yet its checkpoint, on the newest day only.
        if !has.1 {
            let detail = "the day has a manifest and no checkpoint: its seal was not finished";
            walk.find(Finding::new(Code::MissingCheckpoint, day, checkpoint_key(day), detail));
        }
        if let Some(read) = &read {
            self.check_links(walk, day, read, signed.as_ref());
            self.check_day_record(walk, &read.manifest.day);
            walk.manifest = Some(read.digest);
            walk.tip = Some((read.manifest.after.size(), read.manifest.after.root()));
        } else {
            walk.manifest = None;
            walk.tip = None;
        }
        let holds = match (&signed, &read) {
            (Some(signed), Some(read)) => read.is_of(signed),
            _ => false,
        };
        if let (true, Some(read), None) = (holds, &read, tip)
            && let Some(previous) = day.previous()
        {
            // Signed with the day's first line: a head from before what is gone can be linked.
            let before = &read.manifest.before;
            walk.boundaries.push((previous, before.size(), before.root()));
        }
        if let (Some(signed), Some(read)) = (&signed, &read) {
            self.note_key(walk, day, read, signed).await?;
        }
        if let Some(signed) = signed {
            // Signed facts outrank unsigned ones for what follows.
            walk.tip = Some((signed.size, signed.root));
            walk.boundaries.push((day, signed.size, signed.root));
        }
        Ok(read.map(|read| (read, holds)))
    }

    fn check_links(
        &self,
        walk: &mut Walk,
        day: Day,
        read: &DayManifest,
        signed: Option<&Checkpoint>,
    ) {
        let (m, key) = (&read.manifest, manifest_key(day));
        let before = (m.before.size(), m.before.root());
        if let Some(tip) = walk.tip
            && tip != before
        {
            let detail = format!(
                "expected to continue a tree of {} leaves with root {}, found one of {} with {}",
                tip.0, tip.1, before.0, before.1
            );
            walk.find(Finding::new(Code::TreeMismatch, day, key.clone(), detail));
        }
        if let Some(signed) = signed.filter(|signed| !read.is_of(signed)) {
            let detail = format!(
                "expected {} leaves with root {} by the signed checkpoint, found {} with {}",
                signed.size,
                signed.root,
                m.after.size(),
                m.after.root()
            );
            walk.find(Finding::new(Code::AlteredManifest, day, key.clone(), detail));
        }
        let stated = m.day.previous;
        let links = match walk.manifest {
            Some(previous) => stated == Some(previous),
            None => day != self.first_day || stated.is_none(),
        };
        if !links {
            let before = walk.manifest.map_or("none".to_owned(), |d| d.to_string());
            let detail = format!("expected the manifest before to be {before}, found another");
            walk.find(Finding::new(Code::TreeMismatch, day, format!("{key} (previous)"), detail));
        }
    }

    fn check_day_record(&self, walk: &mut Walk, head: &DayRecord) {
        let (day, key) = (head.day, manifest_key(head.day));
        let at = head.sealed_at;
        if at <= day.last_instant() || walk.sealed_at.is_some_and(|before| at < before) {
            let detail = format!("sealed at {at}, before the day's end or an earlier seal");
            walk.find(Finding::new(Code::ClockBackwards, day, key.clone(), detail));
        }
        if at > self.options.now.saturating_add(5 * 60_000) {
            let detail = format!("sealed at {at}, which is in the future");
            walk.find(Finding::new(Code::ClockBackwards, day, key.clone(), detail));
        }
        walk.sealed_at = Some(at);
        let floor = self.policy.map_or(0, |p: &Policy| p.retention_floor);
        let kept = head.keep_until.days_since(day);
        if i64::from(kept) < i64::from(floor) {
            let detail = format!("kept for {kept} days, the policy's floor is {floor}");
            walk.find(Finding::new(Code::RetentionShortened, day, key.clone(), detail));
        }
        walk.kept.push((day, head.keep_until));
        walk.kept.retain(|(_, until)| *until >= day);
        let oldest = walk.kept.iter().map(|(d, _)| *d).min().unwrap_or(day);
        if head.kept_from > oldest {
            let detail = format!("kept from {}, but {oldest} must still be kept", head.kept_from);
            let object = format!("{key} (kept_from)");
            walk.find(Finding::new(Code::RetentionShortened, day, object, detail));
        }
        // The same of days whose own records are gone.
        let over = day.days_since(head.kept_from);
        if head.kept_from > self.first_day && i64::from(over) < i64::from(floor) {
            let detail = format!(
                "kept from {}: days before it for {over} days at most, the policy's floor is {floor}",
                head.kept_from
            );
            let object = format!("{key} (kept_from)");
            walk.find(Finding::new(Code::RetentionShortened, day, object, detail));
        }
        walk.late_days = head.late_days;
        for service in &head.services {
            walk.heard.insert(service.name.clone(), day);
        }
        let (c, t) = (&head.counts, &mut walk.totals);
        t.days += 1;
        t.batches += c.batches;
        t.entries += c.entries;
        t.late += c.late;
        t.streams_closed += c.streams_closed;
        t.streams_open += c.streams_open;
    }
}
