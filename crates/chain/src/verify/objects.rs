//! Level `objects`: the bytes of every object, several at a time, in bounded memory.

use std::sync::Arc;

use dayseal_format::record::{BatchRecord, Record, StrayReason, StrayRecord};
use dayseal_format::{BatchKey, Day, Digest, Level};
use dayseal_store::{ErrorKind, StoreError, StoredObject};
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::Semaphore;

use super::content::{Judged, Said};
use super::entries::{Heard, open_batch};
use super::finding::{Finding, FindingCode as Code};
use super::hints::HintTotals;
use super::options::Progress;
use super::verifier::Verifier;
use super::walk::Walk;
use crate::objects::{Examined, READ_LIMIT, examine};

/// Bytes of objects in memory at once, in KiB: one of the largest, or several common ones. Opening
/// a batch takes a few times its size more, so this keeps a run under 128 MiB.
const READ_BUDGET_KIB: u32 = 12 * 1024;

/// What reading one object brought.
#[derive(Default)]
pub(super) struct ObjectResult {
    pub(super) findings: Vec<Finding>,
    pub(super) bytes: u64,
    pub(super) opened: u64,
    pub(super) read: bool,
    pub(super) hints: HintTotals,
    /// What its entries say of contents, and what was found of them.
    contents: Option<(Said, Judged)>,
}

impl Verifier<'_> {
    /// Reads and checks every object that `records` list.
    pub(super) async fn read_day(
        &self,
        walk: &mut Walk,
        day: Day,
        records: &[Record],
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let budget = Arc::new(Semaphore::new(READ_BUDGET_KIB as usize));
        let expired = |d: Day| self.expired(walk, d);
        let jobs = records.iter().filter_map(|record| {
            let budget = budget.clone();
            match record {
                Record::Batch(b) => {
                    let gone = expired(b.key.day);
                    Some(futures_util::future::Either::Left(self.read_batch(day, b, gone, budget)))
                }
                Record::Stray(s) if s.sha256.is_some() && s.reason != StrayReason::TooLarge => {
                    let gone = expired(day);
                    Some(futures_util::future::Either::Right(self.read_stray(day, s, gone, budget)))
                }
                _ => None,
            }
        });
        let jobs: Vec<_> = jobs.collect();
        let mut results = stream::iter(jobs).buffer_unordered(self.options.jobs.max(1));
        while let Some(result) = results.next().await {
            let result = result?;
            progress.object(result.bytes);
            walk.totals.objects += u64::from(result.read);
            walk.totals.bytes += result.bytes;
            walk.totals.opened += result.opened;
            walk.totals.hints.add(result.hints);
            result.findings.into_iter().for_each(|f| walk.find(f));
            if let Some((said, judged)) = result.contents {
                walk.hear(said, judged);
            }
        }
        Ok(())
    }

    async fn read_batch(
        &self,
        sealed_on: Day,
        record: &BatchRecord,
        expired: bool,
        budget: Arc<Semaphore>,
    ) -> Result<ObjectResult, StoreError> {
        let (day, key) = (record.key.day, record.key.to_string());
        let _permit = permit(&budget, record.length).await;
        let fail = |code, detail: String| ObjectResult {
            findings: vec![Finding::new(code, day, key.as_str(), detail)],
            ..ObjectResult::default()
        };
        let stored = match self.read_listed(&key, record).await {
            Ok(stored) => stored,
            Err(e) if e.kind() == ErrorKind::NotFound && expired => {
                return Ok(ObjectResult::default());
            }
            Err(e) => match e.kind() {
                ErrorKind::NotFound => {
                    return Ok(fail(Code::MissingObject, format!("{} entries", record.entries)));
                }
                ErrorKind::TooLarge => return Ok(fail(Code::AlteredObject, e.to_string())),
                ErrorKind::Denied => return Ok(fail(Code::Unreadable, e.to_string())),
                _ => return Err(e),
            },
        };
        let length = stored.bytes.len() as u64;
        let data_key = if self.options.level >= Level::Entries {
            self.data_key(&record.key, &stored.bytes).await
        } else {
            Ok(None)
        };
        let batch = record.key;
        let (record, origin) = (record.clone(), self.origin.clone());
        let hint_keys = self.hint_keys.clone();
        // Hashing and opening megabytes would hold up the other readers.
        let job = move || {
            let mut findings = check_bytes(&record, &stored, &origin, sealed_on);
            let mut heard = None;
            // Bytes that are not the sealed ones are not worth opening.
            if findings.is_empty() {
                match data_key {
                    Ok(None) => {}
                    Ok(Some(data_key)) => {
                        match open_batch(&record, &stored.bytes, &data_key, &hint_keys) {
                            Ok(found) => heard = Some(found),
                            Err(finding) => findings.push(finding),
                        }
                    }
                    Err(finding) => findings.push(finding),
                }
            }
            let result =
                ObjectResult { findings, bytes: length, read: true, ..ObjectResult::default() };
            (result, heard)
        };
        let (mut result, heard) =
            tokio::task::spawn_blocking(job).await.expect("checking bytes does not panic");
        if let Some(Heard { entries, said, hints }) = heard {
            result.opened = entries;
            match hints {
                Some(hints) => result.hints = hints,
                None => {
                    let detail = "its hints are not those of its entries: searches may pass it by";
                    let (day, key) = (batch.day, batch.to_string());
                    result.findings.push(Finding::new(Code::HintsMismatch, day, key, detail));
                }
            }
            let judged = self.judge_contents(&batch, &said.items).await?;
            result.contents = Some((said, judged));
        }
        Ok(result)
    }

    /// The listed version, or whatever version is there when that one is gone: the bytes decide.
    async fn read_listed(
        &self,
        key: &str,
        record: &BatchRecord,
    ) -> Result<StoredObject, StoreError> {
        let version = record.version.as_deref().filter(|_| self.evidence.capabilities().versions);
        match self.evidence.get(key, version, READ_LIMIT).await {
            Err(e) if e.kind() == ErrorKind::NotFound && version.is_some() => {
                self.evidence.get(key, None, READ_LIMIT).await
            }
            other => other,
        }
    }

    async fn read_stray(
        &self,
        day: Day,
        record: &StrayRecord,
        expired: bool,
        budget: Arc<Semaphore>,
    ) -> Result<ObjectResult, StoreError> {
        let _permit = permit(&budget, record.length).await;
        let version = record.version.as_deref();
        let stored = match self.evidence.get(&record.key, version, READ_LIMIT).await {
            Ok(stored) => stored,
            Err(e) if e.kind() == ErrorKind::NotFound && expired => {
                return Ok(ObjectResult::default());
            }
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::TooLarge) => {
                let finding = Finding::new(Code::MissingObject, day, &record.key, e.to_string());
                return Ok(ObjectResult { findings: vec![finding], ..ObjectResult::default() });
            }
            Err(e) => return Err(e),
        };
        let same = Some(Digest::of(&stored.bytes)) == record.sha256;
        let detail = "a stray is not the one that was sealed";
        let finding = Finding::new(Code::AlteredObject, day, &record.key, detail);
        let findings = if same { vec![] } else { vec![finding] };
        let bytes = stored.bytes.len() as u64;
        Ok(ObjectResult { findings, bytes, read: true, ..ObjectResult::default() })
    }
}

async fn permit(budget: &Arc<Semaphore>, length: u64) -> tokio::sync::OwnedSemaphorePermit {
    let kib = (length / 1024 + 1).min(u64::from(READ_BUDGET_KIB)) as u32;
    budget.clone().acquire_many_owned(kib).await.expect("the semaphore is never closed")
}

/// Digest first, then whether the manifest told the truth about the header.
fn check_bytes(
    record: &BatchRecord,
    stored: &StoredObject,
    origin: &dayseal_format::Origin,
    sealed_on: Day,
) -> Vec<Finding> {
    let key: &BatchKey = &record.key;
    match examine(key, record.version.clone(), &stored.bytes, origin) {
        Examined::Stray { sha256, .. } if sha256 != key.digest => {
            let detail = format!("expected SHA-256 {}, found {sha256}", key.digest);
            vec![Finding::new(Code::AlteredObject, key.day, key.to_string(), detail)]
        }
        Examined::Stray { reason, .. } => {
            let detail = format!("sealed on {sealed_on} as a batch, but it is not one: {reason:?}");
            vec![Finding::new(Code::HeaderMismatch, key.day, key.to_string(), detail)]
        }
        Examined::Batch(mut found) => {
            found.late = record.late;
            if *found == *record {
                return Vec::new();
            }
            let detail = "the manifest says something else than the batch's header";
            vec![Finding::new(Code::HeaderMismatch, key.day, key.to_string(), detail)]
        }
    }
}
