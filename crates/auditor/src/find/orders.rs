//! Orders of removal: why a sealed batch is gone before its time.

use std::collections::HashMap;
use std::sync::Arc;

use dayseal_chain::days::{DayError, SealedDays};
use dayseal_format::{BatchKey, Day, VerifierKey};
use futures_util::lock::Mutex;

/// The orders that sealed days record, read only once a batch is not there.
#[derive(Debug, Default)]
pub struct Orders {
    officers: Vec<VerifierKey>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The days from here on were read.
    from: Option<Day>,
    notes: HashMap<BatchKey, Arc<str>>,
}

impl Orders {
    /// Orders count if one of `officers` signed them: the policy's.
    pub fn of(officers: Vec<VerifierKey>) -> Self {
        Self { officers, known: Mutex::default() }
    }

    /// The signed order that a batch goes, if a sealed day records one. A day that cannot be relied on excuses nothing.
    ///
    /// # Errors
    /// [`DayError::Store`]: then nobody knows.
    pub(super) async fn about(
        &self,
        days: &SealedDays<'_>,
        batch: &BatchKey,
    ) -> Result<Option<Arc<str>>, DayError> {
        if self.officers.is_empty() {
            return Ok(None);
        }
        let mut known = self.known.lock().await;
        // An order stands on the batch's own day or later.
        if known.from.is_none_or(|from| batch.day < from) {
            for day in days.list().await? {
                if day < batch.day || known.from.is_some_and(|from| day >= from) {
                    continue;
                }
                let orders = match days.orders(day, &self.officers).await {
                    Err(e @ DayError::Store(_)) => return Err(e),
                    other => other.unwrap_or_default(),
                };
                for recorded in orders {
                    if let Some((removal, _)) = recorded.order {
                        known.notes.insert(removal.object, recorded.note.into());
                    }
                }
            }
            known.from = Some(batch.day);
        }
        Ok(known.notes.get(batch).cloned())
    }
}
