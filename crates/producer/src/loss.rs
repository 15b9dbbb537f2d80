//! What could not be recorded by a way in that cannot wait: counted, and written as `log.loss`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dayseal_format::UnixMillis;
use dayseal_format::event::{Actor, Event, EventType, Outcome, Reason, Severity};

use crate::{AuditLog, TryRecordError};

/// Events lost since the log was opened, and those of them that no entry tells of yet.
#[derive(Debug, Default)]
pub(crate) struct Losses(Mutex<Lost>);

#[derive(Clone, Copy, Debug, Default)]
struct Lost {
    total: u64,
    untold: u64,
    first: UnixMillis,
    last: UnixMillis,
    why: &'static str,
}

impl Losses {
    fn lock(&self) -> MutexGuard<'_, Lost> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All events lost so far.
    pub(crate) fn total(&self) -> u64 {
        self.lock().total
    }

    /// Those that no entry tells of.
    pub(crate) fn untold(&self) -> u64 {
        self.lock().untold
    }
}

impl AuditLog {
    /// Counts an event that is lost. `why` becomes the `reason.code` of the `log.loss` entry.
    pub(crate) fn lose(&self, why: &'static str, count: u64) {
        if count == 0 {
            return;
        }
        let now = self.now();
        let mut lost = self.losses().lock();
        if lost.untold == 0 {
            lost.first = now;
        }
        lost.total += count;
        lost.untold += count;
        lost.last = lost.last.max(now);
        lost.why = why;
        let total = lost.total;
        drop(lost);
        tracing::error!(why, count, total, "audit events lost: the log could not take them");
    }

    /// Counts what `try_record` did not take.
    pub(crate) fn lose_by(&self, error: &TryRecordError) {
        let why = match error {
            TryRecordError::Full { .. } => "memory_full",
            TryRecordError::Closed { .. } => "closed",
            TryRecordError::Attachment(_)
            | TryRecordError::Invalid(_)
            | TryRecordError::Undeclared(_) => "refused",
            TryRecordError::Key(_) => "no_randomness",
        };
        self.lose(why, 1);
    }

    /// Writes the entry about what was lost, if anything was and there is room again.
    pub(crate) fn tell_losses(&self) {
        let told = {
            let mut lost = self.losses().lock();
            let told = *lost;
            // Taken before it is written, so that two callers do not both tell.
            lost.untold = 0;
            told
        };
        if told.untold == 0 {
            return;
        }
        // No label: a log may refuse those it did not declare.
        let mut reason = Reason::new(told.why);
        reason.text = Some(format!("lost={}", told.untold));
        let event = Event::reserved_builder(EventType::LOG_LOSS)
            .actor(Actor::service(self.service_name()))
            .action("lose")
            .outcome(Outcome::Failure)
            .severity(Severity::High)
            .reason(reason)
            .time(told.first)
            .end_time(told.last)
            .build();
        let recorded = event.map_err(TryRecordError::from).and_then(|event| self.try_record(event));
        if recorded.is_err() {
            let mut lost = self.losses().lock();
            lost.untold += told.untold;
            lost.first = told.first;
        }
    }

    /// As the log closes: waits once for room, then tells.
    pub(crate) async fn tell_losses_last(&self) {
        self.tell_losses();
        if self.losses().untold() > 0 && self.flush_queue().await.is_ok() {
            self.tell_losses();
        }
        let untold = self.losses().untold();
        if untold > 0 {
            tracing::error!(untold, "audit events lost, and no entry could say so");
        }
    }
}
