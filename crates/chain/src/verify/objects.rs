//! Level `objects`: the bytes of every object.

use dayseal_format::event::Event;
use dayseal_format::record::{BatchRecord, Record, StrayRecord};
use dayseal_format::{BatchKey, Day, Digest, Level};
use dayseal_store::{ErrorKind, StoreError, StoredObject};

use super::ahead::{Ahead, is_read};
use super::content::{Judged, Said};
use super::entries::{Opened, open_batch};
use super::finding::{Finding, FindingCode as Code};
use super::hints::HintTotals;
use super::listener::Listener;
use super::options::Progress;
use super::verifier::Verifier;
use super::walk::Walk;
use crate::cpu::on_a_core;
use crate::objects::{Examined, READ_LIMIT, examine};

/// What reading one object brought.
pub(super) struct ObjectResult<H> {
    findings: Vec<Finding>,
    bytes: u64,
    opened: u64,
    read: bool,
    /// It is not there: findings, unless its retention is over.
    gone: bool,
    hints: HintTotals,
    /// What its entries say of contents, and what was found of them.
    contents: Option<(Said, Judged)>,
    /// What a listener made of its entries, if they were opened and hold.
    heard: Option<H>,
}

impl<H> Default for ObjectResult<H> {
    fn default() -> Self {
        Self {
            findings: Vec::new(),
            bytes: 0,
            opened: 0,
            read: false,
            gone: false,
            hints: HintTotals::default(),
            contents: None,
            heard: None,
        }
    }
}

impl Verifier<'_> {
    /// Takes what was read of the objects that the records of a day list. `holds`: its checkpoint signs them.
    pub(super) async fn take_day<L: Listener>(
        &self,
        walk: &mut Walk,
        (day, records, holds): (Day, &[Record], bool),
        ahead: &mut Ahead<'_, L::Heard>,
        listener: &mut L,
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let mut all_heard = holds;
        for record in records.iter().filter(|record| is_read(record)) {
            let result = ahead.object().await?;
            progress.object(result.bytes);
            walk.totals.objects += u64::from(result.read);
            walk.totals.bytes += result.bytes;
            walk.totals.opened += result.opened;
            walk.totals.hints.add(result.hints);
            let own_day = if let Record::Batch(b) = record { b.key.day } else { day };
            if !result.gone || !self.expired(walk, own_day) {
                result.findings.into_iter().for_each(|f| walk.find(f));
            }
            if let Some((said, judged)) = result.contents {
                walk.hear(said, judged);
            }
            if let Record::Batch(batch) = record {
                match result.heard.filter(|_| holds) {
                    Some(heard) => listener.batch(day, batch, heard),
                    None => all_heard = false,
                }
            }
        }
        if all_heard {
            listener.day(day);
        }
        Ok(())
    }

    /// Reads and checks a batch that a day lists.
    pub(super) async fn read_batch<H: Default + Send + 'static>(
        &self,
        sealed_on: Day,
        record: &BatchRecord,
        hear: impl Fn(&mut H, &BatchRecord, &Event) + Send + 'static,
    ) -> Result<ObjectResult<H>, StoreError> {
        let (day, key) = (record.key.day, record.key.to_string());
        let fail = |code, detail: String| ObjectResult {
            findings: vec![Finding::new(code, day, key.as_str(), detail)],
            ..ObjectResult::default()
        };
        let stored = match self.read_listed(&key, record).await {
            Ok(stored) => stored,
            Err(e) => match e.kind() {
                ErrorKind::NotFound => {
                    let result = fail(Code::MissingObject, format!("{} entries", record.entries));
                    return Ok(ObjectResult { gone: true, ..result });
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
            let mut opened = None;
            // Bytes that are not the sealed ones are not worth opening.
            if findings.is_empty() {
                match data_key {
                    Ok(None) => {}
                    Ok(Some(data_key)) => {
                        match open_batch(&record, &stored.bytes, &data_key, &hint_keys, hear) {
                            Ok(found) => opened = Some(found),
                            Err(finding) => findings.push(finding),
                        }
                    }
                    Err(finding) => findings.push(finding),
                }
            }
            let result =
                ObjectResult { findings, bytes: length, read: true, ..ObjectResult::default() };
            (result, opened)
        };
        let (mut result, opened) = on_a_core(job).await;
        if let Some(Opened { entries, said, hints, heard }) = opened {
            result.opened = entries;
            result.heard = Some(heard);
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

    /// Reads and checks a stray that a day lists.
    pub(super) async fn read_stray<H>(
        &self,
        day: Day,
        record: &StrayRecord,
    ) -> Result<ObjectResult<H>, StoreError> {
        let version = record.version.as_deref();
        let stored = match self.evidence.get(&record.key, version, READ_LIMIT).await {
            Ok(stored) => stored,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::TooLarge) => {
                let findings =
                    vec![Finding::new(Code::MissingObject, day, &record.key, e.to_string())];
                let gone = e.kind() == ErrorKind::NotFound;
                return Ok(ObjectResult { findings, gone, ..ObjectResult::default() });
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
