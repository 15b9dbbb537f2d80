//! Lawful removal: what is gone before its time by the order of an officer of the policy.

use dayseal_format::record::{Record, RemovedRecord};
use dayseal_format::removal::Removal as Order;
use dayseal_format::statement::StatementError;
use dayseal_format::{BatchKey, Day, Level, OfficerName, UnixMillis, VerifierKey};
use dayseal_store::{EntryKind, ErrorKind, StoreError};
use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingCode as Code};
use super::report::{Check, CheckState, MAX_FINDINGS};
use super::verifier::Verifier;
use super::walk::Walk;
use crate::SealError;
use crate::objects::Lister;
use crate::seal::read_manifest;

/// Name of the check.
pub(super) const CHECK: &str = "removed by order";

/// An order of removal that counts, as a manifest recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Key of the batch.
    pub object: String,
    /// Whether the batch is gone; `null` if the run did not look.
    pub gone: Option<bool>,
    /// By what law or order.
    pub basis: String,
    /// Why, in the officer's words.
    pub reason: String,
    /// Who signed it, of the policy's officers; nobody in a run without policy.
    pub officers: Vec<String>,
    /// When it was signed: the officer's own word.
    pub ordered_at: UnixMillis,
    /// The day whose manifest records it.
    pub recorded_on: Day,
}

impl Verifier<'_> {
    /// Takes in the orders that the manifest of `day` records.
    pub(super) fn note_removals(&self, walk: &mut Walk, day: Day, records: &[Record]) {
        for record in records {
            let Record::Removed(record) = record else { continue };
            match self.read_order(day, record) {
                Ok(removal) => drop(walk.removals.entry(record.key).or_insert(removal)),
                Err(why) => {
                    let object = record.key.to_string();
                    walk.find(Finding::new(Code::UnapprovedRemoval, day, object, why));
                }
            }
        }
    }

    fn read_order(&self, day: Day, record: &RemovedRecord) -> Result<Removal, String> {
        let bytes = record.order.as_bytes();
        let said = |e: StatementError| format!("its order does not count: {e}");
        let (order, statement, signers) = match self.policy {
            Some(policy) => {
                let (order, signed) =
                    Order::open(bytes, &self.origin, &policy.officers).map_err(said)?;
                (order, signed.statement, signed.signers)
            }
            // Without a policy nothing is authenticated, orders as little as the rest.
            None => {
                let (order, statement) = Order::unverified(bytes, &self.origin).map_err(said)?;
                (order, statement, Vec::new())
            }
        };
        if order.object != record.key {
            return Err(format!("its order is about {}", order.object));
        }
        Ok(Removal {
            object: record.key.to_string(),
            gone: None,
            basis: order.basis,
            reason: order.reason,
            officers: signers.iter().map(officer).collect(),
            ordered_at: statement.time(),
            recorded_on: day,
        })
    }

    /// Decides what of the batches that are gone was removed by order; the rest becomes findings.
    pub(super) async fn judge_removals(
        &self,
        walk: &mut Walk,
        newest: Option<Day>,
    ) -> Result<(), StoreError> {
        let mut gone = std::mem::take(&mut walk.gone);
        if !gone.is_empty() {
            self.later_orders(walk, newest).await?;
        }
        let mut removals = std::mem::take(&mut walk.removals);
        gone.retain(|key, _| !removals.contains_key(key));
        let (first, last) = (walk.first, walk.last);
        let walked = |day: Day| first.is_some_and(|f| f <= day) && last.is_some_and(|l| day <= l);
        for (key, removal) in &mut removals {
            if self.options.level < Level::Listing || !walked(key.day) {
                continue;
            }
            let here = self.is_here(key).await?;
            removal.gone = Some(!here);
            walk.totals.removed += u64::from(!here);
            walk.totals.awaiting_removal += u64::from(here);
        }
        walk.removals = removals;
        gone.into_values().flatten().for_each(|finding| walk.find_now(finding));
        Ok(())
    }

    /// Orders that manifests behind the range record. They need no checkpoint: the officer's signature
    /// is in them.
    async fn later_orders(&self, walk: &mut Walk, newest: Option<Day>) -> Result<(), StoreError> {
        let (Some(last), Some(newest)) = (self.options.last.and(walk.last), newest) else {
            return Ok(());
        };
        for day in last.through(newest).skip(1) {
            let mut orders = Vec::new();
            let read = read_manifest(self.evidence, day, &self.origin, |record| {
                if matches!(record, Record::Removed(_)) {
                    orders.push(record);
                }
            });
            match read.await {
                Err(SealError::Store(e)) if e.kind() != ErrorKind::NotFound => return Err(e),
                // A run over that day says what is wrong with it.
                _ => self.note_removals(walk, day, &orders),
            }
        }
        Ok(())
    }

    /// Whether any version of a batch is still there, hidden or not.
    async fn is_here(&self, key: &BatchKey) -> Result<bool, StoreError> {
        let key = key.to_string();
        let listed = Lister::new(self.evidence, key.as_str()).next().await?;
        let listed = listed.filter(|versions| versions.key == key);
        Ok(listed.is_some_and(|v| v.entries.iter().any(|e| e.kind == EntryKind::Object)))
    }

    /// The line on removals, if the log records any.
    pub(super) fn removal_check(&self, walk: &Walk, failed: u64) -> Option<Check> {
        if walk.removals.is_empty() && failed == 0 {
            return None;
        }
        let t = &walk.totals;
        let mut detail = format!("{} gone", t.removed);
        if t.awaiting_removal > 0 {
            detail += &format!(", {} ordered and still there", t.awaiting_removal);
        }
        let state = if failed > 0 {
            detail += &format!("; findings: {failed}");
            CheckState::Failed
        } else if self.policy.is_none() {
            detail += ": no policy says whose orders count";
            CheckState::NotChecked
        } else if self.options.level < Level::Listing {
            detail = format!("needs level {}", Level::Listing);
            CheckState::NotChecked
        } else {
            CheckState::Checked
        };
        Some(Check { name: CHECK.into(), state, detail })
    }
}

impl Walk {
    /// The orders for the report, and how many it leaves out.
    pub(super) fn told_removals(&mut self) -> (Vec<Removal>, u64) {
        let mut all: Vec<Removal> = std::mem::take(&mut self.removals).into_values().collect();
        let more = all.len().saturating_sub(MAX_FINDINGS);
        all.truncate(MAX_FINDINGS);
        (all, more as u64)
    }
}

/// The name in an officer's key, without the log's.
fn officer(key: &VerifierKey) -> String {
    key.name().parse::<OfficerName>().map_or_else(|_| key.name().into(), |o| o.name().into())
}
