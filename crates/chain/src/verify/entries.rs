//! Level `entries`: every batch opened under the policy's keys, every entry read.

use std::sync::Arc;

use dayseal_format::batch::{Batch, BatchError, DataKey};
use dayseal_format::event::Event;
use dayseal_format::hints::HintKeys;
use dayseal_format::record::BatchRecord;
use dayseal_format::{BatchKey, UnixMillis};
use dayseal_keys::KeyError;

use super::content::Said;
use super::finding::{Finding, FindingCode as Code};
use super::hints::{Comparison, HintTotals};
use super::verifier::Verifier;

impl Verifier<'_> {
    /// The data key of a batch, opened with a key id that the policy names; `None` without opener.
    pub(super) async fn data_key(
        &self,
        key: &BatchKey,
        bytes: &[u8],
    ) -> Result<Option<Arc<DataKey>>, Finding> {
        let Some(opener) = self.opener else { return Ok(None) };
        // What is not a batch is reported by the check of its bytes.
        let Ok(batch) = Batch::parse(bytes) else { return Ok(None) };
        let h = batch.header();
        let finding = |code, detail: String| Finding::new(code, key.day, key.to_string(), detail);
        let allowed = self.policy.is_none_or(|p| p.wrapping_keys.contains(&h.key_id));
        if !allowed {
            let detail =
                format!("its data key was wrapped by {}, which the policy does not name", h.key_id);
            return Err(finding(Code::ForeignKey, detail));
        }
        match self.cache.open(opener, h).await {
            Ok(data_key) => Ok(Some(data_key)),
            Err(e @ KeyError::Unwrap { .. }) => Err(finding(Code::WrongKeyOrForged, e.to_string())),
            Err(e) => Err(finding(Code::Unreadable, e.to_string())),
        }
    }
}

/// What an opened batch brought.
pub(super) struct Opened<H> {
    /// Number of entries.
    pub(super) entries: u64,
    /// What they say of contents.
    pub(super) said: Said,
    /// What became of its hints; `None` if they are others than its entries'.
    pub(super) hints: Option<HintTotals>,
    /// What a listener made of them.
    pub(super) heard: H,
}

/// Opens a batch and reads every entry.
pub(super) fn open_batch<H: Default>(
    record: &BatchRecord,
    bytes: &[u8],
    key: &DataKey,
    hint_keys: &[HintKeys],
    hear: impl Fn(&mut H, &BatchRecord, &Event),
) -> Result<Opened<H>, Finding> {
    let finding =
        |code, detail: String| Finding::new(code, record.key.day, record.key.to_string(), detail);
    let batch = Batch::parse(bytes).map_err(|e| finding(Code::HeaderMismatch, e.to_string()))?;
    let open = batch.open(key).map_err(|e| {
        let code = match e {
            BatchError::Commitment | BatchError::Decrypt => Code::WrongKeyOrForged,
            _ => Code::BadEntry,
        };
        finding(code, e.to_string())
    })?;
    let mut said = Said::default();
    let mut heard = H::default();
    let mut times: Option<(UnixMillis, UnixMillis)> = None;
    let mut hints = Comparison::new(hint_keys, batch.header());
    for (index, line) in open.iter().enumerate() {
        let event = Event::decode(line)
            .map_err(|e| finding(Code::BadEntry, format!("entry {index}: {e}")))?;
        said.hear(&event);
        hints.add(&event);
        let (first, last) = times.unwrap_or((event.time, event.time));
        times = Some((first.min(event.time), last.max(event.time)));
        hear(&mut heard, record, &event);
    }
    let h = batch.header();
    if times != Some((h.first_time, h.last_time)) {
        let detail = format!("its entries do not span {} to {}", h.first_time, h.last_time);
        return Err(finding(Code::HeaderMismatch, detail));
    }
    Ok(Opened { entries: open.len() as u64, said, hints: hints.finish(), heard })
}
