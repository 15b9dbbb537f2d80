//! Contents, at level `entries`: what entries commit to is there, or was erased, or has expired; what
//! was erased has its receipt, and a receipt its erasure. `docs/spec/content.md`, "Judging".

use std::collections::BTreeMap;

use dayseal_format::content::Field;
use dayseal_format::event::{ContentItem, EventFields, EventId, EventType};
use dayseal_format::names::{CONTENT, ContentObjectKey};
use dayseal_format::{BatchKey, Day, Level, UnixMillis};
use dayseal_store::{Store, StoreError};
use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingCode as Code};
use super::report::{Check, CheckState, Totals};
use super::verifier::Verifier;
use super::walk::Walk;
use crate::content::{ContentReadError, ContentReader, ContentState, committed, is_expired, parse};
use crate::receipts::{Receipt, unerased};

/// Content objects in memory at once: each may have 64 MiB.
pub(super) const OBJECTS: usize = 2;
/// Names of the findings' check.
pub(super) const CHECK: &str = "contents";

/// What the entries of one batch say of contents and erasures.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What must be in the content root.
    pub(super) items: Vec<(EventId, Field, ContentItem)>,
    requested: Vec<EventId>,
    completed: Vec<Receipt>,
}

/// What a walk has met of erasures. As long as there are few of them, so is this.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Erasures {
    requested: Vec<EventId>,
    completed: Vec<Receipt>,
    /// Receipts that stubs name, with the first object that does.
    stubs: BTreeMap<EventId, String>,
}

/// What was found of the contents of one batch.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) findings: Vec<Finding>,
    pub(super) totals: ContentTotals,
    receipts: Vec<EventId>,
    object: String,
}

/// Content items, by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentTotals {
    /// Items that entries commit to.
    pub items: u64,
    /// There, and the right ones.
    pub present: u64,
    /// Erased.
    pub erased: u64,
    /// Gone with their time.
    pub expired: u64,
    /// Not opened: the right to read content lacks, or no content root was given.
    pub closed: u64,
    /// Not there, and without `content-days` in the policy nobody can tell why.
    pub untold: u64,
}

impl ContentTotals {
    fn add(&mut self, other: Self) {
        self.items += other.items;
        self.present += other.present;
        self.erased += other.erased;
        self.expired += other.expired;
        self.closed += other.closed;
        self.untold += other.untold;
    }
}

impl Said {
    /// Takes note of one entry.
    pub(super) fn hear(&mut self, event: &EventFields) {
        self.items.extend(committed(event).map(|(field, item)| (event.id, field, item.clone())));
        if event.kind == EventType::PRIVACY_ERASURE_REQUESTED {
            self.requested.push(event.id);
        }
        self.completed.extend(Receipt::of(event));
    }
}

impl<'a> Verifier<'a> {
    /// Checks contents too, in this content root. They are opened with the policy's keys; without the
    /// right to, what is seen in the clear is checked.
    #[must_use]
    pub fn with_content(mut self, content: &'a dyn Store) -> Self {
        self.content = Some(content);
        if let (Some(opener), Some(policy)) = (self.opener, self.policy) {
            let (origin, allowed) = (self.origin.clone(), policy.wrapping_keys.clone());
            self.contents = Some(ContentReader::new(content, opener, origin, allowed));
        }
        self
    }

    /// Compares what the entries of a batch commit to with its content object.
    pub(super) async fn judge_contents(
        &self,
        batch: &BatchKey,
        items: &[(EventId, Field, ContentItem)],
    ) -> Result<Judged, StoreError> {
        let key = ContentObjectKey::from(batch);
        let mut judged = Judged { object: key.to_string(), ..Judged::default() };
        judged.totals.items = items.len() as u64;
        if items.is_empty() {
            return Ok(judged);
        }
        let Some(reader) = &self.contents else {
            judged.totals.closed = items.len() as u64;
            return Ok(judged);
        };
        let _permit = self.content_gate.acquire().await;
        let finding = |code, detail: String| Finding::new(code, key.day, key.to_string(), detail);
        let contents = match reader.open(&key).await {
            Ok(contents) => contents.unwrap_or_default(),
            Err(error) if error.is_alteration() => {
                judged.findings.push(finding(Code::AlteredContent, chain_of(&error)));
                return Ok(judged);
            }
            Err(error) if error.is_refusal() => {
                judged.totals.closed = items.len() as u64;
                return Ok(judged);
            }
            Err(ContentReadError::Store(error)) => return Err(error),
            Err(error) => {
                judged.findings.push(finding(Code::Unreadable, chain_of(&error)));
                return Ok(judged);
            }
        };
        let life = self.policy.and_then(|p| p.content_days);
        let expired = life.is_some_and(|days| is_expired(key.day, days, self.options.now.day()));
        let (mut missing, mut altered) = (0, 0);
        for (entry, field, item) in items {
            match contents.state(&self.origin, *entry, *field, item, expired) {
                ContentState::Present => judged.totals.present += 1,
                ContentState::Erased => judged.totals.erased += 1,
                ContentState::Expired => judged.totals.expired += 1,
                ContentState::Missing if life.is_none() => judged.totals.untold += 1,
                ContentState::Missing => missing += 1,
                ContentState::Altered => altered += 1,
            }
        }
        let all = items.len();
        if missing > 0 {
            let detail = format!("{missing} of {all} contents are not there, before their time");
            judged.findings.push(finding(Code::MissingContent, detail));
        }
        if altered > 0 {
            let detail =
                format!("{altered} of {all} contents are not what their entries commit to");
            judged.findings.push(finding(Code::AlteredContent, detail));
        }
        judged.receipts = contents.receipts;
        Ok(judged)
    }

    /// Receipts without erasure and erasures without receipt: what only the whole walk can show.
    pub(super) async fn judge_erasures(&self, walk: &mut Walk) -> Result<(), StoreError> {
        if self.options.level < Level::Entries || self.opener.is_none() {
            return Ok(());
        }
        for (receipt, object) in std::mem::take(&mut walk.erasures.stubs) {
            if !walk.erasures.requested.contains(&receipt) && self.must_know(walk, receipt) {
                let detail =
                    format!("frames were erased for {receipt}, and the log has no such request");
                let day = object.parse::<ContentObjectKey>().ok().map(|key| key.day);
                walk.find(Finding::new(Code::UnreceiptedErasure, day, object, detail));
            }
        }
        let Some(content) = self.content else { return Ok(()) };
        let receipts = walk.erasures.completed.clone();
        let Some(newest) = receipts.iter().map(|receipt| receipt.through).max() else {
            return Ok(());
        };
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let page = content.list(CONTENT, from.as_deref()).await?;
            for entry in page.entries {
                if let Ok(key) = entry.key.parse::<ContentObjectKey>()
                    && key.day <= newest
                {
                    found.extend(self.not_erased(content, &key, &receipts).await?);
                }
            }
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        found.into_iter().for_each(|finding| walk.find(finding));
        Ok(())
    }

    /// Whether the entry of this receipt must have been met: its day was walked, and can still be read.
    fn must_know(&self, walk: &Walk, receipt: EventId) -> bool {
        let Some(day) = day_of(receipt) else { return true };
        if day > self.options.now.day() {
            // No erasure is ordered by a request to come.
            return true;
        }
        let removed = walk.removals.keys().any(|key| key.day == day);
        // What was held back, by a crash or by late days, lies on a later day than the id says.
        let settled = day.checked_add(i32::from(walk.late_days)).unwrap_or(day);
        let walked =
            walk.first.is_some_and(|f| f <= day) && walk.last.is_some_and(|l| settled <= l);
        let unread = |f: &Finding| {
            f.day == Some(day)
                && matches!(f.code, Code::Unreadable | Code::MissingObject | Code::MissingDay)
        };
        walked && !self.expired(walk, day) && !walk.findings().any(unread) && !removed
    }

    /// A finding if the object names somebody whose erasure is completed.
    async fn not_erased(
        &self,
        content: &dyn Store,
        key: &ContentObjectKey,
        receipts: &[Receipt],
    ) -> Result<Option<Finding>, StoreError> {
        let _permit = self.content_gate.acquire().await;
        let Some(bytes) = crate::content::read(content, key).await? else { return Ok(None) };
        let finding = |code, detail: String| Finding::new(code, key.day, key.to_string(), detail);
        let object = match parse(&bytes, key, &self.origin) {
            Ok(object) => object,
            Err(error) => {
                let code =
                    if error.is_alteration() { Code::AlteredContent } else { Code::Unreadable };
                return Ok(Some(finding(code, chain_of(&error))));
            }
        };
        let left = unerased(receipts, *key, object.parts());
        Ok(left.first().map(|first| {
            let detail = format!(
                "frames here that the completed erasure {1} says are gone: {0}",
                left.len(),
                first.receipt
            );
            finding(Code::NotErased, detail)
        }))
    }

    /// The line on contents, if there is anything to say.
    pub(super) fn content_check(&self, totals: &Totals, failed: u64) -> Option<Check> {
        let t = &totals.contents;
        if t.items == 0 && failed == 0 {
            return None;
        }
        let mut said = vec![format!("{} present", t.present)];
        for (n, word) in [(t.erased, "erased"), (t.expired, "expired")] {
            if n > 0 {
                said.push(format!("{n} {word}"));
            }
        }
        let said = said.join(", ");
        let (state, detail) = if failed > 0 {
            (CheckState::Failed, format!("{said}; findings: {failed}"))
        } else if t.closed > 0 {
            let why = match (self.content, &self.contents) {
                (None, _) => "no content root was given",
                (_, None) => "no policy or no keys were given",
                _ => "the right to open content lacks",
            };
            (CheckState::NotChecked, format!("{said}; {} not opened: {why}", t.closed))
        } else if t.untold > 0 {
            let detail = format!(
                "{said}; {} not there, and the policy has no `content-days` by which to tell whether they expired",
                t.untold
            );
            (CheckState::NotChecked, detail)
        } else {
            (CheckState::Checked, said)
        };
        Some(Check { name: CHECK.into(), state, detail })
    }
}

impl Walk {
    /// Takes up what a batch brought.
    pub(super) fn hear(&mut self, said: Said, judged: Judged) {
        self.erasures.requested.extend(said.requested);
        self.erasures.completed.extend(said.completed);
        for receipt in judged.receipts {
            self.erasures.stubs.entry(receipt).or_insert_with(|| judged.object.clone());
        }
        self.totals.contents.add(judged.totals);
        judged.findings.into_iter().for_each(|finding| self.find(finding));
    }
}

/// The day that an event's id says; ids beyond the calendar are of no day.
fn day_of(id: EventId) -> Option<Day> {
    let ms = i64::try_from(id.millis()).ok()?;
    UnixMillis::new(ms).ok().map(UnixMillis::day)
}

/// An error with its causes, in a line.
fn chain_of(error: &ContentReadError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}
